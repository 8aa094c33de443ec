/** What goes wrong between a Kandy cloud and us, each on command: what the caller is told, and that the trunk
 * comes back by itself. Calls come from a bridge socket, which says an error's code. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startBaresip } from './lib/baresip.mjs';
import { ACCOUNT, DID, PBX_SECRET, SECRET, startOffice, USERS } from './lib/kandy.mjs';
import { onlyFull, sleep, waitFor } from './lib/process.mjs';
import { OFFER, openSocket } from './lib/socket.mjs';

/** Dial; `[type, message]` of what comes first. @param {any} daemon */
async function dial(daemon, destination = '0501234567') {
    const socket = await openSocket(daemon.bridgeUrl);
    socket.send({ type: 'offer', sdp: OFFER, destination });
    const next = (/** @type {string} */ type) => socket.next(type, 9000).then((/** @type {any} */ message) => ({ type, ...message }));
    const result = Promise.race([next('answer'), next('error')]).finally(() => {});
    result.catch(() => {});
    return { socket, result };
}
/** @param {any} daemon */
async function errorOf(daemon) {
    const began = Date.now();
    const { socket, result } = await dial(daemon);
    const message = await result;
    socket.close();
    return { ...message, afterMs: Date.now() - began };
}

/** 503 to a PBX, in the bridge's words, and not after a time-out. @param {any} daemon */
async function assertUnavailable(daemon) {
    const error = await errorOf(daemon);
    assert.equal(error.code, 'service_unavailable');
    assert.ok(error.afterMs < 2000, `${error.afterMs} ms`);
}

test('a wrong password: no WebSocket, auth_failed, 503 at once, one try', async () => {
    const { sim, daemon, trunk, stop } = await startOffice({ dialects: 'seed', env: { KANDY_PASSWORD: 'this-is-wrong-4711' }, isConnected: false });
    await waitFor('auth_failed', async () => (await trunk()).state === 'auth_failed');
    await daemon.logged(/\[ERROR\] Subscription failed: 401 - Invalid credentials/);
    await daemon.logged(/\[ERROR\] Failed to connect to Kandy: 401/);
    await assertUnavailable(daemon);
    assert.equal((await sim.get('/requests')).length, 1);
    assert.ok(!daemon.log().includes('this-is-wrong-4711'), 'the log has the password');
    await stop();
});

test('without credentials the daemon starts and the trunk is not configured', async () => {
    const { daemon, trunk, stop } = await startOffice({ env: { KANDY_PASSWORD: '' }, isConnected: false });
    assert.equal((await trunk()).state, 'not configured');
    await assertUnavailable(daemon);
    await stop();
});

const refusals = [
    // by name of the fault, the code that the caller is told (section 6)
    ['bad-password', 503],
    ['locked', 503],
    ['not-authorised', 403],
    ['not-enabled', 403],
    ['bad-body', 484],
    ['invalid-value', 484],
    ['login-limit', 486],
    ['forced-logout', 503],
    ['internal', 503],
    ['busy', 503],
];
test('a refused call is told as section 6 says', onlyFull, async (t) => {
    const { sim, daemon, stop } = await startOffice({});
    for (const [name, code] of refusals)
        await t.test(`${name}: ${code}`, async () => {
            await sim.post('/faults', { on: 'make', name });
            assert.equal((await errorOf(daemon)).code, code);
        });
    await t.test('the far end is busy: 486', async () => {
        await sim.put('/behaviour', { reject: { after: 50, status: 486, reason: 'Busy Here' } });
        assert.equal((await errorOf(daemon)).code, 486);
        await sim.put('/behaviour', { reject: null });
    });
    await t.test('the subscription is gone: subscribed anew, and the call goes out', async () => {
        await sim.post('/faults', { on: 'make', name: 'no-subscription' });
        const { socket, result } = await dial(daemon);
        assert.equal((await result).type, 'answer');
        socket.close();
    });
    await t.test('the cloud is gone: 503 at once', async () => {
        await sim.stop();
        await sleep(300);
        await assertUnavailable(daemon);
    });
    await daemon.stop();
    void stop;
});

for (const dialect of ['seed', 'link'])
    test(`${dialect}: a socket that drops in every state of a call`, onlyFull, async (t) => {
        const { sim, daemon, waitUp, there, stop } = await startOffice({ dialects: dialect });
        const drop = () => sim.post('/sockets/drop', { user: ACCOUNT });
        for (const state of ['ringing', 'connected'])
            await t.test(state, async () => {
                await waitUp();
                await sim.put('/behaviour', { answer: state === 'ringing' ? 5000 : 50, media: 'none' });
                const { socket, result } = await dial(daemon);
                const call = await there(state);
                await drop();
                await waitUp();
                if (state === 'connected') assert.equal((await result).type, 'answer');
                if (state === 'connected') assert.equal((await sim.get(`/calls/${call.id}`)).state, 'connected');
                socket.send({ type: 'hangup' });
                await sim.waitCall(call.id, 'ended', 8000);
                socket.close();
            });
        await stop();
    });

test('link: the cloud answers while the socket is down: the call is up all the same, and heard', async () => {
    const { sim, daemon, waitUp, there, stop } = await startOffice({});
    const pbx = await startBaresip({ user: '3cx_trunk', domain: 'tandem.test', password: PBX_SECRET, outbound: daemon.sip, hz: 700, levelDb: -18 });
    await sim.put('/behaviour', { answer: null });
    await sim.post('/faults', { on: 'event:respondCallUpdate', drop: true, times: 1 });
    await pbx.dial('sip:0501234567@tandem.test');
    const call = await there('ringing');
    await sim.post(`/calls/${call.id}/answer`); // its event is lost …
    await sim.post('/sockets/drop', { user: ACCOUNT }); // … with the socket
    await waitUp();
    await pbx.waitEvent('CALL_ESTABLISHED');
    await sim.waitTone(call.id, 700);
    await pbx.hangup();
    await sim.waitCall(call.id, 'ended');
    await pbx.stop();
    await stop();
});

test('link: the answer to a hold is lost with the socket: it is asked again', onlyFull, async () => {
    const { sim, daemon, waitUp, there, stop } = await startOffice({});
    const pbx = await startBaresip({ user: '3cx_trunk', domain: 'tandem.test', password: PBX_SECRET, outbound: daemon.sip, hz: 700, levelDb: -18 });
    await pbx.dial('sip:0501234567@tandem.test');
    const call = await there('connected');
    await pbx.waitEvent('CALL_ESTABLISHED');
    await sim.waitTone(call.id, 700);
    await sim.post('/faults', { on: 'event:respondCallUpdate', dropSocket: 'before', times: 1 });
    await pbx.run('hold');
    await sim.waitCall(call.id, 'held');
    await waitUp();
    await pbx.run('resume');
    await sim.waitCall(call.id, 'connected');
    await sim.waitTone(call.id, 700);
    await pbx.hangup();
    await sim.waitCall(call.id, 'ended');
    await pbx.stop();
    await stop();
});

for (const dropSocket of ['before', 'after'])
    test(`seed: the socket goes ${dropSocket} our answer arrives: it ends up the same on both sides`, onlyFull, async () => {
        const { sim, daemon, waitUp, stop } = await startOffice({ dialects: 'seed' });
        const pbx = await startBaresip({ user: '3cx_trunk', domain: 'tandem.test', password: PBX_SECRET, outbound: daemon.sip, hz: 700, levelDb: -18 });
        await pbx.run('uanew', `<sip:${DID}@127.0.0.1>;regint=0;audio_codecs=pcmu,pcma`);
        await sim.post('/faults', { on: 'answer', dropSocket });
        const call = await sim.post('/calls', { user: ACCOUNT, from: '971501112222', to: DID });
        await pbx.waitEvent('CALL_INCOMING');
        await pbx.accept();
        await waitUp();
        await sim.waitCall(call.id, 'connected');
        await sim.waitTone(call.id, 700);
        await sim.post('/sockets/drop', { user: ACCOUNT });
        await pbx.hangup(); // while there is no way to say so
        await waitUp();
        await sim.waitCall(call.id, 'ended');
        assert.equal((await daemon.command('calls')).length, 0);
        await pbx.stop();
        await stop();
    });

test('seed: the socket goes before our call arrives: 503 at once, and nothing is left there', onlyFull, async () => {
    const { sim, daemon, waitUp, stop } = await startOffice({ dialects: 'seed' });
    await sim.put('/behaviour', { answer: null, ring: null, media: 'none' });
    await sim.post('/faults', { on: 'make', dropSocket: 'after' });
    const error = await errorOf(daemon);
    assert.equal(error.code, 503);
    assert.ok(error.afterMs < 3000, `${error.afterMs} ms`);
    await waitUp();
    const [call] = await sim.get('/calls');
    await sim.waitCall(call.id, 'ended');
    await stop();
});

test('link: what ended while the socket was down ends here', onlyFull, async () => {
    const { sim, daemon, waitUp, there, stop } = await startOffice({});
    await sim.put('/behaviour', { media: 'none' });
    const { socket, result } = await dial(daemon);
    await result;
    const call = await there('connected');
    await sim.post('/faults', { on: 'event:callEnd', drop: true, times: 1 });
    await sim.post(`/calls/${call.id}/hangup`);
    await sim.post('/sockets/drop', { user: ACCOUNT });
    await waitUp();
    await waitFor('the end of the call', async () => (await daemon.command('calls')).length === 0);
    socket.close();
    await stop();
});

test('gone, overridden, a lost subscription, 503 with Retry-After, duplicates', async (t) => {
    const { sim, daemon, trunk, waitUp, there, stop } = await startOffice({});
    await t.test('gone: subscribed anew after the time it says', async () => {
        await sim.post('/gone', { user: ACCOUNT, retryAfter: 1500 });
        await waitFor('the loss', async () => (await trunk()).state !== 'connected');
        await waitUp();
    });
    await t.test('forgotten silently: 39 at the next call, which goes out all the same', async () => {
        await sim.post('/faults', { on: 'make', name: 'no-subscription' });
        const { socket, result } = await dial(daemon);
        assert.equal((await result).type, 'answer');
        socket.close();
    });
    await t.test('the same event twice is one', async () => {
        await sim.put('/behaviour', { media: 'none' });
        await sim.post('/faults', { on: 'event:respondCallUpdate', duplicate: true });
        const { socket, result } = await dial(daemon);
        assert.equal((await result).type, 'answer');
        const call = await there('connected');
        socket.send({ type: 'hangup' });
        await sim.waitCall(call.id, 'ended');
        socket.close();
    });
    await t.test('an answer that comes late, an event that comes first', async () => {
        await sim.post('/faults', { on: 'make', delayMs: 1200 });
        await sim.put('/behaviour', { eventsFirst: true });
        const { socket, result } = await dial(daemon);
        assert.equal((await result).type, 'answer');
        socket.close();
        await sim.put('/behaviour', { eventsFirst: false });
    });
    for (const sdpFormat of ['compressed', 'url'])
        await t.test(`a description that is ${sdpFormat}`, async () => {
            await sim.put('/behaviour', { sdpFormat });
            const { socket, result } = await dial(daemon);
            assert.equal((await result).type, 'answer');
            socket.close();
            await sim.put('/behaviour', { sdpFormat: 'plain' });
        });
    await t.test('another device takes the channel: it stops, with an alarm', async () => {
        await sim.post('/overridden', { user: ACCOUNT });
        await waitFor('the state', async () => (await trunk()).state === 'overridden');
        await daemon.logged(/error .*another device uses this account/);
        await assertUnavailable(daemon);
    });
    assert.ok(!daemon.log().includes(SECRET));
    await stop();
});

test('a server that is overloaded is asked again when it says', async () => {
    const { sim, waitUp, stop } = await startOffice({ isConnected: false, before: (sim) => sim.post('/faults', { on: 'subscribe', name: 'busy', times: 2 }) });
    await waitUp();
    assert.equal((await sim.get('/requests?op=subscribe')).length, 3);
    await stop();
});

test('the seed with a refresh token, then without: renewed, the call stays', onlyFull, async () => {
    const { sim, daemon, waitUp, there, stop } = await startOffice({
        dialects: 'seed',
        before: (sim) => sim.put('/settings', { expires: 4, fields: ['subscriptionId', 'access_token', 'expires_in', 'token_type', 'refresh_token'] }),
    });
    await sim.put('/behaviour', { media: 'none' });
    const { socket, result } = await dial(daemon);
    assert.equal((await result).type, 'answer');
    const call = await there('connected');
    await sim.waitRequest('tokenRefresh', 0, 6000);
    await sleep(6000);
    await waitUp();
    assert.equal((await sim.get(`/calls/${call.id}`)).state, 'connected');
    socket.send({ type: 'hangup' });
    await sim.waitCall(call.id, 'ended', 8000);
    socket.close();
    await stop();
});

test('a reload that makes the trunk anew: its call stays and ends, the next one goes out', onlyFull, async () => {
    const { sim, daemon, waitUp, there, stop } = await startOffice({});
    await sim.put('/behaviour', { media: 'none' });
    const first = await dial(daemon);
    assert.equal((await first.result).type, 'answer');
    const call = await there('connected');
    writeFileSync(join(daemon.folder, 'tandem.yaml'), `${USERS}trunks: {kandy: {provider: etisalat-uae, max_calls: 5}}\n`);
    daemon.reload();
    await waitFor('the reload', () => /retired calls=1/.test(daemon.log()));
    await waitUp();
    assert.equal((await sim.get(`/calls/${call.id}`)).state, 'connected');
    const second = await dial(daemon);
    assert.equal((await second.result).type, 'answer');
    first.socket.send({ type: 'hangup' });
    await sim.waitCall(call.id, 'ended', 8000);
    await waitFor('the old one to go', () => /trunk=kandy gone/.test(daemon.log()), 8000);
    await waitUp();
    for (const { socket } of [first, second]) socket.close();
    await stop();
});
