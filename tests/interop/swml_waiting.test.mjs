/** What is heard while one waits: for a conference to begin, in a queue. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertRecorded } from './lib/checks.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { startPhone } from './lib/office.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { addProject } from './lib/signalwire.mjs';
import { fetchWav, findTone, levelAtDb, makeTone, readWav, writeWav } from './lib/wav.mjs';

/** @type {any} */ let daemon;
/** @type {any} */ let hook;
/** @type {any[]} */ let phones = [];
const main = (/** @type {any[]} */ ...steps) => ({ version: '1.0.0', sections: { main: steps } });

before(async () => {
    [daemon, hook] = await Promise.all([startDaemon(), startHook()]);
    for (const [user, hz] of [['ann', 700], ['bob', 1100]]) phones.push(await startPhone(daemon, String(user), { hz }));
    writeWav(join(daemon.folder, 'tone.wav'), makeTone({ hz: 500, seconds: 1, rateHz: 8000, levelDb: -10 }));
    hook.routes['/tone.wav'] = readFileSync(join(daemon.folder, 'tone.wav'));
});
after(async () => {
    await Promise.all(phones.map((phone) => phone.stop()));
    await daemon.stop();
});
async function call(/** @type {any} */ phone, /** @type {string} */ number, /** @type {any[]} */ ...steps) {
    hook.routes[`/${number}`] = main(...steps);
    await daemon.command('number', 'add', number, '--to', `swml:${hook.url}/${number}`);
    await phone.dial(`sip:${number}@${daemon.sip}`);
    await phone.waitEvent('CALL_ESTABLISHED');
}
const ends = async (/** @type {any[]} */ list) => {
    for (const phone of list) await phone.hangup();
    await waitFor('every call to be over', async () => (await daemon.command('calls')).length === 0);
};

test('a conference: its wait_url is a document, run again and again until somebody starts it', async () => {
    const [ann, bob] = phones;
    phones.forEach((phone) => phone.forget());
    hook.routes['/music'] = main({ play: `${hook.url}/tone.wav` }, { sleep: 200 });
    const beep = false;
    await call(ann, '7501', { join_conference: { name: 'r', start_on_enter: false, beep, wait_url: `${hook.url}/music` } });
    const { method, json } = await hook.request('/music');
    assert.deepEqual([method, json.call.to], ['POST', '7501']);
    await hook.request('/tone.wav', 3);
    await call(bob, '7502', { join_conference: { name: 'r', beep } });
    await sleep(2500);
    await ends([ann, bob]);
    const times = findTone(ann.heard(), 500, -20);
    assert.ok(times.length > 30, 'more than one round is heard');
    assertRecorded(ann.heard(), 1100, -12);
    assert.ok(times[times.length - 1] < ann.heard().samples.length / ann.heard().rateHz - 1.5, 'and none once it began');
    assertRecorded(bob.heard(), 700, -12);
});

test('a conference: what everybody says is recorded, from its start to its end', async () => {
    const [ann, bob] = phones;
    phones.forEach((phone) => phone.forget());
    const told = { recording_status_callback: `${hook.url}/recorded`, recording_status_callback_event: 'in-progress completed' };
    const join = { join_conference: { name: 'kept', beep: false, record: 'record-from-start', ...told } };
    await call(ann, '7505', { join_conference: { ...join.join_conference, start_on_enter: false } });
    await sleep(1000);
    assert.deepEqual(hook.events('/recorded'), [], 'it has not begun');
    await call(bob, '7506', join);
    const begun = (await hook.request('/recorded')).json;
    assert.deepEqual([begun.event_type, begun.params.status, begun.params.name], ['calling.conference', 'record-start', 'kept']);
    await sleep(2500);
    await ends([ann, bob]);
    const { params } = (await hook.request('/recorded', 2)).json;
    assert.deepEqual([params.status, params.recording_id, params.conference_id], ['record-stop', begun.params.recording_id, begun.params.conference_id]);
    const sound = await fetchWav(params.recording_url);
    const seconds = sound.samples.length / sound.rateHz;
    assert.ok(seconds > 1.5 && Math.abs(seconds - params.recording_duration) < 0.7, `${seconds} s in the file, ${params.recording_duration} s told`);
    assert.equal(params.recording_file_size, 44 + 2 * sound.samples.length);
    for (const hz of [700, 1100]) assert.ok(findTone(sound, hz, -20).length > 20, `${hz} Hz: ${levelAtDb(sound, hz).toFixed(1)} dB`);
});

test('a conference that is recorded while the daemon ends: what was said is in the file', async () => {
    const other = await startDaemon();
    const cat = await startPhone(other, 'cat', { hz: 700 });
    hook.routes['/ending'] = main({ join_conference: { name: 'last', beep: false, record: 'record-from-start' } });
    await other.command('number', 'add', '7507', '--to', `swml:${hook.url}/ending`);
    await cat.dial(`sip:7507@${other.sip}`);
    await cat.waitEvent('CALL_ESTABLISHED');
    await sleep(1500);
    await other.stop();
    await cat.stop();
    const folder = join(other.state, 'recordings');
    const [name] = readdirSync(folder);
    assert.ok(findTone(readWav(join(folder, name)), 700, -20).length > 10);
});

test('a queue: its wait_url is a document or a file; then two people talk', async () => {
    const [ann, bob] = phones;
    for (const wait of ['/music', '/tone.wav']) {
        phones.forEach((phone) => phone.forget());
        const before = hook.requests.length;
        await call(ann, '7503', { enter_queue: { queue_name: 'q', transfer_after_bridge: 'done', wait_url: `${hook.url}${wait}` } });
        await waitFor('the file', () => hook.requests.slice(before).filter((/** @type {any} */ r) => r.path === '/tone.wav').length >= 2);
        await sleep(1500);
        await call(bob, '7504', { connect: { to: 'queue:q', transfer_after_bridge: 'done' } });
        await sleep(2000);
        await ends([ann, bob]);
        assert.ok(findTone(ann.heard(), 500, -20).length > 15, `${wait} is heard`);
        assertRecorded(ann.heard(), 1100, -12);
        assertRecorded(bob.heard(), 700, -12);
    }
});

test('a queue that is full lets nobody in: its size is what the API says now', async () => {
    const [ann, bob] = phones;
    phones.forEach((phone) => phone.forget());
    const acme = await addProject(daemon, 'acme');
    const number = '+15550107505';
    const queue = (await acme.ask('POST', '/api/relay/rest/queues', { name: 'small', max_size: 1 })).json;
    const enter = { enter_queue: { queue_name: 'small', transfer_after_bridge: 'done', status_url: `${hook.url}/queue` } };
    hook.routes['/queue'] = 200;
    hook.routes['/small'] = main(enter, { request: { url: `${hook.url}/full`, method: 'POST', body: '${queue_result}' } }, { hangup: {} });
    hook.routes['/full'] = 200;
    const { json } = await acme.ask('POST', '/api/relay/rest/phone_numbers', { number });
    await acme.ask('PUT', `/api/relay/rest/phone_numbers/${json.id}`, { call_handler: 'relay_script', call_relay_script_url: `${hook.url}/small` });
    await ann.dial(`sip:${number}@${daemon.sip}`);
    await hook.request('/queue');
    await bob.dial(`sip:${number}@${daemon.sip}`);
    assert.equal((await hook.request('/full')).body, 'failed');
    await bob.closed();
    await acme.ask('PUT', `/api/relay/rest/queues/${queue.id}`, { max_size: 2 });
    await bob.dial(`sip:${number}@${daemon.sip}`);
    assert.equal((await hook.request('/queue', 2)).json.params.size, 2);
    assert.equal(hook.requests.filter((/** @type {any} */ one) => one.path === '/full').length, 1);
    await ends([ann, bob]);
    acme.stop();
});
