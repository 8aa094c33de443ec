/** What goes wrong on command: the table of names, and which fault meets which request or event. */

/** A request is not accepted: HTTP status, Ribbon's statusCode (kandy.md 6), the reason in words. */
export class Refusal extends Error {
    /** @param {number} status @param {number} statusCode @param {string} reason @param {object} [more]  headers, html, retryAfter */
    constructor(status, statusCode, reason, more = {}) {
        super(reason);
        Object.assign(this, { status, statusCode, reason, headers: {}, html: false, retryAfter: undefined }, more);
    }
}

const NAMES = {
    __proto__: null,
    unauthorized: { status: 401, statusCode: 61, reason: 'Invalid username or password' },
    'bad-password': { status: 403, statusCode: 4, reason: 'Bad password' },
    'bad-user': { status: 403, statusCode: 0, reason: 'Forbidden', html: true },
    'auth-failure': { status: 403, statusCode: 27, reason: 'Authentication failure' },
    credentials: { status: 403, statusCode: 61, reason: 'Wrong credentials' },
    'token-expired': { status: 403, statusCode: 65, reason: 'Token expired' },
    disabled: { status: 403, statusCode: 62, reason: 'Account disabled' },
    locked: { status: 403, statusCode: 63, reason: 'Account locked' },
    'not-authorised': { status: 403, statusCode: 29, reason: 'Device not authorised' },
    'not-enabled': { status: 403, statusCode: 35, reason: 'Service not enabled' },
    'login-limit': { status: 403, statusCode: 19, reason: 'Login limit of clients' },
    'login-limit-tablet': { status: 403, statusCode: 20, reason: 'Login limit of tablets' },
    'forced-logout': { status: 403, statusCode: 44, reason: 'Forced logout' },
    'bad-body': { status: 400, statusCode: 5, reason: 'Bad body' },
    'invalid-value': { status: 400, statusCode: 37, reason: 'Invalid value' },
    'bad-request': { status: 400, statusCode: 1004, reason: 'Bad request' },
    'no-subscription': { status: 404, statusCode: 39, reason: 'No such subscription' },
    'no-resource': { status: 404, statusCode: 42, reason: 'No such resource' },
    'unknown-session': { status: 404, statusCode: 47, reason: 'Session expired or unknown' },
    glare: { status: 409, statusCode: 49, reason: 'Glare', isGlare: true },
    internal: { status: 500, statusCode: 26, reason: 'Internal error' },
    busy: { status: 503, statusCode: 26, reason: 'Service unavailable', retryAfter: '1' },
    'not-found': { status: 404, statusCode: 0, reason: 'Not Found', html: true },
    'not-allowed': { status: 405, statusCode: 0, reason: 'Method Not Allowed', html: true },
    html: { status: 200, body: '<html><body>Welcome to this hot spot</body></html>', type: 'text/html' },
    'bad-json': { status: 200, body: '{"subscribeResponse":{"statusCode":', type: 'application/json' },
};
const KEYS = [
    'on',
    'name',
    'times',
    'after',
    'status',
    'statusCode',
    'reason',
    'headers',
    'body',
    'type',
    'html',
    'retryAfter',
    'delayMs',
    'hang',
    'reset',
    'dropSocket',
    'drop',
    'duplicate',
    'glare',
    'user',
];

export class Faults {
    /** @type {any[]} */ list = [];

    /** @param {any} fault */
    add(fault) {
        const unknown = Object.keys(fault).filter((key) => !KEYS.includes(key));
        if (unknown.length) throw new Error(`unknown key in a fault: ${unknown.join(', ')}`);
        if (typeof fault.on !== 'string') throw new Error('a fault says what it is "on"');
        if (fault.name && !NAMES[fault.name]) throw new Error(`no fault has the name ${fault.name}`);
        const { name, ...own } = fault;
        const whole = { times: 1, after: 0, ...NAMES[name], ...own, ...(name ? { name } : {}), met: 0 };
        this.list.push(whole);
        return whole;
    }

    /** The fault that meets this one, counted; or null. @param {string} op */
    take(op) {
        const isIt = (fault) => fault.on === op || (fault.on === 'any' && op && !op.startsWith('event:'));
        for (const fault of this.list) {
            if (!isIt(fault) || (fault.times > 0 && fault.met >= fault.times + fault.after)) continue;
            if (++fault.met > fault.after) return fault;
        }
        return null;
    }
}

/** What a fault answers, if it does. @param {any} fault @returns {Refusal | {status: number, text: string, type: string, headers: object} | null} */
export function answerOf(fault) {
    if (!fault.status) return null;
    const headers = { ...fault.headers, ...(typeof fault.retryAfter === 'string' ? { 'Retry-After': fault.retryAfter } : {}) };
    if (fault.body !== undefined) {
        const text = typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body);
        return { status: fault.status, text, type: fault.type ?? 'application/json', headers };
    }
    const retryAfter = typeof fault.retryAfter === 'number' ? fault.retryAfter : undefined;
    return new Refusal(fault.status, fault.statusCode ?? 0, fault.reason ?? 'Refused', { headers, html: fault.html, retryAfter });
}
