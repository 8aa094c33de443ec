/** SIP over a WebSocket (RFC 7118), by hand: requests exactly as a test wants them, with headers no library would send. */
import { createHash, randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { atEnd, waitFor } from './process.mjs';

const md5 = (/** @type {string} */ text) => createHash('md5').update(text).digest('hex');
const hex = () => randomBytes(6).toString('hex');

/** @param {string} text  a SIP message */
function parse(text) {
    const [head, body] = text.split('\r\n\r\n');
    const [first, ...lines] = head.split('\r\n');
    const headers = lines.map((line) => [line.slice(0, line.indexOf(':')).trim().toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
    const all = (/** @type {string} */ name) => headers.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);
    return { text, first, body, status: Number(/^SIP\/2.0 (\d+)/.exec(first)?.[1] ?? 0), method: first.split(' ')[0], all, header: (/** @type {string} */ name) => all(name)[0] ?? '' };
}

/** @param {string} challenge @param {string} method @param {string} uri @param {{user: string, password: string}} account */
function digest(challenge, method, uri, { user, password }) {
    const value = (/** @type {string} */ name) => new RegExp(`${name}="?([^",]+)`).exec(challenge)?.[1] ?? '';
    const [realm, nonce, cnonce] = [value('realm'), value('nonce'), hex()];
    const response = md5(`${md5(`${user}:${realm}:${password}`)}:${nonce}:00000001:${cnonce}:auth:${md5(`${method}:${uri}`)}`);
    return `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5, cnonce="${cnonce}", qop=auth, nc=00000001`;
}

/**
 * A phone on one socket. It answers OPTIONS, and calls with 486.
 * @param {string} url @param {{SipUsername: string, SipDomain: string, SipPassword?: string, SipContact: string}} account
 */
export async function openSipSocket(url, account) {
    const socket = new WebSocket(url, 'sip', { rejectUnauthorized: false });
    const host = `${hex()}.invalid`;
    const contact = `<sip:${account.SipContact}@${host};transport=ws>`;
    /** @type {ReturnType<typeof parse>[]} */
    const messages = [];
    socket.on('message', (data) => {
        const message = parse(data.toString());
        messages.push(message);
        if (message.status || message.method === 'ACK') return;
        const copied = ['via', 'from', 'call-id', 'cseq'].flatMap((name) => message.all(name).map((value) => `${name}: ${value}`));
        const to = `to: ${message.header('to')}${message.header('to').includes('tag=') ? '' : ';tag=x'}`;
        socket.send([`SIP/2.0 ${message.method === 'INVITE' ? '486 Busy Here' : '200 OK'}`, ...copied, to, 'Content-Length: 0', '', ''].join('\r\n'));
    });
    atEnd(async () => socket.terminate());
    await new Promise((done, failed) => {
        socket.once('open', done);
        socket.once('unexpected-response', (_, response) => failed(new Error(`HTTP ${response.statusCode}`)));
        socket.once('error', failed);
    });
    const callId = hex();
    let cseq = 0;

    /** @param {string} method @param {string} uri @param {string} to @param {string[]} headers @param {string} body */
    async function once(method, uri, to, headers, body) {
        const number = ++cseq;
        const lines = [
            `${method} ${uri} SIP/2.0`,
            `Via: SIP/2.0/WSS ${host};branch=z9hG4bK${hex()}`,
            'Max-Forwards: 70',
            `From: <sip:${account.SipUsername}@${account.SipDomain}>;tag=${hex()}`,
            `To: <${to}>`,
            `Call-ID: ${callId}-${method}`,
            `CSeq: ${number} ${method}`,
            `Contact: ${contact}`,
            ...headers,
            ...(body ? ['Content-Type: application/sdp'] : []),
            `Content-Length: ${Buffer.byteLength(body)}`,
        ];
        socket.send(`${lines.join('\r\n')}\r\n\r\n${body}`);
        const answer = await waitFor(`an answer to ${method}`, () => messages.find((m) => m.status >= 200 && m.header('cseq') === `${number} ${method}`), 8000);
        if (method === 'INVITE') {
            const ack = lines.map((line) => line.replace(/^INVITE/, 'ACK').replace(/^To: .*/, `To: ${answer.header('to')}`).replace(/^CSeq: .*/, `CSeq: ${number} ACK`));
            socket.send(`${ack.filter((line) => !/^Content|^Authorization|^Proxy|^X-/.test(line)).join('\r\n')}\r\nContent-Length: 0\r\n\r\n`);
        }
        return answer;
    }

    /**
     * A request; challenges are answered when the account has a password.
     * @param {string} method @param {{uri?: string, to?: string, headers?: string[], body?: string}} [request]
     */
    async function send(method, { uri = `sip:${account.SipDomain}`, to = `sip:${account.SipUsername}@${account.SipDomain}`, headers = [], body = '' } = {}) {
        const answer = await once(method, uri, to, headers, body);
        if (![401, 407].includes(answer.status) || !account.SipPassword) return answer;
        const proxy = answer.status === 407;
        const challenge = answer.all(proxy ? 'proxy-authenticate' : 'www-authenticate').find((value) => /^Digest.*MD5/.test(value)) ?? '';
        const proof = digest(challenge, method, uri, { user: account.SipUsername, password: account.SipPassword });
        return once(method, uri, to, [...headers, `${proxy ? 'Proxy-' : ''}Authorization: ${proof}`], body);
    }
    return {
        messages,
        send,
        contact,
        register: (/** @type {string[]} */ headers = []) => send('REGISTER', { headers: ['Expires: 300', ...headers] }),
        /** Offers nothing that could be answered: only whether the call may begin matters. */
        invite: (/** @type {string} */ user, /** @type {string[]} */ headers = [], body = '') =>
            send('INVITE', { uri: `sip:${user}@${account.SipDomain}`, to: `sip:${user}@${account.SipDomain}`, headers, body }),
        close: () => socket.terminate(),
    };
}
