/** A bare bridge socket for tests: what was received, in order. */
import { WebSocket } from 'ws';
import { atEnd, waitFor } from './process.mjs';

/** An offer as Chromium makes it before any candidate is known. */
export const OFFER = [
    'v=0',
    'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS s1',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 110 126',
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    'a=ice-ufrag:Yz1k',
    'a=ice-pwd:0zzzzzzzzzzzzzzzzzzzzzzz',
    'a=ice-options:trickle',
    `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
    'a=setup:actpass',
    'a=mid:0',
    'a=sendrecv',
    'a=msid:s1 t1',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10;useinbandfec=1',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:110 telephone-event/48000',
    'a=rtpmap:126 telephone-event/8000',
    'a=ssrc:1234567 cname:c1',
    '',
].join('\r\n');

/**
 * @param {string} url @param {import('ws').ClientOptions} [options]
 */
export async function openSocket(url, options = {}) {
    const socket = new WebSocket(url, options);
    /** @type {any[]} */
    const messages = [];
    let taken = 0;
    socket.on('message', (data) => messages.push(JSON.parse(data.toString())));
    atEnd(async () => socket.terminate());
    await new Promise((done, failed) => {
        socket.once('open', () => done(null));
        socket.once('unexpected-response', (_, response) => failed(new Error(`HTTP ${response.statusCode}`)));
        socket.once('error', failed);
    });
    /** The next message that was not taken yet, of that type if one is given: others before it are skipped. */
    async function next(/** @type {string} */ type = '', timeoutMs = 5000) {
        const isIt = (/** @type {any} */ m) => !type || m.type === type;
        const found = await waitFor(`a message ${type} (there were ${JSON.stringify(messages).slice(0, 2000)})`, () => messages.slice(taken).find(isIt), timeoutMs);
        taken = messages.indexOf(found) + 1;
        return found;
    }
    const sendText = (/** @type {string | Buffer} */ text) => socket.send(text);
    const send = (/** @type {object} */ message) => sendText(JSON.stringify(message));
    /** Everything sent before has been dealt with. */
    async function settle() {
        const t = Math.random();
        send({ type: 'ping', t });
        await waitFor('the pong', () => messages.some((m) => m.type === 'pong' && m.t === t));
    }
    return { socket, messages, next, send, sendText, settle, close: () => socket.close() };
}
