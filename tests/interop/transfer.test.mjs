/** Calls that move on to somebody else, and calls that are recorded: who hears whom, measured at both ends. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertPageHears, assertRecorded } from './lib/checks.mjs';
import { openPage, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startPhone } from './lib/office.mjs';
import { onlyFull, sleep, waitFor } from './lib/process.mjs';
import { readWav } from './lib/wav.mjs';

const PAGE = { hz: 440, levelDb: -12 };
const BOB = { hz: 700, levelDb: -18 };
const CAROL = { hz: 1000, levelDb: -15 };
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => {
    [daemon, browser] = await Promise.all([startDaemon({ yaml: 'bridge: {calls_per_socket: 3}\n' }), startChromium(PAGE)]);
});
after(async () => {
    await browser.close();
    await daemon.stop();
});

const callCount = async () => (await daemon.command('calls')).length;
const noCalls = () => waitFor('no call to be left', async () => (await callCount()) === 0);

/** Runs in the page: a bridge socket that holds several calls. @param {string} url */
function installCalls(url) {
    const socket = new WebSocket(url);
    const peers = new Map();
    const messages = [];
    const say = (message) => socket.send(JSON.stringify(message));
    socket.onmessage = async ({ data }) => {
        const message = JSON.parse(data);
        messages.push(message);
        const pc = peers.get(message.callId);
        if (message.sdp && pc?.signalingState === 'have-local-offer')
            await pc.setRemoteDescription({ type: 'answer', sdp: message.sdp });
    };
    async function call(callId, destination) {
        const pc = new RTCPeerConnection();
        peers.set(callId, pc);
        const sound = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
        const microphone = await navigator.mediaDevices.getUserMedia({ audio: sound });
        microphone.getTracks().forEach((track) => pc.addTrack(track, microphone));
        await pc.setLocalDescription();
        say({ type: 'offer', sdp: pc.localDescription.sdp, destination, callId });
    }
    const types = () => messages.map(({ type, callId, code, reason }) => [type, callId, code, reason].filter((x) => x !== undefined).join(':'));
    Object.assign(window, { bridge: { say, call, messages, types, opened: new Promise((done) => (socket.onopen = done)) } });
}

/** A page with a socket of its own, and two phones; all gone afterwards. @param {(parts: any) => Promise<void>} body */
async function withThree(body) {
    const [bob, carol] = await Promise.all([startPhone(daemon, 'bob', BOB), startPhone(daemon, 'carol', CAROL)]);
    const page = await openPage(browser);
    await page.goto(daemon.url);
    await page.evaluate(installCalls, daemon.bridgeUrl);
    await page.evaluate(() => window['bridge'].opened);
    const types = () => page.evaluate(() => window['bridge'].types());
    const bridge = {
        say: (/** @type {object} */ message) => page.evaluate((m) => window['bridge'].say(m), message),
        waitFor: (/** @type {string} */ type) =>
            waitFor(`the page to be told ${type}`, async () => (await types()).find((t) => t.startsWith(type))).catch(async (error) => {
                throw new Error(`${error.message}; it was told ${await types()}`);
            }),
        message: (/** @type {string} */ type) => page.evaluate((t) => window['bridge'].messages.findLast((m) => m.type === t), type),
        async call(/** @type {string} */ callId, /** @type {string} */ destination, /** @type {any} */ phone) {
            await page.evaluate(([id, to]) => window['bridge'].call(id, to), [callId, destination]);
            await phone.waitEvent('CALL_INCOMING');
            await phone.accept();
            await bridge.waitFor(`answer:${callId}`);
        },
    };
    try {
        await body({ page, bridge, bob, carol });
        assert.deepEqual(page.errors, []);
    } finally {
        await page.context().close();
        await bob.stop();
        await carol.stop();
    }
    await noCalls();
}

test('a page transfers blind: the two phones hear each other', () =>
    withThree(async ({ bridge, bob, carol }) => {
        await bridge.call('a', 'bob', bob);
        await bridge.say({ type: 'transfer', callId: 'a', destination: 'carol' });
        await carol.waitEvent('CALL_INCOMING');
        await bridge.waitFor('transfer-progress:a:180');
        await carol.accept();
        await bridge.waitFor('transferred:a:200');
        await bridge.waitFor('hangup:a:200:transferred');
        await sleep(2500);
        assert.equal(await callCount(), 1);
        await bob.hangup();
        await carol.waitEvent('CALL_CLOSED');
        await sleep(300);
        assertRecorded(bob.heard(), CAROL.hz, CAROL.levelDb);
        assertRecorded(carol.heard(), BOB.hz, BOB.levelDb);
    }));

test('a phone transfers blind by REFER: the page hears the other phone', () =>
    withThree(async ({ page, bridge, bob, carol }) => {
        await bridge.call('a', 'bob', bob);
        await assertPageHears(page, BOB.hz, BOB.levelDb);
        await bob.run('transfer', `sip:carol@${daemon.sip}`);
        await carol.waitEvent('CALL_INCOMING');
        await carol.accept();
        await bob.waitEvent('CALL_CLOSED');
        await assertPageHears(page, CAROL.hz, CAROL.levelDb);
        await bridge.say({ type: 'hangup', callId: 'a' });
        await carol.waitEvent('CALL_CLOSED');
        await sleep(300);
        assertRecorded(carol.heard(), PAGE.hz, PAGE.levelDb);
    }));

test('a transfer to nobody leaves the call as it was', () =>
    withThree(async ({ page, bridge, bob }) => {
        await bridge.call('a', 'bob', bob);
        await bridge.say({ type: 'transfer', callId: 'a', destination: 'nowhere' });
        await bridge.waitFor('transfer-failed:a:404');
        await assertPageHears(page, BOB.hz, BOB.levelDb);
        await bridge.say({ type: 'transfer', callId: 'a', replaces: 'b' });
        await bridge.waitFor('transfer-failed:a:481');
        await bridge.say({ type: 'hangup', callId: 'a' });
        await bob.waitEvent('CALL_CLOSED');
    }));

test('a page holds one call, talks to another, joins both', () =>
    withThree(async ({ bridge, bob, carol }) => {
        await bridge.call('a', 'bob', bob);
        await bridge.say({ type: 'hold', callId: 'a' });
        await bridge.waitFor('media-state:a');
        await bridge.call('b', 'carol', carol);
        await sleep(500);
        await bridge.say({ type: 'transfer', callId: 'a', replaces: 'b' });
        await bridge.waitFor('hangup:a:200:transferred');
        await bridge.waitFor('hangup:b:200:transferred');
        await sleep(2500);
        const [call, ...more] = await daemon.command('calls');
        assert.equal(more.length, 0);
        // baresip's recording does not outlive a re-INVITE that held it: what it is sent is measured here
        const { legs } = await daemon.command('calls', call.id);
        const level = legs.find((/** @type {any} */ leg) => leg.party === 'bob').media.sent.level_dbov;
        assert.ok(Math.abs(level - (CAROL.levelDb - 3)) <= 1, `bob is sent ${level} dBov`);
        await carol.hangup();
        await bob.waitEvent('CALL_CLOSED');
        await sleep(300);
        assertRecorded(carol.heard(), BOB.hz, BOB.levelDb);
    }));

test('hold and resume: silence, then the tone again', onlyFull, () =>
    withThree(async ({ page, bridge, bob }) => {
        await bridge.call('a', 'bob', bob);
        await bridge.say({ type: 'hold', callId: 'a' });
        await sleep(1500);
        await bridge.say({ type: 'resume', callId: 'a' });
        await sleep(500);
        await assertPageHears(page, BOB.hz, BOB.levelDb);
        await bob.run('hold');
        await bridge.waitFor('remote-hold:a');
        await sleep(500);
        await bob.run('resume');
        await sleep(500);
        await assertPageHears(page, BOB.hz, BOB.levelDb);
        await bridge.say({ type: 'hangup', callId: 'a' });
        await bob.waitEvent('CALL_CLOSED');
    }));

test('a page records its call: each party on its side', () =>
    withThree(async ({ bridge, bob }) => {
        await bridge.call('a', 'bob', bob);
        await sleep(500);
        await bridge.say({ type: 'record-start', callId: 'a', mode: 'stereo' });
        await bridge.waitFor('recording:a');
        const { id, state } = await bridge.message('recording');
        assert.equal(state, 'started');
        await sleep(3000);
        await bridge.say({ type: 'record-stop', callId: 'a' });
        await waitFor('the recording to stop', async () => (await bridge.message('recording')).state === 'stopped');
        const [{ id: callId }] = await daemon.command('calls');
        await bridge.say({ type: 'hangup', callId: 'a' });
        await bob.waitEvent('CALL_CLOSED');
        await noCalls();
        const path = join(daemon.state, 'recordings', `${id}.wav`);
        assertRecorded(readWav(path, 0), PAGE.hz, PAGE.levelDb, 1.5);
        assertRecorded(readWav(path, 1), BOB.hz, BOB.levelDb, 1.5);
        const { recordings } = await waitFor('the record', async () => daemon.command('calls', callId).catch(() => null));
        assert.equal(recordings.length, 1);
        assert.equal(recordings[0].file, `${id}.wav`);
        assert.ok(Math.abs(recordings[0].duration_ms - 3000) < 700, `${recordings[0].duration_ms} ms`);
    }));

test('an administrator records a call', () =>
    withThree(async ({ bridge, bob }) => {
        await bridge.call('a', 'bob', bob);
        const [{ id }] = await daemon.command('calls');
        const token = readFileSync(join(daemon.state, 'admin.token'), 'utf8').trim();
        /** @param {string} method @param {string} [body] */
        const ask = async (method, body) => {
            const reply = await fetch(`${daemon.url}/admin/api/calls/${id}/recording`, { method, body, headers: { authorization: `Bearer ${token}` } });
            return { status: reply.status, body: /** @type {any} */ (await reply.json()) };
        };
        const started = await ask('POST', '{}');
        assert.equal(started.status, 201);
        assert.equal(started.body.recordings[0].state, 'recording');
        assert.equal((await ask('POST', '{}')).status, 409);
        await sleep(500);
        assert.equal((await ask('DELETE')).status, 200);
        assert.equal((await ask('DELETE')).status, 404);
        await waitFor('the file', async () => existsSync(join(daemon.state, 'recordings', started.body.recordings[0].file)));
        await bridge.say({ type: 'hangup', callId: 'a' });
        await bob.waitEvent('CALL_CLOSED');
    }));
