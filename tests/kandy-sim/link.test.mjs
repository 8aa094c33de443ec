/** The link and uc dialects: subscription, calls, hold, transfer, events and faults. */
import assert from 'node:assert/strict';
import { inflateSync } from 'node:zlib';
import { after, before, beforeEach, test } from 'node:test';
import { sleep, waitFor } from '../interop/lib/process.mjs';
import { startSim } from './lib/start.mjs';
import { makeClient, makeMedia, OFFER, waitHeard } from './lib/test_client.mjs';

const USER = 'u@test.local';
const BASE = `/rest/version/1/user/${USER}`;
const REQUEST = {
    ...{ expires: 3600, service: ['call', 'IM', 'Presence', 'MWI'], localization: 'English_US', useTurn: true },
    ...{ notificationType: 'WebSocket', supported: ['RingingFeedback'], forceLogOut: 'false' },
};
const ANSWER = OFFER.replace('actpass', 'active');
let sim;
let client;
before(async () => {
    sim = await startSim({ accounts: [`${USER}:secret`, 'a b@test.local:x:y'] });
    client = makeClient(sim);
});
after(() => sim.stop());
beforeEach(async () => {
    await sim.post('/reset');
    // nobody is subscribed, and nothing rings, from before
    await sim.post('/expire', {}).catch(() => {});
    for (const id of (await sim.get('/state')).calls) await sim.post(`/calls/${id}/hangup`);
    await sleep(20);
    await sim.delete('/requests');
});

const HEADERS = { Accept: 'application/json', 'Content-Type': 'application/json' };
const basic = (name = USER, password = 'secret') => ({ ...HEADERS, Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` });
const ask = (method, path, body, headers = basic()) => client.ask(method, path, body, headers);
const subscribe = (change = {}, headers = basic()) => ask('POST', `${BASE}/subscription`, { subscribeRequest: { ...REQUEST, ...change } }, headers);
const control = (method, path, request) => ask(method, `${BASE}/callControl${path}`, request && { callControlRequest: request });
/** Subscribed and connected. */
async function start() {
    const { subscription, subscriptionParams } = (await subscribe()).json.subscribeResponse;
    return { subscription, channel: subscriptionParams.notificationChannel, socket: await client.connect(subscriptionParams.notificationChannel) };
}
async function make(sdp = OFFER, to = '971501234567', more = {}) {
    const { status, json } = await control('POST', '', { type: 'callStart', from: `sip:${USER}`, to: `sip:${to}@test.local`, sdp, supported: ['earlymedia'], ...more });
    assert.equal(status, 200, JSON.stringify(json));
    return json.callControlResponse.sessionData;
}
const put = (id, request) => control('PUT', `/callSessions/${id}`, request);
const silent = { media: 'none' };

test('a subscription is granted, lengthened, found by its correlator, deleted', async () => {
    const { status, json } = await subscribe({ expires: '7200', clientCorrelator: 'device-1' });
    assert.equal(status, 201);
    const { statusCode, subscription, subscriptionParams } = json.subscribeResponse;
    assert.equal(statusCode, 0);
    assert.equal(subscriptionParams.expires, 7200);
    assert.match(subscription, /^\/rest\/version\/1\/user\/u@test\.local\/subscription\/./);
    assert.match(subscriptionParams.notificationChannel, /\/websocket\/./);
    const { forceLogOut, ...again } = REQUEST;
    for (const path of [subscription, `${BASE}/subscription/clientCorrelator/device-1`]) assert.equal((await ask('PUT', path, { subscribeRequest: again })).status, 200);
    await sim.put('/settings', { refreshCode: 2 });
    assert.equal((await ask('PUT', subscription, { subscribeRequest: again })).json.subscribeResponse.statusCode, 2);
    assert.equal((await ask('DELETE', subscription)).status, 200);
    const gone = await ask('PUT', subscription, { subscribeRequest: again });
    assert.deepEqual([gone.status, gone.json.subscribeResponse.statusCode], [404, 39]);
});

const path = `${BASE}/subscription`;
const REFUSED = [
    ['no Authorization', path, {}, HEADERS, 401, 61],
    ['a wrong password', path, {}, basic(USER, 'no'), 403, 4],
    ['an unknown user, in HTML', path, {}, basic('nobody@test.local'), 403, null],
    ["another user's path", '/rest/version/1/user/v@test.local/subscription', {}, basic(), 403, 27],
    ['an encoded @', '/rest/version/1/user/u%40test.local/subscription', {}, basic(), 403, 27],
    ['no Accept', path, {}, { ...basic(), Accept: '*/*' }, 400, 1004],
    ['no Content-Type', path, {}, { ...basic(), 'Content-Type': 'text/plain' }, 400, 1004],
    ['another notificationType', path, { notificationType: 'LongPolling' }, basic(), 400, 37],
    ['forceLogOut as boolean', path, { forceLogOut: false }, basic(), 400, 37],
    ['an unknown key', path, { password: 'secret' }, basic(), 400, 5],
    ['no expires', path, { expires: undefined }, basic(), 400, 5],
    ['another version', '/rest/version/2/user/u@test.local/subscription', {}, basic(), 404, null],
    ['a token nobody gave', `${path}?token=x`, {}, HEADERS, 401, 61],
];
for (const [what, where, change, headers, status, statusCode] of REFUSED)
    test(`refused: ${what}`, async () => {
        const answer = await ask('POST', where, { subscribeRequest: { ...REQUEST, ...change } }, headers);
        assert.equal(answer.status, status);
        if (statusCode === null) assert.match(answer.text, /<html>/);
        else assert.equal(answer.json.subscribeResponse.statusCode, statusCode);
        assert.equal((await sim.get('/violations')).length, 1);
    });

test('a user name and a password that need encoding', async () => {
    const where = '/rest/version/1/user/a%20b@test.local/subscription';
    assert.equal((await ask('POST', where, { subscribeRequest: REQUEST }, basic('a b@test.local', 'x:y'))).status, 201);
});

test('the channel: right path, no query, one socket; a second overrides the first', async () => {
    await assert.rejects(client.connect(`${BASE}/websocket/none`), { status: 404 });
    const { channel, socket } = await start();
    await assert.rejects(client.connect(`${channel}?token=x`), { status: 400 });
    socket.send({ message_type: 'ping' });
    assert.deepEqual((await sim.get('/violations')).map((v) => v.text.slice(0, 3)), ['404', '400']);
    socket.send({ type: 'call' });
    await waitFor('a violation', async () => (await sim.get('/violations')).length === 3);
    await client.connect(channel);
    await socket.event('websocketOverridden');
    assert.equal(await socket.closed(), 1000);
});

test('without a subscription there are no calls: 39', async () => {
    const { status, json } = await control('POST', '', { type: 'callStart', from: `sip:${USER}`, to: 'sip:1@test.local', sdp: OFFER });
    assert.deepEqual([status, json.callControlResponse.statusCode], [404, 39]);
});

test('a call: ringing, early media, answer, tones and keys both ways, the far side hangs up', async () => {
    const { socket } = await start();
    const media = makeMedia();
    await sim.put('/behaviour', { trying: 0, ring: 20, early: 100, answer: 1500, setup: 'passive' });
    const id = await make(await media.offer());
    await socket.event('trying');
    assert.equal((await socket.event('ringing')).callNotificationParams.remoteDisplayNumber, '971501234567@test.local');
    const early = await socket.event('sessionProgress');
    await media.accept(early.sessionParams.sdp);
    await waitHeard(media, 1000);
    assert.equal((await sim.get(`/calls/${id}`)).state, 'early');
    const answer = await socket.event('respondCallUpdate');
    assert.equal(answer.sessionParams.sdp, early.sessionParams.sdp);
    const there = await sim.waitTone(id, 440);
    assert.ok(Math.abs(there.level + 12) < 1, `${there.level} dB`);
    await sim.post(`/calls/${id}/dtmf`, { digits: '90#' });
    await waitFor('the keys', () => media.measure(1000).digits === '90#');
    assert.equal((await put(id, { type: 'audit' })).json.callControlResponse.statusCode, 0);
    assert.equal((await control('GET', `/callSessions/${id}`)).json.callControlResponse.state, 'ANSWERED');
    await sim.post(`/calls/${id}/hangup`, { status: 480, reason: 'away' });
    assert.deepEqual((await socket.event('callEnd')).sessionParams, { sessionData: id, statusCode: 480, reasonText: 'away' });
    const audit = await put(id, { type: 'audit' });
    assert.deepEqual([audit.status, audit.json.callControlResponse.statusCode], [404, 42]);
    assert.equal((await control('GET', `/callSessions/${id}`)).json.callControlResponse.statusCode, 47);
});

test('hold and resume by the client, by the far side, slow; glare; somebody else takes over', async () => {
    const { socket } = await start();
    const media = makeMedia();
    const id = await make(await media.offer());
    const answer = await socket.event('respondCallUpdate');
    await media.accept(answer.sessionParams.sdp);
    await sim.waitTone(id, 440);
    let answers = 1;
    const update = async (direction) => {
        assert.equal((await put(id, { type: 'startCallUpdate', sdp: await media.offer(direction) })).status, 200);
        const event = await socket.event('respondCallUpdate', 5000, answers++);
        if (!event.statusCode) await media.accept(event.sessionParams.sdp);
        return event;
    };
    assert.match((await update('sendonly')).sessionParams.sdp, /a=recvonly/);
    assert.equal((await sim.get(`/calls/${id}`)).state, 'held');
    await sleep(300);
    assert.equal(media.measure(200).recentPackets, 0, 'silence while it is held');
    await update('sendrecv');
    await waitHeard(media, 1000);
    // the far side holds
    await sim.post(`/calls/${id}/hold`);
    const offer = await socket.event('startCallUpdate');
    assert.match(offer.sessionParams.sdp, /a=sendonly/);
    const glare = await update('sendrecv');
    assert.deepEqual([glare.statusCode, glare.sessionParams.retryAfter, glare.sessionParams.sdp], [49, 500, undefined]);
    assert.equal((await put(id, { type: 'respondCallUpdate', sdp: await media.answer(offer.sessionParams.sdp) })).status, 200);
    await sim.waitCall(id, 'held');
    await sim.post(`/calls/${id}/reoffer`, { slow: true });
    assert.equal((await socket.event('startCallUpdate', 5000, 1)).sessionParams.sdp, undefined);
    assert.equal((await put(id, { type: 'respondCallUpdate', sdp: await media.offer() })).status, 200);
    await media.accept((await socket.event('respondCallUpdate', 5000, answers++)).sessionParams.sdp);
    await sim.waitCall(id, 'connected');
    await sim.waitTone(id, 440);
    await sim.post(`/calls/${id}/transfer`, { name: 'Second', number: '97142222222', tone: { hz: 600, level: -12 } });
    const handed = await socket.event('startCallUpdate', 5000, 2);
    assert.equal(handed.callNotificationParams.remoteName, 'Second');
    const second = makeMedia();
    const sdp = await second.answer(handed.sessionParams.sdp);
    assert.equal((await put(id, { type: 'respondCallUpdate', sdp })).status, 200);
    await waitHeard(second, 600);
    assert.equal((await control('DELETE', `/callSessions/${id}`)).status, 200);
    assert.deepEqual((await sim.get(`/calls/${id}`)).end, { by: 'client' });
    assert.deepEqual(await sim.get('/violations'), []);
});

for (const sdpFormat of ['plain', 'compressed', 'url'])
    test(`an incoming call with ${sdpFormat} SDP: ringing, answered, cancel is echoed`, async () => {
        const { socket } = await start();
        const media = makeMedia();
        const customParameters = [{ name: 'x-a', value: 'b' }];
        const { id } = await sim.post('/calls', { from: '971509999999', name: 'N', to: '97143456789', sdpFormat, customParameters });
        const event = await socket.event('call');
        assert.equal(event.sessionParams.sessionData, id);
        assert.deepEqual(event.sessionParams.actions, ['answer', 'reject', 'forward']);
        assert.deepEqual(event.callNotificationParams, { callerDisplayNumber: '971509999999@test.local', callerName: 'N', calleeDisplayNumber: '97143456789@test.local', primaryContact: USER });
        assert.deepEqual(event.customParameters, customParameters);
        const { sdp } = event.sessionParams;
        const read = {
            plain: () => sdp,
            compressed: () => inflateSync(Buffer.from(sdp, 'base64')).toString(),
            url: async () => (await ask('GET', sdp)).json.eventDataResponse.sdp,
        };
        const offer = await read[sdpFormat]();
        assert.equal((await put(id, { type: 'ringing' })).status, 200);
        await sim.waitCall(id, 'ringing');
        assert.equal((await put(id, { type: 'callAnswer', sdp: await media.answer(offer) })).status, 200);
        await socket.event('callCancel');
        await waitHeard(media, 1000);
        await sim.waitTone(id, 440);
    });

test('incoming: slow start, reject, forward, cancelled, and what is not allowed', async () => {
    await sim.put('/behaviour', silent);
    const { socket } = await start();
    const dispose = (request) => ask('POST', `${BASE}/calldisposition`, { callDispositionRequest: request });
    const slow = await sim.post('/calls', { offer: false });
    assert.equal((await socket.event('call')).sessionParams.sdp, undefined);
    assert.equal((await put(slow.id, { type: 'callAnswer', sdp: ANSWER })).status, 400);
    assert.equal((await put(slow.id, { type: 'callAnswer', sdp: OFFER })).status, 200);
    assert.match((await socket.event('respondCallUpdate')).sessionParams.sdp, /a=setup:active/);
    const rejected = await sim.post('/calls');
    assert.equal((await dispose({ action: 'ignore', sessionData: rejected.id })).json.callDispositionResponse.statusCode, 5);
    assert.equal((await dispose({ action: 'reject', sessionData: rejected.id })).status, 200);
    assert.equal((await sim.get(`/calls/${rejected.id}`)).end.reason, 'rejected');
    const forwarded = await sim.post('/calls');
    assert.equal((await dispose({ action: 'forward', sessionData: forwarded.id, address: 'sip:97143456789@test.local' })).status, 200);
    assert.equal((await sim.get(`/calls/${forwarded.id}`)).transferred.to, '97143456789');
    const cancelled = await sim.post('/calls');
    await sim.post(`/calls/${cancelled.id}/cancel`);
    await waitFor('callCancel', () => socket.messages.some((m) => m.notificationMessage.eventType === 'callCancel' && m.notificationMessage.sessionParams.sessionData === cancelled.id));
    assert.equal((await put(cancelled.id, { type: 'callAnswer', sdp: ANSWER })).json.callControlResponse.statusCode, 42);
});

test('transfer, blind and failed; join', async () => {
    await sim.put('/behaviour', silent);
    const { socket } = await start();
    const [a, b] = [await make(), await make(OFFER, '97142222222')];
    await sim.waitCall(b, 'connected');
    assert.equal((await put(a, { type: 'transfer', address: 'sip:97144444444@test.local' })).status, 200);
    assert.equal((await socket.event('sessionComplete')).sessionParams.sessionData, a);
    assert.deepEqual((await sim.get(`/calls/${a}`)).transferred, { to: '97144444444' });
    assert.equal((await control('DELETE', `/callSessions/${a}`)).status, 200);
    const c = await make();
    await sim.waitCall(c, 'connected');
    const join = await control('POST', '', { type: 'join', firstSessionData: b, secondSessionData: c, sdp: OFFER });
    assert.equal(join.status, 200);
    await waitFor('both to be done', () => socket.messages.filter((m) => m.notificationMessage.eventType === 'sessionComplete').length === 3);
    await sim.put('/behaviour', { transferResult: 'fail' });
    const d = await make();
    await sim.waitCall(d, 'connected');
    assert.equal((await put(d, { type: 'transfer', address: 'sip:97144444444@test.local', sessionData: join.json.callControlResponse.sessionData })).status, 200);
    await socket.event('sessionFail');
});

const WRONG_STARTS = [
    ['separators in the number', { to: 'sip:971-50@test.local' }, 37],
    ['no sip:', { to: '971501234567' }, 37],
    ["somebody else's from", { from: 'sip:v@test.local' }, 37],
    ['an empty supported', { supported: [] }, 5],
    ['a key of another request', { mediaType: 'audio' }, 5],
    ['no SDP', { sdp: undefined }, 5],
    ['an SDP without candidates', { sdp: OFFER.replace(/a=candidate.*\r\n/, '') }, 37],
    ['an SDP without DTLS', { sdp: OFFER.replace(/a=fingerprint.*\r\n/, '') }, 37],
    ['another type', { type: 'callBegin' }, 5],
];
for (const [what, change, statusCode] of WRONG_STARTS)
    test(`callStart is refused: ${what}`, async () => {
        await start();
        const { status, json } = await control('POST', '', { type: 'callStart', from: `sip:${USER}`, to: 'sip:*65@test.local', sdp: OFFER, ...change });
        assert.deepEqual([status, json.callControlResponse.statusCode], [400, statusCode]);
    });

test('faults of requests, each by its name', async () => {
    const { socket } = await start();
    await sim.put('/behaviour', silent);
    const CODES = { 'bad-password': [403, 4], locked: [403, 63], disabled: [403, 62], 'token-expired': [403, 65], 'no-subscription': [404, 39], glare: [409, 49], internal: [500, 26] };
    const begin = () => control('POST', '', { type: 'callStart', from: `sip:${USER}`, to: 'sip:1@test.local', sdp: OFFER });
    for (const [name, expected] of Object.entries(CODES)) {
        await sim.post('/faults', { on: 'make', name });
        const { status, json } = await begin();
        assert.deepEqual([status, json.callControlResponse.statusCode], expected, name);
    }
    await sim.post('/faults', { on: 'make', name: 'busy', retryAfter: 1500 });
    assert.equal((await begin()).json.callControlResponse.retryAfter, 1500);
    await sim.post('/faults', { on: 'make', name: 'bad-json' });
    await assert.rejects(begin(), SyntaxError);
    await sim.post('/faults', { on: 'make', reset: true });
    await assert.rejects(begin(), /ECONNRESET|socket hang up/);
    await assert.rejects(sim.post('/faults', { on: 'make', name: 'nonsense' }), /409/);
    assert.deepEqual(await sim.get('/violations'), []);
    await sim.post('/faults', { on: 'make', dropSocket: 'after' });
    assert.equal((await begin()).status, 200);
    assert.equal(await socket.closed(), 1006);
});

test('faults of events: lost, twice, late, glare, and the socket cut in each state', async () => {
    await sim.put('/behaviour', { ...silent, trying: 0, ring: 20, early: 40, answer: 60 });
    const { socket, channel } = await start();
    const types = () => socket.messages.map((m) => m.notificationMessage.eventType);
    await sim.post('/faults', { on: 'event:trying', drop: true });
    await sim.post('/faults', { on: 'event:ringing', duplicate: true });
    await sim.post('/faults', { on: 'event:sessionProgress', delayMs: 200 });
    await sim.post('/faults', { on: 'event:respondCallUpdate', glare: true, retryAfter: 700 });
    await make();
    const answer = await socket.event('respondCallUpdate');
    assert.deepEqual([answer.statusCode, answer.sessionParams.retryAfter, answer.sessionParams.sdp], [49, 700, undefined]);
    await socket.event('sessionProgress');
    assert.deepEqual(types(), ['ringing', 'ringing', 'respondCallUpdate', 'sessionProgress']);
    const [first, twice] = socket.messages;
    assert.equal(first.notificationMessage.eventId, twice.notificationMessage.eventId);
    let last = socket;
    for (const type of ['trying', 'ringing', 'sessionProgress', 'respondCallUpdate']) {
        await sim.post('/faults', { on: `event:${type}`, dropSocket: 'before' });
        const id = await make();
        assert.equal(await last.closed(), 1006, type);
        last = await client.connect(channel);
        await sim.waitCall(id, 'connected');
        assert.equal((await control('GET', `/callSessions/${id}`)).json.callControlResponse.state, 'ANSWERED');
    }
});

test('events first, then the answer to callStart', async () => {
    await sim.put('/behaviour', { ...silent, eventsFirst: true });
    const { socket } = await start();
    const started = make();
    await socket.event('ringing');
    assert.equal(await Promise.race([started.then(() => 'answered'), 'waiting']), 'waiting');
    await started;
});

test('gone, overridden, expired, dropped with a code; voice mail and messages', async () => {
    let { socket, subscription } = await start();
    await sim.post('/mwi', { waiting: true, total: 3, unheard: 2 });
    assert.deepEqual((await socket.event('mwi')).mwiNotificationParams, { mwi: 'yes', totalVoice: 3, unheardVoice: 2 });
    await sim.post('/im', { from: '971501234567', text: 'hello' });
    assert.equal((await socket.event('IM')).imnotificationParams.msgText, 'hello');
    const message = { charset: 'UTF-8', toUrl: '971501234567@test.local', message: 'hi', type: 'A2' };
    assert.deepEqual((await ask('POST', `${BASE}/instantmessage`, { imRequest: message })).json, { imResponse: { statusCode: 0 } });
    await sim.post('/gone', { retryAfter: 2000 });
    assert.equal((await socket.event('gone')).retryAfter, 2000);
    await socket.closed();
    assert.equal((await ask('PUT', subscription, { subscribeRequest: { expires: 1, service: ['call'] } })).json.subscribeResponse.statusCode, 39);
    ({ socket } = await start());
    await sim.post('/overridden');
    await socket.event('websocketOverridden');
    assert.equal(await socket.closed(), 1000);
    await sim.put('/settings', { expires: 0.5, services: ['call'] });
    const granted = (await subscribe()).json.subscribeResponse.subscriptionParams;
    assert.deepEqual([granted.expires, granted.service], [0.5, ['call']]);
    socket = await client.connect(granted.notificationChannel);
    assert.equal(await socket.closed(), 1001);
});

test('a socket is watched: connAck keeps it, silence closes it', async () => {
    await sim.put('/settings', { connCheckMs: 100 });
    const { socket, channel } = await start();
    socket.ws.on('message', () => socket.send({ connAck: {} }));
    await sleep(450);
    assert.equal(socket.ws.readyState, 1);
    assert.deepEqual(socket.messages[0], { connCheck: { interval: 0.1 } });
    const silentOne = await client.connect(channel);
    assert.equal(await silentOne.closed(), 1001);
    await sim.put('/settings', { connCheckMs: null, idleMs: 200 });
    const pinging = await client.connect(channel);
    for (let i = 0; i < 4; i++) await sleep(100).then(() => pinging.ws.ping());
    assert.equal(pinging.ws.readyState, 1);
    assert.equal(await pinging.closed(), 1001);
});

test('uc: a token first, then the same; it expires and is refreshed', async () => {
    const { Authorization } = basic();
    const where = '/v2.0/auth/mk_token?refresh=y';
    const wrong = await client.ask('GET', where, undefined, { Authorization: 'basic bm86bm8=' });
    assert.deepEqual([wrong.status, wrong.statusText, wrong.json], [401, 'Login Please', { error: { human: 'Login Please' } }]);
    const { success } = (await client.ask('GET', `${where}&expires=100`, undefined, { Authorization: Authorization.replace('Basic', 'basic') })).json;
    assert.equal(success.expires, 100);
    const token = (t) => `?token=${encodeURIComponent(t)}`;
    const body = { subscribeRequest: REQUEST };
    const subscribed = await ask('POST', `${BASE}/subscription${token(success.access_token)}`, body, HEADERS);
    assert.equal(subscribed.status, 201);
    const { notificationChannel } = subscribed.json.subscribeResponse.subscriptionParams;
    await assert.rejects(client.connect(notificationChannel), { status: 401 });
    await client.connect(notificationChannel + token(success.access_token));
    assert.equal((await ask('POST', `${BASE}/subscription`, body, { ...HEADERS, Authorization: `Bearer ${success.access_token}` })).status, 201);
    await sim.put('/settings', { expires: 0.05 });
    const short = (await client.ask('GET', `/v2.0/auth/refresh_token${token(success.refresh_token)}`)).json.success;
    await sleep(80);
    const expired = await ask('POST', `${BASE}/subscription${token(short.access_token)}`, body, HEADERS);
    assert.deepEqual([expired.status, expired.json.subscribeResponse.statusCode], [403, 65]);
    assert.equal((await client.ask('GET', `/v2.0/auth/refresh_token${token(success.refresh_token)}`)).status, 401, 'a refresh token is used once');
});

test('a hundred calls at once over one subscription', async () => {
    await sim.put('/behaviour', { ...silent, answer: 20 });
    const { socket } = await start();
    const ids = await Promise.all(Array.from({ length: 100 }, (_, i) => make(OFFER, String(971500000000 + i))));
    assert.equal(new Set(ids).size, 100);
    await waitFor('all answers', () => socket.messages.filter((m) => m.notificationMessage.eventType === 'respondCallUpdate').length === 100);
    await Promise.all(ids.map((id) => control('DELETE', `/callSessions/${id}`)));
    assert.deepEqual((await sim.get('/state')).calls.filter((id) => ids.includes(id)), []);
});
