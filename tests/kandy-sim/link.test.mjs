/** The link and uc dialects: subscriptions, the channel, what is refused, faults. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { sleep, waitFor } from '../interop/lib/process.mjs';
import { BASE, basic, HEADERS, makeLinkClient, REQUEST, USER } from './lib/link_client.mjs';
import { startSim } from './lib/start.mjs';
import { OFFER } from './lib/test_client.mjs';

let sim;
let client;
before(async () => {
    sim = await startSim({ accounts: [`${USER}:secret`, 'a b@test.local:x:y'] });
    client = makeLinkClient(sim);
});
after(() => sim.stop());
beforeEach(() => client.reset());

const silent = { media: 'none' };

test('a subscription is granted, lengthened, found by its correlator, deleted', async () => {
    const { status, json } = await client.subscribe({ expires: '7200', clientCorrelator: 'device-1' });
    assert.equal(status, 201);
    const { statusCode, subscription, subscriptionParams } = json.subscribeResponse;
    assert.equal(statusCode, 0);
    assert.equal(subscriptionParams.expires, 7200);
    assert.match(subscription, /^\/rest\/version\/1\/user\/u@test\.local\/subscription\/./);
    assert.match(subscriptionParams.notificationChannel, /\/websocket\/./);
    const { forceLogOut, ...again } = REQUEST;
    for (const path of [subscription, `${BASE}/subscription/clientCorrelator/device-1`])
        assert.equal((await client.ask('PUT', path, { subscribeRequest: again })).status, 200);
    await sim.put('/settings', { refreshCode: 2 });
    assert.equal((await client.ask('PUT', subscription, { subscribeRequest: again })).json.subscribeResponse.statusCode, 2);
    assert.equal((await client.ask('DELETE', subscription)).status, 200);
    const gone = await client.ask('PUT', subscription, { subscribeRequest: again });
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
        const answer = await client.ask('POST', where, { subscribeRequest: { ...REQUEST, ...change } }, headers);
        assert.equal(answer.status, status);
        if (statusCode === null) assert.match(answer.text, /<html>/);
        else assert.equal(answer.json.subscribeResponse.statusCode, statusCode);
        assert.equal((await sim.get('/violations')).length, 1);
    });

test('a user name and a password that need encoding', async () => {
    const where = '/rest/version/1/user/a%20b@test.local/subscription';
    assert.equal((await client.ask('POST', where, { subscribeRequest: REQUEST }, basic('a b@test.local', 'x:y'))).status, 201);
});

test('the channel: right path, no query, one socket; a second overrides the first', async () => {
    await assert.rejects(client.connect(`${BASE}/websocket/none`), { status: 404 });
    const { channel, socket } = await client.start();
    await assert.rejects(client.connect(`${channel}?token=x`), { status: 400 });
    socket.send({ message_type: 'ping' });
    assert.deepEqual(
        (await sim.get('/violations')).map((v) => v.text.slice(0, 3)),
        ['404', '400'],
    );
    socket.send({ type: 'call' });
    await waitFor('a violation', async () => (await sim.get('/violations')).length === 3);
    await client.connect(channel);
    await socket.event('websocketOverridden');
    assert.equal(await socket.closed(), 1000);
});

test('a forgotten subscription: 39 while the socket stays open, deaf', async () => {
    const { socket } = await client.start();
    await sim.post('/expire', { keepSocket: true });
    const request = { type: 'callStart', from: `sip:${USER}`, to: 'sip:1@test.local', sdp: OFFER };
    assert.equal((await client.control('POST', '', request)).json.callControlResponse.statusCode, 39);
    await client.start();
    await sim.post('/mwi');
    assert.equal(socket.ws.readyState, 1);
    assert.deepEqual(socket.messages, []);
});

test('an address may have a display name', async () => {
    await client.start();
    await sim.put('/behaviour', silent);
    const request = { type: 'callStart', from: `A Name<sip:${USER}>`, to: 'sip:+97143456789@test.local', sdp: OFFER };
    const { json } = await client.control('POST', '', request);
    assert.equal((await sim.get(`/calls/${json.callControlResponse.sessionData}`)).to, '+97143456789');
});

test('without a subscription there are no calls: 39', async () => {
    const { status, json } = await client.control('POST', '', {
        type: 'callStart',
        from: `sip:${USER}`,
        to: 'sip:1@test.local',
        sdp: OFFER,
    });
    assert.deepEqual([status, json.callControlResponse.statusCode], [404, 39]);
});

test('bodies and paths of all kinds are refused, and nothing breaks', async () => {
    await client.start();
    const id = await client.make();
    const bodies = [
        '',
        '{',
        'null',
        '[]',
        '1',
        '{}',
        '{"callControlRequest":null}',
        '{"callControlRequest":{"type":["a"]}}',
        '{"callControlRequest":{"type":"constructor"}}',
        '\0',
    ];
    const paths = [
        '/callControl',
        `/callControl/callSessions/${id}`,
        '/callControl/callSessions/%ff',
        '/subscription',
        '/calldisposition',
        '/subscription/..%2f',
        '/instantmessage',
    ];
    for (const body of bodies)
        for (const where of paths)
            for (const method of ['POST', 'PUT', 'GET', 'DELETE', 'PATCH']) {
                if (where.endsWith(id) && /GET|DELETE/.test(method)) continue; // these have no body
                const { status } = await client.ask(method, BASE + where, body);
                assert.ok(status >= 400 && status < 500, `${method} ${where} ${body}: ${status}`);
            }
    assert.equal((await client.control('GET', `/callSessions/${id}`)).status, 200);
    await sim.post('/faults', { on: 'event:mwi', glare: true });
    await sim.post('/mwi');
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
        await client.start();
        const { status, json } = await client.control('POST', '', {
            type: 'callStart',
            from: `sip:${USER}`,
            to: 'sip:*65@test.local',
            sdp: OFFER,
            ...change,
        });
        assert.deepEqual([status, json.callControlResponse.statusCode], [400, statusCode]);
    });

test('faults of requests, each by its name', async () => {
    const { socket } = await client.start();
    await sim.put('/behaviour', silent);
    const CODES = {
        'bad-password': [403, 4],
        locked: [403, 63],
        disabled: [403, 62],
        'token-expired': [403, 65],
        'no-subscription': [404, 39],
        glare: [409, 49],
        internal: [500, 26],
    };
    const begin = () => client.control('POST', '', { type: 'callStart', from: `sip:${USER}`, to: 'sip:1@test.local', sdp: OFFER });
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
    const { socket, channel } = await client.start();
    const types = () => socket.messages.map((m) => m.notificationMessage.eventType);
    await sim.post('/faults', { on: 'event:trying', drop: true });
    await sim.post('/faults', { on: 'event:ringing', duplicate: true });
    await sim.post('/faults', { on: 'event:sessionProgress', delayMs: 200 });
    await sim.post('/faults', { on: 'event:respondCallUpdate', glare: true, retryAfter: 700 });
    await client.make();
    const answer = await socket.event('respondCallUpdate');
    assert.deepEqual([answer.statusCode, answer.sessionParams.retryAfter, answer.sessionParams.sdp], [49, 700, undefined]);
    await socket.event('sessionProgress');
    assert.deepEqual(types(), ['ringing', 'ringing', 'respondCallUpdate', 'sessionProgress']);
    const [first, twice] = socket.messages;
    assert.equal(first.notificationMessage.eventId, twice.notificationMessage.eventId);
    let last = socket;
    for (const type of ['trying', 'ringing', 'sessionProgress', 'respondCallUpdate']) {
        await sim.post('/faults', { on: `event:${type}`, dropSocket: 'before' });
        const id = await client.make();
        assert.equal(await last.closed(), 1006, type);
        last = await client.connect(channel);
        await sim.waitCall(id, 'connected');
        assert.equal((await client.control('GET', `/callSessions/${id}`)).json.callControlResponse.state, 'ANSWERED');
    }
});

test('events first, then the answer to callStart', async () => {
    await sim.put('/behaviour', { ...silent, eventsFirst: true });
    const { socket } = await client.start();
    const started = client.make();
    await socket.event('ringing');
    assert.equal(await Promise.race([started.then(() => 'answered'), 'waiting']), 'waiting');
    await started;
});

test('gone, overridden, expired, dropped with a code; voice mail and messages', async () => {
    let { socket, subscription } = await client.start();
    await sim.post('/mwi', { waiting: true, total: 3, unheard: 2 });
    assert.deepEqual((await socket.event('mwi')).mwiNotificationParams, { mwi: 'yes', totalVoice: 3, unheardVoice: 2 });
    await sim.post('/im', { from: '971501234567', text: 'hello' });
    assert.equal((await socket.event('IM')).imnotificationParams.msgText, 'hello');
    const message = { charset: 'UTF-8', toUrl: '971501234567@test.local', message: 'hi', type: 'A2' };
    assert.deepEqual((await client.ask('POST', `${BASE}/instantmessage`, { imRequest: message })).json, { imResponse: { statusCode: 0 } });
    await sim.post('/gone', { retryAfter: 2000 });
    assert.equal((await socket.event('gone')).retryAfter, 2000);
    await socket.closed();
    assert.equal(
        (await client.ask('PUT', subscription, { subscribeRequest: { expires: 1, service: ['call'] } })).json.subscribeResponse.statusCode,
        39,
    );
    ({ socket } = await client.start());
    await sim.post('/overridden');
    await socket.event('websocketOverridden');
    assert.equal(await socket.closed(), 1000);
    await sim.put('/settings', { expires: 0.5, services: ['call'] });
    const granted = (await client.subscribe()).json.subscribeResponse.subscriptionParams;
    assert.deepEqual([granted.expires, granted.service], [0.5, ['call']]);
    socket = await client.connect(granted.notificationChannel);
    assert.equal(await socket.closed(), 1001);
});

test('a socket is watched: connAck keeps it, silence closes it', async () => {
    await sim.put('/settings', { connCheckMs: 100 });
    const { socket, channel } = await client.start();
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
    const { success } = (
        await client.ask('GET', `${where}&expires=100`, undefined, { Authorization: Authorization.replace('Basic', 'basic') })
    ).json;
    assert.equal(success.expires, 100);
    const token = (t) => `?token=${encodeURIComponent(t)}`;
    const body = { subscribeRequest: REQUEST };
    const subscribed = await client.ask('POST', `${BASE}/subscription${token(success.access_token)}`, body, HEADERS);
    assert.equal(subscribed.status, 201);
    const { notificationChannel } = subscribed.json.subscribeResponse.subscriptionParams;
    await assert.rejects(client.connect(notificationChannel), { status: 401 });
    await client.connect(notificationChannel + token(success.access_token));
    assert.equal(
        (await client.ask('POST', `${BASE}/subscription`, body, { ...HEADERS, Authorization: `Bearer ${success.access_token}` })).status,
        201,
    );
    await sim.put('/settings', { expires: 0.05 });
    const short = (await client.ask('GET', `/v2.0/auth/refresh_token${token(success.refresh_token)}`)).json.success;
    await sleep(80);
    const expired = await client.ask('POST', `${BASE}/subscription${token(short.access_token)}`, body, HEADERS);
    assert.deepEqual([expired.status, expired.json.subscribeResponse.statusCode], [403, 65]);
    assert.equal(
        (await client.ask('GET', `/v2.0/auth/refresh_token${token(success.refresh_token)}`)).status,
        401,
        'a refresh token is used once',
    );
});
