/** Many calls, one after the other and at once: afterwards nothing is left of them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { OFFER, openSocket } from './lib/socket.mjs';

const SERIES = Number(process.env.SOAK_CALLS ?? 200);
const AT_ONCE = 20;

const descriptors = (/** @type {number} */ pid) => readdirSync(`/proc/${pid}/fd`).length;
const udpPorts = (/** @type {number} */ pid) => {
    const inodes = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => readlink(pid, fd)));
    return ['udp', 'udp6'].flatMap((name) => readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n').slice(1))
        .filter((row) => inodes.has(`socket:[${row.trim().split(/\s+/)[9]}]`)).length;
};
function readlink(/** @type {number} */ pid, /** @type {string} */ fd) {
    try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
        return '';
    }
}
const residentKb = (/** @type {number} */ pid) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

/** @param {string} url @param {number} i */
async function callOnce(url, i) {
    const socket = await openSocket(url);
    await socket.next('session-created');
    socket.send({ type: 'offer', sdp: OFFER, destination: i % 2 ? 'echo' : 'milliwatt' });
    await socket.next('answer', 20000);
    if (i % 3 === 0) {
        socket.socket.terminate(); // a page that vanishes
        return;
    }
    socket.send({ type: 'hangup' });
    await socket.next('hangup', 20000);
    socket.close();
}

test(`${SERIES} calls leave no descriptor, port or call behind, and little memory`, async () => {
    const daemon = await startDaemon({ env: { LOG_LEVEL: 'warn' } });
    const health = async () => (await fetch(`${daemon.url}/health`)).json();
    const isQuiet = async () => {
        const { activeCalls, activeSessions } = await health();
        return activeCalls === 0 && activeSessions === 0;
    };
    const run = async (/** @type {number} */ calls) => {
        for (let i = 0; i < calls; i += AT_ONCE)
            await Promise.all(Array.from({ length: Math.min(AT_ONCE, calls - i) }, (_, k) => callOnce(daemon.bridgeUrl, i + k)));
        await waitFor('all calls to be over', isQuiet, 20000);
        await sleep(1500); // connections of HTTP clients linger that long
    };
    await run(AT_ONCE * 2); // what is allocated once is there now
    const before = { fds: descriptors(daemon.pid), ports: udpPorts(daemon.pid), kb: residentKb(daemon.pid) };
    await run(SERIES);
    const after = { fds: descriptors(daemon.pid), ports: udpPorts(daemon.pid), kb: residentKb(daemon.pid) };
    const told = JSON.stringify({ before, after });
    assert.ok(after.fds <= before.fds, told);
    assert.ok(after.ports <= before.ports, told);
    if (!daemon.isSanitized) assert.ok(after.kb - before.kb < 8192, told); // 40 KB a call would be a leak
    assert.equal((await health()).totalCalls, SERIES + AT_ONCE * 2);
    await daemon.stop();
});
