/**
 * Where the server is, and one question to it. Every question ends: with an answer, an error or the time limit.
 */

const TIMEOUT_MS = 15000;
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;

/** The window, or undefined outside a browser. @returns {any} */
export const page = () => globalThis.window;

/** @type {string | undefined} */
let scriptUrl;
/** The address this library was loaded from. @param {string | undefined} url */
export const setScriptUrl = (url) => {
    scriptUrl = url;
};

/** @type {string | undefined} */
let chosen;
/** The server for all calls that name none. @param {string} url */
export function SetBase(url) {
    checkBase(url);
    chosen = url;
}

/** An Error with the HTTP status, if there was one. @param {string} text @param {number} [status] */
export const failure = (text, status) => Object.assign(new Error(text), { status });

/** Tokens travel only where nobody listens. @param {string} base @returns {string} without its last slash */
function checkBase(base) {
    let url;
    try {
        url = new URL(base, page()?.location?.href);
    } catch {
        throw failure(`Invalid base URL: ${base}`);
    }
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
        throw failure(`The base URL must begin with https:// (${url.origin})`);
    if (url.username || url.password) throw failure('The base URL must not contain a password');
    return url.origin + url.pathname.replace(/\/+$/, '');
}

/** @param {{BaseUrl?: string}} options @returns {string} */
export function findBase(options) {
    const tag = page()?.document?.querySelector('script[data-base]');
    const base = options.BaseUrl || chosen || page()?.SiperbAPI?.BASE_URL || tag?.getAttribute('data-base');
    if (base) return checkBase(base);
    if (/^https?:/.test(scriptUrl ?? '')) return checkBase(new URL(/** @type {string} */ (scriptUrl)).origin);
    throw failure('No base URL: pass BaseUrl, call SetBase() or set data-base on the script tag');
}

/**
 * @param {any} options  BaseUrl, Timeout (ms)
 * @param {string} method @param {string} path @param {Record<string, string>} headers
 * @returns {Promise<any>}  the parsed body; rejects with an Error that has .status when the server said no
 */
export const ask = (options, method, path, headers) =>
    new Promise((done, fail) => {
        const url = findBase(options) + path;
        const stop = new AbortController();
        const timer = setTimeout(() => {
            fail(failure('The server did not answer in time'));
            stop.abort();
        }, options.Timeout > 0 ? options.Timeout : TIMEOUT_MS);
        const question = async () => {
            const answer = await fetch(url, {
                method,
                headers: { 'Content-Type': 'application/json', ...headers },
                signal: stop.signal,
                cache: 'no-store',
                credentials: 'omit',
                redirect: 'error', // a token goes to the server it was meant for, nowhere else
            });
            if (!answer.ok) throw failure(answer.statusText || 'Failed to retrieve session', answer.status);
            return answer.json();
        };
        question()
            .then(done, fail)
            .finally(() => clearTimeout(timer));
    });
