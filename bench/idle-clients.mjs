/** bench/run idle-clients [--clients N]: web phones that are registered over WebSocket and do nothing: what one costs. */
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { startDaemon } from '../tests/interop/lib/daemon.mjs';
import { openSipSocket } from '../tests/interop/lib/sipsocket.mjs';

const { values } = parseArgs({ options: { clients: { type: 'string', default: '900' } } });
const [clients, first, atOnce] = [Number(values.clients), 50, 25];
const password = 'idle-clients-4711';
const names = Array.from({ length: clients + first }, (_, i) => `user${i}`);

/** @param {number} pid */
const rssKb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

/** @param {string} url @param {string[]} users */
async function registerAll(url, users) {
    for (let i = 0; i < users.length; i += atOnce)
        await Promise.all(
            users.slice(i, i + atOnce).map(async (user) => {
                const socket = await openSipSocket(url, { SipUsername: user, SipDomain: 'tandem', SipPassword: password, SipContact: user });
                const { status } = await socket.register();
                if (status !== 200) throw new Error(`${user}: ${status}`);
            }),
        );
}

/** @param {'ws' | 'wss'} kind */
async function measure(kind) {
    const yaml = `log: {level: warn}\nsip: {ban_after: 0}\nusers:\n${names.map((name) => `  ${name}: {password: ${password}}\n`).join('')}`;
    const daemon = await startDaemon({ yaml, env: { LOG_LEVEL: 'warn' } });
    const url = `${kind}://${(kind === 'wss' ? daemon.ready.https : daemon.ready.http)[0]}/ws`;
    await registerAll(url, names.slice(0, first)); // what every daemon needs once
    const before = rssKb(daemon.ready.pid);
    await registerAll(url, names.slice(first));
    const after = rssKb(daemon.ready.pid);
    const registered = (await daemon.command('registrations')).filter((/** @type {any} */ row) => row.kind === 'phone').length;
    process.kill(daemon.ready.pid, 'SIGTERM');
    return { registered, kb_per_client: Number(((after - before) / clients).toFixed(1)), rss_kb: after };
}

const ours = { ws: await measure('ws'), wss: await measure('wss') };
console.log(JSON.stringify({ name: 'idle-clients', clients, ours, machine: { cpu: cpus()[0].model, cores: cpus().length, kernel: release() } }, null, 2));
process.exit(0);
