/** SIPp as the provider, one scenario of tests/interop/sipp/ each. It exits with 0 only when every message was
 * what the scenario awaits. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { onlyFull, sleep, waitFor } from './lib/process.mjs';
import { startSipp } from './lib/sipp.mjs';
import { OFFER, openSocket } from './lib/socket.mjs';

const scenario = (/** @type {string} */ name) => readFileSync(new URL(`sipp/${name}.xml`, import.meta.url), 'utf8');

/** @param {string} address */
function startWith(address, yaml = '') {
    const [host, port] = address.split(':');
    return startDaemon({ env: { SIP_TRUNK_HOST: host, SIP_TRUNK_PORT: port, SIP_USERNAME: 'gateway', SIP_PASSWORD: 'a-long-enough-secret', SIP_REGISTER: 'no' }, yaml });
}

const hangUp = async (/** @type {any} */ socket) => {
    await socket.next('answer');
    await sleep(300);
    socket.send({ type: 'hangup' });
};
/** @type {{name: string, what: string, act: (socket: any) => Promise<any>}[]} */
const ROWS = [
    { name: '183_sdp', what: 'early media, then the answer', act: async (socket) => (await socket.next('progress'), hangUp(socket)) },
    { name: '100rel', what: 'a 183 that requires PRACK', act: hangUp },
    { name: '486', what: 'busy', act: async (socket) => assert.equal((await socket.next('error')).reason, 'busy') },
    { name: 'cancel_race', what: 'CANCEL and 200 cross', act: async (socket) => (await socket.next('ringing'), socket.send({ type: 'hangup' })) },
    {
        name: 'reinvite_hold',
        what: 'held and resumed by the far end',
        act: async (socket) => {
            await socket.next('answer');
            await sleep(1500);
            socket.send({ type: 'hangup' });
        },
    },
    { name: 'forked', what: 'two 200s', act: async (socket) => (await socket.next('answer'), await sleep(1000), socket.send({ type: 'hangup' })) },
];
for (const { name, what, act } of ROWS)
    test(`${name}: ${what}`, async () => {
        const sipp = await startSipp({ scenario: scenario(name) });
        const daemon = await startWith(sipp.address);
        const socket = await openSocket(daemon.bridgeUrl);
        socket.send({ type: 'offer', sdp: OFFER, destination: '+15551234567' });
        await act(socket);
        assert.equal(await sipp.done(), 0, sipp.log().slice(-2500));
        await waitFor('the end of the call', async () => (await daemon.command('calls')).length === 0);
        await daemon.stop();
    });

for (const follows of [true, false])
    test(`302: a redirection that is ${follows ? '' : 'not '}followed`, async () => {
        const other = await startSipp({ scenario: scenario('183_sdp') });
        const sipp = await startSipp({ scenario: scenario('302'), args: ['-key', 'other', other.address] });
        const daemon = await startWith(sipp.address, follows ? '' : "trunks: {default: {follow_redirects: 'no'}}\n");
        const socket = await openSocket(daemon.bridgeUrl);
        socket.send({ type: 'offer', sdp: OFFER, destination: '+15551234567' });
        if (follows) await hangUp(socket);
        else assert.equal((await socket.next('error')).reason, 'redirected');
        assert.equal(await sipp.done(), 0, sipp.log().slice(-2500));
        if (follows) assert.equal(await other.done(), 0, other.log().slice(-2500));
        else await other.stop();
        await waitFor('the end of the call', async () => (await daemon.command('calls')).length === 0);
        await daemon.stop();
    });

test('refer: a far end hands its call over', async () => {
    const daemon = await startDaemon({ yaml: "trunks: {office: {host: 192.0.2.1, register: 'no', sources: [127.0.0.1]}}\n" });
    const sipp = await startSipp({ scenario: scenario('refer'), target: daemon.sip });
    assert.equal(await sipp.done(), 0, sipp.log().slice(-2500));
    const made = (await daemon.command('calls', '--all')).find((/** @type {any} */ call) => call.to === 'milliwatt');
    assert.equal((await daemon.command('calls', made.id)).cause.token, 'transferred');
    await daemon.stop();
});

test('late_offer: an INVITE without SDP is answered with our offer', async () => {
    const daemon = await startDaemon({ yaml: "trunks: {office: {host: 192.0.2.1, register: 'no', sources: [127.0.0.1]}}\n" });
    const sipp = await startSipp({ scenario: scenario('late_offer'), target: daemon.sip });
    assert.equal(await sipp.done(), 0, sipp.log().slice(-2500));
    const [{ id }] = await daemon.command('calls', '--all');
    const { legs, cause } = await daemon.command('calls', id);
    assert.match(JSON.stringify(cause), /"hangup"/);
    assert.deepEqual(legs.find((/** @type {any} */ leg) => leg.kind === 'sip').codecs, ['PCMU']);
    await daemon.stop();
});

const slow = { ...onlyFull, timeout: 120000 };
for (const [name, what, ended] of [
    ['timer_refresh', 'we refresh the session at half its time', /"hangup"/],
    ['timer_expiry', 'a session that nobody refreshes ends', /session/i],
])
    test(`${name}: ${what}`, slow, async () => {
        const daemon = await startDaemon({ yaml: "trunks: {office: {host: 192.0.2.1, register: 'no', sources: [127.0.0.1]}}\nmedia: {timeout: 3600}\n" });
        const sipp = await startSipp({ scenario: scenario(String(name)), target: daemon.sip, timeoutS: 110 });
        assert.equal(await sipp.done(), 0, sipp.log().slice(-2500));
        const [{ id }] = await daemon.command('calls', '--all');
        assert.match(JSON.stringify((await daemon.command('calls', id)).cause), /** @type {RegExp} */ (ended));
        await daemon.stop();
    });
