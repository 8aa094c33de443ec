/** The three questions of a web phone: who am I, which devices have I, what is the account of this one. */
import { ask, failure, page } from './base.js';
import { openEntry } from './cache.js';

/** Both generations' names of the same value. */
const ALIASES = [
    ['SipUsername', 'SIPUsername'],
    ['SipPassword', 'SIPPassword'],
    ['SipWssServer', 'wssServer'],
    ['SipWebsocketPort', 'WebSocketPort'],
    ['SipServerPath', 'ServerPath'],
    ['SipContact', 'ContactUserName'],
    ['profileName', 'ProfileUserName'],
];

/** @param {any} value */
const isObject = (value) => value !== null && typeof value === 'object';

/** What other scripts of the page read. @param {Record<string, any>} fields */
function publish(fields) {
    const window = page();
    if (window) Object.assign((window.SiperbAPI ??= {}), fields);
}

/** @param {string} token @param {any} options @param {string[]} methods  a server knows one of them or both */
async function signIn(token, options, [method, other]) {
    const headers = { Authorization: `Bearer ${token}` };
    const again = (/** @type {any} */ error) => {
        if (error.status !== 404 && error.status !== 405) throw error;
        return ask(options, other, '/Login', headers);
    };
    const session = await ask(options, method, '/Login', headers).catch(again);
    if (!session?.SessionToken || !session.UserId) throw failure('Failed to retrieve session');
    publish({ SESSION_TOKEN: session.SessionToken, USER_ID: session.UserId });
    return session;
}

/** Sign in with an access token. @param {string} accessToken @param {any} [options] */
export const GetSession = (accessToken, options) => signIn(accessToken, options ?? {}, ['GET', 'POST']);
/** The same, as the later library asks it. @param {string} accessToken @param {any} [options] */
export const Login = (accessToken, options) => signIn(accessToken, options ?? {}, ['POST', 'GET']);

/**
 * An answer from the cache if there is one, while the server is asked; else the server's. Never rejects.
 * @param {any} options @param {string} keyName @param {string} path
 * @param {(body: any) => any} pick  the answer in the body; null: it is none
 * @param {(answer: any) => void} show
 */
async function fetchCached(options, keyName, path, pick, show) {
    const entry = openEntry(options, keyName);
    const kept = entry?.read();
    const question = async () => {
        try {
            const answer = pick(await ask(options, 'GET', path, { 'X-Api-Key': String(options.SessionToken) }));
            if (answer === null) return null;
            show(answer);
            entry?.write(answer);
            return answer;
        } catch (error) {
            if ([401, 403, 404].includes(/** @type {any} */ (error).status)) entry?.drop();
            return null;
        }
    };
    const asked = question();
    if (kept === undefined) return asked;
    show(kept);
    const before = JSON.stringify(kept);
    asked
        .then((answer) => answer && JSON.stringify(answer) !== before && options.OnUpdate?.(answer))
        .catch((error) => console.error(error)); // OnUpdate's own
    return kept;
}

/** @param {any} options */
const userPath = (options) => `/Users/${encodeURIComponent(options.UserId)}/Devices/`;

/** The user's devices; null when they cannot be had. @param {any} [given] */
export async function GetDevices(given) {
    const options = given ?? {};
    const pick = (/** @type {any} */ body) => {
        if (!isObject(body)) return null;
        return options.Platform && Array.isArray(body) ? body.filter((device) => device?.Platform === options.Platform) : body;
    };
    // SESSION: the original library sets it from the cache
    const show = (/** @type {any} */ devices) => publish({ DEVICES: devices, SESSION: devices });
    return fetchCached(options, 'SessionKey', userPath(options), pick, show);
}

/** The account and settings of one device; null when they cannot be had. @param {any} [given] */
export async function GetProvisioning(given) {
    const options = given ?? {};
    const pick = (/** @type {any} */ body) => {
        if (!isObject(body) || Array.isArray(body)) return null;
        const text = body.Settings_json ?? {};
        const settings = typeof text === 'string' ? JSON.parse(text) : text;
        if (!isObject(settings)) return null;
        for (const [a, b] of ALIASES) {
            const value = settings[a] ?? settings[b];
            if (value !== undefined) settings[a] = settings[b] = value;
        }
        return settings;
    };
    const path = `${userPath(options)}${encodeURIComponent(options.DeviceToken)}/?password=yes&settings_json=yes`;
    return fetchCached(options, 'ProvisioningKey', path, pick, (provisioning) => publish({ PROVISIONING: provisioning }));
}
