/** A browser against the simulator: another WebRTC stack than the one behind it, over link, as Ribbon's own clients do. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { assertPageHears } from '../interop/lib/checks.mjs';
import { openPage, startChromium } from '../interop/lib/chromium.mjs';
import { waitFor } from '../interop/lib/process.mjs';
import { makeLinkClient, USER } from './lib/link_client.mjs';
import { startSim } from './lib/start.mjs';

const HEARD = { hz: 440, levelDb: -12 };
let sim;
let client;
let browser;
let socket;
before(async () => {
    [sim, browser] = await Promise.all([
        startSim({ accounts: [`${USER}:secret`], coturn: true }),
        startChromium({ ...HEARD, more: ['--ignore-certificate-errors'] }),
    ]);
    client = makeLinkClient(sim);
    ({ socket } = await client.start());
});
after(async () => {
    await browser.close();
    await sim.stop();
});
beforeEach(() => sim.post('/reset'));

const eventOf = (id, type) =>
    socket
        .next(type, ({ notificationMessage: m }) => m.eventType === type && m.sessionParams.sessionData === id)
        .then((m) => m.notificationMessage.sessionParams);

/** A page with a microphone: any address of the loopback is a secure context. */
async function openBlank() {
    const page = await openPage(browser);
    await page.goto(`${sim.ready.control}/state`);
    return page;
}

/** Runs in the page: its microphone, three codecs, candidates complete. @param {{offer?: string, codecs: string[], iceServers?: object[], policy?: string}} config */
async function describe({ offer, codecs, iceServers = [], policy = 'all' }) {
    const peer = new RTCPeerConnection({ iceServers, iceTransportPolicy: policy });
    Object.assign(window, { peer });
    const stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    if (offer) await peer.setRemoteDescription({ type: 'offer', sdp: offer });
    peer.addTrack(stream.getAudioTracks()[0], stream);
    const all = RTCRtpSender.getCapabilities('audio').codecs;
    const wanted = codecs.flatMap((name) => all.filter((c) => c.mimeType === `audio/${name}` && c.clockRate === 8000));
    peer.getTransceivers()[0].setCodecPreferences(wanted);
    await peer.setLocalDescription();
    if (peer.iceGatheringState !== 'complete')
        await new Promise((done) =>
            peer.addEventListener('icegatheringstatechange', () => peer.iceGatheringState === 'complete' && done(null)),
        );
    return peer.localDescription.sdp;
}
/** Runs in the page. */
async function restart() {
    window.peer.restartIce();
    // it is still complete, from the first time
    const complete = new Promise((done) =>
        window.peer.addEventListener('icegatheringstatechange', () => window.peer.iceGatheringState === 'complete' && done(null)),
    );
    await window.peer.setLocalDescription();
    await complete;
    return window.peer.localDescription.sdp;
}
const accept = (sdp) => window.peer.setRemoteDescription({ type: 'answer', sdp });

for (const { codec, setup } of [
    { codec: 'PCMU', setup: 'active' },
    { codec: 'PCMA', setup: 'passive' },
])
    test(`the browser calls: ${codec}, tones both ways, keys; the simulator is ${setup}`, async () => {
        await sim.put('/behaviour', { setup, tone: { hz: 1000, level: -18 } });
        const page = await openBlank();
        const sdp = await page.evaluate(describe, { codecs: [codec, 'telephone-event'] });
        const id = await client.make(sdp);
        await page.evaluate(accept, (await eventOf(id, 'respondCallUpdate')).sdp);
        const heard = await sim.waitTone(id, HEARD.hz);
        assert.ok(Math.abs(heard.level - HEARD.levelDb) < 1.5, `${heard.level} dB`);
        assert.equal(heard.codec, codec);
        await assertPageHears(page, 1000, -18, 1.5);
        await page.evaluate(() => window.peer.getSenders()[0].dtmf.insertDTMF('159#', 100, 70));
        await page.waitForTimeout(1200);
        assert.equal((await sim.get(`/calls/${id}/media`)).digits, '159#');
        const again = await page.evaluate(restart);
        const updated = await client.put(id, { type: 'startCallUpdate', sdp: again });
        assert.equal(updated.status, 200, updated.text);
        const answers = () =>
            socket.messages.filter(
                ({ notificationMessage: m }) => m.eventType === 'respondCallUpdate' && m.sessionParams.sessionData === id,
            );
        await waitFor('the second answer', () => answers().length === 2);
        const [first, second] = answers().map(({ notificationMessage: m }) => m.sessionParams.sdp);
        const ufrag = /a=ice-ufrag:(\S+)/;
        assert.notEqual(ufrag.exec(first)[1], ufrag.exec(second)[1]);
        await page.evaluate(accept, second);
        await page.waitForFunction(() => window.peer.connectionState === 'connected');
        await page.waitForTimeout(1000);
        await sim.waitTone(id, HEARD.hz);
        await assertPageHears(page, 1000, -18, 1.5);
        await client.end(id);
        assert.deepEqual(await sim.get('/violations'), []);
        await page.context().close();
    });

test('the browser is called, through TURN over TLS', async () => {
    const page = await openBlank();
    const { id } = await sim.post('/calls', { tone: { hz: 600, level: -12 } });
    const offer = (await eventOf(id, 'call')).sdp;
    const { username, password } = sim.ready.turn;
    const iceServers = [{ urls: sim.ready.ice_servers[0], username, credential: password }];
    const sdp = await page.evaluate(describe, { offer, codecs: ['PCMU', 'telephone-event'], iceServers, policy: 'relay' });
    assert.match(sdp, /typ relay/);
    assert.equal((await client.put(id, { type: 'callAnswer', sdp })).status, 200);
    await sim.waitTone(id, HEARD.hz);
    await assertPageHears(page, 600, -12, 1.5);
    assert.equal((await sim.get(`/calls/${id}/media`)).pair.remote, 'relay');
    await page.context().close();
});
