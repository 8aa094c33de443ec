/** The SIP account: one JsSIP user agent, its registration, and where its calls come from. Calls are calls.js'. */
import JsSIP from 'jssip';
import { BuildWsUrl, SipHeaders } from '../../provisioning/src/sip.js';
import { setState } from './store.js';

/**
 * @typedef {object} Account
 * @property {any} provisioning  Settings_json
 * @property {{SessionToken: string, UserId: string}} [session]  sent with REGISTER and INVITE
 */

/** @type {any} */
let ua = null;
/** @type {Account | null} */
let account = null;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/;

/**
 * Where the SIP WebSocket is. When that is the server this page came from, the page's own port is used: it is
 * reachable, and the person has accepted its certificate. @param {any} p
 */
export function socketUrl(p) {
    if (p.SocketUrl) return p.SocketUrl;
    const host = String(p.SipWssServer ?? p.wssServer ?? location.hostname);
    const isOurs = host === location.hostname || (LOOPBACK.test(host) && LOOPBACK.test(location.hostname));
    if (!isOurs || p.RegistrationMode === 'WebSocket') return BuildWsUrl(p);
    return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
}

/** @returns {any[]} */
const iceServers = () => {
    const p = account?.provisioning ?? {};
    if (Array.isArray(p.IceServers)) return p.IceServers;
    return Array.isArray(p.StunServers) ? p.StunServers.map((/** @type {string} */ urls) => ({ urls })) : [];
};

/** What every call is made with. */
export const callOptions = () => ({
    pcConfig: { iceServers: iceServers(), bundlePolicy: 'max-bundle' },
    extraHeaders: account ? SipHeaders(account.provisioning, account.session) : [],
});

/** What the user agent's events say of the link. */
const LINKS = [
    ['connecting', 'connecting'],
    ['connected', 'connecting'],
    ['disconnected', 'offline'],
    ['registered', 'registered'],
    ['unregistered', 'offline'],
];

/**
 * Register. `onSession` gets each new JsSIP session that came in.
 * @param {Account} given @param {(session: any, request: any) => void} onSession @param {() => void} onRefused
 */
export function startLine(given, onSession, onRefused) {
    stopLine();
    account = { ...given };
    const p = given.provisioning;
    const user = p.SipUsername ?? p.SIPUsername;
    const contact = p.SipContact ?? p.ContactUserName;
    const line = (ua = new JsSIP.UA({
        sockets: [new JsSIP.WebSocketInterface(socketUrl(p))],
        uri: `sip:${user}@${p.SipDomain}`,
        authorization_user: user,
        password: p.SipPassword ?? p.SIPPassword,
        display_name: p.profileName ?? p.ProfileUserName ?? undefined,
        ...(contact ? { contact_uri: `sip:${contact}@${p.SipDomain};transport=ws` } : {}),
        register_expires: Number(p.RegisterExpires) > 0 ? Number(p.RegisterExpires) : 300,
        connection_recovery_min_interval: 2,
        connection_recovery_max_interval: 30,
        user_agent: `tandem phone ${import.meta.env.VERSION}`,
    }));
    const headers = SipHeaders(p, given.session);
    if (headers.length) ua.registrator().setExtraHeaders(headers);
    // JsSIP takes its time to stop: what a line of before still says is not about this one
    const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ hear) => line.on(name, (/** @type {any} */ event) => line === ua && hear(event));
    for (const [name, link] of LINKS) on(name, () => setState({ link, linkText: '' }));
    on('registrationFailed', (event) => {
        const status = event.response?.status_code;
        if (status === 403 && account?.session) {
            account.session = undefined; // it ended before the account did: the password alone is enough
            ua.registrator().setExtraHeaders([]);
            ua.register();
            return;
        }
        if (!FINAL.includes(status)) return retrySoon();
        setState({ link: 'refused', linkText: `${status} ${event.response.reason_phrase}` });
        onRefused();
    });
    on('newRTCSession', ({ originator, session, request }) => {
        if (originator === 'remote') onSession(session, request);
    });
    ua.start();
}

/** Answers to REGISTER that are about the account; others are about the moment. */
const FINAL = [401, 403, 404, 407];
const RETRY_MS = 15000;
function retrySoon() {
    const then = ua;
    setState({ link: 'offline', linkText: '' });
    setTimeout(() => ua === then && ua?.isConnected() && !ua.isRegistered() && ua.register(), RETRY_MS);
}

/**
 * Unregister and hang up; safe to repeat. @param {boolean} [isTaken]  another window has the registration by now, under
 * the same Contact: unregistering would end its one
 */
export function stopLine(isTaken = false) {
    if (!ua) return;
    const old = ua;
    ua = null;
    account = null;
    if (isTaken) old.transport?.disconnect();
    old.stop();
    setState({ link: 'offline', linkText: '' });
}

/** What a person typed, as a SIP address: numbers lose their blanks, names get our domain. @param {string} text */
export function targetOf(text) {
    const domain = account?.provisioning.SipDomain ?? '';
    const plain = text.trim().replace(/^(tel|sips?):/i, '');
    const at = plain.lastIndexOf('@');
    const user = at < 0 ? plain : plain.slice(0, at);
    const number = /^[+*#\d\s().\-/]+$/.test(user) ? user.replace(/[\s().\-/]/g, '') : user;
    return new JsSIP.URI('sip', number, at < 0 ? domain : plain.slice(at + 1)).toString();
}

/** A far end's address as a person writes it. @param {any} identity  JsSIP's NameAddrHeader */
export function numberOf(identity) {
    const { user, host } = identity?.uri ?? {};
    if (!user) return host ?? '';
    const name = decodeURIComponent(user);
    // a host that is no domain says nothing: the server's own name, an address
    const isPlain = host === account?.provisioning.SipDomain || !host?.includes('.') || /\.invalid$|^(\d+\.){3}\d+$/.test(host);
    return isPlain || /^\+?\d+$/.test(name) ? name : `${name}@${host}`;
}

/** @param {string} target @param {object} options @returns {any} JsSIP's session */
export const startSession = (target, options) => ua.call(target, options);
export const hasLine = () => ua?.isConnected() ?? false;

/** The network came back, or the machine woke: try now, not in half a minute. */
export function retryLine() {
    if (!ua || ua.isConnected()) return;
    ua.stop();
    ua.start();
}
