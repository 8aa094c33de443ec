/** What scripts hear in a call, and do with its media: who answered, conferences, forks. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, after, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { assertRecorded } from './lib/checks.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { startRtpListener } from './lib/listener.mjs';
import { startPhone } from './lib/office.mjs';
import { waitFor } from './lib/process.mjs';
import { levelAtDb, makeTone } from './lib/wav.mjs';

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

test('stream: a program hears the caller, talks back, and learns when that was heard', { timeout: 40000 }, async (t) => {
    const phone = await startPhone(daemon, 'paul', { hz: 700 });
    /** @type {any[]} */ const messages = [];
    const heard = [];
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    t.after(() => {
        for (const client of server.clients) client.terminate();
        server.close();
        return phone.stop();
    });
    await once(server, 'listening');
    const program = once(server, 'connection').then(([socket, request]) => {
        socket.on('message', (/** @type {Buffer} */ text) => {
            const message = JSON.parse(text.toString());
            messages.push(message);
            if (message.event === 'media') heard.push(Buffer.from(message.media.payload, 'base64'));
        });
        return { socket, request };
    });
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    await call(
        phone,
        {
            stream: {
                url: `ws://127.0.0.1:${port}/audio?x=1`,
                codec: 'L16@16000h',
                authorization_bearer_token: 'opensesame',
                custom_parameters: { colour: 'blue' },
                status_url: `${hook.url}/stream-events`,
            },
        },
        tell('/stream', '${stream_result}'),
        { sleep: 4000 },
        { stop_stream: {} },
        tell('/stopped', '${stop_stream_result}'),
        { hangup: {} },
    );
    const { socket, request } = await program;
    assert.equal(request.url, '/audio?x=1');
    assert.equal(request.headers.authorization, 'Bearer opensesame');
    assert.equal((await hook.request('/stream')).body, 'success');
    assert.equal((await hook.request('/stream-events')).json.params.state, 'streaming');
    await waitFor('audio', async () => heard.length > 25);
    assert.equal(messages[0].event, 'connected');
    assert.equal(messages[1].event, 'start');
    assert.deepEqual(messages[1].start.mediaFormat, { encoding: 'audio/x-l16', sampleRate: 16000, channels: 1 });
    assert.deepEqual(messages[1].start.customParameters, { colour: 'blue' });
    const bytes = Buffer.concat(heard.slice(-15));
    const samples = Float32Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(i * 2) / 32768);
    assert.ok(levelAtDb({ samples, rateHz: 16000 }, 700) > -16, 'the caller is heard');
    const { streamSid } = messages[1];
    const tone = makeTone({ hz: 1500, seconds: 1, rateHz: 16000, levelDb: -12 });
    const payload = Buffer.alloc(tone.samples.length * 2);
    tone.samples.forEach((v, i) => payload.writeInt16LE(Math.round(v * 32767), i * 2));
    socket.send(JSON.stringify({ event: 'media', streamSid, media: { payload: payload.toString('base64') } }));
    socket.send(JSON.stringify({ event: 'mark', streamSid, mark: { name: 'said' } }));
    await waitFor('the mark', async () => messages.some(({ event, mark }) => event === 'mark' && mark.name === 'said'));
    assert.equal((await hook.request('/stopped')).body, 'success');
    await phone.waitEvent('CALL_CLOSED');
    await waitFor('stop', async () => messages.some(({ event }) => event === 'stop'));
    assertRecorded(phone.heard(), 1500, -12);
});

test('tap: a listener gets the caller by RTP; denoise: less of a steady sound; until each is stopped', async (t) => {
    const phone = await startPhone(daemon, 'tess', { hz: 700 });
    t.after(() => phone.stop());
    const listener = await startRtpListener();
    const level = () => levelAtDb(listener.heard(), 700);
    const uri = `rtp://127.0.0.1:${listener.port}`;
    await call(
        phone,
        { tap: { uri, control_id: 'ear' } },
        tell('/tapped', { uri: '${tap_uri}', result: '${tap_result}', id: '${tap_control_id}', from: '${tap_rtp_src_port}', codec: '${tap_codec}', rate: '${tap_rate}', ptime: '${tap_ptime}' }),
        { sleep: 2000 },
        { denoise: {} },
        tell('/less', '${denoise_result}'),
        { sleep: 6000 },
        { stop_denoise: {} },
        tell('/as-it-was', '${denoise_result}'),
        { sleep: 3000 },
        { stop_tap: { control_id: 'ear' } },
        tell('/untapped', '${stop_tap_result}'),
        { sleep: 60000 },
    );
    const { json } = await hook.request('/tapped');
    await waitFor('the caller', () => listener.packets.length > 25 && Math.abs(level() + 12) < 1.5);
    assert.deepEqual(json, { uri, result: 'success', id: 'ear', from: listener.packets[0].from, codec: 'PCMU', rate: 8000, ptime: 20 });
    assert.equal((await hook.request('/less')).body, 'on');
    await waitFor('less of it', () => level() < -20);
    assert.equal((await hook.request('/as-it-was')).body, 'off');
    await waitFor('all of it', () => Math.abs(level() + 12) < 1.5);
    assert.equal((await hook.request('/untapped')).body, 'success');
    const { length } = listener.packets;
    await phone.hangup();
    await waitFor('every call to be over', async () => (await daemon.command('calls')).length === 0);
    assert.ok(listener.packets.length <= length + 1, 'nothing comes any more');
});
