/**
 * The phone in a frame of another page: that page gives it an account and commands, and hears what happens, all by
 * postMessage ({tandem: 'phone', type, …}; docs/web-phone.md). A framed phone never uses an account that was kept here:
 * a foreign page must not call through it.
 */
import { begin, signOut } from './account.js';
import * as calls from './calls.js';
import { loadSettings } from './settings.js';
import { getState, setState, showToast, watchState } from './store.js';

const COMMANDS = {
    Dial: (/** @type {string} */ number) => calls.dial(String(number)),
    Answer: (/** @type {string} */ id) => calls.answer(pick(id, 'incoming')),
    HangUp: (/** @type {string} */ id) => calls.hangUp(pick(id)),
    Hold: (/** @type {string} */ id) => calls.setHold(pick(id), true),
    Resume: (/** @type {string} */ id) => calls.activate(pick(id)),
    Mute: (/** @type {string} */ id) => calls.setMute(pick(id), true),
    Unmute: (/** @type {string} */ id) => calls.setMute(pick(id), false),
    SendDtmf: (/** @type {string} */ keys, /** @type {string} */ id) => calls.sendKeys(pick(id), String(keys)),
    Transfer: (/** @type {string} */ target, /** @type {string} */ id) => calls.transfer(pick(id), String(target)),
    Toast: (/** @type {string} */ text) => showToast(String(text)),
    InitTooltips: () => {}, // ours are titles: always there
    Disconnect: () => signOut(),
};

/** The call that is meant. @param {string | undefined} id @param {string} [state] @returns {string} */
function pick(id, state) {
    const all = calls.liveCalls();
    const found = id ? all.find((call) => call.id === id) : (all.find((call) => call.state === state) ?? all.find((call) => call.id === getState().activeId) ?? all[0]);
    if (!found) throw new Error('There is no such call');
    return found.id;
}

/** What another page may know of a call. @param {any} call */
const shown = ({ id, direction, number, name, state, held, cause }) => ({ id, direction, number, name, state: held ? 'held' : state, cause });

/** @param {any} options  of ProvisionPhone */
async function provision(options) {
    const { Provisioning, UserId, SessionId } = options;
    if (!Provisioning?.SipDomain || !(Provisioning.SipUsername ?? Provisioning.SIPUsername)) throw new Error('Invalid options');
    loadSettings({ ...Provisioning, ...options });
    const session = SessionId && UserId ? { SessionToken: SessionId, UserId } : undefined;
    await begin({ provisioning: Provisioning, session, deviceToken: options.ProfileUserId }, true);
}

/** Wait for the page around us. */
export function startFrame() {
    /** @type {string | null} */
    let origin = null; // of the page that gave the account; before that nothing is told but that we are here
    const send = (/** @type {string} */ type, /** @type {object} */ fields = {}) =>
        window.parent.postMessage({ tandem: 'phone', type, ...fields }, origin ?? '*');
    const onMessage = async (/** @type {MessageEvent} */ event) => {
        const { data } = event;
        if (event.source !== window.parent || data?.tandem !== 'phone' || (origin && event.origin !== origin)) return;
        const reply = (/** @type {object} */ fields) =>
            window.parent.postMessage({ tandem: 'phone', type: 'reply', id: data.id, ...fields }, event.origin === 'null' ? '*' : event.origin);
        try {
            if (data.type === 'provision') {
                await provision(data.options ?? {});
                origin = event.origin === 'null' ? '*' : event.origin;
                reply({ value: null });
            } else if (data.type === 'command') {
                if (getState().phase !== 'phone') throw new Error('Phone not loaded');
                if (!Object.hasOwn(COMMANDS, data.name)) throw new Error(`Unknown command ${data.name}`);
                const value = await /** @type {any} */ (COMMANDS)[data.name](...(data.args ?? []));
                reply({ value: typeof value === 'string' ? value : null });
            }
        } catch (error) {
            reply({ error: /** @type {Error} */ (error).message });
        }
    };
    addEventListener('message', onMessage);
    calls.onCallChange((call) => {
        if (call.state === 'incoming') send('OnIncoming', { args: [shown(call)] });
        send('OnCall', { args: [shown(call)] });
    });
    let { link } = getState();
    watchState((state) => {
        if (state.link === link || state.phase !== 'phone') return;
        if (state.link === 'registered') send('OnOnline');
        else if (link === 'registered') send('OnOffline');
        link = state.link;
    });
    setState({ phase: 'waiting' });
    send('ready', { version: import.meta.env.VERSION });
}
