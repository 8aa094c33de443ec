/** Commands of the API on the audio of live calls: what both ends hear of them is measured. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { startRtpListener, startSocketListener } from './lib/listener.mjs';
import { startPhone } from './lib/office.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { addProject } from './lib/signalwire.mjs';
import { cut, fetchWav, findTone, levelAtDb, levelDb, makeTone, writeWav } from './lib/wav.mjs';

/** @type {any} */ let daemon;
/** @type {any} */ let hook;
/** @type {any} */ let ann;
/** @type {any} */ let bob;
/** @type {any} */ let acme;
const main = (/** @type {any[]} */ ...steps) => ({ version: '1.0.0', sections: { main: steps } });
const command = (/** @type {string} */ id, /** @type {string} */ name, params = {}, options = {}) =>
    acme.ask('POST', '/api/calling/calls', { id, command: `calling.${name}`, params }, options);
const event = (/** @type {string} */ path, /** @type {(params: any) => boolean} */ isIt) =>
    waitFor(`the event at ${path}: ${JSON.stringify(hook.events(path))}`, () => hook.events(path).find((/** @type {any} */ e) => isIt(e.params)));
const isAt = (/** @type {any} */ sound, /** @type {number} */ hz, /** @type {number} */ level) => Math.abs(levelAtDb(sound, hz) - level) < 1.5;

before(async () => {
    [daemon, hook] = await Promise.all([startDaemon({ yaml: 'allow_uris: true\n' }), startHook()]);
    [ann, bob] = [await startPhone(daemon, 'ann', { hz: 700 }), await startPhone(daemon, 'bob', { hz: 1100 })];
    acme = await addProject(daemon, 'acme');
    writeWav(join(daemon.folder, 'tone.wav'), makeTone({ hz: 500, seconds: 30, rateHz: 16000, levelDb: -10 }));
    hook.routes['/tone.wav'] = readFileSync(join(daemon.folder, 'tone.wav'));
});
after(async () => {
    acme?.stop();
    await Promise.all([ann?.stop(), bob?.stop()]);
    await daemon?.stop();
});

/** Ann is called, and talks to whom the steps say. @param {any[]} steps */
async function callAnn(...steps) {
    ann.forget();
    bob.forget();
    const { json } = await acme.ask('POST', '/api/calling/calls', { command: 'dial', params: { from: '+15551230000', to: 'user:ann', swml: main(...steps) } });
    await ann.waitEvent('CALL_INCOMING');
    await ann.accept();
    await waitFor('the answer', async () => (await acme.ask('GET', `/api/voice/logs/${json.id}`)).json.status === 'answered');
    return json.id;
}
async function callBoth() {
    const id = await callAnn({ connect: { to: 'user:bob' } });
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    await bob.waitEvent('CALL_ESTABLISHED');
    return id;
}
async function end(/** @type {string} */ id) {
    await command(id, 'end');
    await ann.closed();
}

test('a prompt is played over a connected call: louder, paused, resumed, stopped; or the other one hears it', async () => {
    hook.routes['/play'] = 200;
    const id = await callBoth();
    const play = [{ type: 'audio', params: { url: `${hook.url}/tone.wav` } }];
    const listen = { control_id: 'p', play, volume: -10, status_url: `${hook.url}/play` };
    assert.equal((await command(id, 'play', listen)).status, 200);
    await event('/play', (e) => e.state === 'playing');
    await sleep(1500);
    assert.equal((await command(id, 'play.volume', { control_id: 'p', volume: 0 })).status, 200);
    await sleep(1500);
    assert.equal((await command(id, 'play.pause', { control_id: 'p' })).status, 200);
    await event('/play', (e) => e.state === 'paused');
    await sleep(1500);
    assert.equal((await command(id, 'play.resume', { control_id: 'p' })).status, 200);
    await sleep(1500);
    assert.equal((await command(id, 'play.stop', { control_id: 'p' })).status, 200);
    await event('/play', (e) => e.state === 'finished');
    assert.equal((await command(id, 'play', { control_id: 'q', play, direction: 'speak' })).status, 200);
    await sleep(1500);
    assert.equal((await command(id, 'play.volume', { control_id: 'none', volume: 0 }, { free: true })).status, 422);
    await end(id);
    await bob.closed();
    const [heard, other] = [ann.heard(), bob.heard()];
    const windows = (/** @type {any} */ sound) => Array.from({ length: Math.floor((sound.samples.length / sound.rateHz) * 4) - 1 }, (_, i) => cut(sound, i / 4, 0.25));
    const list = windows(heard);
    const [faint, loud, paused] = [
        list.findIndex((w) => isAt(w, 500, -20) && isAt(w, 1100, -12)),
        list.findIndex((w) => isAt(w, 500, -10) && isAt(w, 1100, -12)),
        list.findLastIndex((w) => levelAtDb(w, 500) < -45 && isAt(w, 1100, -12)),
    ];
    assert.ok(faint >= 0 && loud > faint, `at first 10 dB below, then as it is, with bob's tone: ${faint}, ${loud}`);
    const gap = list.findIndex((w, i) => i > loud && levelAtDb(w, 500) < -45 && isAt(w, 1100, -12));
    assert.ok(gap > loud && list.findIndex((w, i) => i > gap && isAt(w, 500, -10)) > gap, `then bob alone, then both: ${gap}`);
    assert.ok(paused > gap, 'and bob alone at the end');
    assert.ok(windows(other).some((w) => isAt(w, 500, -10) && isAt(w, 700, -12)), 'bob hears what ann seems to speak');
});

test('tap: RTP to an address, and a WebSocket; both ways, and only what was asked for', async () => {
    hook.routes['/tap'] = 200;
    const id = await callBoth();
    const [rtp, program] = await Promise.all([startRtpListener(), startSocketListener()]);
    const device = { type: 'rtp', params: { addr: '127.0.0.1', port: rtp.port, codec: 'PCMU', ptime: 40 } };
    const both = { control_id: 't', tap: { type: 'audio', params: { direction: 'both' } }, device, status_url: `${hook.url}/tap` };
    assert.equal((await command(id, 'tap', both)).status, 200);
    const told = await event('/tap', (e) => e.state === 'tapping');
    assert.deepEqual([told.event_type, told.params.tap.params.direction, told.params.device.params.port], ['calling.call.tap', 'both', rtp.port]);
    await waitFor('both tones', () => isAt(rtp.heard(), 700, -12) && isAt(rtp.heard(), 1100, -12));
    assert.deepEqual([rtp.packets[0].pt, rtp.packets[0].length], [0, 320]);
    const ws = { control_id: 'w', tap: { type: 'audio', params: { direction: 'speak' } }, device: { type: 'ws', params: { uri: program.url } } };
    assert.equal((await command(id, 'tap', ws)).status, 200);
    await waitFor('what ann says', () => program.tracks.inbound.length > 20 && isAt(program.heard('inbound'), 700, -12));
    assert.ok(levelAtDb(program.heard('inbound'), 1100) < -40 && program.tracks.outbound.length === 0, 'not what she hears');
    assert.equal((await command(id, 'tap.stop', { control_id: 't' })).status, 200);
    await event('/tap', (e) => e.state === 'finished');
    const sent = rtp.packets.length;
    await command(id, 'tap.stop', { control_id: 'w' });
    await waitFor('the stop', () => program.messages.some((m) => m.event === 'stop'));
    assert.ok(rtp.packets.length <= sent + 1, 'nothing comes any more');
    const wrong = { ...both, device: { type: 'rtp', params: { addr: 'somewhere', port: 1 } } };
    assert.equal((await command(id, 'tap', wrong)).status, 422);
    const forbidden = { ...both, device: { type: 'rtp', params: { addr: '169.254.169.254', port: 80 } } };
    assert.match((await command(id, 'tap', forbidden)).json.errors[0].message, /egress/);
    await end(id);
});

test('stream: both tracks of a connected call reach a program until it is stopped', async () => {
    hook.routes['/streaming'] = 200;
    const id = await callBoth();
    const program = await startSocketListener();
    assert.equal((await command(id, 'stream', { control_id: 's', url: 'https://x' }, { free: true })).status, 422);
    const params = { control_id: 's', url: program.url, track: 'both_tracks', custom_parameters: { a: 'b' }, status_url: `${hook.url}/streaming` };
    assert.equal((await command(id, 'stream', params)).status, 200);
    await event('/streaming', (e) => e.state === 'streaming');
    await waitFor('both tones', () => isAt(program.heard('inbound'), 700, -12) && isAt(program.heard('outbound'), 1100, -12));
    assert.deepEqual(program.messages[1].start.customParameters, { a: 'b' });
    assert.equal((await command(id, 'stream.stop', { control_id: 's' })).status, 200);
    await event('/streaming', (e) => e.state === 'finished');
    await end(id);
});

test('record: what is said in a pause is not in it, or is silence', async () => {
    hook.routes['/rec'] = 200;
    const id = await callAnn({ sleep: 60000 });
    const audio = { format: 'wav', initial_timeout: 0, end_silence_timeout: 0, direction: 'speak' };
    assert.equal((await command(id, 'record', { control_id: 'r', record: { audio }, status_url: `${hook.url}/rec` })).status, 200);
    await event('/rec', (e) => e.state === 'recording');
    await sleep(1500);
    assert.equal((await command(id, 'record.pause', { control_id: 'r', behavior: 'silence' })).status, 200);
    assert.equal((await event('/rec', (e) => e.state === 'paused')).params.pause_behavior, 'silence');
    await sleep(1500);
    assert.equal((await command(id, 'record.resume', { control_id: 'r' })).status, 200);
    await sleep(1000);
    assert.equal((await command(id, 'record.pause', { control_id: 'r' })).status, 200);
    await sleep(1500);
    assert.equal((await command(id, 'record.stop', { control_id: 'r' })).status, 200);
    const { params } = await event('/rec', (e) => e.state === 'finished');
    const sound = await fetchWav(params.url);
    const seconds = sound.samples.length / sound.rateHz;
    assert.ok(Math.abs(seconds - 4) < 0.8, `1.5 s, 1.5 s of silence, 1 s: ${seconds} s`);
    const silent = Array.from({ length: Math.floor(seconds * 10) }, (_, i) => levelDb(cut(sound, i / 10, 0.1).samples)).filter((level) => level < -60);
    assert.ok(silent.length >= 11 && silent.length <= 20, `${silent.length / 10} s of silence`);
    await end(id);
});

test('record: begun while card data are typed it is silence until they are not, whoever asks', async () => {
    hook.routes['/secret'] = 200;
    const prompts = ['payment-card-number', 'payment-canceled'].map((name) => ({ for: name, actions: [{ type: 'Play', phrase: 'silence:0.2' }] }));
    const id = await callAnn({ pay: { payment_connector_url: `${hook.url}/never`, timeout: 20, prompts } }, { sleep: 60000 });
    await sleep(600);
    const audio = { format: 'wav', initial_timeout: 0, end_silence_timeout: 0, direction: 'speak' };
    assert.equal((await command(id, 'record', { control_id: 's', record: { audio }, status_url: `${hook.url}/secret` })).status, 200);
    assert.equal((await event('/secret', (e) => e.state === 'paused')).params.pause_behavior, 'silence');
    assert.equal((await command(id, 'record.resume', { control_id: 's' })).json.errors[0].code, 'cannot_process');
    await ann.press('4');
    await sleep(1000);
    await ann.press('*');
    await waitFor('the recording to go on', () => hook.events('/secret').filter((/** @type {any} */ e) => e.params.state === 'recording').length === 2);
    await sleep(1500);
    assert.equal((await command(id, 'record.stop', { control_id: 's' })).status, 200);
    const sound = await fetchWav((await event('/secret', (e) => e.state === 'finished')).params.url);
    const times = findTone(sound, 700);
    assert.ok(times[0] > 0.9 && times.length * 0.05 > 0.8, `${times.length * 0.05} s, from ${times[0]} s on`);
    await end(id);
});

test('pay: neither a tap nor a stream hears or is told the keys of a card; before and behind it they have all', async () => {
    const prompts = ['payment-card-number', 'payment-canceled'].map((name) => ({ for: name, actions: [{ type: 'Play', phrase: 'silence:0.2' }] }));
    const id = await callAnn({ sleep: 3000 }, { pay: { payment_connector_url: `${hook.url}/never`, timeout: 20, prompts } }, { sleep: 60000 });
    const [rtp, program] = await Promise.all([startRtpListener(), startSocketListener()]);
    const device = { type: 'rtp', params: { addr: '127.0.0.1', port: rtp.port, codec: 'PCMU', ptime: 20 } };
    assert.equal((await command(id, 'tap', { control_id: 't', tap: { type: 'audio', params: { direction: 'both' } }, device })).status, 200);
    assert.equal((await command(id, 'stream', { control_id: 's', url: program.url, track: 'both_tracks' })).status, 200);
    const ears = [() => rtp.heard(), () => program.heard('inbound')];
    for (const heard of ears) await waitFor('her tone', () => isAt(heard(), 700, -12));
    await ann.press('9');
    const keys = () => program.messages.filter((m) => m.event === 'dtmf').map((m) => m.dtmf.digit).join('');
    await waitFor('the key before', () => keys() === '9');
    const isSilent = (/** @type {any} */ heard) => levelDb(heard().samples) < -70;
    for (const heard of ears) await waitFor('silence once pay has begun', () => isSilent(heard));
    for (const key of '41') {
        await ann.press(key); // her tone goes on meanwhile, as keys in the band would
        await sleep(300);
    }
    await sleep(700);
    for (const heard of ears) assert.ok(isSilent(heard), `${levelDb(heard().samples)} dB`);
    await ann.press('*');
    for (const heard of ears) await waitFor('her tone again', () => isAt(heard(), 700, -12));
    await ann.press('8');
    await waitFor('the key behind', () => keys() === '98');
    assert.ok(rtp.packets.every((packet) => packet.pt === 0), 'no telephone events');
    assert.ok(!/\*/.test(keys()));
    await end(id);
});

test('denoise: the other one and a recording have less of a steady noise, until it is stopped', async () => {
    const samples = new Float32Array(60 * 8000).map(() => (Math.random() - 0.5) * 0.1);
    const fan = await startPhone(daemon, 'fan', { says: { samples, rateHz: 8000 } });
    bob.forget();
    const swml = main({ denoise: {} }, { request: { url: `${hook.url}/denoised`, method: 'POST', body: { result: '${denoise_result}' } } }, { record_call: { direction: 'speak', status_url: `${hook.url}/noise` } }, { connect: { to: 'user:bob' } });
    const { json } = await acme.ask('POST', '/api/calling/calls', { command: 'dial', params: { from: '+15551230000', to: 'user:fan', swml } });
    await fan.waitEvent('CALL_INCOMING');
    await fan.accept();
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    await bob.waitEvent('CALL_ESTABLISHED');
    assert.equal((await hook.request('/denoised')).json.result, 'on');
    await sleep(5000);
    assert.equal((await command(json.id, 'denoise.stop')).status, 200);
    await sleep(2500);
    await command(json.id, 'end');
    await bob.closed();
    const file = await waitFor('the file', () => hook.events('/noise').find((/** @type {any} */ e) => e.params.state === 'finished'), 20000);
    const heard = bob.heard();
    const recorded = await waitFor('its sound', () => fetchWav(file.params.url).catch(() => null));
    for (const sound of [heard, recorded]) {
        const seconds = sound.samples.length / sound.rateHz;
        const [less, all] = [cut(sound, seconds - 5, 1.5), cut(sound, -1.4, 1)].map((part) => levelDb(part.samples));
        assert.ok(all > -40 && all - less > 8, `${less.toFixed(1)} dB of noise, then ${all.toFixed(1)}`);
    }
    await fan.stop();
});

test('detect digits, keys to be sent, an event for the program, a hold and its end', async () => {
    hook.routes['/digit'] = 200;
    const id = await callAnn({ sleep: 60000 });
    const detect = { control_id: 'd', detect: { type: 'digit', params: { digits: '5' } }, status_url: `${hook.url}/digit` };
    assert.equal((await command(id, 'detect', detect)).status, 200);
    await ann.press('4');
    await sleep(300);
    await ann.press('5');
    assert.deepEqual((await event('/digit', (e) => e.detect.params.event === '5')).params.detect, { type: 'digit', params: { event: '5' } });
    await event('/digit', (e) => e.detect.params.event === 'finished');
    assert.ok(!hook.events('/digit').some((/** @type {any} */ e) => e.params.detect.params.event === '4'));
    assert.equal((await command(id, 'send_digits', { digits: '1w2#' }, { free: true })).status, 200);
    await waitFor('the keys', () => ann.keys() === '12#');
    await sleep(500); // the last one is over
    assert.equal((await command(id, 'user_event', { event: { colour: 'blue' } })).status, 200);
    assert.equal((await command(id, 'user_event', { event: 'blue' })).status, 422);
    await end(id);
});

test('refer: the phone is asked to call somebody else itself; what it says of that is told', async () => {
    const id = await callAnn({ sleep: 60000 });
    const refer = (/** @type {any} */ params, type = 'sip') => command(id, 'refer', { device: { type, params }, status_url: `${hook.url}/refer` });
    for (const wrong of [await refer({ to: '+15551234567' }), await refer({ to: 'sip:a@b>' }), await refer({ to: 'sip:a@b' }, 'phone')])
        assert.equal(wrong.json.errors[0].attribute, 'device');
    assert.equal((await refer({ to: `sip:bob@${daemon.sip}` })).status, 200);
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    const { params } = await event('/refer', (e) => e.state === 'success');
    assert.deepEqual([params.call_id, params.sip_refer_to, params.sip_refer_response_code, params.sip_notify_response_code], [id, `sip:bob@${daemon.sip}`, 202, 200]);
    await bob.hangup();
    assert.equal((await command(id, 'end')).status, 200, 'the call itself is still there');
    await waitFor('every call to be over', async () => (await daemon.command('calls')).length === 0);
});

test('hold: neither hears the other, then they talk again', async () => {
    const id = await callBoth();
    const sent = await startRtpListener(); // what ann is sent
    const device = { type: 'rtp', params: { addr: '127.0.0.1', port: sent.port, codec: 'PCMU' } };
    assert.equal((await command(id, 'tap', { control_id: 'l', tap: { type: 'audio', params: { direction: 'listen' } }, device })).status, 200);
    await waitFor('bob', () => isAt(sent.heard(), 1100, -12));
    assert.equal((await command(id, 'hold', {}, { free: true })).status, 200);
    const timeline = async () => JSON.stringify((await daemon.command('calls', id)).timeline);
    await waitFor('the hold', async () => /re-INVITE sent \(hold\)/.test(await timeline()));
    await waitFor('silence', () => levelDb(sent.heard().samples) < -50);
    assert.equal((await command(id, 'unhold', {}, { free: true })).status, 200);
    await waitFor('its end', async () => /re-INVITE sent"/.test(await timeline()));
    await waitFor('bob again', () => isAt(sent.heard(), 1100, -12));
    await sleep(1500);
    await end(id);
    await bob.closed();
    // a phone writes what comes: the time without packets is not in the file
    assert.ok(isAt(cut(bob.heard(), -0.6, 0.5), 700, -12), 'bob hears ann again');
});
