/** From an access token to a phone that is registered, and back. */
import { GetDevices, GetProvisioning, GetSession } from '../../provisioning/src/account.js';
import { SetBase } from '../../provisioning/src/base.js';
import { ClearCache } from '../../provisioning/src/cache.js';
import { hangUpAll, receive } from './calls.js';
import { t } from './i18n.js';
import { keep, readKept } from './keep.js';
import { startLine, stopLine } from './line.js';
import { readOptions } from './settings.js';
import { claimWindow, releaseWindow } from './window.js';
import { loadPeople } from './people.js';
import { getState, setState, showToast } from './store.js';

/**
 * @typedef {object} Kept  what signing in leaves on this device
 * @property {any} provisioning @property {any} [session] @property {string} [deviceToken] @property {string} [label]
 */

/** Sign in; resolves to the devices to choose from. Throws an Error with a text for people. @param {string} token */
export async function signIn(token) {
    const options = { BaseUrl: location.origin };
    let session;
    try {
        SetBase(location.origin);
        session = await GetSession(token.trim(), options);
    } catch (error) {
        const { status } = /** @type {any} */ (error);
        const key = { 401: 'loginRefused', 403: 'loginRefused', 429: 'loginTooMany' }[/** @type {401} */ (status)];
        if (key) throw new Error(t(key));
        throw new Error(status ? t('loginServer', { status }) : t(location.protocol === 'http:' && /https/.test(String(error)) ? 'loginInsecure' : 'loginNoServer'));
    }
    const answer = await GetDevices({ ...options, ...session });
    if (!Array.isArray(answer)) throw new Error(t('loginNoServer'));
    const devices = answer.filter((device) => device.Enabled !== false);
    if (!devices.length) throw new Error(t('loginNoDevice'));
    return { session, devices };
}

/** @param {any} session @param {any} device @param {boolean} stay */
export async function chooseDevice(session, device, stay) {
    const provisioning = await GetProvisioning({ BaseUrl: location.origin, ...session, DeviceToken: device.DeviceToken });
    if (!provisioning) throw new Error(t('loginNoServer'));
    await open({ provisioning, session, deviceToken: device.DeviceToken, label: device.Description }, stay);
}

/** Without a token: a SIP account as other phones have it. @param {{server: string, address: string, password: string}} sip @param {boolean} stay */
export async function signInSip({ server, address, password }, stay) {
    const [, user, domain] = /^(?:sips?:)?([^@\s]+)@([^@\s]+)$/.exec(address.trim()) ?? [];
    if (!user) throw new Error(t('loginBadAddress'));
    const url = server.trim() || `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
    if (!/^wss?:\/\/[^/]/.test(url)) throw new Error(t('loginBadServer'));
    const provisioning = { SipUsername: user, SipPassword: password, SipDomain: domain, SocketUrl: url, RegistrationMode: 'WebSocket', profileName: user };
    await open({ provisioning }, stay);
}

/** @param {Kept} kept @param {boolean} stay  after the window is closed too */
async function open(kept, stay) {
    keep('account', null);
    keep('account', null, 'sessionStorage');
    if (!keep('account', kept, stay ? 'localStorage' : 'sessionStorage') && stay) showToast(t('cannotKeep'), 'bad');
    await begin(kept, true);
}

/**
 * Become that account's phone, unless another window is it. @param {Kept} kept
 * @param {boolean} [take]  from that window
 */
export async function begin(kept, take = false) {
    const p = kept.provisioning;
    const user = p.SipUsername ?? p.SIPUsername;
    const name = p.profileName ?? p.ProfileUserName ?? kept.label ?? user;
    const account = { ...kept, id: `${user}@${p.SipDomain}`, user, name };
    const leave = () => {
        hangUpAll();
        stopLine(true);
        setState({ phase: 'elsewhere' });
    };
    // a page around us said already what is offered; else the account's own settings do
    const options = getState().isFramed ? getState().options : readOptions(p);
    setState({ account, options, takeOver: () => begin(kept, true) });
    if (!(await claimWindow(account.id, take, leave))) return setState({ phase: 'elsewhere' });
    setState({ phase: 'phone', link: 'connecting' });
    loadPeople();
    startLine({ provisioning: p, session: kept.session }, receive, () => showToast(t('refused'), 'bad'));
}

/** Signed in before? Then the phone is there at once, and what the server changed since follows. @returns {boolean} */
export function resume() {
    const none = /** @type {any} */ ({});
    const store = readKept('account', none).provisioning ? 'localStorage' : 'sessionStorage';
    const kept = readKept('account', none, store);
    if (!kept.provisioning) return false;
    // a session may have ended since: without one the SIP password alone is enough
    const begun = begin({ ...kept, session: undefined });
    if (kept.session && kept.deviceToken) begun.then(() => refresh(kept, store)).catch(() => {});
    return true;
}

/** @param {any} kept @param {string} store */
async function refresh(kept, store) {
    if (getState().phase !== 'phone') return;
    const provisioning = await GetProvisioning({ BaseUrl: location.origin, ...kept.session, DeviceToken: kept.deviceToken });
    if (!provisioning) return;
    keep('account', { ...kept, provisioning }, store);
    const fields = ['SipUsername', 'SipPassword', 'SipDomain', 'SipContact', 'SipWssServer', 'SipWebsocketPort'];
    if (fields.some((field) => provisioning[field] !== kept.provisioning[field])) await begin({ ...kept, provisioning });
}

export function signOut() {
    hangUpAll();
    stopLine();
    releaseWindow();
    keep('account', null);
    keep('account', null, 'sessionStorage');
    ClearCache();
    setState({ phase: 'login', tab: 'keypad', account: null, calls: [], activeId: null, history: [], contacts: [], dialled: '' });
}
