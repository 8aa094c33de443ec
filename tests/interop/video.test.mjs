/** Video passes between phones that both have it: what one camera sees, the other page shows. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, before, test } from 'node:test';
import { assertPageHears } from './lib/checks.mjs';
import { readStats, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { startSipPhone } from './lib/sipphone.mjs';
import { assertShows, startWebPhone } from './lib/sipstacks.mjs';

const RED = { colour: '#d02020', hz: 440, levelDb: -12 };
const BLUE = { colour: '#2020d0', hz: 620, levelDb: -15 };
const SECRET = 'correct-horse-battery-42';
const yaml = `users:\n  alice: { password: ${SECRET} }\n  bob: { password: ${SECRET} }\n`;
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => ([daemon, browser] = await Promise.all([startDaemon({ yaml, env: { TANDEM_MEDIA_THREADS: '1' } }), startChromium()])));
after(async () => {
    await browser.close();
    await daemon.stop();
});

/** @param {'jssip' | 'sipjs'} stack @param {string} user @param {object} config */
const open = async (stack, user, config) => {
    const phone = await startWebPhone(browser, daemon, { stack, user, password: SECRET, url: `ws://${daemon.ready.http[0]}/ws`, ...config });
    await phone.waitEvent('registered');
    return phone;
};
/** Two phones, closed whatever happens. @param {any} a @param {any} b @param {(alice: any, bob: any) => Promise<void>} body */
async function between(a, b, body) {
    const alice = await open(a.stack, 'alice', a);
    const bob = await open(b.stack, 'bob', b);
    try {
        await alice.call('bob');
        await Promise.all([alice.waitEvent('confirmed'), bob.waitEvent('confirmed')]);
        await body(alice, bob);
        await alice.hangup();
        await bob.waitEvent('ended');
    } finally {
        await Promise.all([alice.close(), bob.close()]);
    }
    await waitFor('no call to be left', async () => (await daemon.command('calls')).length === 0);
}
const hear = async (/** @type {any} */ alice, /** @type {any} */ bob) => {
    await assertPageHears(alice.page, BLUE.hz, BLUE.levelDb, 1.5);
    await assertPageHears(bob.page, RED.hz, RED.levelDb, 1.5);
};

for (const [one, other] of [['jssip', 'jssip'], ['sipjs', 'jssip']])
    test(`${one} calls ${other}: each sees and hears the other, also after a hold`, () =>
        between({ ...RED, stack: one }, { ...BLUE, stack: other }, async (alice, bob) => {
            await Promise.all([assertShows(alice, BLUE.colour), assertShows(bob, RED.colour)]);
            await hear(alice, bob);
            await alice.hold();
            await alice.resume();
            const frames = async () => (await readStats(bob.page)).find((/** @type {any} */ s) => s.type === 'inbound-rtp' && s.kind === 'video')?.framesDecoded ?? 0;
            const before = await frames();
            await waitFor('more pictures', async () => (await frames()) > before + 10);
        }));

test('a caller with video and a phone without: they talk', () =>
    between({ ...RED, stack: 'jssip' }, { ...BLUE, stack: 'jssip', colour: '' }, async (alice, bob) => {
        await sleep(700);
        await hear(alice, bob);
        assert.equal(await alice.picture(), null);
    }));

/** A video phone of the desk: it answers with VP8 over plain RTP and shows everybody their own picture; what is said
 * of its packets it says of theirs. @param {string} offer */
async function startMirror(offer) {
    const [audio, video, reports] = await Promise.all([0, 0, 0].map(async () => {
        const socket = createSocket('udp4');
        await new Promise((ok) => socket.bind(0, '127.0.0.1', () => ok(null)));
        return socket;
    }));
    const line = /m=video (\d+) (\S+) (.*)/.exec(offer) ?? [];
    const pt = /a=rtpmap:(\d+) VP8/.exec(offer)?.[1];
    const rtcp = Number(/m=video[\s\S]*?a=rtcp:(\d+)/.exec(offer)?.[1] ?? Number(line[1]) + 1);
    const OWN = 0x77777777;
    let theirs = 0;
    video.on('message', (packet) => {
        if (packet[1] >= 192 && packet[1] <= 223) return;
        theirs = packet.readUInt32BE(8);
        packet.writeUInt32BE(OWN, 8);
        video.send(packet, Number(line[1]), '127.0.0.1');
    });
    reports.on('message', (packet) => {
        for (let at = 0; at + 12 <= packet.length; at += 4 * (packet.readUInt16BE(at + 2) + 1))
            if (packet[at + 1] === 206 && (packet[at] & 31) === 1 && packet.readUInt32BE(at + 8) === OWN && theirs) {
                const pli = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0, 0x81, 206, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
                for (const own of [4, 12]) pli.writeUInt32BE(OWN, own);
                pli.writeUInt32BE(theirs, 16);
                reports.send(pli, rtcp, '127.0.0.1');
            }
    });
    const body = [
        'v=0', 'o=- 7 7 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0',
        `m=audio ${audio.address().port} RTP/AVP 0`,
        `m=video ${video.address().port} ${line[2]} ${pt}`, `a=rtcp:${reports.address().port}`,
        `a=rtpmap:${pt} VP8/90000`, `a=rtcp-fb:${pt} nack pli`, '',
    ].join('\r\n');
    return { body, stop: () => [audio, video, reports].forEach((socket) => socket.close()) };
}

test('a page calls a video phone over plain RTP: the picture goes there and comes back', async () => {
    const desk = await startSipPhone({ user: 'bob', password: SECRET, server: daemon.ready.sip.udp[0] });
    await desk.register();
    const offered = new Promise((ok) => {
        desk.answers.INVITE = (invite) => (ok(invite), null);
    });
    const alice = await open('jssip', 'alice', RED);
    await alice.call('bob');
    const invite = await offered;
    assert.match(invite.body, /m=video \d+ RTP\/AVP /, 'plain RTP');
    const mirror = await startMirror(invite.body);
    desk.reply(invite, { status: 200, lines: ['Content-Type: application/sdp'], body: mirror.body });
    await alice.waitEvent('confirmed');
    await assertShows(alice, RED.colour);
    await alice.hangup();
    await desk.waitRequest('BYE');
    mirror.stop();
    await alice.close();
});
