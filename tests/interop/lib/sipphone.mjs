/** A SIP phone of a few lines over UDP: what a test wants to say is said as it stands, what came is kept. */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { atEnd, waitFor } from './process.mjs';

const md5 = (/** @type {string} */ text) => createHash('md5').update(text).digest('hex');
const token = (bytes = 6) => randomBytes(bytes).toString('hex');

/**
 * @typedef {object} Message
 * @property {string} start @property {number} status  0 of a request @property {string} method
 * @property {string} uri  of a request @property {string} body @property {(name: string) => string} header  "" when absent
 * @property {(name: string) => string[]} headers
 */
/** @param {string} text @returns {Message} */
export function parseMessage(text) {
    const [head, body = ''] = text.split(/\r\n\r\n([^]*)/);
    const [start, ...lines] = head.split('\r\n');
    const fields = lines.map((line) => /^([^:]+?)\s*:\s*(.*)$/.exec(line) ?? ['', '', '']);
    const headers = (/** @type {string} */ name) => fields.filter((f) => f[1].toLowerCase() === name.toLowerCase()).map((f) => f[2]);
    const header = (/** @type {string} */ name) => headers(name)[0] ?? '';
    const status = Number(/^SIP\/2\.0 (\d+)/.exec(start)?.[1] ?? 0);
    return { start, status, method: status ? header('CSeq').split(' ')[1] : start.split(' ')[0], uri: status ? '' : start.split(' ')[1], body, header, headers };
}

/** The Authorization value that answers a challenge (RFC 2617, MD5, qop=auth). */
export function answerChallenge(/** @type {string} */ challenge, /** @type {{user: string, password: string, method: string, uri: string}} */ { user, password, method, uri }) {
    const value = (/** @type {string} */ name) => new RegExp(`${name}="?([^",]+)"?`).exec(challenge)?.[1] ?? '';
    const [realm, nonce] = [value('realm'), value('nonce')];
    const cnonce = token();
    const response = md5(`${md5(`${user}:${realm}:${password}`)}:${nonce}:00000001:${cnonce}:auth:${md5(`${method}:${uri}`)}`);
    return `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="${cnonce}"`;
}

/**
 * @param {{user: string, password?: string, server: string, domain?: string, host?: string, contactUser?: string}} config
 * server: "127.0.0.1:5060"; host: the address it speaks from
 */
export async function startSipPhone({ user, password = '', server, domain = 'tandem', host = '127.0.0.1', contactUser = user }) {
    const [serverHost, serverPort] = server.split(':');
    const socket = createSocket('udp4');
    await new Promise((done) => socket.bind(0, host, () => done(null)));
    const local = `${host}:${socket.address().port}`;
    /** @type {Message[]} */ const requests = [];
    /** @type {Message[]} */ const responses = [];
    /** @type {Record<string, (m: Message) => {status: number, reason?: string, lines?: string[], body?: string} | null>} */
    const answers = {};
    const seen = new Map();
    let taken = 0;
    let isMute = false;
    const send = (/** @type {string} */ text, to = { address: serverHost, port: Number(serverPort) }) => socket.send(text, to.port, to.address);
    const contact = `<sip:${contactUser}@${local}>`;

    /** @param {Message} request @param {any} answer @param {any} [to] */
    function reply(request, { status, reason = 'OK', lines = [], body = '' }, to = undefined) {
        const copied = ['Via', 'Record-Route', 'From', 'Call-ID', 'CSeq'].flatMap((name) => request.headers(name).map((v) => `${name}: ${v}`));
        const party = request.header('To');
        const text = [
            `SIP/2.0 ${status} ${reason}`,
            ...copied,
            `To: ${party}${/;tag=/.test(party) || status === 100 ? '' : `;tag=${md5(request.header('Call-ID')).slice(0, 8)}`}`,
            `Contact: ${contact}`,
            ...lines,
            `Content-Length: ${Buffer.byteLength(body)}`,
            '',
            body,
        ].join('\r\n');
        seen.set(request.header('Via') + request.method, text);
        send(text, to);
    }
    socket.on('message', (data, from) => {
        if (isMute) return;
        const message = parseMessage(data.toString());
        if (message.status) return void responses.push(message);
        const before = seen.get(message.header('Via') + message.method);
        if (before) return void send(before, from);
        if (!/^[A-Z]+ /.test(message.start)) return;
        requests.push(message);
        const answer = answers[message.method] ? answers[message.method](message) : message.method === 'ACK' ? null : { status: 200 };
        if (answer) reply(message, answer, from);
    });
    const stop = async () => {
        try {
            socket.close();
        } catch {
            /* closed before */
        }
    };
    atEnd(stop);

    /** A request as given, once; its final answer. @returns {Promise<Message>} */
    async function ask(/** @type {string} */ method, /** @type {string} */ uri, /** @type {any} */ { lines = [], body = '', callId = token(), cseq = 1, fromTag = token(4), to = `<${uri}>`, from = `<sip:${user}@${domain}>`, wait = 5000 } = {}) {
        const branch = `z9hG4bK${token()}`;
        const text = [
            `${method} ${uri} SIP/2.0`,
            `Via: SIP/2.0/UDP ${local};branch=${branch};rport`,
            'Max-Forwards: 70',
            `From: ${from};tag=${fromTag}`,
            `To: ${to}`,
            `Call-ID: ${callId}`,
            `CSeq: ${cseq} ${method}`,
            ...lines,
            `Content-Length: ${Buffer.byteLength(body)}`,
            '',
            body,
        ].join('\r\n');
        send(text);
        const isIt = (/** @type {Message} */ m) => m.status >= 200 && m.method === method && m.header('Via').includes(branch);
        return waitFor(`the answer to ${user}'s ${method}`, () => responses.find(isIt), wait);
    }

    /** The same, challenges answered. */
    async function request(/** @type {string} */ method, /** @type {string} */ uri, /** @type {any} */ options = {}) {
        const fixed = { callId: token(), fromTag: token(4), cseq: 1, ...options };
        const first = await ask(method, uri, fixed);
        if (first.status !== 401 && first.status !== 407) return first;
        const is401 = first.status === 401;
        const value = answerChallenge(first.header(is401 ? 'WWW-Authenticate' : 'Proxy-Authenticate'), { user, password, method, uri });
        const lines = [...(fixed.lines ?? []), `${is401 ? '' : 'Proxy-'}Authorization: ${value}`];
        return ask(method, uri, { ...fixed, cseq: fixed.cseq + 1, lines });
    }

    /**
     * A call as it goes on: `progress(183)` waits for that answer, `answered()` for the last one and acknowledges it.
     * @param {string} uri @param {{lines?: string[], body?: string, from?: string}} [options]
     */
    function dial(uri, { lines = [], body = '', from = `<sip:${user}@${domain}>` } = {}) {
        const [callId, fromTag] = [token(), token(4)];
        const type = body ? ['Content-Type: application/sdp'] : [];
        const done = request('INVITE', uri, { lines: [`Contact: ${contact}`, ...type, ...lines], body, callId, fromTag, from });
        const mine = () => responses.filter((m) => m.header('Call-ID') === callId);
        let cseq = 10;
        let taken = 0; // responses that progress() gave
        const dialog = () => mine().findLast((m) => m.method === 'INVITE' && m.status > 100 && m.status < 300);
        const target = () => /<([^>]+)>/.exec(dialog()?.header('Contact') ?? '')?.[1] ?? uri;
        const ask_in = (/** @type {string} */ method, /** @type {string[]} */ more = [], text = '', wait = 5000) =>
            ask(method, target(), { lines: [`Contact: ${contact}`, ...more], body: text, callId, fromTag, from, cseq: ++cseq, to: dialog()?.header('To'), wait });
        return {
            callId,
            done,
            progress: async (/** @type {number} */ status) => {
                const at = () => mine().findIndex((m, i) => i >= taken && m.status === status && m.method === 'INVITE');
                await waitFor(`${user}'s ${status}`, () => at() >= 0);
                taken = at() + 1;
                return mine()[taken - 1];
            },
            answered: async (text = '', more = /** @type {string[]} */ ([])) => {
                const ok = await done;
                const lines = [`Via: SIP/2.0/UDP ${local};branch=z9hG4bK${token()}`, 'Max-Forwards: 70', `From: ${from};tag=${fromTag}`, `To: ${ok.header('To')}`, `Call-ID: ${callId}`, `CSeq: ${ok.header('CSeq').split(' ')[0]} ACK`];
                if (ok.status < 300) send([`ACK ${target()} SIP/2.0`, ...lines, ...more, `Content-Length: ${Buffer.byteLength(text)}`, '', text].join('\r\n'));
                return ok;
            },
            request: ask_in,
            bye: () => ask_in('BYE'),
        };
    }

    const registration = token();
    let registerCseq = 1;
    /** REGISTER with that Contact (its own unless told). */
    async function register({ expires = 600, value = contact, params = '', lines = /** @type {string[]} */ ([]) } = {}) {
        const own = value === '*' ? '*' : `${value};expires=${expires}${params}`;
        const all = { lines: [`Contact: ${own}`, ...(value === '*' ? [`Expires: ${expires}`] : []), ...lines], callId: registration, cseq: registerCseq };
        registerCseq += 2;
        return request('REGISTER', `sip:${domain}`, { ...all, to: `<sip:${user}@${domain}>` });
    }
    /** The next request of that method that was not taken yet. */
    async function waitRequest(/** @type {string} */ method, timeoutMs = 5000) {
        const at = () => requests.findIndex((m, i) => i >= taken && m.method === method);
        await waitFor(`${user}'s ${method} (there were ${requests.map((m) => m.method)})`, () => at() >= 0, timeoutMs);
        const found = requests[at()];
        taken = at() + 1;
        return found;
    }
    /** SUBSCRIBE; the subscription: its answer, the next NOTIFY's, refresh and end. */
    async function subscribe(/** @type {string} */ uri, /** @type {string} */ event, { expires = 600, accept = '' } = {}) {
        const callId = token();
        const fromTag = token(4);
        const lines = (/** @type {number} */ s) => [`Contact: ${contact}`, `Event: ${event}`, `Expires: ${s}`, ...(accept ? [`Accept: ${accept}`] : [])];
        const answer = await request('SUBSCRIBE', uri, { lines: lines(expires), callId, fromTag });
        let cseq = 10;
        const again = (/** @type {number} */ seconds) => {
            cseq += 10;
            const target = /<([^>]+)>/.exec(answer.header('Contact'))?.[1] ?? uri;
            return request('SUBSCRIBE', target, { lines: lines(seconds), callId, fromTag, cseq, to: answer.header('To') });
        };
        return { answer, refresh: again, end: () => again(0) };
    }
    return {
        user, local, contact, requests, responses, answers, ask, request, dial, register, waitRequest, subscribe, reply, stop, send,
        mute: (on = true) => (isMute = on),
        port: socket.address().port,
    };
}
