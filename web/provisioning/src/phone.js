/**
 * The browser phone in a frame of someone's page. The frame shows <base>/phone/ from the server's own origin, so the
 * page and the phone speak by postMessage: {tandem: 'phone', type, …}. docs/web-phone.md lists the messages.
 */
import { failure, findBase } from './base.js';

const LOAD_MS = 30000;
/** One phone per frame. @type {WeakMap<object, any>} */
const phones = new WeakMap();

/**
 * Show the phone in that frame. Resolves to the frame when the phone is there.
 * @param {HTMLIFrameElement} frame @param {any} [options]  BaseUrl, Timeout (ms)
 */
export const LoadBrowserPhone = async (frame, options = {}) => {
    if (frame?.tagName !== 'IFRAME') throw failure('Invalid IFRAME element');
    const base = findBase(options);
    const url = `${base}/phone/`;
    phones.get(frame)?.close();
    const phone = connect(frame, new URL(base).origin);
    phones.set(frame, phone);
    frame.allow = 'microphone; autoplay; speaker-selection; clipboard-write';
    frame.src = `${url}?frame`;
    await new Promise((done, fail) => {
        const timer = setTimeout(() => fail(failure(`Browser Phone failed to load. (${url})`)), options.Timeout > 0 ? options.Timeout : LOAD_MS);
        // a frame that cannot be reached loads an error page and says nothing: ask beside it
        const probe = () =>
            fetch(`${url}manifest.json`, { mode: 'no-cors', credentials: 'omit' }).catch(() =>
                setTimeout(() => fail(failure(`Browser Phone failed to load. (${url})`)), 2000), // unless its own copy works offline
            );
        frame.addEventListener('load', probe, { once: true });
        phone.on('ready', () => (clearTimeout(timer), done(undefined)));
    }).catch((error) => {
        phone.close();
        phones.delete(frame);
        throw error;
    });
    return frame;
};

/** Our end of one frame. @param {HTMLIFrameElement} frame @param {string} origin */
function connect(frame, origin) {
    /** @type {Map<string, Set<(message: any) => void>>} */
    const hearers = new Map();
    const onMessage = (/** @type {MessageEvent} */ event) => {
        if (event.source !== frame.contentWindow || event.origin !== origin || event.data?.tandem !== 'phone') return;
        hearers.get(event.data.type)?.forEach((hear) => hear(event.data));
    };
    addEventListener('message', onMessage);
    const on = (/** @type {string} */ type, /** @type {(message: any) => void} */ hear) => {
        if (!hearers.has(type)) hearers.set(type, new Set());
        hearers.get(type)?.add(hear);
        return () => hearers.get(type)?.delete(hear);
    };
    const send = (/** @type {string} */ type, /** @type {object} */ fields) =>
        frame.contentWindow?.postMessage({ tandem: 'phone', type, ...fields }, origin);
    let next = 1;
    /** @param {string} type @param {object} fields @returns {Promise<any>} */
    const request = (type, fields) =>
        new Promise((done, fail) => {
            const id = next++;
            const timer = setTimeout(() => fail(failure('Phone not loaded')), LOAD_MS);
            const off = on('reply', (message) => {
                if (message.id !== id) return;
                clearTimeout(timer);
                off();
                if (message.error) fail(failure(message.error));
                else done(message.value);
            });
            send(type, { ...fields, id });
        });
    return { on, request, close: () => removeEventListener('message', onMessage) };
}

/** What a page does with its phone: each is one message, and resolves when the phone did it. */
const COMMANDS = ['Dial', 'Answer', 'HangUp', 'Hold', 'Resume', 'Mute', 'Unmute', 'SendDtmf', 'Transfer', 'Toast', 'InitTooltips', 'Disconnect'];
const CALLBACKS = ['OnOffline', 'OnOnline', 'OnProfilePicture', 'OnProfileText', 'OnIncoming', 'OnCall'];

/**
 * Give the phone its account. Resolves to an object with Dial(), HangUp() and the rest, and On… callbacks to set.
 * @param {any} options  Provisioning, PhoneFrame, ProfileUserId, SessionId, UserId, OnLoad, and the phone's UI options
 */
export const ProvisionPhone = async (options) => {
    if (!options || typeof options !== 'object' || !options.Provisioning) throw failure('Invalid options');
    const { PhoneFrame, OnLoad, Provisioning, ...rest } = options;
    if (PhoneFrame?.tagName !== 'IFRAME') throw failure('Invalid PhoneFrame');
    const link = phones.get(PhoneFrame);
    if (!link) throw failure('Phone not loaded');
    const plain = JSON.parse(JSON.stringify({ Provisioning, ...rest })); // functions cannot be sent
    /** @type {any} */
    const phone = { on: link.on };
    for (const name of COMMANDS) phone[name] = (/** @type {any[]} */ ...args) => link.request('command', { name, args });
    for (const name of CALLBACKS) {
        phone[name] = options[name] ?? null;
        link.on(name, (/** @type {any} */ message) => phone[name]?.(...(message.args ?? [])));
    }
    await link.request('provision', { options: plain });
    // after our caller has its phone: his OnLoad uses it
    if (typeof OnLoad === 'function') setTimeout(() => OnLoad(phone));
    return phone;
};
