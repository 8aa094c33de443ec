/** A video phone of the desk, or a provider that has video: what it says is the test's, what came is kept. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { waitFor } from './process.mjs';
import { startSipPhone } from './sipphone.mjs';

const KEYFRAME = Buffer.from('65b80004000009e28000', 'hex'); // a slice of H.264: nothing here looks into it
const isPli = (/** @type {number} */ ssrc) => (/** @type {Buffer} */ part) => part[1] === 206 && (part[0] & 31) === 1 && part.readUInt32BE(8) === ssrc;

/**
 * Its packets by hand: RTP and RTCP of its picture.
 * @param {{user: string, password?: string, server?: string}} config  without a server it is called only, as a provider is
 */
export async function startVideoDesk({ user, password, server = '127.0.0.1:9' }) {
    const phone = await startSipPhone({ user, password, server });
    if (password) await phone.register();
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

/**
 * A picture of `from`, sent as payload type `sent`, comes to `to` as it is but for its type, `got`; what `to` complains of comes back.
 * @param {any} from @param {any} to @param {number} sent @param {number} got @param {number} ssrc  one for each picture
 */
export async function assertSees(from, to, sent, got, ssrc) {
    let seq = 100;
    await waitFor('the picture', () => (from.show(sent, ssrc, seq++, KEYFRAME), to.pictures.some((/** @type {Buffer} */ p) => p.readUInt32BE(8) === ssrc)));
    const picture = to.pictures.find((/** @type {Buffer} */ p) => p.readUInt32BE(8) === ssrc);
    assert.equal(picture[1] & 127, got);
    assert.deepEqual(picture.subarray(12), KEYFRAME);
    await waitFor('the complaints to arrive', () => (to.complain(ssrc, 100), from.parts.some(isPli(ssrc)) && from.parts.some((/** @type {Buffer} */ p) => p[1] === 205 && p.readUInt32BE(8) === ssrc && p.readUInt16BE(12) === 100)));
}
