/** A trunk to a phone's own stack, without anything in between: each codec over each transport, tones measured at
 * both ends, and 10 % of the packets lost. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startBaresip } from './lib/baresip.mjs';
import { assertPageHears, assertRecorded } from './lib/checks.mjs';
import { startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { makeCertificate } from './lib/kamailio.mjs';
import { openPhonePage } from './lib/office.mjs';
import { atEnd, makeFolder, onlyFull, sleep, waitFor } from './lib/process.mjs';
import { parse, startProvider, SDP } from './lib/provider.mjs';

const PAGE = { hz: 440, levelDb: -12 };
const PHONE = { hz: 700, levelDb: -18 };
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => (browser = await startChromium(PAGE)));
after(() => browser.close());

/** What a codec and its resampler may change. @type {Record<string, number>} */
const LOUDNESS_DB = { opus: 2, G722: 2 };
/** @type {{transport: string, codec: string, theirs: string, isMain?: boolean}[]} */
const ROWS = [
    { transport: 'udp', codec: 'PCMU', theirs: 'pcmu' },
    { transport: 'udp', codec: 'PCMA', theirs: 'pcma' },
    { transport: 'udp', codec: 'G722', theirs: 'G722/16000/1', isMain: true },
    { transport: 'udp', codec: 'opus', theirs: 'opus/48000/2' },
    { transport: 'tcp', codec: 'G722', theirs: 'G722/16000/1' },
    { transport: 'tls', codec: 'PCMU', theirs: 'pcmu' },
    { transport: 'tls', codec: 'opus', theirs: 'opus/48000/2', isMain: true },
];
for (const { transport, codec, theirs, isMain } of ROWS)
    test(`${codec} over ${transport}${transport === 'tls' ? ' with SDES' : ''}: tones at both ends`, isMain ? {} : onlyFull, async () => {
        const isTls = transport === 'tls';
        const folder = makeFolder('certificate');
        const { key, cert } = makeCertificate(folder);
        const pem = join(folder, 'both.pem');
        writeFileSync(pem, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'));
        const bob = await startBaresip({ user: 'bob', domain: '127.0.0.1', codecs: theirs, pem: isTls ? pem : undefined, more: isTls ? ';mediaenc=srtp-mand' : '', ...PHONE });
        const yaml = `trunks:
  default: {host: localhost, port: ${bob.port + (isTls ? 1 : 0)}, transport: ${transport}, username: bob, register: 'no', codecs: [${codec}],
            srtp: ${isTls ? 'required' : 'off'}, tls_ca_file: ${cert}}
`;
        const daemon = await startDaemon({ yaml });
        const { page, phone, close } = await openPhonePage(browser, daemon);
        await waitFor('the address', () => /resolved host=localhost/.test(daemon.log()));
        await phone.dial('');
        await bob.waitEvent('CALL_INCOMING');
        await bob.accept();
        await phone.waitState('up');
        await page.waitForTimeout(1500);
        await assertPageHears(page, PHONE.hz, PHONE.levelDb, LOUDNESS_DB[codec] ?? 1);
        const [call] = await daemon.command('calls');
        assert.equal(call.codec_b, codec);
        const sip = (await daemon.command('calls', call.id)).legs.find((/** @type {any} */ leg) => leg.kind === 'sip');
        assert.equal(sip.media.codec_received, codec);
        assert.ok(sip.media.received.mos > 3 && sip.media.received.mos <= 4.5, JSON.stringify(sip.media.received));
        await sleep(1000);
        await bob.hangup();
        await phone.waitState('ended');
        await sleep(300);
        assertRecorded(bob.heard(), PAGE.hz, PAGE.levelDb, LOUDNESS_DB[codec] ?? 1);
        await daemon.logged(new RegExp(`codec negotiated=${codec}`));
        await close();
        await bob.stop();
        await daemon.stop();
    });

/** Passes datagrams on, one in `every` not. @param {number} to */
async function startLossyWay(to, every = 10) {
    const sockets = [createSocket('udp4'), createSocket('udp4')];
    await Promise.all(sockets.map((s) => new Promise((done) => s.bind(0, '127.0.0.1', () => done(null)))));
    atEnd(async () => sockets.forEach((s) => s.close()));
    let [n, back] = [0, 0];
    sockets[0].on('message', (data, from) => {
        back = from.port;
        if (++n % every) sockets[1].send(data, to, '127.0.0.1');
    });
    sockets[1].on('message', (data) => ++n % every && back && sockets[0].send(data, back, '127.0.0.1'));
    return sockets[0].address().port;
}

test('10 % of the packets are lost: the call stays, loss is counted, the estimate falls', async () => {
    const provider = await startProvider({ invite: async (call) => call.answer([], SDP(await startLossyWay(provider.rtpPort))) });
    const daemon = await startDaemon({ env: { SIP_TRUNK_HOST: '127.0.0.1', SIP_TRUNK_PORT: String(provider.port), SIP_USERNAME: 'bob', SIP_PASSWORD: 'a-long-enough-secret', SIP_REGISTER: 'no' } });
    const { page, phone, close } = await openPhonePage(browser, daemon);
    await phone.dial('');
    await phone.waitState('up');
    await page.waitForTimeout(6000); // it hears itself, through both directions of the loss
    const [{ id }] = await daemon.command('calls');
    const { received } = (await daemon.command('calls', id)).legs.find((/** @type {any} */ leg) => leg.kind === 'sip').media;
    const share = received.lost / (received.packets + received.lost);
    assert.ok(share > 0.1 && share < 0.3, `${received.lost} of ${received.packets} lost`);
    assert.ok(received.mos > 1 && received.mos < 3.6, `MOS ${received.mos} with that loss`);
    await phone.hangup();
    assert.ok(parse(provider.last('BYE')?.text ?? (await provider.waitFor('BYE')).text));
    await close();
    await daemon.stop();
});
