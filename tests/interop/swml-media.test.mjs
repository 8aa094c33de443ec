/** What scripts hear in a call, and do with its media: who answered, conferences, forks. */
import assert from 'node:assert/strict';
import { before, after, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { startPhone } from './lib/office.mjs';
import { waitFor } from './lib/process.mjs';

/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {Awaited<ReturnType<typeof startHook>>} */ let hook;
let last = 1000;

before(async () => {
    [daemon, hook] = await Promise.all([startDaemon(), startHook()]);
});
after(async () => {
    await daemon.stop();
});

const RATE_HZ = 8000;
/** Two tones at once are no tone: [seconds of voice, seconds of silence], one after the other, then silence.
 *  @param {[number, number][]} words @param {number} [beepAtS] */
function greeting(words, beepAtS) {
    const samples = new Float32Array(60 * RATE_HZ);
    let at = 0;
    for (const [voiceS, silenceS] of words) {
        for (let i = 0; i < voiceS * RATE_HZ; i++) {
            const turn = (2 * Math.PI * i) / RATE_HZ;
            samples[at + i] = 0.15 * Math.sin(310 * turn) + 0.1 * Math.sin(1170 * turn);
        }
        at += Math.round((voiceS + silenceS) * RATE_HZ);
    }
    for (let i = 0; beepAtS && i < 0.5 * RATE_HZ; i++)
        samples[Math.round(beepAtS * RATE_HZ) + i] = 0.3 * Math.sin((2 * Math.PI * 1000 * i) / RATE_HZ);
    return { samples, rateHz: RATE_HZ };
}

/** `phone` calls a number whose script is this. @param {Awaited<ReturnType<typeof startPhone>>} phone @param {any[]} steps */
async function call(phone, ...steps) {
    const path = `/swml${++last}`;
    const number = `7${last}`;
    hook.routes[path] = { version: '1.0.0', sections: { main: steps } };
    await daemon.command('number', 'add', number, '--to', `swml:${hook.url}${path}`);
    await waitFor('the number to be routed', async () => (await daemon.command('route', number).catch(() => null)) || true);
    await phone.dial(`sip:${number}@${daemon.sip}`);
}
/** @param {string} path @param {any} body */
const tell = (path, body) => ({ request: { url: `${hook.url}${path}`, method: 'POST', body } });

test('detect_machine: a short hello is a human', async () => {
    const phone = await startPhone(daemon, 'hanna', { says: greeting([[0.5, 0]]) });
    await call(phone, { detect_machine: { status_url: `${hook.url}/human-events` } }, tell('/human', '${detect_result}'));
    assert.equal((await hook.request('/human')).body, 'human');
    const { json } = await hook.request('/human-events');
    assert.equal(json.event_type, 'calling.call.detect');
    assert.deepEqual(json.params.detect, { type: 'machine', params: { event: 'HUMAN', beep: false } });
    await phone.stop();
});

test('detect_machine: a long greeting is a machine, which records after its beep', async () => {
    const phone = await startPhone(daemon, 'mac', { says: greeting([[0.9, 0.2], [0.9, 0]], 2.4) });
    await call(
        phone,
        { detect_machine: { detect_message_end: true, machine_ready_timeout: 3 } },
        tell('/machine', { result: '${detect_result}', beep: '${detect_machine_beep}', ms: '${detect_ms}' }),
    );
    const { json } = await hook.request('/machine');
    assert.equal(json.result, 'machine');
    assert.equal(String(json.beep), 'true');
    assert.ok(Number(json.ms) > 2000 && Number(json.ms) < 5500, `after ${json.ms} ms`);
    await phone.stop();
});
