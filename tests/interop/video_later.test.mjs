/** Video that joins a call later, goes and comes again; from web phones, from phones of the desk, H.264 as well as VP8. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, before, test } from 'node:test';
import { assertPageHears } from './lib/checks.mjs';
import { startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { waitFor } from './lib/process.mjs';
import { startSipPhone } from './lib/sipphone.mjs';
import { assertShows, startWebPhone } from './lib/sipstacks.mjs';

const RED = { colour: '#d02020', hz: 440, levelDb: -12, late: true };
const BLUE = { colour: '#2020d0', hz: 620, levelDb: -15, late: true };
const SECRET = 'correct-horse-battery-42';
const yaml = `users:\n  alice: { password: ${SECRET} }\n  bob: { password: ${SECRET} }\n  carol: { password: ${SECRET} }\n`;
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => ([daemon, browser] = await Promise.all([startDaemon({ yaml, env: { TANDEM_MEDIA_THREADS: '2' } }), startChromium()])));
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
const noCalls = () => waitFor('no call to be left', async () => (await daemon.command('calls')).length === 0);

for (const [one, other] of [['jssip', 'jssip'], ['sipjs', 'jssip'], ['jssip', 'sipjs']])
    test(`${one} and ${other}: the cameras are switched on during the call, off and on again`, async () => {
        const alice = await open(/** @type {any} */ (one), 'alice', RED);
        const bob = await open(/** @type {any} */ (other), 'bob', BLUE);
        try {
            await alice.call('bob');
            await Promise.all([alice.waitEvent('confirmed'), bob.waitEvent('confirmed')]);
            await assertPageHears(bob.page, RED.hz, RED.levelDb, 1);
            await alice.showCamera();
            await assertShows(bob, RED.colour);
            await bob.showCamera();
            await assertShows(alice, BLUE.colour);
            await alice.endVideo();
            await waitFor('the picture to go', async () => (await bob.picture()) === null && (await alice.picture()) === null);
            await assertPageHears(alice.page, BLUE.hz, BLUE.levelDb, 1);
            await bob.readyCamera();
            await alice.showCamera();
            await Promise.all([assertShows(bob, RED.colour), assertShows(alice, BLUE.colour)]);
            await assertPageHears(bob.page, RED.hz, RED.levelDb, 1);
            await alice.hangup();
            await bob.waitEvent('ended');
        } finally {
            await Promise.all([alice.close(), bob.close()]);
        }
        await noCalls();
    });

/** A video phone of the desk, its packets by hand: RTP and RTCP of its picture. @param {string} user */
async function startDesk(user) {
    const phone = await startSipPhone({ user, password: SECRET, server: daemon.ready.sip.udp[0] });
    await phone.register();
    const [audio, video, reports] = await Promise.all([0, 0, 0].map(async () => {
        const socket = createSocket('udp4');
        await new Promise((ok) => socket.bind(0, '127.0.0.1', () => ok(null)));
        return socket;
    }));
    /** @type {Buffer[]} */ const pictures = [];
    /** @type {Buffer[]} */ const parts = []; // of the reports that came
    video.on('message', (packet) => void pictures.push(packet));
    reports.on('message', (packet) => {
        for (let at = 0; at + 4 <= packet.length; at += 4 * (packet.readUInt16BE(at + 2) + 1)) parts.push(packet.subarray(at, at + 4 * (packet.readUInt16BE(at + 2) + 1)));
    });
    let there = { port: 0, rtcp: 0 };
    let version = 1;
    return {
        phone,
        pictures,
        parts,
        /** With `formats` it has video. @param {string[]} formats */
        describe: (...formats) =>
            [
                'v=0', `o=- 7 ${version++} IN IP4 127.0.0.1`, 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${audio.address().port} RTP/AVP 0`,
                `m=video ${formats.length ? video.address().port : 0} RTP/AVP ${formats.map((f) => f.split(' ')[0]).join(' ') || '0'}`,
                ...(formats.length ? [`a=rtcp:${reports.address().port}`] : []),
                ...formats.flatMap((f) => {
                    const [pt, name, fmtp] = f.split(' ');
                    return [`a=rtpmap:${pt} ${name}/90000`, ...(fmtp ? [`a=fmtp:${pt} ${fmtp}`] : []), `a=rtcp-fb:${pt} nack`, `a=rtcp-fb:${pt} nack pli`];
                }),
                '',
            ].join('\r\n'),
        /** Where tandem wants the picture, by its description. @param {string} sdp */
        aim: (sdp) => {
            const line = /m=video (\d+) [^]*/.exec(sdp) ?? ['', '0'];
            there = { port: Number(line[1]), rtcp: Number(/a=rtcp:(\d+)/.exec(line[0])?.[1] ?? Number(line[1]) + 1) };
            return there.port;
        },
        show: (/** @type {number} */ pt, /** @type {number} */ ssrc, /** @type {number} */ seq, /** @type {Buffer} */ payload) => {
            const head = Buffer.from([0x80, pt, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            head.writeUInt16BE(seq, 2);
            head.writeUInt32BE(ssrc, 8);
            video.send(Buffer.concat([head, payload]), there.port, '127.0.0.1');
        },
        /** Feedback about `ssrc`: a NACK of packet `lost`, and PLI. */
        complain: (/** @type {number} */ ssrc, /** @type {number} */ lost) => {
            const out = Buffer.alloc(36);
            out.set([0x80, 201, 0, 1]);
            out.set([0x81, 205, 0, 3], 8);
            out.set([0x81, 206, 0, 2], 24);
            for (const at of [4, 12, 28]) out.writeUInt32BE(0x99, at);
            for (const at of [16, 32]) out.writeUInt32BE(ssrc, at);
            out.writeUInt16BE(lost, 20);
            reports.send(out, there.rtcp, '127.0.0.1');
        },
        /** A new offer in its call, and the answer, acknowledged. @param {any} call @param {string} body */
        reinvite: async (call, body) => {
            const answer = await call.request('INVITE', ['Content-Type: application/sdp'], body, 12000);
            const same = ['From', 'To', 'Call-ID'].map((name) => `${name}: ${answer.header(name)}`);
            const cseq = answer.header('CSeq').split(' ')[0];
            phone.send(['ACK sip:tandem SIP/2.0', `Via: SIP/2.0/UDP ${phone.local};branch=z9hG4bK${cseq}ack`, ...same, `CSeq: ${cseq} ACK`, 'Content-Length: 0', '', ''].join('\r\n'));
            return answer;
        },
        /** A new offer, taken back once `asked`: what it is answered. @param {any} call @param {string} body @param {() => unknown} asked */
        regret: async (call, body, asked) => {
            const before = phone.responses.length;
            const done = call.request('INVITE', ['Content-Type: application/sdp'], body, 12000);
            const trying = await waitFor('the offer to be taken', () => phone.responses.slice(before).find((r) => r.method === 'INVITE' && r.status === 100));
            await waitFor('the other one to be asked', asked);
            const same = ['Via', 'From', 'Call-ID'].map((name) => `${name}: ${trying.header(name)}`);
            const say = (/** @type {string} */ method, /** @type {string} */ to) =>
                phone.send([`${method} sip:tandem SIP/2.0`, ...same, `To: ${to}`, `CSeq: ${trying.header('CSeq').split(' ')[0]} ${method}`, 'Max-Forwards: 70', 'Content-Length: 0', '', ''].join('\r\n'));
            say('CANCEL', trying.header('To'));
            const answer = await done;
            say('ACK', answer.header('To'));
            return answer;
        },
        stop: () => (phone.stop(), [audio, video, reports].forEach((socket) => socket.close())),
    };
}
const KEYFRAME = Buffer.from('65b80004000009e28000', 'hex'); // a slice of H.264: nothing here looks into it
const isPli = (/** @type {number} */ ssrc) => (/** @type {Buffer} */ part) => part[1] === 206 && (part[0] & 31) === 1 && part.readUInt32BE(8) === ssrc;

test('desk phones add H.264 during a call: formats told apart, NACK and PLI both ways, then hold and the end of it', async () => {
    const [alice, bob] = [await startDesk('alice'), await startDesk('bob')];
    bob.phone.answers.INVITE = () => ({ status: 200, lines: ['Content-Type: application/sdp'], body: bob.describe() });
    const call = alice.phone.dial('sip:bob@tandem', { body: alice.describe() });
    assert.equal((await call.answered()).status, 200);
    await bob.phone.waitRequest('ACK');

    // bob's 99 is H.264 in the packetization mode and profile of alice's 97, at another level; the other mode is none of his
    let offered = '';
    bob.phone.answers.INVITE = (invite) => {
        offered = invite.body;
        const pt = /a=fmtp:(\d+) [^\r]*packetization-mode=1/.exec(offered)?.[1];
        return { status: 200, lines: ['Content-Type: application/sdp'], body: bob.describe(`${pt} H264 profile-level-id=42e028;packetization-mode=1`) };
    };
    const answer = await alice.reinvite(call, alice.describe('96 VP8', '97 H264 profile-level-id=42e01f;packetization-mode=1', '98 H264 profile-level-id=42e01f'));
    assert.equal(answer.status, 200);
    assert.match(answer.body, /m=video [1-9]\d* RTP\/AVP 97\r\n/, 'what bob takes, under the number that alice gave it');
    assert.match(answer.body, /a=fmtp:97 profile-level-id=42e028;packetization-mode=1\r\n/, "bob's own level");
    assert.match(answer.body, /a=rtcp-fb:97 nack pli\r\n/);
    assert.match(offered, /m=video [1-9]\d* RTP\/AVP \d+ \d+ \d+\r\n/, 'few formats on plain RTP');
    assert.equal(offered.match(/a=rtpmap:\d+ H264/g)?.length, 2, 'both packetization modes are offered');
    const bobs = Number(/a=fmtp:(\d+) [^\r]*packetization-mode=1/.exec(offered)?.[1]);
    alice.aim(answer.body);
    bob.aim(offered);

    const sees = async (/** @type {any} */ from, /** @type {any} */ to, /** @type {number} */ sent, /** @type {number} */ got, /** @type {number} */ ssrc) => {
        let seq = 100;
        await waitFor('the picture', () => (from.show(sent, ssrc, seq++, KEYFRAME), to.pictures.some((/** @type {Buffer} */ p) => p.readUInt32BE(8) === ssrc)));
        const picture = to.pictures.find((/** @type {Buffer} */ p) => p.readUInt32BE(8) === ssrc);
        assert.equal(picture[1] & 127, got);
        assert.deepEqual(picture.subarray(12), KEYFRAME);
        await waitFor('the complaints to arrive', () => (to.complain(ssrc, 100), from.parts.some(isPli(ssrc)) && from.parts.some((/** @type {Buffer} */ p) => p[1] === 205 && p.readUInt32BE(8) === ssrc && p.readUInt16BE(12) === 100)));
    };
    await sees(alice, bob, 97, bobs, 0x41414141);
    await sees(bob, alice, bobs, 97, 0x42424242);

    // on hold the line stays: the picture stops, and comes again
    const held = await alice.reinvite(call, alice.describe('97 H264 profile-level-id=42e01f;packetization-mode=1').replace(/(m=audio[^\r]*\r\n)/, 'a=sendonly\r\n$1'));
    assert.match(held.body, /m=video [1-9]/);
    assert.match(held.body, /a=recvonly/);
    const resumed = await alice.reinvite(call, alice.describe('97 H264 profile-level-id=42e01f;packetization-mode=1'));
    assert.doesNotMatch(resumed.body, /a=recvonly/);
    await sees(alice, bob, 97, bobs, 0x43434343);

    offered = '';
    const ended = await alice.reinvite(call, alice.describe());
    assert.match(ended.body, /m=video 0 /);
    await waitFor('bob to be told', () => /m=video 0 /.test(offered));
    await call.bye();
    alice.stop();
    bob.stop();
    await noCalls();
});

test('an offer of video that is taken back: the call is what it was, on both sides', async () => {
    const [alice, bob] = [await startDesk('alice'), await startDesk('bob')];
    const yes = { status: 200, lines: ['Content-Type: application/sdp'] };
    bob.phone.answers.INVITE = () => ({ ...yes, body: bob.describe() });
    const call = alice.phone.dial('sip:bob@tandem', { body: alice.describe() });
    assert.equal((await call.answered()).status, 200);
    await bob.phone.waitRequest('ACK');
    /** @type {any} */ let asked = null;
    const isAsked = () => asked !== null;

    // whoever thinks about it need not any more
    bob.phone.answers.INVITE = (invite) => (bob.phone.reply((asked = invite), { status: 100, reason: 'Trying' }), null);
    assert.equal((await alice.regret(call, alice.describe('96 VP8'), isAsked)).status, 487);
    await bob.phone.waitRequest('CANCEL');
    bob.phone.reply(asked, { status: 487, reason: 'Request Terminated' });
    await bob.phone.waitRequest('ACK');
    bob.phone.requests.length = 0;
    const plain = await alice.reinvite(call, alice.describe());
    assert.match(plain.body, /m=audio [1-9]\d* RTP\/AVP 0/);
    assert.doesNotMatch(plain.body, /m=video [1-9]/);
    assert.deepEqual(bob.phone.requests.map((r) => r.method), [], 'nothing is new to bob');

    // his yes comes too late: he is told that there is no video after all
    asked = null;
    bob.phone.answers.INVITE = (invite) => ((asked = invite), null);
    assert.equal((await alice.regret(call, alice.describe('96 VP8'), isAsked)).status, 487);
    /** @type {any} */ let next = null;
    bob.phone.answers.INVITE = (invite) => ((next = invite), { ...yes, body: bob.describe() });
    const pt = /m=video [1-9]\d* RTP\/AVP (\d+)/.exec(asked.body)?.[1];
    bob.phone.reply(asked, { ...yes, body: bob.describe(`${pt} VP8`) });
    await waitFor('the video to be taken from bob again', () => next !== null && /m=video 0 /.test(next.body));

    // and asked again he has it
    asked = null;
    bob.phone.answers.INVITE = (invite) => ((asked = invite), { ...yes, body: bob.describe(`${/m=video [1-9]\d* RTP\/AVP (\d+)/.exec(invite.body)?.[1]} VP8`) });
    const answer = await alice.reinvite(call, alice.describe('96 VP8'));
    assert.match(answer.body, /m=video [1-9]\d* RTP\/AVP 96\r\n/);
    assert.match(asked.body, /m=video [1-9]/);
    await call.bye();
    alice.stop();
    bob.stop();
    await noCalls();
});

test('a phone without video is asked once; the call goes on, and holds are not slowed down', async () => {
    const [alice, bob] = [await startDesk('alice'), await startDesk('carol')];
    bob.phone.answers.INVITE = () => ({ status: 200, lines: ['Content-Type: application/sdp'], body: bob.describe() });
    const call = alice.phone.dial('sip:carol@tandem', { body: alice.describe() });
    assert.equal((await call.answered()).status, 200);
    await bob.phone.waitRequest('ACK');
    bob.phone.requests.length = 0;
    for (let i = 0; i < 2; i++) {
        const answer = await alice.reinvite(call, alice.describe('96 VP8'));
        assert.equal(answer.status, 200);
        assert.match(answer.body, /m=video 0 /);
        assert.equal(bob.phone.requests.filter((r) => r.method === 'INVITE').length, 1);
    }
    await call.bye();
    alice.stop();
    bob.stop();
    await noCalls();
});
