/** What opens over the phone: transfer, contact, devices, a question. */
import { useState } from 'preact/hooks';
import { dial, join, liveCalls, transfer } from '../calls.js';
import { t } from '../i18n.js';
import { suggest } from '../people.js';
import { findCall, setState, useApp } from '../store.js';
import { whoOf } from './call.jsx';
import { ContactDialog } from './contacts.jsx';
import { Avatar, Dialog, Icon } from './parts.jsx';
import { Devices } from './settings.jsx';

const close = () => setState({ dialog: null });

/** @param {{id: string}} props */
function TransferDialog({ id }) {
    const [target, setTarget] = useState('');
    const call = findCall(id);
    if (!call || call.state !== 'up') return null;
    const others = liveCalls().filter((/** @type {any} */ other) => other.id !== id && other.state === 'up');
    const blind = (/** @type {Event} */ event) => {
        event.preventDefault();
        if (!target.trim()) return;
        close();
        transfer(id, target);
    };
    const ask = () => {
        if (!target.trim()) return;
        close();
        dial(target, { consultFor: id });
    };
    return (
        <Dialog title={t('transferTitle', { who: whoOf(call) })} onClose={close}>
            <form onSubmit={blind}>
                <label class="field">
                    {t('transferTo')}
                    <input id="transferTarget" dir="auto" autoFocus autoComplete="off" placeholder={t('enterNumber')} value={target} onInput={(event) => setTarget(event.currentTarget.value)} />
                </label>
                <ul class="suggestions">
                    {suggest(target).map(({ name, number }) => (
                        <li key={number}>
                            <button type="button" onClick={() => setTarget(number)}>
                                <Avatar name={name || number} size="small" />
                                <span>
                                    <b>{name || number}</b>
                                    {name && <bdi>{number}</bdi>}
                                </span>
                            </button>
                        </li>
                    ))}
                </ul>
                <div class="two-ways">
                    <button type="submit" class="primary" id="transferNow" disabled={!target.trim()}>
                        <b>{t('transferNow')}</b>
                        <small>{t('transferNowHelp')}</small>
                    </button>
                    <button type="button" class="plain" id="askFirst" disabled={!target.trim()} onClick={ask}>
                        <b>{t('askFirst')}</b>
                        <small>{t('askFirstHelp')}</small>
                    </button>
                </div>
                {others.length > 0 && <p class="help">{t('orJoin')}</p>}
                {others.map((/** @type {any} */ other) => (
                    <button type="button" class="plain wide" key={other.id} onClick={() => (close(), join(id, other.id))}>
                        <Icon name="join" /> {t('joinWith', { who: whoOf(other) })}
                    </button>
                ))}
            </form>
        </Dialog>
    );
}

/** @param {{text: string, action: string, onYes: () => void}} props */
const Confirm = ({ text, action, onYes }) => (
    <Dialog title={action} onClose={close}>
        <p>{text}</p>
        <div class="buttons">
            <span class="spacer" />
            <button type="button" class="plain" onClick={close}>
                {t('cancel')}
            </button>
            <button type="button" class="primary bad" onClick={() => (close(), onYes())}>
                {action}
            </button>
        </div>
    </Dialog>
);

export function Dialogs() {
    const { dialog } = useApp();
    if (dialog?.kind === 'transfer') return <TransferDialog id={dialog.id} />;
    if (dialog?.kind === 'contact') return <ContactDialog contact={dialog.contact} onClose={close} />;
    if (dialog?.kind === 'confirm') return <Confirm {...dialog} />;
    if (dialog?.kind === 'devices')
        return (
            <Dialog title={t('audio')} onClose={close}>
                <Devices />
            </Dialog>
        );
    return null;
}

export function Toasts() {
    const { toasts } = useApp();
    return (
        <div class="toasts" role="status">
            {toasts.map((/** @type {any} */ toast) => (
                <p key={toast.id} class={toast.kind}>
                    {toast.text}
                </p>
            ))}
        </div>
    );
}
