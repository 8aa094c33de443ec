/** What can be chosen: account, calls, devices, appearance. */
import { useEffect, useState } from 'preact/hooks';
import { signOut } from '../account.js';
import { applyDevices } from '../calls.js';
import { LANGUAGES, t } from '../i18n.js';
import { changeSettings } from '../settings.js';
import { listDevices, openMicrophone, playTest } from '../sound.js';
import { showToast, useApp } from '../store.js';
import { microphoneCause } from '../causes.js';
import { Avatar, Icon, Meter, Switch } from './parts.jsx';

/** @param {{title: string, children: any}} props */
const Group = ({ title, children }) => (
    <section class="group" aria-label={title}>
        <h2>{title}</h2>
        {children}
    </section>
);

/** @param {{label: string, value: string, rows: {id: string, label: string}[], onChange: (id: string) => void, children?: any}} props */
function Device({ label, value, rows, onChange, children }) {
    return (
        <label class="field">
            {label}
            <span class="with-button">
                <select value={rows.some((row) => row.id === value) ? value : ''} onChange={(event) => onChange(event.currentTarget.value)}>
                    <option value="">{t('standard')}</option>
                    {rows.filter((row) => row.id !== 'default').map((row, i) => (
                        <option key={row.id} value={row.id}>
                            {row.label || t('deviceNumber', { n: i + 1 })}
                        </option>
                    ))}
                </select>
                {children}
            </span>
        </label>
    );
}

/** The microphone with a meter, the outputs with a tone. */
export function Devices() {
    const { devices, settings } = useApp();
    const [stream, setStream] = useState(/** @type {MediaStream | null} */ (null));
    useEffect(() => void listDevices(), []);
    useEffect(() => () => stream?.getTracks().forEach((track) => track.stop()), [stream]);
    const listen = async () => {
        try {
            setStream(stream ? null : await openMicrophone());
        } catch (error) {
            showToast(t(microphoneCause(error)), 'bad');
        }
    };
    const choose = async (/** @type {object} */ patch) => {
        changeSettings(patch);
        await applyDevices();
        if (stream && 'microphone' in patch) setStream(await openMicrophone().catch(() => null));
    };
    const canRoute = 'setSinkId' in HTMLMediaElement.prototype;
    const tone = (/** @type {string} */ id) => (
        <button type="button" class="plain" onClick={() => playTest(id)}>
            {t('test')}
        </button>
    );
    return (
        <>
            <Device label={t('microphone')} value={settings.microphone} rows={devices.inputs} onChange={(microphone) => choose({ microphone })}>
                <button type="button" class="plain" id="testMicrophone" aria-pressed={!!stream} onClick={listen}>
                    {t(stream ? 'stopTest' : 'test')}
                </button>
            </Device>
            {stream && <Meter stream={stream} label={t('level')} key={stream.id} />}
            {canRoute ? (
                <>
                    <Device label={t('speaker')} value={settings.speaker} rows={devices.outputs} onChange={(speaker) => choose({ speaker })}>
                        {tone(settings.speaker)}
                    </Device>
                    <Device label={t('ringer')} value={settings.ringer} rows={devices.outputs} onChange={(ringer) => changeSettings({ ringer })}>
                        {tone(settings.ringer)}
                    </Device>
                </>
            ) : (
                <p class="help">{t('speakerFixed')}</p>
            )}
            <label class="field">
                {t('ringVolume')}
                <input type="range" min="0" max="1" step="0.05" value={settings.ringVolume} onInput={(event) => changeSettings({ ringVolume: Number(event.currentTarget.value) })} />
            </label>
            <Switch label={t('processing')} checked={settings.processing} onChange={(processing) => choose({ processing })} />
        </>
    );
}

/** @param {{field: string, names: [string, string][], value: string, label: string}} props */
const Choice = ({ field, names, value, label }) => (
    <div class="field">
        <span id={`label-${field}`}>{label}</span>
        <div class="segments" role="group" aria-labelledby={`label-${field}`}>
            {names.map(([id, name]) => (
                <button type="button" key={id} aria-pressed={value === id} onClick={() => changeSettings({ [field]: id })}>
                    {name}
                </button>
            ))}
        </div>
    </div>
);

const SHORTCUTS = [
    ['0–9 * #', 'keyDigits'],
    ['Enter', 'keyCall'],
    ['M', 'keyMute'],
    ['H', 'keyHold'],
    ['Esc', 'keyEnd'],
];

/** @param {boolean} on */
async function changeNotifications(on) {
    const isAllowed = on && (await globalThis.Notification?.requestPermission()) === 'granted';
    if (on && !isAllowed) showToast(t('notificationsDenied'), 'bad');
    changeSettings({ notifications: on && isAllowed });
}

export function Settings() {
    const { settings, options, account, link, installer, isFramed } = useApp();
    const toggle = (/** @type {string} */ field, /** @type {string} */ option) =>
        (!option || options[option]) && <Switch label={t(field)} help={t(`${field}Help`)} checked={settings[field]} onChange={(on) => changeSettings({ [field]: on })} />;
    return (
        <section class="list" aria-label={t('settings')}>
            <header>
                <h1>{t('settings')}</h1>
            </header>
            <Group title={t('account')}>
                <div class="account">
                    <Avatar name={account.name} />
                    <span>
                        <b>{account.name}</b>
                        <small>
                            <bdi>{account.id}</bdi>
                        </small>
                        <small class={`link ${link}`}>{t(`link_${link}`)}</small>
                    </span>
                </div>
                {!isFramed && (
                    <div class="buttons">
                        <button type="button" class="plain" id="signOut" onClick={signOut}>
                            {t('signOut')}
                        </button>
                        {installer && (
                            <button type="button" class="plain" onClick={() => installer.prompt()}>
                                <Icon name="download" /> {t('install')}
                            </button>
                        )}
                    </div>
                )}
            </Group>
            <Group title={t('calls')}>
                {toggle('doNotDisturb', 'EnableDoNotDisturb')}
                {toggle('autoAnswer', 'EnableAutoAnswer')}
                {toggle('callWaiting', 'EnableCallWaiting')}
                {toggle('recordAll', 'EnableCallRecording')}
                <Switch label={t('notifications')} help={t('notificationsHelp')} checked={settings.notifications} onChange={changeNotifications} />
            </Group>
            {options.EnableDeviceSelector && (
                <Group title={t('audio')}>
                    <Devices />
                </Group>
            )}
            <Group title={t('look')}>
                <Choice field="theme" label={t('theme')} value={settings.theme} names={['system', 'light', 'dark'].map((id) => [id, t(`theme_${id}`)])} />
                <Choice field="language" label={t('language')} value={settings.language} names={[['auto', t('language_auto')], ...Object.entries(LANGUAGES).map(([id, { name }]) => /** @type {[string, string]} */ ([id, name]))]} />
            </Group>
            <Group title={t('shortcuts')}>
                <dl class="shortcuts">
                    {SHORTCUTS.map(([keys, what]) => (
                        <div key={what}>
                            <dt>
                                <kbd dir="ltr">{keys}</kbd>
                            </dt>
                            <dd>{t(what)}</dd>
                        </div>
                    ))}
                </dl>
            </Group>
            <p class="help version">{t('version', { version: import.meta.env.VERSION })}</p>
        </section>
    );
}
