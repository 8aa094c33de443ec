/** Small scripted clients for the simulator's own tests: they send what they are told, right or wrong. */
import { readFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import WebSocket from 'ws';
import { atEnd, waitFor } from '../../interop/lib/process.mjs';
import { Endpoint } from './endpoint.mjs';

const LONG_MS = 60000;
// werift sleeps 500 s toward the next refresh of a TURN allocation, closed or not: no test waits for that
const { setTimeout: wait } = timers;
timers.setTimeout = (ms, value, options) => wait(ms, value, { ref: ms < LONG_MS, ...options });
syncBuiltinESMExports();

const CODECS = ['PCMU', 'PCMA', 'telephone-event'];

/** @param {any} sim  of startSim() */
export function makeClient(sim) {
    const { ready } = sim;
    const ca = ready.ca && ready.base.startsWith('https') ? readFileSync(ready.ca) : undefined;

    /**
     * One request; a body that is an object goes as JSON.
     * @param {string} method @param {string} path @param {any} [body] @param {Record<string, string>} [headers]
     * @returns {Promise<{status: number, headers: any, text: string, json: any, statusText: string}>}
     */
    function ask(method, path, body, headers = {}) {
        const url = new URL(ready.base);
        const run = ca ? tlsRequest : plainRequest;
        const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
        const length = text === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(text)) };
        return new Promise((done, failed) => {
            const options = { host: url.hostname, port: url.port, method, path, ca, headers: { ...length, ...headers } };
            const request = run(options, async (response) => {
                let answer = '';
                for await (const part of response) answer += part;
                const isJson = /json/.test(response.headers['content-type'] ?? '');
                const { statusCode: status, statusMessage: statusText } = response;
                try {
                    done({ status, statusText, headers: response.headers, text: answer, json: isJson ? JSON.parse(answer) : null });
                } catch (error) {
                    failed(error);
                }
            });
            request.on('error', failed);
            request.end(text);
        });
    }

    /** @param {string} path @returns {Promise<any>} the socket, or an error with the HTTP status */
    async function connect(path) {
        const ws = new WebSocket(ready.base.replace(/^http/, 'ws') + path, { ca });
        /** @type {any[]} */
        const messages = [];
        let code = 0;
        ws.on('message', (data) => messages.push(JSON.parse(data.toString())));
        ws.on('close', (closed) => (code = closed));
        atEnd(async () => ws.terminate());
        await new Promise((done, failed) => {
            ws.once('open', () => done(null));
            ws.once('unexpected-response', (_, response) =>
                failed(Object.assign(new Error(`HTTP ${response.statusCode}`), { status: response.statusCode })),
            );
            ws.once('error', failed);
        });
        return {
            ws,
            messages,
            send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
            next: (what, isIt, timeoutMs = 5000) =>
                waitFor(`${what}; there were ${JSON.stringify(messages).slice(0, 2000)}`, () => messages.find(isIt), timeoutMs),
            event: (type, timeoutMs = 5000, nth = 0) =>
                waitFor(
                    `event ${type}; there were ${JSON.stringify(messages).slice(0, 2000)}`,
                    () => messages.map((m) => m.notificationMessage).filter((n) => n?.eventType === type)[nth],
                    timeoutMs,
                ),
            closed: () => waitFor('the socket to close', () => code),
        };
    }
    return { ask, connect, account: ready.accounts[0] };
}

/** A client's media. @param {object} [more] */
export function makeMedia(more = {}) {
    const endpoint = new Endpoint({ codecs: CODECS, tone: { hz: 440, level: -12 }, setup: 'active', relay: null, ...more });
    atEnd(() => endpoint.close());
    return endpoint;
}

/** An offer that says what it must, with nobody behind it. */
export const OFFER = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 0 8 101',
    'c=IN IP4 0.0.0.0',
    'a=ice-ufrag:abcd',
    'a=ice-pwd:abcdefghijklmnopqrstuvwx',
    `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
    'a=setup:actpass',
    'a=mid:0',
    'a=sendrecv',
    'a=rtcp-mux',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host',
    '',
].join('\r\n');

/** The client hears that tone. @param {Endpoint} media @param {number} hz */
export async function waitHeard(media, hz) {
    let heard;
    const isThere = () => {
        heard = media.measure(800);
        return Math.abs(heard.hz - hz) < 3 && heard.purity > 0.9;
    };
    await waitFor(`the client to hear ${hz} Hz`, isThere, 8000).catch((error) => {
        throw new Error(`${error.message}: ${JSON.stringify(heard)}`);
    });
    return heard;
}
