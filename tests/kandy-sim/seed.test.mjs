/** The seed dialect: what it refuses, and a call with sound both ways. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { waitFor } from '../interop/lib/process.mjs';
import { startSim } from './lib/start.mjs';
import { makeClient, makeMedia, OFFER, waitHeard } from './lib/test_client.mjs';

const PATH = '/v2.0/subscription';
const JSON_HEADERS = { 'Content-Type': 'application/json' };
const GOOD = { username: 'u@test.local', password: 'secret', service: ['call', 'IM', 'Presence', 'MWI'] };
let sim;
let client;
before(async () => {
    sim = await startSim({ accounts: ['u@test.local:secret'], dialects: 'seed' });
    client = makeClient(sim);
});
after(() => sim.stop());
beforeEach(() => sim.post('/reset'));

const subscribe = () => client.ask('POST', PATH, GOOD, JSON_HEADERS);
/** A client that is subscribed and connected. */
async function start() {
    const { json } = await subscribe();
    const socket = await client.connect(`/?subscriptionId=${encodeURIComponent(json.subscriptionId)}`);
    let n = 1;
    const request = (method, params) => {
        const id = `req_${1700000000000 + n++}`;
        socket.send({ type: 'request', method, id, params });
        return id;
    };
    return { ...json, socket, request };
}

test('a right subscription is granted, and the fields that stand in for others work', async () => {
    const { status, json } = await subscribe();
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json), ['subscriptionId', 'access_token', 'expires_in', 'token_type']);
    assert.equal(json.expires_in, 3600);
    for (const service of [['call', 'IM', 'Presence'], ['call', 'IM'], ['call']])
        assert.equal((await client.ask('POST', PATH, { ...GOOD, service }, JSON_HEADERS)).status, 200);
    await sim.put('/settings', { fields: ['access_token'] });
    const short = (await subscribe()).json;
    await client.connect(`/?subscriptionId=${encodeURIComponent(short.access_token)}`);
});

const REFUSED = [
    ['a wrong password', GOOD, { password: 'no' }, JSON_HEADERS, 401],
    ['an unknown user', GOOD, { username: 'nobody' }, JSON_HEADERS, 401],
    ['no content type', GOOD, {}, {}, 400],
    ['a key too many', GOOD, { client_id: 'x' }, JSON_HEADERS, 400],
    ['an unknown service', GOOD, { service: ['call', 'fax'] }, JSON_HEADERS, 400],
    ['no service', GOOD, { service: [] }, JSON_HEADERS, 400],
];
for (const [what, good, change, headers, status] of REFUSED)
    test(`refused: ${what}`, async () => {
        const answer = await client.ask('POST', PATH, { ...good, ...change }, headers);
        assert.equal(answer.status, status);
        if (status === 401)
            assert.deepEqual(answer.json, { error: 'invalid_credentials', error_description: 'Invalid username or password' });
        assert.equal((await sim.get('/violations')).length, 1);
    });

test('refused: bad JSON, wrong paths, wrong methods, the paths of other dialects', async () => {
    assert.equal((await client.ask('POST', PATH, '{"username":', JSON_HEADERS)).status, 400);
    assert.equal((await client.ask('POST', '/v2.0/subscriptions', GOOD, JSON_HEADERS)).status, 404);
    const wrongMethod = await client.ask('GET', PATH);
    assert.equal(wrongMethod.status, 405);
    assert.equal(wrongMethod.headers.allow, 'POST');
    const before = (await sim.get('/violations')).length;
    assert.equal((await client.ask('POST', '/rest/version/1/user/u@test.local/subscription', {}, JSON_HEADERS)).status, 404);
    assert.equal((await client.ask('GET', '/v2.0/auth/mk_token?refresh=y')).status, 404);
    assert.equal((await sim.get('/violations')).length, before, 'to try another dialect is allowed');
});

test('refused: a WebSocket without a subscription, or at another path', async () => {
    await assert.rejects(client.connect('/?subscriptionId=wrong'), { status: 401 });
    await assert.rejects(client.connect('/'), { status: 401 });
    const { json } = await subscribe();
    await assert.rejects(client.connect(`/?subscriptionId=${json.subscriptionId}`), { status: 401 }, 'a value that is not percent-encoded');
    await assert.rejects(client.connect(`/ws?subscriptionId=${encodeURIComponent(json.subscriptionId)}`), { status: 404 });
});

test('a certificate of the authority in its file, for this address', async () => {
    const { status } = await client.ask('GET', '/');
    assert.equal(status, 404); // said over TLS that was verified
    await assert.rejects(fetch(sim.ready.base));
});

test('a call: rings, is answered, tones and keys both ways, the client hangs up', async () => {
    const { socket, request } = await start();
    const media = makeMedia();
    await sim.put('/behaviour', { ring: 50, answer: 300 });
    const id = request('call.make', { callId: 'c1', destination: '971501234567', sdp: await media.offer(), mediaType: 'audio' });
    const ringing = await socket.next('ringing', (m) => m.result?.status === 'ringing');
    assert.equal(ringing.id, id);
    const { result } = await socket.next('the answer', (m) => m.result?.sdp);
    assert.deepEqual([result.callId, result.status], ['c1', 'answered']);
    await media.accept(result.sdp);
    const heard = await waitHeard(media, 1000);
    assert.ok(Math.abs(heard.level + 12) < 1, `${heard.level} dB`);
    const there = await sim.waitTone('c1', 440);
    assert.ok(Math.abs(there.level + 12) < 1, `${there.level} dB`);
    assert.equal(there.codec, 'PCMU');
    media.voice.press('159#');
    await sim.post('/calls/c1/dtmf', { digits: '07*', how: 'inband' });
    await waitFor('the keys there', async () => (await sim.get('/calls/c1/media')).digits === '159#');
    await waitFor('the keys here', () => media.measure(3000).inbandDigits === '07*');
    request('call.end', { callId: 'c1' });
    await sim.waitCall('c1', 'ended');
    assert.deepEqual((await sim.get('/calls/c1')).end, { by: 'client' });
    assert.deepEqual(await sim.get('/violations'), []);
});

for (const answerAs of ['response', 'notification', 'call.answered'])
    for (const endAs of ['call.end', 'call.ended', 'call.hangup', 'error'])
        test(`answered by ${answerAs}, ended by ${endAs}`, async () => {
            await sim.put('/behaviour', { media: 'none', answerAs, endAs, ringAs: answerAs === 'response' ? 'response' : 'notification' });
            const { socket, request } = await start();
            const callId = `${answerAs}-${endAs}`;
            const id = request('call.make', { callId, destination: '*65', sdp: OFFER, mediaType: 'audio' });
            const answer = await socket.next('the answer', (m) => (m.result ?? m.params)?.sdp);
            assert.equal(answer.type, answerAs === 'response' ? 'response' : 'notification');
            assert.equal(answer.method, answerAs === 'call.answered' ? 'call.answered' : 'call.make');
            await sim.post(`/calls/${callId}/hangup`, { status: 503, reason: 'Gone' });
            const end = await socket.next('the end', (m) => m.error || /^call\.(end|ended|hangup)$/.test(m.method));
            if (endAs === 'error') assert.deepEqual([end.id, end.error], [id, { code: 503, message: 'Gone' }]);
            else assert.equal(end.method, endAs);
        });

for (const incomingAs of ['type', 'method', 'notification', 'request'])
    test(`an incoming call as ${incomingAs}: answered, and with an offer of the client's`, async () => {
        const { socket, request } = await start();
        const offered = await sim.post('/calls', { from: '971509999999', media: 'none', incomingAs });
        const isIt = (id) => (m) => m.params?.callId === id;
        const incoming = await socket.next('the call', isIt(offered.id));
        assert.equal(
            incoming.type,
            { type: 'call.incomingCall', method: undefined }[incomingAs] ?? (incomingAs === 'method' ? undefined : incomingAs),
        );
        assert.equal(incoming.params.from, '971509999999');
        assert.match(incoming.params.sdp, /a=setup:actpass/);
        request('call.answer', { callId: offered.id, sdp: OFFER.replace('actpass', 'active') });
        await sim.waitCall(offered.id, 'connected');
        const slow = await sim.post('/calls', { offer: false, media: 'none', incomingAs });
        assert.equal((await socket.next('the call', isIt(slow.id))).params.sdp, undefined);
        const id = request('call.answer', { callId: slow.id, sdp: OFFER });
        assert.match((await socket.next('the SDP', (m) => m.id === id)).result.sdp, /a=setup:active/);
    });

const WRONG_MESSAGES = [
    ['no JSON', '{"type":'],
    ['no request', { type: 'call', method: 'call.make', id: 'req_1', params: {} }],
    ['an unknown method', { type: 'request', method: 'call.hangup', id: 'req_1', params: {} }],
    ['an id of another form', { type: 'request', method: 'call.end', id: 7, params: {} }],
    ['no callId', { type: 'request', method: 'call.make', id: 'req_1', params: { destination: '1', sdp: OFFER, mediaType: 'audio' } }],
    [
        'a destination with separators',
        {
            type: 'request',
            method: 'call.make',
            id: 'req_1',
            params: { callId: 'w', destination: '+971 50', sdp: OFFER, mediaType: 'audio' },
        },
    ],
    ['no mediaType', { type: 'request', method: 'call.make', id: 'req_1', params: { callId: 'w', destination: '1', sdp: OFFER } }],
    [
        'trickle',
        {
            type: 'request',
            method: 'call.make',
            id: 'req_1',
            params: { callId: 'w1', destination: '1', sdp: OFFER.replace(/a=candidate.*\r\n/, ''), mediaType: 'audio' },
        },
    ],
    [
        'opus',
        {
            type: 'request',
            method: 'call.make',
            id: 'req_1',
            params: {
                callId: 'w2',
                destination: '1',
                sdp: OFFER.replace('0 8 101', '111 0').replace('PCMA', 'x').replace('rtpmap:8 x', 'rtpmap:111 opus'),
                mediaType: 'audio',
            },
        },
    ],
];
for (const [what, message] of WRONG_MESSAGES)
    test(`a message is refused: ${what}`, async () => {
        const { socket } = await start();
        socket.send(message);
        const answer = await socket.next('an error', (m) => m.error);
        assert.equal(answer.error.code, 400);
        assert.ok((await sim.get('/violations')).length > 0);
    });

test('faults: statuses, a slow answer, a lost socket, a busy far end', async () => {
    for (const [name, status] of [
        ['unauthorized', 401],
        ['locked', 403],
        ['busy', 503],
        ['not-found', 404],
        ['not-allowed', 405],
    ]) {
        await sim.post('/faults', { on: 'subscribe', name });
        assert.equal((await subscribe()).status, status, name);
    }
    await sim.post('/faults', { on: 'subscribe', name: 'busy', retryAfter: '7' });
    assert.equal((await subscribe()).headers['retry-after'], '7');
    await sim.post('/faults', { on: 'subscribe', delayMs: 300 });
    const begin = Date.now();
    assert.equal((await subscribe()).status, 200);
    assert.ok(Date.now() - begin >= 290);
    await sim.post('/faults', { on: 'event:answered', dropSocket: 'before' });
    const { socket, request } = await start();
    await sim.put('/behaviour', { media: 'none' });
    request('call.make', { callId: 'f1', destination: '1', sdp: OFFER, mediaType: 'audio' });
    assert.equal(await socket.closed(), 1006);
    await sim.put('/behaviour', { reject: { after: 10, status: 486, reason: 'Busy Here' }, endAs: 'error' });
    const again = await start();
    again.request('call.make', { callId: 'f2', destination: '1', sdp: OFFER, mediaType: 'audio' });
    assert.deepEqual((await again.socket.next('the refusal', (m) => m.error)).error, { code: 486, message: 'Busy Here' });
});

test('a renewed subscription closes the old socket, and calls go on', async () => {
    await sim.put('/behaviour', { media: 'none', answer: null });
    const old = await start();
    old.request('call.make', { callId: 'r1', destination: '1', sdp: OFFER, mediaType: 'audio' });
    await old.socket.next('ringing', (m) => m.result?.status === 'ringing');
    const renewed = await start();
    assert.equal(await old.socket.closed(), 1000);
    await sim.post('/calls/r1/answer');
    await renewed.socket.next('the answer', (m) => m.result?.callId === 'r1');
});

test('a subscription ends: by its time, and on command; a refresh token lengthens it', async () => {
    await sim.put('/settings', { expires: 0.4, fields: ['subscriptionId', 'access_token', 'refresh_token', 'expires_in'] });
    const { socket, ...tokens } = await start();
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const body = `grant_type=refresh_token&refresh_token=${encodeURIComponent(tokens.refresh_token)}&client_id=x`;
    assert.equal((await client.ask('POST', '/v2.0/token', body, JSON_HEADERS)).status, 400);
    await sim.put('/settings', { expires: 5 });
    assert.equal((await client.ask('POST', '/v2.0/token', body, form)).json.expires_in, 5);
    await new Promise((done) => setTimeout(done, 600));
    assert.equal(socket.ws.readyState, 1);
    await sim.post('/expire', { inMs: 50 });
    assert.equal(await socket.closed(), 1001);
    await assert.rejects(client.connect(`/?subscriptionId=${encodeURIComponent(tokens.subscriptionId)}`), { status: 401 });
});
