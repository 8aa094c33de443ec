/** What pages written for the original bridge rely on: its port, path, messages, their order and their words. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertPageHears } from './lib/checks.mjs';
import { openPage, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { serveReferencePage } from './lib/reference.mjs';
import { OFFER, openSocket } from './lib/socket.mjs';

/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
before(async () => (daemon = await startDaemon()));
after(() => daemon.stop());

const open = () => openSocket(daemon.referenceUrl);
const health = async (url = daemon.url) => (await fetch(`${url}/health`)).json();
const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('session-created comes first and at once, with a UUID', async () => {
    const socket = await open();
    const first = await socket.next();
    assert.equal(first.type, 'session-created');
    assert.match(first.sessionId, UUID4);
    const other = await (await open()).next();
    assert.notEqual(other.sessionId, first.sessionId);
});

test('the socket is there on any path of its own port and as /bridge on every port', async () => {
    const port = daemon.ready.http[1];
    for (const url of [`ws://${port}/`, `ws://${port}/some/path?x=1`, `ws://${port}/bridge`, daemon.bridgeUrl]) {
        const socket = await openSocket(url);
        assert.equal((await socket.next()).type, 'session-created', url);
    }
});

test('offer: an answer with SDP text, no error, for a page that says nothing of a destination', async () => {
    const socket = await open();
    socket.send({ type: 'offer', sdp: OFFER });
    socket.send({
        type: 'ice-candidate',
        candidate: { candidate: 'candidate:1 1 udp 2113937151 127.0.0.1 50412 typ host', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'Yz1k' },
    });
    const answer = await socket.next('answer');
    assert.match(answer.sdp, /^v=0\r\n/);
    assert.match(answer.sdp, /a=ice-lite\r\n/);
    assert.match(answer.sdp, /a=setup:passive\r\n/);
    assert.match(answer.sdp, /a=fingerprint:sha-256 /i);
    assert.match(answer.sdp, /a=rtcp-mux\r\n/);
    assert.match(answer.sdp, /a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 \d+ typ host/i);
    assert.ok(!socket.messages.some((m) => m.type === 'error' || m.type === 'hangup'));
    socket.close();
});

test('the description may also come one level deeper', async () => {
    const socket = await open();
    socket.send({ type: 'offer', offer: { type: 'offer', sdp: OFFER }, destination: 'echo' });
    await socket.next('answer');
    socket.close();
});

test('hangup is echoed exactly once, with a call and without one', async () => {
    const socket = await open();
    const hangups = () => socket.messages.filter((m) => m.type === 'hangup').length;
    socket.send({ type: 'hangup' });
    await socket.settle();
    assert.equal(hangups(), 1);
    socket.send({ type: 'offer', sdp: OFFER });
    await socket.next('answer');
    socket.send({ type: 'hangup' });
    await socket.settle();
    await sleep(200);
    assert.equal(hangups(), 2);
    await waitFor('no call', async () => (await health()).activeCalls === 0);
});

test('after a hangup the same socket calls again', async () => {
    const socket = await open();
    for (let i = 0; i < 3; i++) {
        socket.send({ type: 'offer', sdp: OFFER });
        await socket.next('answer');
        socket.send({ type: 'hangup' });
        await socket.next('hangup');
    }
    socket.close();
});

test('text that is no JSON: an error with a message, and the socket stays', async () => {
    const socket = await open();
    for (const text of ['{"type":', 'hello', '', '\u0000', '[1,2', '"offer"', '17', 'null', '[]']) {
        socket.sendText(text);
        const error = await socket.next('error');
        assert.equal(typeof error.message, 'string', text);
        assert.ok(error.message.length > 0, text);
    }
    await socket.settle();
});

test('unknown types are not answered, and the socket stays', async () => {
    const socket = await open();
    await socket.next('session-created');
    socket.send({ type: 'frobnicate', sdp: 1 });
    socket.send({ type: 'OFFER' });
    await socket.settle();
    assert.deepEqual(socket.messages.map((m) => m.type), ['session-created', 'pong']);
});

test('a call that fails: one error with the known beginning, no hangup', async () => {
    const socket = await open();
    socket.send({ type: 'offer', sdp: OFFER, destination: 'nobody-here' });
    const error = await socket.next('error');
    assert.match(error.message, /^Failed to establish call: /);
    await socket.settle();
    await sleep(200);
    assert.deepEqual(socket.messages.filter((m) => m.type === 'hangup'), []);
    assert.equal(socket.messages.filter((m) => m.type === 'error').length, 1);
});

test('an offer that is none: an error, and the next call works', async () => {
    const socket = await open();
    const bad = [undefined, '', 'v=0', 17, { no: 'sdp' }, OFFER.replace('m=audio', 'm=video'), 'x'.repeat(70000)];
    for (const sdp of bad) {
        socket.send({ type: 'offer', sdp });
        const error = await socket.next('error');
        assert.equal(typeof error.message, 'string');
    }
    socket.send({ type: 'offer', sdp: OFFER });
    await socket.next('answer');
    socket.close();
});

test('a frame over the limit ends that socket alone', async () => {
    const [big, other] = [await open(), await open()];
    const closed = new Promise((done) => big.socket.once('close', done));
    big.sendText(`{"type":"frobnicate","x":"${'x'.repeat(300 * 1024)}"}`);
    await closed;
    await other.settle();
});

test('/health has the three keys of old, on both ports', async () => {
    const before = await health();
    assert.equal(before.status, 'ok');
    assert.equal(before.drachtio, 'connected');
    assert.equal(typeof before.activeSessions, 'number');
    const socket = await open();
    await socket.next('session-created');
    assert.equal((await health(`http://${daemon.ready.http[1]}`)).activeSessions, before.activeSessions + 1);
    socket.close();
    await waitFor('the session to be gone', async () => (await health()).activeSessions === before.activeSessions);
    const response = await fetch(`${daemon.url}/health`);
    assert.match(String(response.headers.get('content-type')), /^application\/json/);
});

test('a foreign site may not open the socket; the same host on any port may', async () => {
    const origin = (/** @type {string} */ value) => openSocket(daemon.referenceUrl, { headers: { Origin: value } });
    await assert.rejects(origin('https://evil.example'), /HTTP 403/);
    await assert.rejects(origin('null'), /HTTP 403/);
    await assert.rejects(origin('http://127.0.0.1.evil.example'), /HTTP 403/);
    assert.equal((await (await origin('http://127.0.0.1:8080')).next()).type, 'session-created');
});

test('the call has the known lines in the log', async () => {
    for (const words of ['Server listening on port ', 'Call hangup for session ', 'Message from '])
        assert.ok(daemon.log().includes(words), words);
});

test('the original page, in Chromium: Call Active, its own voice, Hang Up', async () => {
    const browser = await startChromium({ hz: 520, levelDb: -12 });
    const page = await openPage(browser);
    await page.goto(await serveReferencePage(daemon.ready.http[1].split(':')[1]));
    await page.waitForSelector('#callBtn:not([disabled])');
    await page.click('#callBtn');
    await page.waitForFunction(() => document.getElementById('status')?.textContent === 'Call Active');
    const offered = await page.evaluate(() => /** @type {any} */ (window).offered);
    assert.ok(!offered.includes('a=candidate'), 'the offer was to have no candidates yet');
    await page.waitForTimeout(6500); // the greeting
    await assertPageHears(page, 520, -12);
    await page.click('#hangupBtn');
    await waitFor('no call', async () => (await health()).activeCalls === 0);
    await page.waitForFunction(() => /** @type {any} */ (window).seen.some((/** @type {any} */ m) => m.type === 'hangup'));
    const types = await page.evaluate(() => /** @type {any} */ (window).seen.map((/** @type {any} */ m) => m.type));
    assert.equal(types[0], 'session-created');
    assert.equal(types.filter((/** @type {string} */ t) => t === 'answer').length, 1);
    assert.equal(types.filter((/** @type {string} */ t) => t === 'hangup').length, 1);
    assert.deepEqual(page.errors, []);
    await browser.close();
});

test('SIGTERM ends everything with exit code 0, calls included', async () => {
    const own = await startDaemon();
    const socket = await openSocket(own.referenceUrl);
    socket.send({ type: 'offer', sdp: OFFER });
    await socket.next('answer');
    const closed = new Promise((done) => socket.socket.once('close', done));
    await own.stop();
    await closed;
    assert.ok(socket.messages.some((m) => m.type === 'hangup'), 'the page is told that its call ended');
});
