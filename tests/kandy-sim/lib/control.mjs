/** The control API: what a test asks of the far side. README.md has the table. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { DEFAULT_BEHAVIOUR, DEFAULT_SETTINGS } from './cloud.mjs';
import { FarCall } from './far_call.mjs';
import { makeEvent } from './link_events.mjs';

class Wrong extends Error {
    constructor(status, text) {
        super(text);
        this.status = status;
    }
}

function findCall({ cloud, id }, { isLive = true } = {}) {
    const call = cloud.calls.get(id);
    if (!call) throw new Wrong(404, `there is no call ${id}`);
    if (isLive && !call.isLive) throw new Wrong(409, 'this call has ended');
    return call;
}
/** Only known keys: a typing error in a test is not passed over. */
function pick(json, defaults) {
    const unknown = Object.keys(json).filter((key) => !(key in defaults));
    if (unknown.length) throw new Wrong(400, `unknown key ${unknown.join(', ')}; there are ${Object.keys(defaults).join(', ')}`);
    return json;
}
function subscribedUser({ cloud, json }) {
    const user = json.user ?? [...cloud.accounts.keys()][0];
    const [subscription] = [...cloud.subscriptions.values()].filter((s) => s.account.user === user).reverse();
    if (!subscription) throw new Wrong(409, `${user} has no subscription`);
    return { user, protocol: subscription.protocol, subscription };
}
function linkOnly(target) {
    if (target.protocol !== 'link') throw new Wrong(409, 'this dialect has no such thing');
    return target;
}
const since = (list, query) => {
    const isIt = (entry) =>
        entry.n > Number(query.get('since') ?? 0) &&
        ['op', 'kind', 'method', 'path', 'user'].every((key) => !query.has(key) || entry[key] === query.get(key));
    return list.filter(isIt);
};

function state({ cloud }) {
    const subscriptions = [...cloud.subscriptions.values()].map(
        ({ id, account, protocol, services, expires, expiresAt, auth, correlator, socket }) => ({
            ...{
                id,
                user: account.user,
                protocol,
                services,
                expires,
                expiresInMs: expiresAt - Date.now(),
                auth,
                correlator,
                hasSocket: !!socket,
            },
        }),
    );
    const sockets = [...cloud.sockets].map((s) => ({
        user: s.subscription.account.user,
        protocol: s.subscription.protocol,
        subscription: s.subscription.id,
    }));
    const calls = [...cloud.calls.values()].filter((call) => call.isLive).map((call) => call.id);
    return { dialects: cloud.dialects, subscriptions, sockets, calls };
}

async function placeCall(ctx) {
    const { user, protocol } = subscribedUser(ctx);
    const { cloud, json } = ctx;
    const { user: _, from = '971501234567', to = '', name = '', offer = true, customParameters = [], ...own } = json;
    const behaviour = { ...cloud.behaviour, ...pick(own, DEFAULT_BEHAVIOUR) };
    const id = protocol === 'link' ? `S${randomUUID()}` : `call_${randomUUID()}`;
    const call = new FarCall(cloud, { id, direction: 'in', user, protocol, from, to, name, behaviour, customParameters });
    await call.invite(offer);
    return call.view();
}
function cancel(ctx) {
    const call = findCall(ctx);
    if (call.direction !== 'in' || call.isAnswered) throw new Wrong(409, 'only an incoming call that is not answered is cancelled');
    call.events.cancelled(Object.assign(call, { end: { by: 'far' } }));
    call.finish('client');
    call.end = { by: 'far', reason: ctx.json.elsewhere ? 'answered elsewhere' : 'cancelled' };
    return call.view();
}
function hangup(ctx, defaults) {
    const call = findCall(ctx);
    call.finish('far', ctx.json.status ?? defaults.status, ctx.json.reason ?? defaults.reason);
    return call.view();
}
function reject(ctx) {
    if (findCall(ctx).isAnswered) throw new Wrong(409, 'this call is answered');
    return hangup(ctx, { status: 486, reason: 'Busy Here' });
}

/** What is done to a call, by the last part of the path. */
const CALL_ACTIONS = {
    ring: (call) => call.ring(),
    early: (call) => call.early(),
    answer: (call) => call.answer(),
    hold: (call, json) => linkOnly(call).reoffer({ direction: json.direction ?? 'sendonly' }),
    resume: (call) => linkOnly(call).reoffer({}),
    reoffer: (call, json) => linkOnly(call).reoffer(json),
    transfer: (call, json) => linkOnly(call).handOver(json),
    dtmf: (call, { digits = '', ...how }) => call.endpoint.voice.press(digits, how),
    tone: (call, { hz, level = -12 }) => (call.endpoint.voice.tone = { hz, level }),
};
async function actOnCall(ctx) {
    const call = findCall(ctx);
    const isOutOnly = ['ring', 'early', 'answer'].includes(ctx.action);
    if (isOutOnly && call.direction === 'in') throw new Wrong(409, 'this is for calls of the client');
    await CALL_ACTIONS[ctx.action](call, ctx.json);
    return call.view();
}
function media(ctx) {
    const call = findCall(ctx, { isLive: false });
    return call.isLive ? call.endpoint.measure(Number(ctx.query.get('ms') ?? 1000)) : call.lastMedia;
}

const inform = (op, make) => async (ctx) => {
    const to = linkOnly(subscribedUser(ctx));
    const message = make(ctx.json, to.user);
    await ctx.cloud.notify(to, op, message);
    return message;
};
const mwi = inform('event:mwi', ({ waiting = true, total = 1, unheard = 1 }) =>
    makeEvent('mwi', { mwiNotificationParams: { mwi: waiting ? 'yes' : 'no', totalVoice: total, unheardVoice: unheard } }),
);
const im = inform('event:IM', ({ from = '971501234567', text = '' }, user) =>
    makeEvent('IM', { imnotificationParams: { msgText: text, primaryContact: `${from}@${user.split('@')[1]}`, charset: 'UTF-8' } }),
);
async function gone(ctx) {
    const to = linkOnly(subscribedUser(ctx));
    const { retryAfter } = ctx.json;
    const message = makeEvent('gone', retryAfter === undefined ? {} : { retryAfter });
    await ctx.cloud.notify(to, 'event:gone', message);
    // what was sent arrives first
    setTimeout(() => ctx.cloud.forget(to.subscription), 20);
    return message;
}
async function overridden(ctx) {
    const to = linkOnly(subscribedUser(ctx));
    const message = makeEvent('websocketOverridden');
    await ctx.cloud.notify(to, 'event:websocketOverridden', message);
    ctx.cloud.dropSockets(to.user, 1000);
    return message;
}
async function notify(ctx) {
    const to = subscribedUser(ctx);
    await ctx.cloud.notify(to, 'event:raw', ctx.json.text ?? ctx.json.message);
    return { delivered: ctx.cloud.socketsOf(to.user, to.protocol).length };
}
function expire(ctx) {
    const { cloud, json } = ctx;
    const all = cloud.subscriptionsOf(subscribedUser(ctx).user);
    for (const subscription of all)
        if (json.keepSocket) cloud.forget(subscription, null);
        else cloud.renew(subscription, (json.inMs ?? 0) / 1000);
    return { subscriptions: all.length };
}
function behave({ cloud, json, id }) {
    pick(json, DEFAULT_BEHAVIOUR);
    if (id) cloud.behaviours.set(id, { ...cloud.behaviours.get(id), ...json });
    else Object.assign(cloud.behaviour, json);
    return cloud.behaviourOf(id ?? '');
}
function set({ cloud, json }) {
    return Object.assign(cloud.settings, pick(json, DEFAULT_SETTINGS));
}
function reset({ cloud }) {
    cloud.behaviours.clear();
    cloud.faults.list = [];
    Object.assign(cloud.behaviour, structuredClone(DEFAULT_BEHAVIOUR));
    Object.assign(cloud.settings, structuredClone(DEFAULT_SETTINGS));
    for (const list of [cloud.requests, cloud.sent, cloud.violations]) list.length = 0;
    return {};
}

const ROUTES = [
    ['GET', '/state', state],
    ['POST', '/reset', reset],
    ['GET', '/requests', ({ cloud, query }) => since(cloud.requests, query)],
    ['DELETE', '/requests', ({ cloud }) => ((cloud.requests.length = 0), {})],
    ['GET', '/sent', ({ cloud, query }) => since(cloud.sent, query)],
    ['GET', '/violations', ({ cloud }) => cloud.violations],
    ['DELETE', '/violations', ({ cloud }) => ((cloud.violations.length = 0), {})],
    ['GET', '/calls', ({ cloud }) => [...cloud.calls.values()].map((call) => call.view())],
    ['POST', '/calls', placeCall],
    ['GET', '/calls/:id', (ctx) => findCall(ctx, { isLive: false }).view()],
    ['GET', '/calls/:id/media', media],
    ['POST', '/calls/:id/cancel', cancel],
    ['POST', '/calls/:id/reject', reject],
    ['POST', '/calls/:id/hangup', (ctx) => hangup(ctx, {})],
    ...Object.keys(CALL_ACTIONS).map((action) => ['POST', `/calls/:id/${action}`, (ctx) => actOnCall({ ...ctx, action })]),
    ['GET', '/behaviour', ({ cloud }) => cloud.behaviour],
    ['PUT', '/behaviour', behave],
    ['PUT', '/behaviour/:id', behave],
    ['GET', '/settings', ({ cloud }) => cloud.settings],
    ['PUT', '/settings', set],
    ['POST', '/mwi', mwi],
    ['POST', '/im', im],
    ['POST', '/gone', gone],
    ['POST', '/overridden', overridden],
    ['POST', '/expire', expire],
    ['POST', '/notify', notify],
    ['POST', '/sockets/drop', ({ cloud, json }) => ({ dropped: cloud.dropSockets(json.user, json.code) })],
    ['GET', '/faults', ({ cloud }) => cloud.faults.list],
    ['POST', '/faults', ({ cloud, json }) => cloud.faults.add(json)],
    ['DELETE', '/faults', ({ cloud }) => ((cloud.faults.list = []), {})],
].map(([method, path, run]) => ({ method, path: new RegExp(`^${path.replace(':id', '(?<id>[^/]+)')}$`), run }));

async function serve(cloud, request) {
    const url = new URL(request.url, 'http://control');
    const found = ROUTES.map((route) => ({ route, match: route.path.exec(url.pathname) })).filter(({ match }) => match);
    const hit = found.find(({ route }) => route.method === request.method);
    if (!hit) throw new Wrong(found.length ? 405 : 404, `${request.method} ${url.pathname} is not known here`);
    let text = '';
    for await (const part of request) text += part;
    let json;
    try {
        json = text ? JSON.parse(text) : {};
    } catch (error) {
        throw new Wrong(400, error.message);
    }
    const id = hit.match.groups?.id;
    return hit.route.run({ cloud, query: url.searchParams, json, id: id && decodeURIComponent(id) });
}

/** @param {import('./cloud.mjs').Cloud} cloud @param {string} host @param {number} port */
export async function startControl(cloud, host, port) {
    const server = createServer(async (request, response) => {
        let status = 200;
        let answer;
        try {
            answer = await serve(cloud, request);
        } catch (error) {
            status = error.status ?? 409;
            answer = { error: error.message };
        }
        response.writeHead(status, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify(answer ?? {}));
    });
    await new Promise((done, failed) => server.once('error', failed).listen(port, host, () => done(null)));
    const { port: real } = /** @type {import('node:net').AddressInfo} */ (server.address());
    return { url: `http://${host}:${real}`, close: () => (server.closeAllConnections(), new Promise((done) => server.close(done))) };
}
