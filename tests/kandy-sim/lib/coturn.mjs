/** Debian's coturn on free ports of the loopback: TURN over UDP, TCP and TLS, one user. */
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

const START_MS = 10000;

const findPort = () =>
    new Promise((done) => {
        const server = createServer();
        server.listen(0, '127.0.0.1', () => {
            const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
            server.close(() => done(port));
        });
    });
const canConnect = (port) =>
    new Promise((done) => {
        const socket = connect(port, '127.0.0.1', () => (socket.destroy(), done(true)));
        socket.on('error', () => done(false));
    });

/** @param {string} dir @param {{ca: string, cert: string, key: string}} files */
export async function startCoturn(dir, files) {
    const [port, tlsPort] = await Promise.all([findPort(), findPort()]);
    const username = `t${randomBytes(4).toString('hex')}`;
    const password = randomBytes(12).toString('hex');
    const lines = [
        ...['listening-ip=127.0.0.1', 'relay-ip=127.0.0.1', `listening-port=${port}`, `tls-listening-port=${tlsPort}`],
        ...['allow-loopback-peers', 'lt-cred-mech', `user=${username}:${password}`, 'realm=kandy.test', 'no-cli', 'fingerprint'],
        ...[
            `cert=${files.cert}`,
            `pkey=${files.key}`,
            'log-file=stdout',
            'verbose',
            `pidfile=${join(dir, 'turn.pid')}`,
            `userdb=${join(dir, 'turn.db')}`,
        ],
    ];
    writeFileSync(join(dir, 'turn.conf'), `${lines.join('\n')}\n`, { mode: 0o600 });
    const child = spawn('turnserver', ['-c', join(dir, 'turn.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
    const kill = () => child.kill('SIGKILL'); // nobody is left behind, whatever ends us
    process.on('exit', kill);
    let log = '';
    const keep = (data) => (log = (log + data).slice(-200000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    let failure = '';
    child.on('error', (error) => (failure = error.message));
    child.on('exit', (code) => (failure ||= `it ended with ${code}`));
    for (const end = Date.now() + START_MS; !(await canConnect(tlsPort)); await new Promise((done) => setTimeout(done, 50)))
        if (failure || Date.now() > end) throw new Error(`coturn did not start (package coturn): ${failure}\n${log.slice(-2000)}`);
    return {
        username,
        password,
        urls: [`turns:127.0.0.1:${tlsPort}?transport=tcp`, `stun:127.0.0.1:${port}?transport=udp`],
        tls: { host: '127.0.0.1', port: tlsPort, username, password, caFile: files.ca },
        log: () => log,
        stop: () => new Promise((done) => (failure ? done(null) : (child.once('exit', done), child.kill('SIGTERM')))),
    };
}
