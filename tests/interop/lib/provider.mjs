/** A scripted SIP provider over UDP, for what real ones do and no program here does: it answers as its `on`
 * functions say and remembers every message. Not a stack: one step at a time, by the test. */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { atEnd, waitFor } from './process.mjs';

const SHORT = { v: 'via', f: 'from', t: 'to', i: 'call-id', m: 'contact', l: 'content-length', c: 'content-type', k: 'supported', s: 'subject', x: 'session-expires' };
export const tagOf = (/** @type {string} */ value) => /;tag=([^;>]+)/.exec(value)?.[1] ?? '';

/** @typedef {ReturnType<typeof parse>} Message */
/** @param {string} text */
export function parse(text) {
    const [head, ...rest] = text.split('\r\n\r\n');
    const [start, ...lines] = head.split('\r\n');
    const headers = lines.map((line) => {
        const [, name, value] = /^([^:\s]+)\s*:\s*(.*)$/.exec(line) ?? [];
        return { name: name?.toLowerCase() ?? '', value: value ?? '' };
    });
    const all = (/** @type {string} */ name) => headers.filter((h) => (SHORT[h.name] ?? h.name) === name.toLowerCase()).map((h) => h.value);
    const isRequest = !start.startsWith('SIP/2.0');
    const [method, uri] = isRequest ? start.split(' ') : ['', ''];
    return { text, start, method, uri, status: isRequest ? 0 : Number(start.split(' ')[1]), all, header: (/** @type {string} */ name) => all(name)[0] ?? '', body: rest.join('\r\n\r\n') };
}

/** Digest (RFC 7616) as a server checks it. @param {Message} request @param {{user: string, password: string, realm: string}} account */
export function checkDigest(request, account, headerName = 'Proxy-Authorization') {
    const text = request.header(headerName);
    if (!text) return false;
    const p = (/** @type {string} */ name) => new RegExp(`[ ,]${name}="?([^",]+)"?`).exec(text)?.[1] ?? '';
    const algorithm = (p('algorithm') || 'MD5').toUpperCase();
    const hash = (/** @type {string} */ value) => createHash(algorithm === 'SHA-256' ? 'sha256' : 'md5').update(value).digest('hex');
    const a1 = hash(`${account.user}:${account.realm}:${account.password}`);
    const entity = p('qop') === 'auth-int' ? `:${hash(request.body)}` : '';
    const a2 = hash(`${request.method}:${p('uri')}${entity}`);
    const middle = p('qop') ? `:${p('nc')}:${p('cnonce')}:${p('qop')}` : '';
    return { ok: p('response') === hash(`${a1}:${p('nonce')}${middle}:${a2}`), nonce: p('nonce'), qop: p('qop'), algorithm, realm: p('realm') };
}

export const SDP = (/** @type {number} */ port, formats = '0 8 101', more = '') =>
    [
        'v=0',
        'o=- 1 1 IN IP4 127.0.0.1',
        's=-',
        'c=IN IP4 127.0.0.1',
        't=0 0',
        `m=audio ${port} RTP/AVP ${formats}`,
        ...(formats.includes('101') ? ['a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15'] : []),
        `${more}`,
    ]
        .filter(Boolean)
        .join('\r\n') + '\r\n';

/**
 * @typedef {object} Script  what it does; each may be left out
 * @property {(call: Call, invite: Message) => any} [invite]  default: 180, 200
 * @property {(request: Message, reply: (status: number, reason: string, more?: string[]) => void) => boolean} [other]
 *   true: it was dealt with
 * @property {(text: string) => string} [spell]  every message that is sent, last of all
 */
/** @param {Script} [script] */
export async function startProvider(script = {}) {
    const socket = createSocket('udp4');
    const rtp = createSocket('udp4');
    await Promise.all([socket, rtp].map((s) => new Promise((done) => s.bind(0, '127.0.0.1', () => done(null)))));
    const [port, rtpPort] = [socket.address().port, rtp.address().port];
    /** @type {Message[]} */
    const messages = [];
    /** @type {Map<string, Call>} */
    const calls = new Map();
    const heard = { packets: 0, keys: /** @type {number[]} */ ([]) };
    rtp.on('message', (packet, from) => {
        heard.packets += 1;
        const isKey = (packet[1] & 0x7f) === 101 && packet[13] & 0x80; // RFC 4733: its end, which comes three times
        if (isKey && !again.has(packet.readUInt32BE(4))) (again.add(packet.readUInt32BE(4)), heard.keys.push(packet[12]));
        rtp.send(packet, from.port, from.address);
    });
    const again = new Set();
    let closed = false;
    atEnd(async () => closed || (socket.close(), rtp.close()));

    const spell = script.spell ?? ((/** @type {string} */ text) => text);
    let from = { port: 0, address: '127.0.0.1' };
    const send = (/** @type {string[]} */ lines, body = '', to = from) => {
        const text = [...lines, ...(body && !lines.some((line) => /^Content-Type:/i.test(line)) ? ['Content-Type: application/sdp'] : []), `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
        socket.send(spell(text), to.port, to.address);
    };
    const replyTo = (/** @type {Message} */ request, /** @type {number} */ status, /** @type {string} */ reason, /** @type {string[]} */ more = [], body = '', tag = 'provider') => {
        const to = request.header('to');
        send(
            [
                `SIP/2.0 ${status} ${reason}`,
                ...request.all('via').map((via) => `Via: ${via}`),
                `From: ${request.header('from')}`,
                `To: ${to}${tagOf(to) || status === 100 ? '' : `;tag=${tag}`}`,
                `Call-ID: ${request.header('call-id')}`,
                `CSeq: ${request.header('cseq')}`,
                ...(status > 100 && status < 300 ? [`Contact: <sip:provider@127.0.0.1:${port}>`] : []),
                ...more,
            ],
            body,
        );
    };
    /** One dialog as the test plays it. @param {Message} invite */
    const makeCall = (invite) => {
        const state = { invite, tag: 'provider', cseq: 100 };
        return {
            state,
            reply: (/** @type {number} */ status, /** @type {string} */ reason, /** @type {string[]} */ more = [], body = '', tag = 'provider') => replyTo(state.invite, status, reason, more, body, tag),
            answer: (/** @type {string[]} */ more = [], sdp = SDP(rtpPort), tag = 'provider') => replyTo(state.invite, 200, 'OK', more, sdp, tag),
            /** A request inside it. */
            request: (/** @type {string} */ method, /** @type {string[]} */ more = [], body = '', tag = 'provider') => {
                const contact = /<([^>]+)>/.exec(state.invite.header('contact'))?.[1] ?? '';
                state.cseq += 1;
                send(
                    [
                        `${method} ${contact} SIP/2.0`,
                        `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${randomBytes(6).toString('hex')};rport`,
                        'Max-Forwards: 70',
                        `From: ${state.invite.header('to')};tag=${tag}`,
                        `To: ${state.invite.header('from')}`,
                        `Call-ID: ${state.invite.header('call-id')}`,
                        `CSeq: ${state.cseq} ${method}`,
                        `Contact: <sip:provider@127.0.0.1:${port}>`,
                        ...more,
                    ],
                    body,
                );
            },
            /** ACK to the 200 of our own re-INVITE. */
            ack: (tag = 'provider') => {
                const contact = /<([^>]+)>/.exec(state.invite.header('contact'))?.[1] ?? '';
                send([
                    `ACK ${contact} SIP/2.0`,
                    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${randomBytes(6).toString('hex')};rport`,
                    'Max-Forwards: 70',
                    `From: ${state.invite.header('to')};tag=${tag}`,
                    `To: ${state.invite.header('from')}`,
                    `Call-ID: ${state.invite.header('call-id')}`,
                    `CSeq: ${state.cseq} ACK`,
                ]);
            },
        };
    };
    /** @typedef {ReturnType<typeof makeCall>} Call */
    const usual = (/** @type {Call} */ call) => {
        call.reply(180, 'Ringing');
        call.answer();
    };
    socket.on('message', (data, sender) => {
        from = sender;
        const message = parse(data.toString());
        if (!message.start) return;
        const isAgain = messages.some((m) => m.text === message.text);
        messages.push(message);
        if (message.status || isAgain) return;
        if (script.other?.(message, (status, reason, more) => replyTo(message, status, reason, more))) return;
        if (message.method === 'INVITE') {
            const id = message.header('call-id');
            const known = calls.get(id);
            if (known && tagOf(message.header('to'))) {
                replyTo(message, 200, 'OK', [], SDP(rtpPort));
                return;
            }
            const call = known ?? makeCall(message);
            call.state.invite = message;
            calls.set(id, call);
            (script.invite ?? usual)(call, message);
        } else if (message.method !== 'ACK') {
            replyTo(message, 200, 'OK');
        }
    });
    let forgotten = 0;
    const since = () => messages.slice(forgotten);
    const last = (/** @type {string} */ method) => since().filter((m) => m.method === method).at(-1);
    return {
        host: '127.0.0.1',
        port,
        rtpPort,
        address: `127.0.0.1:${port}`,
        messages,
        heard,
        send, // a request of its own: its lines, a description, where to
        count: (/** @type {string} */ method) => since().filter((m) => m.method === method).length,
        responses: () => since().filter((m) => m.status),
        last: (/** @type {string} */ method) => /** @type {Message} */ (last(method)),
        lastCall: () => /** @type {Call} */ ([...calls.values()].at(-1)),
        waitFor: (/** @type {string} */ method, timeoutMs = 8000) => waitFor(`a ${method} at the provider`, () => last(method), timeoutMs),
        forget: () => (forgotten = messages.length),
        stop: () => (socket.close(), rtp.close(), (closed = true)),
    };
}
