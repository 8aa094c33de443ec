/** Programs that a call's audio is sent to: by RTP, and on a WebSocket. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { WebSocketServer } from 'ws';
import { atEnd } from './process.mjs';

/** G.711 (ITU-T): one byte of mu-law to -1..1. @param {number} byte */
function ulaw(byte) {
    const value = ~byte & 0xff;
    const magnitude = (((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4);
    return (value & 0x80 ? 0x84 - magnitude : magnitude - 0x84) / 32768;
}
/** The last second of it. @param {Buffer[]} pieces @returns {import('./wav.mjs').Sound} */
function soundOf(pieces) {
    const bytes = Buffer.concat(pieces).subarray(-8000);
    return { samples: Float32Array.from(bytes, ulaw), rateHz: 8000 };
}

/** A UDP port that takes RTP of PCMU. */
export async function startRtpListener() {
    const socket = createSocket('udp4');
    /** @type {{pt: number, seq: number, length: number, from: number}[]} */ const packets = [];
    /** @type {Buffer[]} */ const pieces = [];
    socket.on('message', (data, from) => {
        packets.push({ pt: data[1] & 0x7f, seq: data.readUInt16BE(2), length: data.length - 12, from: from.port });
        pieces.push(data.subarray(12));
    });
    await new Promise((done) => socket.bind(0, '127.0.0.1', () => done(undefined)));
    atEnd(async () => socket.close());
    return { port: socket.address().port, packets, heard: () => soundOf(pieces) };
}

/** A WebSocket server that takes the frames of `stream` in PCMU. */
export async function startSocketListener() {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    /** @type {any[]} */ const messages = [];
    /** @type {Record<string, Buffer[]>} */ const tracks = { inbound: [], outbound: [] };
    /** @type {import('node:http').IncomingHttpHeaders[]} */ const headers = [];
    server.on('connection', (socket, request) => {
        headers.push(request.headers);
        socket.on('message', (text) => {
            const message = JSON.parse(text.toString());
            messages.push(message);
            if (message.event === 'media') tracks[message.media.track].push(Buffer.from(message.media.payload, 'base64'));
        });
    });
    await once(server, 'listening');
    atEnd(async () => {
        for (const client of server.clients) client.terminate();
        server.close();
    });
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    return { url: `ws://127.0.0.1:${port}/`, messages, headers, tracks, heard: (/** @type {string} */ track) => soundOf(tracks[track]) };
}
