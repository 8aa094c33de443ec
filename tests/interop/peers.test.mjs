/** The peers among themselves, without tandem: when this fails, the machine is at fault. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertPageHears, assertRecorded } from './lib/checks.mjs';
import { startBaresip } from './lib/baresip.mjs';
import { openPage, readStats, startChromium } from './lib/chromium.mjs';
import { startKamailio } from './lib/kamailio.mjs';
import { sleep } from './lib/process.mjs';
import { startSipp } from './lib/sipp.mjs';

/** @type {Awaited<ReturnType<typeof startKamailio>>} */ let kamailio;
before(async () => (kamailio = await startKamailio({ users: { alice: 'secret', bob: 'secret' }, asksInvite: true })));
after(() => kamailio.stop());

test('baresip calls baresip through Kamailio, digest and tones both ways, keys', async () => {
    const shared = { domain: 'test.local', password: 'secret', outbound: kamailio.address };
    const alice = await startBaresip({ ...shared, user: 'alice', hz: 500, levelDb: -9 });
    const bob = await startBaresip({ ...shared, user: 'bob', hz: 900, levelDb: -15 });
    await alice.dial('sip:bob@test.local');
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    await alice.waitEvent('CALL_ESTABLISHED');
    await alice.press('42#');
    await sleep(2500);
    assert.equal(bob.keys(), '42#');
    await bob.hangup();
    await alice.waitEvent('CALL_CLOSED');
    await alice.stop();
    await bob.stop();
    assertRecorded(bob.heard(), 500, -9);
    assertRecorded(alice.heard(), 900, -15);
});

test('Chromium hears its own microphone through two peer connections', async () => {
    const browser = await startChromium({ hz: 620, levelDb: -14 });
    try {
        const page = await openPage(browser);
        await page.goto('about:blank');
        await page.route('http://127.0.0.1:9/', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
        await page.goto('http://127.0.0.1:9/'); // a secure context without any server
        await page.evaluate(async () => {
            const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
            const stream = await navigator.mediaDevices.getUserMedia({ audio });
            const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
            a.onicecandidate = (e) => e.candidate && b.addIceCandidate(e.candidate);
            b.onicecandidate = (e) => e.candidate && a.addIceCandidate(e.candidate);
            a.addTrack(stream.getAudioTracks()[0], stream);
            await a.setLocalDescription();
            await b.setRemoteDescription(/** @type {any} */ (a.localDescription));
            await b.setLocalDescription();
            await a.setRemoteDescription(/** @type {any} */ (b.localDescription));
        });
        await page.waitForTimeout(1000);
        await assertPageHears(page, 620, -14);
        const rows = await readStats(page);
        assert.ok(rows.some((row) => row.type === 'inbound-rtp' && row.packetsReceived > 20));
        assert.deepEqual(page.errors, []);
    } finally {
        await browser.close();
    }
});

test('SIPp calls SIPp', async () => {
    const uas = await startSipp({ scenario: 'uas', calls: 5 });
    const uac = await startSipp({ scenario: 'uac', target: uas.address, calls: 5 });
    assert.equal(await uac.done(), 0, uac.log().slice(-2000));
    assert.equal(await uas.done(), 0, uas.log().slice(-2000));
});
