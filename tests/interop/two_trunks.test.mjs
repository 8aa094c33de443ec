/** Two providers with 50 calls each at the same time. One dies: the other one does not notice, and a route that
 * lists both goes on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { startProvider } from './lib/provider.mjs';
import { OFFER, openSocket } from './lib/socket.mjs';

const CALLS = 50;
/** @type {Awaited<ReturnType<typeof startProvider>>[]} */ let providers;
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;

before(async () => {
    // registrations: a 200 with the contact that came, bound for a minute
    const other = (/** @type {any} */ request, /** @type {any} */ reply) => {
        if (request.method !== 'REGISTER') return false;
        reply(200, 'OK', [`Contact: ${request.header('contact')};expires=60`]);
        return true;
    };
    providers = [await startProvider({ other }), await startProvider({ other })];
    const trunk = (/** @type {number} */ i) => `{host: 127.0.0.1, port: ${providers[i].port}, username: u${i}, password: a-long-enough-secret, register: 'yes'}`;
    daemon = await startDaemon({
        env: { LOG_LEVEL: 'info' },
        yaml: `
trunks:
  first: ${trunk(0)}
  second: ${trunk(1)}
routes:
  - {pattern: "1.", to: trunk:first}
  - {pattern: "2.", to: trunk:second}
  - {pattern: "3.", to: [trunk:first, trunk:second]}
bridge: {sockets_per_ip: 1000}
`,
    });
});
after(() => daemon.stop());

const live = async (/** @type {string} */ trunk) => (await daemon.command('calls')).filter((/** @type {any} */ c) => c.trunk === trunk && c.state === 'up').length;
/** @param {string} destination */
async function dial(destination) {
    const socket = await openSocket(daemon.bridgeUrl);
    socket.send({ type: 'offer', sdp: OFFER, destination });
    return socket;
}

test('both are registered and carry 50 calls each', async () => {
    const registered = async () => (await daemon.command('trunks')).filter((/** @type {any} */ t) => t.registration === 'registered').length === 2;
    await waitFor('both registrations', registered);
    const sockets = await Promise.all(Array.from({ length: 2 * CALLS }, (_, i) => dial(`${1 + (i % 2)}${1000 + i}`)));
    await Promise.all(sockets.map((socket) => socket.next('answer', 30000)));
    await waitFor('100 calls', async () => (await live('first')) === CALLS && (await live('second')) === CALLS, 10000);
});

test('one dies: the other keeps its 50 calls and takes new ones at once', async () => {
    providers[0].stop();
    const begin = Date.now();
    const failing = Promise.all(Array.from({ length: 5 }, (_, i) => dial(`1${i}`)));
    const socket = await dial('2999');
    await socket.next('answer');
    assert.ok(Date.now() - begin < 2000, `a call by the living trunk took ${Date.now() - begin} ms`);
    for (const one of await failing) assert.match((await one.next('error', 15000)).message, /127\.0\.0\.1/);
    await sleep(500);
    assert.equal(await live('second'), CALLS + 1);
    assert.equal(providers[1].count('BYE'), 0);
});

test('a route that lists both fails over', async () => {
    for (let i = 0; i < 3; i++) {
        const begin = Date.now();
        const socket = await dial(`3${i}`);
        await socket.next('answer', 10000);
        assert.ok(Date.now() - begin < 6000, `${Date.now() - begin} ms`);
    }
    assert.match(providers[1].last('INVITE').uri, /^sip:32@/);
    assert.equal(await live('second'), CALLS + 4);
});

test('the carrier that answers 503 is left at once; one that is silent after 4 s, its late 200 ended', async () => {
    const busy = await startProvider({ invite: (call) => call.reply(503, 'Service Unavailable') });
    const late = await startProvider({
        invite: async (call) => {
            await sleep(6000);
            call.answer();
        },
    });
    const good = await startProvider();
    const trunk = (/** @type {any} */ p) => `{host: 127.0.0.1, port: ${p.port}, register: 'no', username: u}`;
    const own = await startDaemon({
        yaml: `
trunks: {busy: ${trunk(busy)}, late: ${trunk(late)}, good: ${trunk(good)}}
routes:
  - {pattern: "1.", to: [trunk:busy, trunk:good]}
  - {pattern: "2.", to: [trunk:late, trunk:good]}
`,
    });
    const timed = async (/** @type {string} */ destination) => {
        const begin = Date.now();
        const socket = await openSocket(own.bridgeUrl);
        socket.send({ type: 'offer', sdp: OFFER, destination });
        await socket.next('answer', 10000);
        return Date.now() - begin;
    };
    assert.ok((await timed('11')) < 1000);
    const waited = await timed('22');
    assert.ok(waited > 3500 && waited < 5500, `${waited} ms`);
    await late.waitFor('ACK', 8000);
    await late.waitFor('BYE', 8000);
    assert.equal((await own.command('calls')).length, 2);
    await own.stop();
});
