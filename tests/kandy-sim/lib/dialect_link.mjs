/** Dialect B (kandy.md 4): Kandy Link, REST for what the client does and a WebSocket for what happens to it. */
import { randomUUID } from 'node:crypto';
import { Refusal } from './faults.mjs';
import { dispositionOf, endCall, join, make, onSession, stateOf } from './link_calls.mjs';
import { asGlare, events } from './link_events.mjs';

const BASE = '/rest/version/1/user/';
const MIN_EXPIRES = 0.5;
/** The body wrapper of an answer, by the op. */
const WRAPPERS = {
    subscribe: 'subscribeResponse',
    refresh: 'subscribeResponse',
    unsubscribe: 'subscribeResponse',
    im: 'imResponse',
    clicktocall: 'ctcResponse',
    reject: 'callDispositionResponse',
    forward: 'callDispositionResponse',
};

function refuse(ctx, refusal) {
    const { statusCode, reason, retryAfter } = refusal;
    const body = { statusCode, reason, ...(retryAfter ? { retryAfter } : {}) };
    return { json: { [WRAPPERS[ctx.op] ?? 'callControlResponse']: body } };
}

/** Which account speaks, by Basic, Bearer or ?token=; throws a Refusal. */
function authenticate(ctx) {
    const { cloud, headers, query } = ctx;
    const [, scheme, value] = /^(\w+) +(\S+)$/.exec(headers.authorization ?? '') ?? [];
    const token = query.get('token') ?? (scheme?.toLowerCase() === 'bearer' ? value : null);
    if (token !== null) {
        const known = cloud.dialects.includes('uc') ? cloud.tokens.get(token) : null;
        if (!known || known.kind !== 'access') throw new Refusal(401, 61, 'Unknown token');
        if (known.expiresAt < Date.now()) throw new Refusal(403, 65, 'Token expired');
        ctx.auth = query.has('token') ? 'token' : 'bearer';
        return known.account;
    }
    if (scheme?.toLowerCase() !== 'basic' || !cloud.dialects.includes('link'))
        throw new Refusal(401, 61, 'Authorization is missing', { headers: { 'WWW-Authenticate': 'Basic realm="kandy"' } });
    const [, name, password] = /^([^:]*):([\s\S]*)$/.exec(Buffer.from(value, 'base64').toString()) ?? [];
    const account = [...cloud.accounts.values()].find((a) => a.authName === name);
    if (!account) throw new Refusal(403, 0, 'Forbidden', { html: true });
    if (account.password !== password) throw new Refusal(403, 4, 'Bad password');
    ctx.auth = 'basic';
    return account;
}

/** Every request: who it is, whose path it is, both headers. */
function enter(ctx) {
    ctx.account = authenticate(ctx);
    const { user } = ctx.account;
    if (ctx.params.user !== encodeURIComponent(user).replaceAll('%40', '@'))
        throw new Refusal(403, 27, `the user in the path is not ${user}`);
    for (const header of ['accept', 'content-type'])
        if (!/^application\/json\b/.test(ctx.headers[header] ?? ''))
            throw new Refusal(400, 1004, `${header} is application/json, not ${ctx.headers[header]}`);
}
/** …and what belongs to a subscription needs one. */
function enterSubscribed(ctx) {
    enter(ctx);
    ctx.subscription = ctx.cloud.subscriptionsOf(ctx.account.user, 'link')[0];
    if (!ctx.subscription) throw new Refusal(404, 39, 'No such subscription');
}

/** @param {any} ctx @param {string} name  of the one key of the body */
function bodyOf({ json }, name) {
    const body = json?.[name];
    if (!body || typeof body !== 'object' || Object.keys(json).length !== 1) throw new Refusal(400, 5, `the body is {"${name}":{…}}`);
    return body;
}

const isText = (value) => typeof value === 'string';
/** The keys of a subscribeRequest, and what each may be. */
const SUBSCRIBE_KEYS = {
    __proto__: null,
    expires: (v) => Number(v) > 0 && /^(string|number)$/.test(typeof v),
    service: (v) => Array.isArray(v) && v.length > 0 && v.every(isText),
    localization: isText,
    useTurn: (v) => typeof v === 'boolean',
    notificationType: (v) => v === 'WebSocket',
    supported: (v) => Array.isArray(v) && v.every(isText),
    forceLogOut: (v) => v === 'true' || v === 'false',
    clientCorrelator: (v) => isText(v) && v !== '',
};
/** @param {any} request @param {string[]} needed @param {string[]} allowed */
function checkKeys(request, needed, allowed) {
    for (const key of needed) if (!(key in request)) throw new Refusal(400, 5, `${key} is missing`);
    for (const [key, value] of Object.entries(request)) {
        if (!allowed.includes(key)) throw new Refusal(400, 5, `${key} does not belong here`);
        if (!SUBSCRIBE_KEYS[key](value)) throw new Refusal(400, 37, `${key} has no such value`);
    }
}

function grant(ctx, subscription, statusCode = 0) {
    const { cloud } = ctx;
    const { username, password } = cloud.turn ?? {};
    const params = {
        expires: subscription.expires,
        service: subscription.services,
        notificationType: 'WebSocket',
        notificationChannel: subscription.channel,
        ...(subscription.useTurn && cloud.settings.turn && username ? { turnCredentials: { username, password } } : {}),
    };
    return { subscribeResponse: { statusCode, subscription: subscription.path, subscriptionParams: params } };
}
const grantedExpires = ({ cloud }, asked) => Math.max(MIN_EXPIRES, cloud.settings.expires ?? Number(asked));

function subscribe(ctx) {
    enter(ctx);
    const request = bodyOf(ctx, 'subscribeRequest');
    const optional = ['clientCorrelator'];
    const needed = Object.keys(SUBSCRIBE_KEYS).filter((key) => !optional.includes(key));
    checkKeys(request, needed, Object.keys(SUBSCRIBE_KEYS));
    const { cloud, account } = ctx;
    if (request.forceLogOut === 'true') cloud.subscriptionsOf(account.user, 'link').forEach((old) => cloud.forget(old));
    const path = `${BASE}${ctx.params.user}`;
    const id = randomUUID();
    const subscription = cloud.addSubscription({
        id,
        account,
        protocol: 'link',
        services: cloud.settings.services ?? request.service,
        expires: grantedExpires(ctx, request.expires),
        path: `${path}/subscription/${id}`,
        channel: `${path}/websocket/${randomUUID()}`,
        auth: ctx.auth,
        correlator: request.clientCorrelator ?? '',
    });
    Object.assign(subscription, { useTurn: request.useTurn, supported: request.supported });
    return { status: cloud.settings.subscribeStatus, json: grant(ctx, subscription) };
}

function findSubscription(ctx) {
    const { cloud, account, params } = ctx;
    const all = cloud.subscriptionsOf(account.user, 'link');
    const found = all.find((s) => (params.correlator ? s.correlator === decodeURIComponent(params.correlator) : s.id === params.id));
    if (!found) throw new Refusal(404, 39, 'No such subscription');
    return found;
}
function refresh(ctx) {
    enter(ctx);
    const subscription = findSubscription(ctx);
    const request = bodyOf(ctx, 'subscribeRequest');
    const allowed = Object.keys(SUBSCRIBE_KEYS).filter((key) => !/forceLogOut|clientCorrelator/.test(key));
    checkKeys(request, ['expires', 'service'], allowed);
    subscription.services = ctx.cloud.settings.services ?? request.service;
    ctx.cloud.renew(subscription, grantedExpires(ctx, request.expires));
    return { status: 200, json: grant(ctx, subscription, ctx.cloud.settings.refreshCode) };
}
function unsubscribe(ctx) {
    enter(ctx);
    ctx.cloud.forget(findSubscription(ctx));
    return { status: 200, json: { subscribeResponse: { statusCode: 0 } } };
}

/** An IM goes nowhere: it is there to be read under /requests. */
function sendMessage(ctx) {
    enterSubscribed(ctx);
    const request = bodyOf(ctx, 'imRequest');
    const isWhole = request.charset === 'UTF-8' && isText(request.toUrl) && isText(request.message) && request.type === 'A2';
    if (!isWhole) throw new Refusal(400, 5, 'imRequest has charset UTF-8, toUrl, message and type A2');
    return { status: 200, json: { imResponse: { statusCode: 0 } } };
}
function clickToCall(ctx) {
    enterSubscribed(ctx);
    const request = bodyOf(ctx, 'clickToCallRequest');
    if (!isText(request.callingParty) || !isText(request.calledParty)) throw new Refusal(400, 5, 'callingParty and calledParty are texts');
    return { status: 200, json: { ctcResponse: { statusCode: 0 } } };
}
/** sdpFormat url: the SDP of an event, fetched. */
function fetchDescription(ctx) {
    const sdp = ctx.cloud.descriptions.get(ctx.path);
    if (!sdp) throw new Refusal(404, 42, 'No such resource');
    return { status: 200, json: { eventDataResponse: { statusCode: 0, sdp } } };
}

/** The channel that the subscription named. No query with Basic; ?token= or ?access_token= with a token. */
function upgrade(cloud, path, query) {
    if (!path.startsWith(BASE)) return null;
    const found = [...cloud.subscriptions.values()].find((s) => s.protocol === 'link' && s.channel === path);
    if (!found) throw new Refusal(404, 39, 'No such channel');
    const keys = [...query.keys()];
    if (found.auth === 'basic' && keys.length > 0) throw new Refusal(400, 1004, 'no query belongs here');
    if (found.auth !== 'basic') {
        const token = cloud.tokens.get(query.get('token') ?? query.get('access_token') ?? '');
        if (!token || token.kind !== 'access' || token.account !== found.account) throw new Refusal(401, 61, 'Unknown token');
        if (token.expiresAt < Date.now()) throw new Refusal(403, 65, 'Token expired');
    }
    return found;
}
/** One WebSocket a channel: the first one is told of the second. */
function opened(cloud, socket) {
    const old = [...cloud.sockets].filter((other) => other !== socket && other.subscription === socket.subscription);
    for (const other of old) {
        other.ws.send(
            JSON.stringify({ notificationMessage: { eventType: 'websocketOverridden', eventId: randomUUID(), time: Date.now() } }),
        );
        other.ws.close(1000);
    }
    watch(cloud, socket);
}
/** Ask whether anybody is there; who does not answer until the next question is cut off. */
function watch(cloud, socket) {
    const { connCheckMs } = cloud.settings;
    if (!connCheckMs) return;
    socket.isAcked = true;
    const timer = setInterval(() => {
        if (!socket.isAcked) return socket.ws.close(1001);
        socket.isAcked = false;
        socket.ws.send(JSON.stringify({ connCheck: { interval: connCheckMs / 1000 } }));
    }, connCheckMs);
    socket.ws.on('close', () => clearInterval(timer));
}
/** Nothing but keep-alive comes from a client. */
async function onMessage(cloud, socket, json) {
    if (json?.connAck) socket.isAcked = true;
    if (json?.message_type === 'ping' || json?.connAck) return;
    cloud.violate('ws', `a client sends only pings here, not ${JSON.stringify(json).slice(0, 200)}`);
}

/** In the path of a session everything hangs on the body's type. */
const SESSION_OPS = {
    __proto__: null,
    ringing: 'ringing',
    callAnswer: 'answer',
    startCallUpdate: 'update',
    respondCallUpdate: 'respond',
    sendCustomHeaders: 'headers',
    transfer: 'transfer',
    audit: 'audit',
};
const typeOf = ({ json }) => json?.callControlRequest?.type;
const call = (run) => (ctx) => {
    enterSubscribed(ctx);
    const body = ctx.isJson ? bodyOf(ctx, 'callControlRequest') : null;
    return run(ctx, body);
};
function disposition(ctx) {
    enterSubscribed(ctx);
    return dispositionOf(ctx, bodyOf(ctx, 'callDispositionRequest'));
}
function start(ctx, body) {
    if (body.type === 'callStart') return make(ctx, body);
    if (body.type === 'join') return join(ctx, body);
    throw new Refusal(400, 5, `type ${body.type} does not belong here`);
}

const U = '^/rest/version/1/user/(?<user>[^/]+)';
const at = (text) => new RegExp(`${U}${text}$`);
const session = at('/callControl/callSessions/(?<session>[^/]+)');

export const link = {
    name: 'link',
    routes: [
        { op: 'subscribe', method: 'POST', path: at('/subscription'), isJson: true, run: subscribe },
        { op: 'refresh', method: 'PUT', path: at('/subscription/clientCorrelator/(?<correlator>[^/]+)'), isJson: true, run: refresh },
        { op: 'refresh', method: 'PUT', path: at('/subscription/(?<id>[^/]+)'), isJson: true, run: refresh },
        { op: 'unsubscribe', method: 'DELETE', path: at('/subscription/(?<id>[^/]+)'), run: unsubscribe },
        {
            op: (ctx) => (typeOf(ctx) === 'join' ? 'join' : 'make'),
            method: 'POST',
            path: at('/callControl'),
            isJson: true,
            run: call(start),
        },
        { op: (ctx) => SESSION_OPS[typeOf(ctx)] ?? 'session', method: 'PUT', path: session, isJson: true, run: call(onSession) },
        { op: 'state', method: 'GET', path: session, run: call(stateOf) },
        { op: 'end', method: 'DELETE', path: session, run: call(endCall) },
        {
            op: ({ json }) => (json?.callDispositionRequest?.action === 'forward' ? 'forward' : 'reject'),
            method: 'POST',
            path: at('/calldisposition'),
            isJson: true,
            run: disposition,
        },
        { op: 'im', method: 'POST', path: at('/instantmessage'), isJson: true, run: sendMessage },
        { op: 'clicktocall', method: 'POST', path: at('/clicktocall'), isJson: true, run: clickToCall },
        { op: 'sdp', method: 'GET', path: /^\/rest\/version\/1\/eventdata\/[^/]+$/, run: fetchDescription },
    ],
    refuse,
    upgrade,
    opened,
    opOf: () => '',
    onMessage,
    events,
    asGlare,
};
