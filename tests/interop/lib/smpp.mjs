/** An SMPP 3.4 centre of a few lines: it keeps what is submitted, answers as told, gives receipts and texts. */
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { atEnd, waitFor } from './process.mjs';

const pdu = (/** @type {number} */ command, /** @type {number} */ status, /** @type {number} */ sequence, body = Buffer.alloc(0)) => {
    const head = Buffer.alloc(16);
    [16 + body.length, command, status, sequence].forEach((n, i) => head.writeUInt32BE(n >>> 0, 4 * i));
    return Buffer.concat([head, body]);
};
const z = (/** @type {string} */ text) => Buffer.from(`${text}\0`);

/** `tls`: as of node:tls, {key, cert}. @param {{systemId?: string, password?: string, tls?: any}} [config] */
export async function startCentre({ systemId = 'me', password = 'pw', tls } = {}) {
    /** @type {{from: string, to: string, esm: number, coding: number, text: Buffer, id: string}[]} */ const submitted = [];
    /** @type {import('node:net').Socket | undefined} */ let link;
    const centre = { submitted, status: 0, binds: 0, enquired: 0, port: 0, stop: async () => {}, drop: () => link?.destroy(), deliver };

    function take(/** @type {import('node:net').Socket} */ socket, /** @type {Buffer} */ bytes) {
        const [command, , sequence] = [4, 8, 12].map((at) => bytes.readUInt32BE(at));
        const texts = bytes.subarray(16).toString('latin1').split('\0');
        if (command === 9) {
            const isRight = texts[0] === systemId && texts[1] === password;
            centre.binds++;
            link = socket;
            socket.write(pdu(0x80000009, isRight ? 0 : 0x0e, sequence, z('centre')));
        } else if (command === 4) {
            let at = 16;
            const text = () => {
                const end = bytes.indexOf(0, at);
                const found = bytes.toString('latin1', at, end);
                at = end + 1;
                return found;
            };
            text();
            at += 2;
            const from = text();
            at += 2;
            const to = text();
            const esm = bytes[at];
            at += 3;
            text();
            text();
            const coding = bytes[at + 2];
            const length = bytes[at + 4];
            const id = `c${submitted.length + 1}`;
            if (!centre.status) submitted.push({ from, to, esm, coding, text: bytes.subarray(at + 5, at + 5 + length), id });
            socket.write(pdu(0x80000004, centre.status, sequence, z(centre.status ? '' : id)));
        } else if (command === 0x15 || command === 6) {
            if (command === 0x15) centre.enquired++;
            socket.write(pdu((command | 0x80000000) >>> 0, 0, sequence));
        }
    }
    /** deliver_sm: a receipt (esm 4) or a text; `fields`: what is optional, as bytes. */
    function deliver({ from = '15550001', to = '15550002', esm = 0, coding = 0, text = Buffer.alloc(0), fields = Buffer.alloc(0) }) {
        const body = Buffer.concat([z(''), Buffer.from([1, 1]), z(from), Buffer.from([1, 1]), z(to), Buffer.from([esm, 0, 0]), z(''), z(''), Buffer.from([0, 0, coding, 0, text.length]), text, fields]);
        link?.write(pdu(5, 0, 77, body));
    }
    const serve = (/** @type {import('node:net').Socket} */ socket) => {
        let rest = Buffer.alloc(0);
        socket.on('error', () => {});
        socket.on('data', (more) => {
            rest = Buffer.concat([rest, more]);
            while (rest.length >= 16 && rest.length >= rest.readUInt32BE(0)) {
                take(socket, rest.subarray(0, rest.readUInt32BE(0)));
                rest = rest.subarray(rest.readUInt32BE(0));
            }
        });
    };
    const server = tls ? createTlsServer(tls, serve) : createServer(serve);
    server.on('tlsClientError', () => {});
    await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)));
    centre.port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
    centre.stop = async () => {
        link?.destroy();
        server.close();
    };
    atEnd(centre.stop);
    return { ...centre, centre, waitText: (/** @type {number} */ n) => waitFor(`submit ${n}`, () => submitted[n - 1], 10000) };
}
