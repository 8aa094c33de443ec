/** What the far side knows: accounts, subscriptions, their sockets, calls; and all that was said to it. */
import { randomUUID } from 'node:crypto';
import { Faults } from './faults.mjs';

const KEPT_RECORDS = 20000;

export const DEFAULT_BEHAVIOUR = {
    trying: null,
    ring: 0,
    early: null,
    answer: 100,
    reject: null,
    hangup: null,
    media: 'real',
    tone: { hz: 1000, level: -12 },
    codecs: ['PCMU', 'PCMA', 'telephone-event'],
    codecsStrict: true,
    setup: 'active',
    sdpFormat: 'plain',
    ringAs: 'response',
    answerAs: 'response',
    answerStatus: 'answered',
    incomingAs: 'type',
    endAs: 'call.end',
    responseStatus: 200,
    eventsFirst: false,
    echoCancel: true,
    transferResult: 'complete',
};
export const DEFAULT_SETTINGS = {
    expires: null,
    services: null,
    fields: ['subscriptionId', 'access_token', 'expires_in', 'token_type'],
    subscribeStatus: 201,
    refreshCode: 0,
    replaces: true,
    turn: true,
    idleMs: null,
    connCheckMs: null,
};

/**
 * @typedef {object} Account @property {string} user @property {string} password @property {string} authName
 * @typedef {object} Subscription
 * @property {string} id @property {Account} account @property {'seed' | 'link'} protocol @property {string[]} services
 * @property {number} expires  seconds @property {number} expiresAt @property {string} path @property {string} channel
 * @property {string} auth  basic, bearer, token, password @property {string} correlator
 * @property {string} accessToken @property {string} refreshToken @property {any} socket @property {NodeJS.Timeout} timer
 */
export class Cloud {
    /** @type {Map<string, Account>} */ accounts = new Map();
    /** @type {Map<string, Subscription>} */ subscriptions = new Map();
    /** @type {Map<string, import('./far_call.mjs').FarCall>} */ calls = new Map();
    /** uc: token to what it is for. @type {Map<string, {account: Account, expiresAt: number, kind: string}>} */ tokens = new Map();
    /** SDP to be fetched by URL: path to text. @type {Map<string, string>} */ descriptions = new Map();
    /** Open WebSockets. @type {Set<{ws: any, subscription: Subscription, heardAt: number}>} */ sockets = new Set();
    requests = /** @type {any[]} */ ([]);
    sent = /** @type {any[]} */ ([]);
    violations = /** @type {any[]} */ ([]);
    faults = new Faults();
    settings = structuredClone(DEFAULT_SETTINGS);
    behaviour = structuredClone(DEFAULT_BEHAVIOUR);
    /** @type {Map<string, object>} */ behaviours = new Map();
    #n = 0;

    /** @param {{accounts: Account[], dialects: string[], turn: any, relay: boolean, protocols: Record<string, any>}} config */
    constructor({ accounts, dialects, turn, relay, protocols }) {
        accounts.forEach((account) => this.accounts.set(account.user, account));
        Object.assign(this, { dialects, turn, relay, protocols });
    }

    /** @param {any[]} list @param {object} entry */
    #keep(list, entry) {
        list.push(entry);
        if (list.length > KEPT_RECORDS) list.shift();
        return entry;
    }
    /** Something was received. @param {object} entry */
    record(entry) {
        return this.#keep(this.requests, { n: ++this.#n, at: Date.now(), ...entry });
    }
    /** The client did what the protocol does not allow. @param {string} op @param {string} text */
    violate(op, text) {
        this.#keep(this.violations, { at: Date.now(), op, text });
    }
    behaviourOf(number) {
        return { ...this.behaviour, ...this.behaviours.get(number) };
    }

    /** @param {Partial<Subscription> & {account: Account, protocol: 'seed' | 'link', expires: number}} config @returns {Subscription} */
    addSubscription(config) {
        const id = config.id ?? randomUUID();
        const subscription = {
            path: '',
            channel: '',
            auth: '',
            correlator: '',
            accessToken: '',
            refreshToken: '',
            services: [],
            socket: null,
            ...config,
            id,
        };
        this.subscriptions.set(id, subscription);
        this.renew(subscription, config.expires);
        return subscription;
    }
    /** @param {Subscription} subscription @param {number} expires */
    renew(subscription, expires) {
        clearTimeout(subscription.timer);
        subscription.expires = expires;
        subscription.expiresAt = Date.now() + expires * 1000;
        subscription.timer = setTimeout(() => this.forget(subscription, 1001), Math.min(expires * 1000, 2 ** 31 - 1));
        subscription.timer.unref();
    }
    /** @param {Subscription} subscription @param {number | null} [code]  its socket closes with it; null: it stays, deaf */
    forget(subscription, code = 1000) {
        clearTimeout(subscription.timer);
        this.subscriptions.delete(subscription.id);
        if (code) subscription.socket?.ws.close(code);
    }
    /** Newest first. @param {string} user @param {string} [protocol] */
    subscriptionsOf(user, protocol) {
        const isIt = (s) => s.account.user === user && (!protocol || s.protocol === protocol);
        return [...this.subscriptions.values()].filter(isIt).reverse();
    }

    /** Open sockets that get a user's messages: of link all, of seed the newest. @param {string} user @param {string} protocol */
    socketsOf(user, protocol) {
        const isIt = ({ subscription: s }) => s.account.user === user && s.protocol === protocol && this.subscriptions.has(s.id);
        const found = [...this.sockets].filter(isIt);
        return protocol === 'seed' ? found.slice(-1) : found;
    }
    /** With a code: a proper close; without: the connection is cut. @param {string} [user] @param {number} [code] */
    dropSockets(user, code) {
        const found = [...this.sockets].filter((s) => !user || s.subscription.account.user === user);
        found.forEach(({ ws }) => (code ? ws.close(code) : ws.terminate()));
        return found.length;
    }

    /**
     * One message to a user's client, with the faults that are on it.
     * @param {{user: string, protocol: string}} to @param {string} op @param {any} message  an object, or text as it is
     */
    async notify(to, op, message) {
        const fault = this.faults.take(op);
        if (fault?.drop) return;
        if (fault?.delayMs) await new Promise((done) => setTimeout(done, fault.delayMs));
        if (fault?.dropSocket === 'before') this.dropSockets(to.user);
        const isGlare = fault && (fault.glare || fault.isGlare);
        const whole = isGlare ? this.protocols[to.protocol].asGlare(message, fault.retryAfter ?? 500) : message;
        const text = typeof whole === 'string' ? whole : JSON.stringify(whole);
        for (let i = 0; i < (fault?.duplicate ? 2 : 1); i++) {
            const sockets = this.socketsOf(to.user, to.protocol);
            sockets.forEach(({ ws }) => ws.send(text));
            this.#keep(this.sent, { n: ++this.#n, at: Date.now(), op, message: whole, delivered: sockets.length });
        }
        // after what was sent has left
        if (fault?.dropSocket === 'after') setTimeout(() => this.dropSockets(to.user), 20);
    }

    async close() {
        for (const subscription of this.subscriptions.values()) clearTimeout(subscription.timer);
        this.dropSockets();
        await Promise.all([...this.calls.values()].map((call) => call.release()));
    }
}
