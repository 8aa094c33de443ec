/** Dialect A (kandy.md 1): the password in the body of POST /v2.0/subscription, then call.* over a WebSocket. */
import { randomBytes } from 'node:crypto';
import { FarCall } from './far_call.mjs';
import { Refusal } from './faults.mjs';

const SERVICES = ['call', 'IM', 'Presence', 'MWI'];
const DEFAULT_EXPIRES = 3600;
/** Who does not percent-encode it in a URL is not let in. */
const opaque = () => `${randomBytes(24).toString('base64')}+/=`;

/** The body of every error. */
function refuse(_, refusal) {
    const error =
        { 401: 'invalid_credentials', 400: 'invalid_request', 503: 'temporarily_unavailable' }[refusal.status] ?? 'request_failed';
    return { json: { error, error_description: refusal.reason } };
}

function badRequest(reason) {
    return new Refusal(400, 1004, reason);
}

/** POST /v2.0/subscription: three keys, no more. */
function subscribe({ cloud, json }) {
    const extra = Object.keys(json).filter((key) => !['username', 'password', 'service'].includes(key));
    if (extra.length) throw badRequest(`unknown key ${extra[0]}`);
    if (typeof json.username !== 'string' || typeof json.password !== 'string') throw badRequest('username and password are texts');
    const { service } = json;
    if (!Array.isArray(service) || !service.includes('call') || service.some((name) => !SERVICES.includes(name)))
        throw badRequest('service is a list of call, IM, Presence, MWI, and holds call');
    const account = cloud.accounts.get(json.username);
    if (!account || account.password !== json.password) throw new Refusal(401, 61, 'Invalid username or password');
    const { fields, expires, services } = cloud.settings;
    const values = {
        subscriptionId: opaque(),
        access_token: opaque(),
        refresh_token: opaque(),
        token: opaque(),
        expires_in: expires ?? DEFAULT_EXPIRES,
        token_type: 'Bearer',
    };
    // kandy.md 1.1: what stands in for a field that is missing
    const token = fields.includes('access_token') ? values.access_token : fields.includes('token') ? values.token : values.subscriptionId;
    const id = fields.includes('subscriptionId') ? values.subscriptionId : token;
    cloud.addSubscription({
        id,
        account,
        protocol: 'seed',
        services: services ?? service,
        expires: fields.includes('expires_in') ? values.expires_in : DEFAULT_EXPIRES,
        auth: 'password',
        accessToken: token,
        refreshToken: values.refresh_token,
    });
    return { status: 200, json: Object.fromEntries(fields.map((field) => [field, values[field]])) };
}

/** POST /v2.0/token: a new access token, a new term. */
function refresh({ cloud, text, headers }) {
    if (!/^application\/x-www-form-urlencoded\b/.test(headers['content-type'] ?? '')) throw badRequest('form-encoded is expected');
    const form = new URLSearchParams(text);
    if (form.get('grant_type') !== 'refresh_token') throw badRequest('grant_type is refresh_token');
    if (!form.has('client_id')) throw badRequest('client_id is missing');
    const found = [...cloud.subscriptions.values()].find((s) => s.protocol === 'seed' && s.refreshToken === form.get('refresh_token'));
    if (!found) throw new Refusal(401, 61, 'Invalid refresh token');
    found.accessToken = opaque();
    cloud.renew(found, cloud.settings.expires ?? DEFAULT_EXPIRES);
    return { status: 200, json: { access_token: found.accessToken, expires_in: found.expires, token_type: 'Bearer' } };
}

/** wss://host/?subscriptionId=ID, or ?access_token=TOKEN. */
function upgrade(cloud, path, query) {
    if (path !== '/') return null;
    const [id, token] = [query.get('subscriptionId'), query.get('access_token')];
    const found = [...cloud.subscriptions.values()].find(
        (s) => s.protocol === 'seed' && (id !== null ? s.id === id : s.accessToken === token),
    );
    if (!found) throw new Refusal(401, 61, 'Invalid subscription');
    return found;
}
/** A renewed subscription's socket takes the place of the old one's. */
function opened(cloud, socket) {
    if (!cloud.settings.replaces) return;
    for (const other of [...cloud.sockets])
        if (other !== socket && other.subscription.protocol === 'seed' && other.subscription.account === socket.subscription.account)
            other.ws.close(1000);
}

const error = (status, message) => ({ error: { code: status, message } });

/** @type {Record<string, {op: string, run: (context: any) => any}>} */
const METHODS = {
    __proto__: null,
    'call.getIceServers': { op: 'iceServers', run: ({ cloud }) => ({ iceServers: iceServers(cloud) }) },
    'call.make': { op: 'make', run: make },
    'call.answer': { op: 'answer', run: answer },
    'call.end': { op: 'end', run: end },
};
function iceServers({ turn, settings }) {
    if (!turn) return [];
    const { username, password } = turn;
    return turn.urls.map((urls) => (settings.turn ? { urls, username, credential: password } : { urls, username: '', credential: '' }));
}
function make({ cloud, subscription, params, id, after }) {
    const { callId, destination, sdp, mediaType } = params;
    if (typeof callId !== 'string' || !callId) throw badRequest('callId is missing');
    if (cloud.calls.has(callId)) throw badRequest(`there is a call ${callId}`);
    if (!/^[*#]?[0-9*#]+$/.test(destination ?? '')) throw badRequest(`destination ${destination} is not of digits`);
    if (mediaType !== 'audio') throw badRequest('mediaType is audio');
    const behaviour = cloud.behaviourOf(destination);
    const { user } = subscription.account;
    const call = new FarCall(cloud, {
        id: callId,
        direction: 'out',
        user,
        protocol: 'seed',
        from: user,
        to: destination,
        behaviour,
        makeId: id,
        canEarly: true,
    });
    try {
        call.check(sdp, true);
    } catch (refusal) {
        call.finish('client', 488, refusal.reason);
        throw refusal;
    }
    after(() => call.begin(sdp));
    return null; // its answers are those of the far end
}
const findCall = (cloud, user, callId) => {
    const call = cloud.calls.get(callId);
    if (!call || !call.isLive || call.user !== user) throw new Refusal(404, 42, `no call ${callId}`);
    return call;
};
async function answer({ cloud, subscription, params }) {
    const call = findCall(cloud, subscription.account.user, params.callId);
    const sdp = await call.accept(params.sdp);
    return { callId: call.id, status: 'connected', ...(sdp ? { sdp } : {}) };
}
function end({ cloud, subscription, params }) {
    const call = findCall(cloud, subscription.account.user, params.callId);
    call.finish('client');
    return { callId: call.id, status: 'ended' };
}

/** @param {any} message @returns {string} what is wrong with its envelope */
function findFault(message) {
    if (!message || typeof message !== 'object' || Array.isArray(message)) return 'not an object';
    if (message.type !== 'request') return 'type is request';
    if (!METHODS[message.method]) return `unknown method ${message.method}`;
    if (!/^req_\d+(_\w+)?$/.test(message.id ?? '')) return 'id is req_ and a number';
    if (message.method !== 'call.getIceServers' && (!message.params || typeof message.params !== 'object')) return 'params are missing';
    return '';
}

/** What a text message asks for. */
const opOf = (_, json) => METHODS[json?.method]?.op ?? '';

async function onMessage(cloud, socket, json, fault) {
    const to = { user: socket.subscription.account.user, protocol: 'seed' };
    const reply = (op, part) => cloud.notify(to, `reply:${op}`, { type: 'response', id: json?.id ?? null, method: json?.method, ...part });
    const wrong = findFault(json);
    if (wrong) {
        cloud.violate('ws', wrong);
        return reply('', error(400, wrong));
    }
    const { op, run } = METHODS[json.method];
    if (fault) return reply(op, error(fault.status, fault.reason));
    /** @type {(() => void)[]} */
    const afterwards = [];
    try {
        const context = {
            cloud,
            subscription: socket.subscription,
            params: json.params ?? {},
            id: json.id,
            after: (action) => afterwards.push(action),
        };
        const result = await run(context);
        if (result) await reply(op, { result });
        afterwards.forEach((action) => action());
    } catch (refusal) {
        if (!(refusal instanceof Refusal)) cloud.violate(op, refusal.message);
        else if (refusal.status === 400) cloud.violate(op, refusal.reason);
        await reply(op, error(refusal.status ?? 400, refusal.reason ?? refusal.message));
    }
}

const tell = (call, op, message) => call.cloud.notify(call, op, message);
const notification = (method, params) => ({ type: 'notification', method, params });
const response = (call, part) => ({ type: 'response', id: call.makeId, method: 'call.make', ...part });

/** Progress of a call of the client. */
function progress(call, op, as, values) {
    const body = { callId: call.id, ...values };
    const forms = {
        response: () => response(call, { result: body }),
        notification: () => notification('call.make', body),
        'call.answered': () => notification('call.answered', { callId: call.id, sdp: values.sdp }),
    };
    tell(call, op, forms[as]());
}

const events = {
    trying: () => {},
    ringing: (call) => progress(call, 'event:ringing', call.behaviour.ringAs, { status: 'ringing' }),
    early: (call, sdp) => progress(call, 'event:early', call.behaviour.ringAs, { status: 'ringing', sdp }),
    answered: (call, sdp) => {
        const status = call.behaviour.answerStatus;
        progress(call, 'event:answered', call.behaviour.answerAs, { ...(status ? { status } : {}), sdp });
    },
    incoming(call, sdp) {
        const params = { callId: call.id, from: call.from, ...(call.name ? { displayName: call.name } : {}), ...(sdp ? { sdp } : {}) };
        const method = 'call.incomingCall';
        const forms = {
            type: { type: method, params },
            method: { method, params },
            notification: { type: 'notification', method, params },
            request: { type: 'request', method, id: `req_${Date.now()}`, params },
        };
        tell(call, 'event:call', forms[call.behaviour.incomingAs]);
    },
    ended(call) {
        const { status, reason } = call.end;
        const params = { callId: call.id, ...(status ? { status } : {}), ...(reason ? { reason } : {}) };
        const as = call.behaviour.endAs;
        const message =
            as === 'error'
                ? response(call, { params: { callId: call.id }, ...error(status ?? 480, reason ?? 'ended') })
                : notification(as, params);
        tell(call, 'event:callEnd', message);
    },
    cancelled: (call) => events.ended(call),
};

export const seed = {
    name: 'seed',
    routes: [
        { op: 'subscribe', method: 'POST', path: /^\/v2\.0\/subscription$/, isJson: true, run: subscribe },
        { op: 'tokenRefresh', method: 'POST', path: /^\/v2\.0\/token$/, run: refresh },
    ],
    refuse,
    upgrade,
    opened,
    opOf,
    onMessage,
    events,
    asGlare: (message) => message,
};
