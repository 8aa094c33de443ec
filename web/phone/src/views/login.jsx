/** Signing in: a token, or a SIP account; then which device, when there are several. */
import { useEffect, useState } from 'preact/hooks';
import { chooseDevice, signIn, signInSip } from '../account.js';
import { t } from '../i18n.js';
import { Icon } from './parts.jsx';

/** #token=… in the address fills the field (and leaves the address); the person still presses the button. */
function tokenFromAddress() {
    const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
    if (token) history.replaceState(null, '', location.pathname + location.search);
    return token;
}

/** @param {{label: string, help?: string, [more: string]: any}} props */
const Field = ({ label, help, ...rest }) => (
    <label class="field">
        {label}
        <input dir="ltr" autoCapitalize="off" autoComplete="off" spellcheck={false} {...rest} />
        {help && <small>{help}</small>}
    </label>
);

/** @param {{devices: any[], onPick: (device: any) => void, onBack: () => void, isBusy: boolean}} props */
function PickDevice({ devices, onPick, onBack, isBusy }) {
    const [token, setToken] = useState(devices[0].DeviceToken);
    return (
        <form onSubmit={(event) => (event.preventDefault(), onPick(devices.find((device) => device.DeviceToken === token)))}>
            <h1>{t('chooseDevice')}</h1>
            <p class="help">{t('chooseDeviceText')}</p>
            <div class="choices" role="radiogroup" aria-label={t('chooseDevice')}>
                {devices.map((device, i) => (
                    <label key={device.DeviceToken}>
                        <input type="radio" name="device" value={device.DeviceToken} checked={token === device.DeviceToken} onChange={() => setToken(device.DeviceToken)} />
                        <span>
                            <b>{device.Description || t('deviceNumber', { n: i + 1 })}</b>
                            <small>
                                {device.Platform}
                                {device.Registered && ` · ${t('inUse')}`}
                            </small>
                        </span>
                    </label>
                ))}
            </div>
            <div class="buttons">
                <button type="button" class="plain" onClick={onBack}>
                    {t('back')}
                </button>
                <span class="spacer" />
                <button type="submit" class="primary" disabled={isBusy}>
                    {t('next')}
                </button>
            </div>
        </form>
    );
}

export function Login() {
    const [isSip, setSip] = useState(false);
    const [stay, setStay] = useState(true);
    const [token, setToken] = useState(tokenFromAddress);
    const [sip, setSipFields] = useState({ server: '', address: '', password: '' });
    const [found, setFound] = useState(/** @type {any} */ (null));
    const [error, setError] = useState('');
    const [isBusy, setBusy] = useState(false);
    const [isOnline, setOnline] = useState(navigator.onLine);
    useEffect(() => {
        const look = () => setOnline(navigator.onLine);
        const names = ['online', 'offline'];
        names.forEach((name) => addEventListener(name, look));
        return () => names.forEach((name) => removeEventListener(name, look));
    }, []);
    /** @param {() => Promise<void>} body */
    const attempt = async (body) => {
        setError('');
        setBusy(true);
        try {
            await body();
        } catch (failed) {
            setError(/** @type {Error} */ (failed).message);
        }
        setBusy(false);
    };
    const submit = () =>
        attempt(async () => {
            if (isSip) return signInSip(sip, stay);
            const answer = await signIn(token);
            if (answer.devices.length === 1) await chooseDevice(answer.session, answer.devices[0], stay);
            else setFound(answer);
        });
    const bind = (/** @type {'server' | 'address' | 'password'} */ name) => ({ name, value: sip[name], onInput: (/** @type {any} */ event) => setSipFields({ ...sip, [name]: event.currentTarget.value }) });
    return (
        <main class="login">
            <div class="login-card">
                <span class="brand" aria-hidden="true">
                    <Icon name="phone" />
                </span>
                {found ? (
                    <PickDevice devices={found.devices} isBusy={isBusy} onBack={() => setFound(null)} onPick={(device) => attempt(() => chooseDevice(found.session, device, stay))} />
                ) : (
                    <form onSubmit={(event) => (event.preventDefault(), submit())}>
                        <h1>{t('welcome')}</h1>
                        {!isSip && <p class="help">{t('welcomeText')}</p>}
                        {!isOnline && <p class="banner">{t('loginOffline')}</p>}
                        {isSip ? (
                            <>
                                <Field label={t('address')} required placeholder="alice@example.com" {...bind('address')} />
                                <Field label={t('password')} type="password" {...bind('password')} />
                                <Field label={t('server')} placeholder="wss://sip.example.com/ws" help={t('serverHelp')} {...bind('server')} />
                            </>
                        ) : (
                            <Field label={t('token')} id="token" type="password" required help={t('tokenHelp')} value={token} onInput={(/** @type {any} */ event) => setToken(event.currentTarget.value)} />
                        )}
                        <label class="check">
                            <input type="checkbox" checked={stay} onChange={(event) => setStay(event.currentTarget.checked)} />
                            {t('stay')}
                        </label>
                        <button type="submit" class="primary wide" id="signIn" disabled={isBusy}>
                            {t(isBusy ? 'signingIn' : 'signIn')}
                        </button>
                        <button type="button" class="textual" onClick={() => (setSip(!isSip), setError(''))}>
                            {t(isSip ? 'useToken' : 'useSip')}
                        </button>
                    </form>
                )}
                <p class="error" role="alert">
                    {error}
                </p>
            </div>
        </main>
    );
}
