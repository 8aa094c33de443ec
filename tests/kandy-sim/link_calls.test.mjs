/** The calls of link: progress, media, hold, transfer, incoming ones, a hundred at once. */
import assert from 'node:assert/strict';
import { inflateSync } from 'node:zlib';
import { after, before, beforeEach, test } from 'node:test';
import { sleep, waitFor } from '../interop/lib/process.mjs';
import { BASE, makeLinkClient, USER } from './lib/link_client.mjs';
import { startSim } from './lib/start.mjs';
import { makeMedia, OFFER, waitHeard } from './lib/test_client.mjs';

const ANSWER = OFFER.replace('actpass', 'active');
let sim;
let client;
before(async () => {
    sim = await startSim({ accounts: [`${USER}:secret`, 'a b@test.local:x:y'] });
    client = makeLinkClient(sim);
});
after(() => sim.stop());
beforeEach(() => client.reset());

const silent = { media: 'none' };

test('a call: ringing, early media, answer, tones and keys both ways, the far side hangs up', async () => {
    const { socket } = await client.start();
    const media = makeMedia();
    await sim.put('/behaviour', { trying: 0, ring: 20, early: 100, answer: null, setup: 'passive' });
    const id = await client.make(await media.offer());
    await socket.event('trying');
    assert.equal((await socket.event('ringing')).callNotificationParams.remoteDisplayNumber, '971501234567@test.local');
    const early = await socket.event('sessionProgress');
    await media.accept(early.sessionParams.sdp);
    await waitHeard(media, 1000);
    assert.equal((await sim.get(`/calls/${id}`)).state, 'early');
    await sim.post(`/calls/${id}/answer`);
    const answer = await socket.event('respondCallUpdate');
    assert.equal(answer.sessionParams.sdp, early.sessionParams.sdp);
    const there = await sim.waitTone(id, 440);
    assert.ok(Math.abs(there.level + 12) < 1, `${there.level} dB`);
    await sim.post(`/calls/${id}/dtmf`, { digits: '90#' });
    await waitFor('the keys', () => media.measure(1000).digits === '90#');
    assert.equal((await client.put(id, { type: 'audit' })).json.callControlResponse.statusCode, 0);
    assert.equal((await client.control('GET', `/callSessions/${id}`)).json.callControlResponse.state, 'ANSWERED');
    await sim.post(`/calls/${id}/hangup`, { status: 480, reason: 'away' });
    assert.deepEqual((await socket.event('callEnd')).sessionParams, { sessionData: id, statusCode: 480, reasonText: 'away' });
    const audit = await client.put(id, { type: 'audit' });
    assert.deepEqual([audit.status, audit.json.callControlResponse.statusCode], [404, 42]);
    assert.equal((await client.control('GET', `/callSessions/${id}`)).json.callControlResponse.statusCode, 47);
});

test('hold and resume by the client, by the far side, slow; glare; somebody else takes over', async () => {
    const { socket } = await client.start();
    const media = makeMedia();
    const id = await client.make(await media.offer());
    const answer = await socket.event('respondCallUpdate');
    await media.accept(answer.sessionParams.sdp);
    await sim.waitTone(id, 440);
    let answers = 1;
    const update = async (direction) => {
        assert.equal((await client.put(id, { type: 'startCallUpdate', sdp: await media.offer(direction) })).status, 200);
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
    assert.equal((await client.put(id, { type: 'respondCallUpdate', sdp: await media.answer(offer.sessionParams.sdp) })).status, 200);
    await sim.waitCall(id, 'held');
    await sim.post(`/calls/${id}/reoffer`, { slow: true });
    assert.equal((await socket.event('startCallUpdate', 5000, 1)).sessionParams.sdp, undefined);
    assert.equal((await client.put(id, { type: 'respondCallUpdate', sdp: await media.offer() })).status, 200);
    await media.accept((await socket.event('respondCallUpdate', 5000, answers++)).sessionParams.sdp);
    await sim.waitCall(id, 'connected');
    await sim.waitTone(id, 440);
    await sim.post(`/calls/${id}/transfer`, { name: 'Second', number: '97142222222', tone: { hz: 600, level: -12 } });
    const handed = await socket.event('startCallUpdate', 5000, 2);
    assert.equal(handed.callNotificationParams.remoteName, 'Second');
    const second = makeMedia();
    const sdp = await second.answer(handed.sessionParams.sdp);
    assert.equal((await client.put(id, { type: 'respondCallUpdate', sdp })).status, 200);
    await waitHeard(second, 600);
    assert.equal((await client.control('DELETE', `/callSessions/${id}`)).status, 200);
    assert.deepEqual((await sim.get(`/calls/${id}`)).end, { by: 'client' });
    assert.deepEqual(await sim.get('/violations'), []);
});

for (const sdpFormat of ['plain', 'compressed', 'url'])
    test(`an incoming call with ${sdpFormat} SDP: ringing, answered, cancel is echoed`, async () => {
        const { socket } = await client.start();
        const media = makeMedia();
        const customParameters = [{ name: 'x-a', value: 'b' }];
        const { id } = await sim.post('/calls', { from: '971509999999', name: 'N', to: '97143456789', sdpFormat, customParameters });
        const event = await socket.event('call');
        assert.equal(event.sessionParams.sessionData, id);
        assert.deepEqual(event.sessionParams.actions, ['answer', 'reject', 'forward']);
        assert.deepEqual(event.callNotificationParams, {
            callerDisplayNumber: '971509999999@test.local',
            callerName: 'N',
            calleeDisplayNumber: '97143456789@test.local',
            primaryContact: USER,
        });
        assert.deepEqual(event.customParameters, customParameters);
        const { sdp } = event.sessionParams;
        const read = {
            plain: () => sdp,
            compressed: () => inflateSync(Buffer.from(sdp, 'base64')).toString(),
            url: async () => (await client.ask('GET', sdp)).json.eventDataResponse.sdp,
        };
        const offer = await read[sdpFormat]();
        assert.equal((await client.put(id, { type: 'ringing' })).status, 200);
        await sim.waitCall(id, 'ringing');
        assert.equal((await client.put(id, { type: 'callAnswer', sdp: await media.answer(offer) })).status, 200);
        await socket.event('callCancel');
        await waitHeard(media, 1000);
        await sim.waitTone(id, 440);
    });

test('incoming: slow start, reject, forward, cancelled, and what is not allowed', async () => {
    await sim.put('/behaviour', silent);
    const { socket } = await client.start();
    const dispose = (request) => client.ask('POST', `${BASE}/calldisposition`, { callDispositionRequest: request });
    const slow = await sim.post('/calls', { offer: false });
    assert.equal((await socket.event('call')).sessionParams.sdp, undefined);
    assert.equal((await client.put(slow.id, { type: 'callAnswer', sdp: ANSWER })).status, 400);
    assert.equal((await client.put(slow.id, { type: 'callAnswer', sdp: OFFER })).status, 200);
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
    await waitFor('callCancel', () =>
        socket.messages.some(
            (m) => m.notificationMessage.eventType === 'callCancel' && m.notificationMessage.sessionParams.sessionData === cancelled.id,
        ),
    );
    assert.equal((await client.put(cancelled.id, { type: 'callAnswer', sdp: ANSWER })).json.callControlResponse.statusCode, 42);
});

test('transfer, blind and failed; join', async () => {
    await sim.put('/behaviour', silent);
    const { socket } = await client.start();
    const [a, b] = [await client.make(), await client.make(OFFER, '97142222222')];
    await sim.waitCall(b, 'connected');
    assert.equal((await client.put(a, { type: 'transfer', address: 'sip:97144444444@test.local' })).status, 200);
    assert.equal((await socket.event('sessionComplete')).sessionParams.sessionData, a);
    assert.deepEqual((await sim.get(`/calls/${a}`)).transferred, { to: '97144444444' });
    assert.equal((await client.control('DELETE', `/callSessions/${a}`)).status, 200);
    const c = await client.make();
    await sim.waitCall(c, 'connected');
    const join = await client.control('POST', '', { type: 'join', firstSessionData: b, secondSessionData: c, sdp: OFFER });
    assert.equal(join.status, 200);
    await waitFor(
        'both to be done',
        () => socket.messages.filter((m) => m.notificationMessage.eventType === 'sessionComplete').length === 3,
    );
    await sim.put('/behaviour', { transferResult: 'fail' });
    const d = await client.make();
    await sim.waitCall(d, 'connected');
    assert.equal(
        (
            await client.put(d, {
                type: 'transfer',
                address: 'sip:97144444444@test.local',
                sessionData: join.json.callControlResponse.sessionData,
            })
        ).status,
        200,
    );
    await socket.event('sessionFail');
});

test('a hundred calls at once over one subscription', async () => {
    await sim.put('/behaviour', { ...silent, answer: 20 });
    const { socket } = await client.start();
    const ids = await Promise.all(Array.from({ length: 100 }, (_, i) => client.make(OFFER, String(971500000000 + i))));
    assert.equal(new Set(ids).size, 100);
    await waitFor(
        'all answers',
        () => socket.messages.filter((m) => m.notificationMessage.eventType === 'respondCallUpdate').length === 100,
    );
    await Promise.all(ids.map((id) => client.control('DELETE', `/callSessions/${id}`)));
    assert.deepEqual(
        (await sim.get('/state')).calls.filter((id) => ids.includes(id)),
        [],
    );
});
