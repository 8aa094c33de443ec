/** The compatibility API as its own SDK, unmodified, speaks it: calls, recordings, texts, conferences, queues, numbers; every answer against the vendor's schema. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertRecorded, assertSpeech } from './lib/checks.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { startSocketListener } from './lib/listener.mjs';
import { startPhone } from './lib/office.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { addProject, makeClient, makeSdk } from './lib/signalwire.mjs';
import { cut, fetchWav, findTone, levelAtDb, levelDb, makeTone, readWav, writeWav } from './lib/wav.mjs';

const { RestClient } = createRequire(import.meta.url)('@signalwire/compatibility-api');

/** @type {any} */ let daemon;
/** @type {any} */ let hook;
/** @type {any} */ let ann;
/** @type {any} */ let acme;
/** @type {any} */ let other;
/** @type {any} */ let client;
/** @type {any[]} */ const wrong = [];

before(async () => {
    hook = await startHook({ '/sms': { id: 'p' }, '/status': 200, '/recording': 200 });
    daemon = await startDaemon({ yaml: `messages: {to: http, rate: 100, http: {url: "${hook.url}/sms", media: true}}\n` });
    ann = await startPhone(daemon, 'ann', { hz: 700 });
    acme = await addProject(daemon, 'acme');
    other = await addProject(daemon, 'other');
    client = sdkOf(acme);
});
after(async () => {
    acme?.stop();
    other?.stop();
    await ann?.stop();
    await daemon?.stop();
});

/** The SDK for a project. @param {any} project */
const sdkOf = (project) => makeSdk(daemon, project, wrong);
const laml = (/** @type {string} */ inner) => `<?xml version="1.0" encoding="UTF-8"?><Response>${inner}</Response>`;
const form = (/** @type {{body: string}} */ request) => Object.fromEntries(new URLSearchParams(request.body));
const refused = (/** @type {Promise<any>} */ asked) => asked.then(() => assert.fail('it was not refused'), (error) => `${error.status} ${error.code}`);
/** Ann is called with this document and answers. @param {string} twiml */
async function callAnn(twiml, more = {}) {
    ann.forget();
    const call = await client.calls.create({ to: 'client:ann', from: '+15551230000', twiml: laml(twiml), ...more });
    await ann.waitEvent('CALL_INCOMING');
    await ann.accept();
    await ann.waitEvent('CALL_ESTABLISHED');
    return call;
}
const statusOf = async (/** @type {string} */ sid) => (await client.calls(sid).fetch()).status;

test('a call by URL: the fetch and the callbacks verify with the SDK\'s own verifier; it is listed and deleted', async () => {
    hook.routes['/voice'] = laml('<Say>Hello from a document</Say><Hangup/>');
    ann.forget();
    const call = await client.calls.create({ to: 'client:ann', from: '+15551230000', url: `${hook.url}/voice`, statusCallback: `${hook.url}/status`, statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'] });
    assert.match(call.sid, /^[0-9a-f-]{36}$/);
    assert.equal(call.status, 'queued');
    await ann.waitEvent('CALL_INCOMING');
    assert.equal(await refused(client.calls(call.sid).update({ twiml: laml('<Hangup/>') })), '422 21220');
    assert.equal(await refused(client.calls(call.sid).remove()), '422 20009');
    await ann.accept();
    const fetched = await hook.request('/voice');
    assert.equal(form(fetched).CallSid, call.sid);
    assert.ok(RestClient.validateRequest(acme.signingKey, fetched.headers['x-twilio-signature'], `${hook.url}/voice`, form(fetched)));
    assert.ok(!RestClient.validateRequest(other.signingKey, fetched.headers['x-twilio-signature'], `${hook.url}/voice`, form(fetched)));
    await ann.waitEvent('CALL_CLOSED', 15000);
    assertSpeech(ann.heard());
    await hook.request('/status', 4);
    const told = hook.requests.filter((/** @type {any} */ r) => r.path === '/status');
    assert.deepEqual(told.map((/** @type {any} */ r) => form(r).CallStatus), ['initiated', 'ringing', 'in-progress', 'completed'].map((word) => (word === 'initiated' ? form(told[0]).CallStatus : word)));
    for (const one of told) assert.ok(RestClient.validateRequest(acme.signingKey, one.headers['x-signalwire-signature'], `${hook.url}/status`, form(one)));
    await waitFor('the record', async () => (await statusOf(call.sid)) === 'completed');
    const listed = await client.calls.list({ to: 'client:ann', status: 'completed', limit: 20 });
    assert.ok(listed.some((/** @type {any} */ one) => one.sid === call.sid), JSON.stringify(listed));
    assert.deepEqual(await client.calls.list({ status: 'busy' }), []);
    assert.equal(await refused(sdkOf(other).calls(call.sid).fetch()), '404 20404');
    assert.equal(await client.calls(call.sid).remove(), true);
    assert.equal(await refused(client.calls(call.sid).fetch()), '404 20404');
});

test('a live call: another document, keys, completed; one that rings is canceled', async () => {
    const call = await callAnn('<Pause length="60"/>');
    await waitFor('the answer', async () => (await statusOf(call.sid)) === 'in-progress');
    await client.calls(call.sid).update({ twiml: laml('<Play digits="58"/><Pause length="60"/>') });
    await waitFor('the keys', () => ann.keys().endsWith('58'));
    hook.routes['/gone'] = 500;
    hook.routes['/instead'] = (/** @type {any} */ request) => laml(`<Play digits="${request.method === 'GET' && request.query.get('CallSid') === call.sid ? 57 : 0}"/><Pause length="60"/>`);
    await client.calls(call.sid).update({ url: `${hook.url}/gone`, fallbackUrl: `${hook.url}/instead`, fallbackMethod: 'GET' });
    await waitFor('the keys of the fallback', () => ann.keys().endsWith('57'));
    const why = (/** @type {any} */ request) => [request.query.get('ErrorCode'), request.query.get('ErrorUrl')];
    assert.deepEqual(why(await hook.request('/instead')), ['11200', `${hook.url}/gone`]);
    hook.routes['/gone'] = '<Response><Dance/></Response>';
    const secret = hook.url.replace('://', '://user:secret@');
    await client.calls(call.sid).update({ url: `${secret}/gone`, fallbackUrl: `${hook.url}/instead`, fallbackMethod: 'GET' });
    assert.deepEqual(why(await hook.request('/instead', 2)), ['12100', `${hook.url}/gone`]);
    await client.calls(call.sid).update({ url: 'http://127.0.0.1:9/gone', fallbackUrl: `${hook.url}/instead`, fallbackMethod: 'GET' });
    assert.deepEqual(why(await hook.request('/instead', 3)), ['11205', 'http://127.0.0.1:9/gone']);
    assert.equal(await refused(client.calls(call.sid).update({ status: 'canceled' })), '422 21220');
    assert.equal((await client.calls(call.sid).update({ status: 'completed' })).status, 'completed');
    await ann.waitEvent('CALL_CLOSED');
    ann.forget();
    const ringing = await client.calls.create({ to: 'client:ann', from: '+15551230000', twiml: laml('<Hangup/>') });
    await ann.waitEvent('CALL_INCOMING');
    assert.equal((await client.calls(ringing.sid).update({ status: 'canceled' })).status, 'canceled');
    await ann.waitEvent('CALL_CLOSED');
});

/** Two tones at once are no tone: voices of so many seconds, then silence, and perhaps a beep. @param {number} voiceS @param {number} [beepAtS] */
function greeting(voiceS, beepAtS) {
    const samples = new Float32Array(60 * 8000);
    for (let i = 0; i < voiceS * 8000; i++) samples[i] = 0.15 * Math.sin((310 * 2 * Math.PI * i) / 8000) + 0.1 * Math.sin((1170 * 2 * Math.PI * i) / 8000);
    for (let i = 0; beepAtS && i < 4000; i++) samples[Math.round(beepAtS * 8000) + i] = 0.3 * Math.sin((2 * Math.PI * 1000 * i) / 8000);
    return { samples, rateHz: 8000 };
}
/** A phone that says that is called with machine detection. @param {string} user @param {any} says @param {any} more */
async function callMachine(user, says, more) {
    const phone = await startPhone(daemon, user, { says });
    const call = await client.calls.create({ to: `client:${user}`, from: '+15551230000', url: `${hook.url}/who-${user}`, statusCallback: `${hook.url}/who-over`, ...more });
    await phone.waitEvent('CALL_INCOMING');
    await phone.accept();
    return { phone, call };
}

test('MachineDetection: the document is asked for once it is known who answered, and so it is told', async () => {
    for (const [user, says, more, answeredBy, leastMs] of /** @type {[string, any, any, string, number][]} */ ([
        ['human', greeting(0.5), { machineDetection: 'Enable', machineDetectionSpeechEndThreshold: 900 }, 'human', 1000],
        ['machine', greeting(6), { machineDetection: 'Enable', machineDetectionSpeechThreshold: 1500 }, 'machine_start', 1300],
        ['beeper', greeting(3, 4), { machineDetection: 'DetectMessageEnd', machineDetectionSpeechEndThreshold: 2500 }, 'machine_end_beep', 3900],
    ])) {
        hook.routes[`/who-${user}`] = laml('<Redirect>/next</Redirect>');
        hook.routes['/next'] = laml('<Hangup/>');
        const { phone, call } = await callMachine(user, says, more);
        await phone.waitEvent('CALL_ESTABLISHED');
        const since = Date.now();
        const fields = form(await hook.request(`/who-${user}`, 1, 20000));
        assert.equal(fields.AnsweredBy, answeredBy, user);
        assert.equal(fields.CallSid, call.sid);
        assert.ok(Date.now() - since > leastMs - 700, `${user}: not before it is known, after ${Date.now() - since} ms`);
        const isIt = (/** @type {string} */ path) => (/** @type {any} */ r) => r.path === path && form(r).CallSid === call.sid;
        for (const path of ['/next', '/who-over']) {
            const request = await waitFor(path, () => hook.requests.find(isIt(path)));
            assert.equal(form(request).AnsweredBy, answeredBy, `${user} at ${path}`);
        }
        assert.equal((await client.calls(call.sid).fetch()).answeredBy, answeredBy.split('_')[0], `${user} on record`);
        await phone.stop();
    }
});

test('AsyncAmd: the document runs meanwhile; the callback has who answered and after how long', async () => {
    hook.routes['/who-meanwhile'] = laml('<Pause length="60"/>');
    hook.routes['/amd'] = 200;
    const { phone, call } = await callMachine('meanwhile', greeting(6), { machineDetection: 'Enable', asyncAmd: true, asyncAmdStatusCallback: `${hook.url}/amd` });
    const first = await hook.request('/who-meanwhile');
    assert.equal(form(first).AnsweredBy, undefined);
    assert.ok(!hook.requests.some((/** @type {any} */ r) => r.path === '/amd'), 'it is not known yet');
    const request = await hook.request('/amd');
    const told = form(request);
    assert.deepEqual([told.CallSid, told.AccountSid, told.AnsweredBy], [call.sid, acme.project, 'machine_start']);
    assert.equal((await client.calls(call.sid).fetch()).answeredBy, 'machine', 'while it goes on');
    assert.ok(Number(told.MachineDetectionDuration) > 2000 && Number(told.MachineDetectionDuration) < 5000, told.MachineDetectionDuration);
    assert.ok(RestClient.validateRequest(acme.signingKey, request.headers['x-signalwire-signature'], `${hook.url}/amd`, told));
    assert.equal(await refused(client.calls.create({ to: 'client:ann', from: '+15551230000', twiml: laml('<Hangup/>'), machineDetection: 'Enable', machineDetectionTimeout: 500 })), '422 10000');
    await client.calls(call.sid).update({ status: 'completed' });
    await phone.waitEvent('CALL_CLOSED');
    await phone.stop();
});

test('Streams: a call\'s audio goes to a program until it is stopped', async () => {
    const call = await callAnn('<Pause length="60"/>');
    const program = await startSocketListener();
    hook.routes['/streams'] = 200;
    const at = `/api/laml/2010-04-01/Accounts/${acme.project}/Calls/${call.sid}/Streams`;
    const ask = (/** @type {string} */ path, /** @type {any} */ body, free = false) => acme.ask('POST', path, new URLSearchParams(body).toString(), { free, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
    const { json } = await ask(at, { Url: program.url, Name: 'ear', Track: 'inbound_track', AuthorizationBearerToken: 'let-me-in', StatusCallback: `${hook.url}/streams`, 'Parameter1.Name': 'who', 'Parameter1.Value': 'ann', 'Parameter2.Name': 'n', 'Parameter2.Value': '2' });
    assert.deepEqual([json.name, json.status, json.call_sid], ['ear', 'in-progress', call.sid]);
    await waitFor('her tone', () => program.tracks.inbound.length > 40 && Math.abs(levelAtDb(program.heard('inbound'), 700) + 12) < 1.5);
    assert.equal(program.tracks.outbound.length, 0);
    const { start } = program.messages.find((m) => m.event === 'start');
    assert.deepEqual(start.customParameters, { who: 'ann', n: '2' });
    assert.equal(program.headers[0].authorization, 'Bearer let-me-in');
    assert.equal((await ask(`${at}/nothing`, { Status: 'stopped' }, true)).status, 404);
    assert.equal((await ask(`${at}/${json.sid}`, { Status: 'going' }, true)).status, 422);
    assert.equal((await ask(at, { Url: 'https://x.example/' }, true)).status, 422);
    assert.equal((await other.ask('POST', `/api/laml/2010-04-01/Accounts/${other.project}/Calls/${call.sid}/Streams`, { Url: program.url }, { free: true })).status, 404);
    assert.equal(start.streamSid, json.sid);
    const stopped = (await ask(`${at}/ear`, { Status: 'stopped' })).json; // by its name
    assert.deepEqual([stopped.status, stopped.sid, stopped.name], ['stopped', json.sid, 'ear']);
    await waitFor('the stop', () => program.messages.some((m) => m.event === 'stop'));
    const begun = await hook.request('/streams');
    const told = [form(begun), form(await hook.request('/streams', 2))];
    assert.deepEqual(told.map((one) => [one.StreamEvent, one.StreamSid, one.StreamName, one.CallSid, one.AccountSid]), ['stream-started', 'stream-stopped'].map((event) => [event, json.sid, 'ear', call.sid, acme.project]));
    assert.ok(RestClient.validateRequest(acme.signingKey, begun.headers['x-signalwire-signature'], `${hook.url}/streams`, told[0]));
    const second = (await ask(at, { Url: 'ws://127.0.0.1:9/', StatusCallback: `${hook.url}/deaf`, StatusCallbackMethod: 'GET' })).json;
    const deaf = await hook.request('/deaf');
    assert.deepEqual([deaf.method, deaf.query.get('StreamEvent'), deaf.query.get('StreamSid')], ['GET', 'stream-error', second.sid]);
    assert.ok(deaf.query.get('StreamError'));
    await client.calls(call.sid).update({ status: 'completed' });
    await ann.waitEvent('CALL_CLOSED');
});

test('what is wrong has its number, and no phone rings', async () => {
    const call = (/** @type {any} */ body) => refused(client.calls.create({ to: 'client:ann', from: '+15551230000', ...body }));
    assert.equal(await call({}), '422 21205');
    assert.equal(await call({ url: 'ftp://x' }), '422 11100');
    assert.equal(await call({ twiml: '<Response><Shout/></Response>' }), '422 20422');
    assert.equal(await call({ twiml: laml('<Hangup/>'), timeout: 9999 }), '422 21208');
    assert.equal(await call({ twiml: laml('<Hangup/>'), to: '+19995550100' }), '422 21217');
    assert.equal(await refused(client.calls('nobody').fetch()), '404 20404');
    assert.equal(await refused(sdkOf({ project: acme.project, token: 'PTwrong' }).calls.list()), '401 20003');
    const raw = await acme.ask('GET', `/api/laml/2010-04-01/Accounts/${other.project}/Calls`, undefined, { free: true });
    assert.deepEqual([raw.status, raw.json.code], [404, 20404]);
    assert.equal((await acme.ask('PUT', `/2010-04-01/Accounts/${acme.project}/Calls.json`, '', { free: true })).status, 405);
});

test('recordings: of a call from its start, begun and ended by request, heard, listed, deleted', async () => {
    hook.routes['/recordings'] = 200;
    const callback = { recordingStatusCallback: `${hook.url}/recordings` };
    const call = await callAnn('<Pause length="60"/>', { record: true, ...callback, recordingStatusCallbackMethod: 'GET' });
    const [first] = await waitFor('the recording', async () => {
        const list = await client.recordings.list({ callSid: call.sid });
        return list.length && list;
    });
    assert.equal(first.status, 'in-progress');
    assert.equal(first.source, 'OutBoundApi');
    await new Promise((done) => setTimeout(done, 1500));
    await client.calls(call.sid).recordings(first.sid).update({ status: 'stopped' });
    const done = (/** @type {string} */ sid) => waitFor('its end', async () => (await client.recordings(sid).fetch()).status === 'completed');
    await done(first.sid);
    const got = await hook.request('/recordings');
    const fields = Object.fromEntries(got.query);
    assert.equal(got.method, 'GET');
    assert.deepEqual([fields.RecordingSid, fields.RecordingStatus, fields.RecordingSource, fields.RecordingChannels, fields.CallSid], [first.sid, 'completed', 'OutBoundApi', '1', call.sid]);
    assert.match(fields.RecordingDuration, /^[12]$/);
    assert.equal(await refused(client.calls(call.sid).recordings.create({ ...callback, recordingStatusCallbackEvent: ['now'] })), '422 21218');
    const second = await client.calls(call.sid).recordings.create({ recordingChannels: 'dual', trim: 'trim-silence', ...callback, recordingStatusCallbackEvent: ['in-progress', 'completed'] });
    const begun = await hook.request('/recordings', 2);
    assert.deepEqual([begun.method, form(begun).RecordingStatus, form(begun).RecordingSid, form(begun).RecordingChannels], ['POST', 'in-progress', second.sid, '2']);
    assert.ok(RestClient.validateRequest(acme.signingKey, begun.headers['x-signalwire-signature'], `${hook.url}/recordings`, form(begun)));
    assert.equal(second.channels, 2);
    await new Promise((wait) => setTimeout(wait, 1200));
    await client.calls(call.sid).recordings(second.sid).update({ status: 'stopped' });
    await done(second.sid);
    const trims = async (/** @type {string} */ sid) => (await acme.ask('GET', `/api/laml/2010-04-01/Accounts/${acme.project}/Recordings/${sid}`)).json.trim;
    assert.deepEqual([await trims(first.sid), await trims(second.sid)], ['do-not-trim', 'trim-silence']);
    assert.deepEqual([form(await hook.request('/recordings', 3)).RecordingStatus, form(await hook.request('/recordings', 3)).RecordingSource], ['completed', 'StartCallRecordingApi']);
    await client.calls(call.sid).update({ status: 'completed' });
    for (const ending of ['', '.wav']) {
        const sound = await fetch(`${daemon.url}/api/laml/2010-04-01/Accounts/${acme.project}/Recordings/${first.sid}${ending}`);
        assert.equal(sound.headers.get('content-type'), 'audio/wav');
        writeFileSync(join(daemon.folder, 'got.wav'), Buffer.from(await sound.arrayBuffer()));
        assertRecorded(readWav(join(daemon.folder, 'got.wav')), 700, -12);
    }
    const rest = (await acme.ask('GET', `/api/relay/rest/recordings/${first.sid}`)).json;
    assert.equal(rest.duration_in_seconds, 1);
    assert.equal((await acme.ask('GET', '/api/relay/rest/recordings')).json.data.length, 2);
    assert.equal((await other.ask('GET', `/api/relay/rest/recordings/${first.sid}`)).status, 404);
    await acme.ask('PATCH', `/api/projects/${acme.project}`, { protect_recordings: true });
    const open = `/recordings/${first.sid}.wav`;
    assert.equal((await fetch(daemon.url + open)).status, 401);
    assert.equal((await other.ask('GET', open, undefined, { free: true })).status, 404);
    assert.equal((await acme.ask('GET', open, undefined, { free: true })).status, 200);
    await acme.ask('PATCH', `/api/projects/${acme.project}`, { protect_recordings: false });
    assert.equal(await client.recordings(first.sid).remove(), true);
    assert.equal((await fetch(daemon.url + open)).status, 404);
    assert.equal(await refused(client.recordings(first.sid).fetch()), '404 20404');
});

test('Twilio.CURRENT: the recording that is being made, by the name that its programs have for it', async () => {
    const call = await callAnn('<Pause length="60"/>');
    const current = (/** @type {any} */ status) => client.calls(call.sid).recordings('Twilio.CURRENT').update({ status });
    assert.equal(await refused(current('stopped')), '404 20404');
    const made = await client.calls(call.sid).recordings.create();
    for (const status of ['paused', 'in-progress', 'stopped']) {
        const { sid, status: now } = await current(status);
        assert.deepEqual([sid, now], [made.sid, status]);
    }
    await waitFor('its end', async () => (await client.recordings(made.sid).fetch()).status === 'completed');
    assert.equal(await refused(current('paused')), '404 20404');
    await client.calls(call.sid).update({ status: 'completed' });
    assert.equal(await client.recordings(made.sid).remove(), true);
});

test('texts: sent by the provider, states as signed forms, pages by the SDK, redacted, deleted', async () => {
    const sent = [];
    for (let i = 0; i < 3; i++) sent.push(await client.messages.create({ to: '+15557654321', from: '+15550001111', body: `text ${i}`, statusCallback: `${hook.url}/text-status` }));
    hook.routes['/text-status'] = 200;
    assert.equal(sent[0].status, 'queued');
    assert.equal(sent[0].direction, 'outbound-api');
    await waitFor('the last one', async () => (await client.messages(sent[2].sid).fetch()).status === 'sent');
    const told = await hook.request('/text-status', 1);
    assert.ok(RestClient.validateRequest(acme.signingKey, told.headers['x-signalwire-signature'], `${hook.url}/text-status`, form(told)));
    assert.ok(sent.some((one) => one.sid === form(told).MessageSid));
    const all = await client.messages.list({ to: '+15557654321', pageSize: 2 });
    assert.deepEqual(all.map((/** @type {any} */ one) => one.body).sort(), ['text 0', 'text 1', 'text 2']);
    const page = await client.messages.page({ pageSize: 2 });
    assert.equal(page.instances.length, 2);
    assert.equal((await page.nextPage()).instances.length, 1);
    assert.equal((await client.messages(sent[0].sid).update({ body: '' })).body, null);
    assert.equal(await client.messages(sent[1].sid).remove(), true);
    assert.equal(await refused(client.messages(sent[1].sid).fetch()), '404 20404');
    const media = await client.messages.create({ to: '+15557654321', from: '+15550001111', mediaUrl: ['https://x.example/a.png', 'https://x.example/b.png'] });
    assert.equal(media.numMedia, 2);
    assert.equal((await client.messages(media.sid).media.list()).length, 2);
    assert.equal(await refused(client.messages.create({ to: '+15557654321', from: '+15550001111' })), '422 21602');
    assert.equal(await refused(client.messages.create({ to: 'x y', from: '+15550001111', body: 'x' })), '422 21211');
});

test('a text that names a number group leaves by one of its numbers; a sticky group keeps to it', async () => {
    const create = (/** @type {any} */ body) => client.messages.create({ to: '+15557654321', body: 'x', ...body });
    const group = (await acme.ask('POST', '/api/relay/rest/number_groups', { name: 'Texts', sticky_sender: true })).json;
    assert.equal(await refused(create({ messagingServiceSid: group.id })), '422 21703');
    const numbers = ['+15550007771', '+15550007772', '+15550007773'];
    for (const number of numbers) {
        const { json } = await acme.ask('POST', '/api/relay/rest/phone_numbers', { number });
        await acme.ask('POST', `/api/relay/rest/number_groups/${group.id}/number_group_memberships`, { phone_number_id: json.id });
    }
    const sent = [];
    for (let i = 0; i < 4; i++) sent.push(await create({ messagingServiceSid: group.id }));
    assert.ok(numbers.includes(sent[0].from), sent[0].from);
    assert.deepEqual([...new Set(sent.map((one) => one.from))], [sent[0].from]);
    assert.equal(sent[0].messagingServiceSid, group.id);
    const others = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((n) => create({ messagingServiceSid: group.id, to: `+1555765432${n}` })));
    assert.ok(new Set(others.map((one) => one.from)).size > 1, 'others have other numbers');
    assert.equal(await refused(create({ messagingServiceSid: acme.project })), '422 21701');
    assert.equal(await refused(create({})), '422 21603');
    const local = await acme.ask('GET', `/api/laml/2010-04-01/Accounts/${acme.project}/IncomingPhoneNumbers/Local?PhoneNumber=777`, undefined, { free: true });
    assert.deepEqual([local.json.incoming_phone_numbers.length, local.json.incoming_phone_numbers[0].capabilities.fax], [3, true]);
});

test('a conference: who is in it, muted, held, taken out; its callback gets forms; it is listed when it is over', async () => {
    const callback = `${hook.url}/room-told`;
    const call = await callAnn(`<Dial><Conference statusCallback="${callback}" statusCallbackEvent="start end join leave mute hold">standup</Conference></Dial><Play digits="77"/><Pause length="60"/>`);
    const [conference] = await waitFor('the conference', async () => {
        const list = await client.conferences.list({ friendlyName: 'standup' });
        return list.length && list;
    });
    assert.equal(conference.status, 'in-progress');
    const [member] = await client.conferences(conference.sid).participants.list();
    assert.deepEqual([member.callSid, member.muted, member.hold], [call.sid, false, false]);
    const participant = client.conferences(conference.sid).participants(call.sid);
    const logged = async () => (await acme.ask('GET', '/api/logs/conferences')).json.data.find((/** @type {any} */ one) => one.id === conference.sid);
    const live = await logged();
    assert.deepEqual([live.name, live.status, live.current_participants, live.type], ['standup', 'in-progress', 1, 'cxml_conference']);
    assert.equal((await participant.update({ muted: true })).muted, true);
    assert.equal((await participant.update({ hold: true })).hold, true);
    assert.equal((await participant.fetch()).muted, true);
    assert.equal((await client.conferences(conference.sid).participants.list({ muted: false })).length, 0);
    assert.equal(await refused(sdkOf(other).conferences(conference.sid).fetch()), '404 20404');
    assert.deepEqual(await client.conferences.list({ status: 'completed' }), []);
    assert.equal(await participant.remove(), true);
    await waitFor('the verb behind it', () => ann.keys().endsWith('77'));
    await hook.request('/room-told', 6);
    const told = hook.requests.filter((/** @type {any} */ r) => r.path === '/room-told');
    assert.deepEqual(told.map((/** @type {any} */ r) => form(r).StatusCallbackEvent), ['conference-start', 'participant-join', 'participant-mute', 'participant-hold', 'participant-leave', 'conference-end']);
    assert.deepEqual(told.map((/** @type {any} */ r) => form(r).SequenceNumber), ['0', '1', '2', '3', '4', '5']);
    for (const one of told) {
        const fields = form(one);
        assert.ok(RestClient.validateRequest(acme.signingKey, one.headers['x-signalwire-signature'], callback, fields));
        assert.deepEqual([fields.AccountSid, fields.ConferenceSid, fields.FriendlyName], [acme.project, conference.sid, 'standup']);
    }
    assert.deepEqual([form(told[3]).CallSid, form(told[3]).Muted, form(told[3]).Hold, form(told[3]).EndConferenceOnExit], [call.sid, 'true', 'true', 'false']);
    assert.equal(form(told[5]).CallSidEndingConference, call.sid);
    assert.deepEqual(await client.conferences.list({ status: 'in-progress' }), []);
    const [over] = await client.conferences.list({ status: 'completed', friendlyName: 'standup' });
    assert.deepEqual([over.sid, over.status, over.dateCreated], [conference.sid, 'completed', conference.dateCreated]);
    assert.equal((await client.conferences(conference.sid).fetch()).status, 'completed');
    assert.deepEqual(await client.conferences(conference.sid).participants.list(), []);
    assert.equal(await refused(client.conferences(conference.sid).update({ status: 'completed' })), '422 21220');
    assert.equal(await refused(sdkOf(other).conferences(conference.sid).fetch()), '404 20404');
    assert.deepEqual(await sdkOf(other).conferences.list(), []);
    const ended = await logged();
    assert.deepEqual([ended.status, ended.current_participants, ended.created_at], ['completed', 0, live.created_at]);
    assert.deepEqual((await other.ask('GET', '/api/logs/conferences')).json.data, []);
    await client.calls(call.sid).update({ status: 'completed' });
    await ann.waitEvent('CALL_CLOSED');
});

test('participants are called into a conference, by its name or its id; once they answer they are in it', async () => {
    hook.routes['/joined'] = 200;
    const at = (/** @type {string} */ room) => `/api/laml/2010-04-01/Accounts/${acme.project}/Conferences/${room}/Participants`;
    const add = (/** @type {string} */ room, /** @type {any} */ body) => acme.ask('POST', at(room), { From: '+15551230000', To: 'client:ann', ...body }, { free: true });
    ann.forget();
    const made = await add('town hall', { Muted: true, EndConferenceOnExit: true, StatusCallback: `${hook.url}/joined`, StatusCallbackEvent: ['answered', 'completed'] });
    assert.deepEqual([made.status, made.json.status, made.json.muted, made.json.end_conference_on_exit], [201, 'queued', true, true]);
    assert.deepEqual(await client.conferences.list({ friendlyName: 'town hall' }), [], 'nobody has answered');
    await ann.waitEvent('CALL_INCOMING');
    await ann.accept();
    const [room] = await waitFor('the conference', async () => {
        const list = await client.conferences.list({ friendlyName: 'town hall' });
        return list.length && list;
    });
    const member = await client.conferences(room.sid).participants(made.json.call_sid).fetch();
    assert.deepEqual([member.muted, member.endConferenceOnExit], [true, true]);
    assert.equal(form(await hook.request('/joined')).CallStatus, 'in-progress');
    const second = await add(room.sid, { To: 'builtin:nobody' });
    assert.deepEqual([second.status, second.json.code], [422, 21217]);
    assert.equal((await add('00000000-0000-4000-8000-000000000000', {})).status, 404);
    assert.equal((await add(room.sid, { To: '' })).json.code, 21211);
    assert.equal((await other.ask('POST', at(room.sid), { From: 'x', To: 'client:ann' }, { free: true })).status, 404, "another project's account");
    await client.conferences(room.sid).participants(made.json.call_sid).remove();
    await ann.waitEvent('CALL_CLOSED');
    assert.equal(form(await hook.request('/joined', 2)).CallStatus, 'completed');
});

test('announcements: to one of a conference, then to everybody in it', async () => {
    const eve = await startPhone(daemon, 'eve', { hz: 1100, answers: 'auto' });
    const room = '<Dial><Conference beep="false">hall</Conference></Dial>';
    const call = await callAnn(room);
    const second = await client.calls.create({ to: 'client:eve', from: '+15551230000', twiml: laml(room) });
    const conference = await waitFor('both to be there', async () => {
        const [one] = await client.conferences.list({ friendlyName: 'hall' });
        return one && (await client.conferences(one.sid).participants.list()).length === 2 && one;
    });
    const announce = (/** @type {any} */ of, /** @type {number} */ hz, more = {}) => {
        writeWav(join(daemon.folder, 'gong.wav'), makeTone({ hz, seconds: 1, rateHz: 8000, levelDb: -8 }));
        hook.routes[`/gong-${hz}.wav`] = readFileSync(join(daemon.folder, 'gong.wav'));
        hook.routes[`/announce-${hz}`] = laml(`<Play>/gong-${hz}.wav</Play>`);
        return of.update({ announceUrl: `${hook.url}/announce-${hz}`, ...more });
    };
    await announce(client.conferences(conference.sid).participants(call.sid), 480, { announceMethod: 'GET' });
    const asked = await hook.request('/announce-480');
    assert.deepEqual([asked.method, asked.query.get('CallSid')], ['GET', call.sid]);
    await hook.request('/gong-480.wav');
    await sleep(2000);
    await announce(client.conferences(conference.sid), 2040);
    await hook.request('/announce-2040', 2);
    await sleep(2500);
    assert.equal(await refused(sdkOf(other).conferences(conference.sid).participants(call.sid).update({ announceUrl: `${hook.url}/x` })), '404 20404');
    assert.equal(await refused(client.conferences(conference.sid).participants(call.sid).update({ announceUrl: 'ftp://x' })), '422 11100');
    await client.calls(call.sid).update({ status: 'completed' });
    await client.calls(second.sid).update({ status: 'completed' });
    await ann.waitEvent('CALL_CLOSED');
    await eve.waitEvent('CALL_CLOSED');
    await sleep(300); // the files are written after the event
    const hears = (/** @type {any} */ phone, /** @type {number} */ hz) => findTone(phone.heard(), hz, -20).length > 12; // of 20 windows
    assert.deepEqual([hears(ann, 480), hears(eve, 480), hears(ann, 2040), hears(eve, 2040)], [true, false, true, true]);
    assert.ok(hears(ann, 1100), 'beside who talks');
    await eve.stop();
});

test('a conference that is recorded: the callback is a form, the recording is listed and heard', async () => {
    const call = await callAnn(`<Dial><Conference beep="false" record="record-from-start" recordingStatusCallback="${hook.url}/room-kept">kept</Conference></Dial>`);
    const [conference] = await waitFor('the conference', async () => {
        const list = await client.conferences.list({ friendlyName: 'kept' });
        return list.length && list;
    });
    await new Promise((wait) => setTimeout(wait, 1800));
    await client.calls(call.sid).update({ status: 'completed' });
    const fields = form(await hook.request('/room-kept'));
    assert.deepEqual([fields.AccountSid, fields.ConferenceSid, fields.FriendlyName, fields.RecordingStatus, fields.RecordingSource], [acme.project, conference.sid, 'kept', 'completed', 'Conference']);
    const recording = await waitFor('the row', async () => {
        const row = await client.recordings(fields.RecordingSid).fetch();
        return row.status === 'completed' && row;
    });
    assert.deepEqual([recording.conferenceSid, recording.source, recording.channels], [conference.sid, 'Conference', 1]);
    assertRecorded(await fetchWav(fields.RecordingUrl + '.wav'), 700, -12);
});

test('a recorded conference: paused, resumed and ended by request; silence before and behind what is said is trimmed', async () => {
    const record = `record="record-from-start" trim="trim-silence" recordingStatusCallbackEvent="in-progress paused completed" recordingStatusCallback="${hook.url}/room-cut"`;
    const call = await callAnn(`<Dial><Conference beep="false" muted="true" ${record}>cut</Conference></Dial>`);
    const first = form(await hook.request('/room-cut'));
    assert.equal(first.RecordingStatus, 'in-progress');
    const at = `/api/laml/2010-04-01/Accounts/${acme.project}/Conferences/${first.ConferenceSid}/Recordings`;
    const change = async (/** @type {any} */ body) => (await acme.ask('POST', `${at}/${first.RecordingSid}`, body, { free: true }));
    const participant = client.conferences(first.ConferenceSid).participants(call.sid);
    await sleep(1500);
    await participant.update({ muted: false }); // 1.5 s of silence are before this
    await sleep(1000);
    assert.equal((await change({ Status: 'paused', PauseBehavior: 'skip' })).json.status, 'paused');
    await waitFor('the row', async () => (await acme.ask('GET', `${at}/${first.RecordingSid}`)).json.status === 'paused');
    await sleep(2000);
    assert.equal((await change({ Status: 'in-progress' })).json.status, 'in-progress');
    await sleep(1000);
    await participant.update({ muted: true });
    await sleep(1500);
    assert.equal((await change({ Status: 'stopped' })).status, 200);
    const done = form(await hook.request('/room-cut', 4));
    assert.deepEqual([done.RecordingStatus, done.RecordingSid], ['completed', first.RecordingSid]);
    assert.equal(form(await hook.request('/room-cut', 2)).RecordingStatus, 'paused');
    const sound = await fetchWav(done.RecordingUrl + '.wav');
    const seconds = sound.samples.length / sound.rateHz;
    assert.ok(seconds > 1.6 && seconds < 3.2, `two seconds of the seven: ${seconds} s`);
    assert.ok(levelDb(cut(sound, 0.2, 0.5).samples) > -20, 'it begins with the tone');
    const { recordings } = (await acme.ask('GET', at)).json;
    assert.deepEqual(recordings.map((/** @type {any} */ row) => [row.sid, row.status, row.conference_sid]), [[first.RecordingSid, 'completed', first.ConferenceSid]]);
    assert.equal((await change({ Status: 'paused' })).status, 422);
    assert.equal((await other.ask('GET', `/api/laml/2010-04-01/Accounts/${other.project}/Conferences/${first.ConferenceSid}/Recordings/${first.RecordingSid}`, undefined, { free: true })).status, 404);
    assert.equal((await acme.ask('DELETE', `${at}/${first.RecordingSid}`, undefined, { free: true })).status, 204);
    assert.equal((await fetch(done.RecordingUrl + '.wav')).status, 404);
    await client.calls(call.sid).update({ status: 'completed' });
});

test('queues: made, waited in, dequeued to a document; the same in the relay API', async () => {
    const made = await client.queues.create({ friendlyName: 'support', maxSize: 7 });
    assert.equal(await refused(client.queues.create({ friendlyName: 'support' })), '422 22003');
    const call = await callAnn('<Enqueue>support</Enqueue>');
    await waitFor('the caller', async () => (await client.queues(made.sid).fetch()).currentSize === 1);
    const front = await client.queues(made.sid).members('Front').fetch();
    assert.deepEqual([front.callSid, front.position], [call.sid, 1]);
    assert.equal((await acme.ask('GET', `/api/relay/rest/queues/${made.sid}/members/next`)).json.call_id, call.sid);
    assert.equal((await acme.ask('GET', '/api/relay/rest/queues')).json.data[0].current_size, 1);
    assert.equal(await refused(client.queues(made.sid).remove()), '422 22002');
    hook.routes['/dequeued'] = laml('<Play digits="31"/><Hangup/>');
    await client.queues(made.sid).members('Front').update({ url: `${hook.url}/dequeued` });
    await ann.waitEvent('CALL_CLOSED', 15000);
    assert.ok(ann.keys().endsWith('31'), ann.keys());
    assert.equal((await client.queues(made.sid).update({ friendlyName: 'helpdesk' })).friendlyName, 'helpdesk');
    assert.equal(await client.queues(made.sid).remove(), true);
    const rest = await acme.ask('POST', '/api/relay/rest/queues', { name: 'sales', max_size: 3 });
    assert.equal(rest.status, 201);
    assert.equal((await acme.ask('DELETE', `/api/relay/rest/queues/${rest.json.id}`)).status, 204);
});

test('numbers, applications and documents that are kept: calls to the number run them', async () => {
    hook.routes['/number'] = laml('<Play digits="64"/><Hangup/>');
    const number = await client.incomingPhoneNumbers.create({ phoneNumber: '+15550109999', friendlyName: 'front', voiceUrl: `${hook.url}/number` });
    assert.equal(number.voiceUrl, `${hook.url}/number`);
    const dialNumber = async (/** @type {string} */ keys) => {
        ann.forget();
        await ann.dial(`sip:+15550109999@${daemon.sip}`);
        await ann.waitEvent('CALL_CLOSED', 15000);
        assert.ok(ann.keys().endsWith(keys), ann.keys());
    };
    await dialNumber('64');
    const application = await client.applications.create({ friendlyName: 'app', voiceUrl: `${hook.url}/application` });
    hook.routes['/application'] = laml('<Play digits="65"/><Hangup/>');
    await client.incomingPhoneNumbers(number.sid).update({ voiceApplicationSid: application.sid });
    await dialNumber('65');
    hook.routes['/moved'] = 500; // the number follows its application, and asks its other address as that says
    hook.routes['/spare'] = (/** @type {any} */ request) => laml(`<Play digits="${request.method === 'GET' && request.query.get('CallSid') ? 67 : 0}"/><Hangup/>`);
    await client.applications(application.sid).update({ voiceUrl: `${hook.url}/moved`, voiceFallbackUrl: `${hook.url}/spare`, voiceFallbackMethod: 'GET' });
    await dialNumber('67');
    assert.equal((await hook.request('/moved')).method, 'POST');
    await client.incomingPhoneNumbers(number.sid).update({ voiceUrl: `${hook.url}/spare`, voiceMethod: 'GET' });
    await dialNumber('67');
    assert.equal((await client.applications.list({ friendlyName: 'app' })).length, 1);
    assert.equal(await client.applications(application.sid).remove(), true);
    const account = `/api/laml/2010-04-01/Accounts/${acme.project}`;
    const bin = await acme.ask('POST', `${account}/LamlBins`, { Name: 'hello', Contents: laml('<Play digits="66"/><Hangup/>') });
    assert.equal(bin.status, 201);
    assert.equal((await acme.ask('POST', `${account}/LamlBins`, { Name: 'bad', Contents: '<Response><No/></Response>' })).status, 422);
    await client.incomingPhoneNumbers(number.sid).update({ voiceUrl: bin.json.request_url.replace(/^https:\/\/[^/]+/, daemon.url) });
    await dialNumber('66');
    assert.equal((await client.incomingPhoneNumbers.list({ phoneNumber: '5550109999' })).length, 1);
    assert.equal(await client.incomingPhoneNumbers(number.sid).remove(), true);
    assert.deepEqual(await client.availablePhoneNumbers('US').local.list(), []);
    assert.equal((await client.api.accounts(acme.project).fetch()).friendlyName, 'acme');
    assert.equal((await client.api.accounts.list()).length, 1);
});

test('a number\'s status callback: how each call to it ended, answered or not, by its own word or its application\'s', async () => {
    const number = await client.incomingPhoneNumbers.create({ phoneNumber: '+15550108888', voiceUrl: `${hook.url}/told`, statusCallback: `${hook.url}/number-told` });
    hook.routes['/told'] = laml('<Play digits="6"/><Pause length="1"/><Hangup/>');
    const dialNumber = async (/** @type {string} */ path, n = 1) => {
        ann.forget();
        await ann.dial(`sip:+15550108888@${daemon.sip}`);
        await ann.waitEvent('CALL_CLOSED', 15000);
        return hook.request(path, n);
    };
    const answered = await dialNumber('/number-told');
    const fields = form(answered);
    assert.deepEqual([answered.method, fields.CallStatus, fields.AccountSid, fields.To, fields.Direction], ['POST', 'completed', acme.project, '+15550108888', 'inbound']);
    assert.equal(fields.CallSid, form(await hook.request('/told')).CallSid);
    assert.match(fields.CallDuration, /^[12]$/);
    assert.ok(Number(fields.AudioInMos) > 3 && Number(fields.AudioInMos) <= 5, fields.AudioInMos);
    assert.ok(Math.abs(Date.parse(fields.Timestamp) - Date.now()) < 30000, fields.Timestamp);
    assert.ok(RestClient.validateRequest(acme.signingKey, answered.headers['x-signalwire-signature'], `${hook.url}/number-told`, fields));
    hook.routes['/told'] = laml('<Reject/>');
    const rejected = form(await dialNumber('/number-told', 2));
    assert.deepEqual([rejected.CallStatus, rejected.CallDuration], ['failed', '0']);
    const application = await client.applications.create({ friendlyName: 'teller', voiceUrl: `${hook.url}/told`, statusCallback: `${hook.url}/application-told`, statusCallbackMethod: 'GET' });
    await client.incomingPhoneNumbers(number.sid).update({ voiceApplicationSid: application.sid });
    const got = await dialNumber('/application-told');
    assert.deepEqual([got.method, got.query.get('CallStatus')], ['GET', 'failed']);
    assert.equal(hook.requests.filter((/** @type {any} */ r) => r.path === '/number-told').length, 2);
    assert.equal(await client.incomingPhoneNumbers(number.sid).remove(), true);
    assert.equal(await client.applications(application.sid).remove(), true);
});

test('a fax that nobody takes: cancelled while it rings, refused, to nowhere; what is wrong is named', async () => {
    const told = `${hook.url}/fax-told`;
    const send = (/** @type {any} */ more = {}) => client.fax.faxes.create({ to: 'client:ann', from: '+15551230000', mediaUrl: `${hook.url}/page.tif`, statusCallback: told, ...more });
    ann.forget();
    const first = await send();
    assert.deepEqual([first.status === 'queued' || first.status === 'processing', first.numPages, first.to], [true, null, 'client:ann']);
    await ann.waitEvent('CALL_INCOMING');
    await waitFor('it rings', async () => (await client.fax.faxes(first.sid).fetch()).status === 'processing');
    assert.equal((await client.fax.faxes(first.sid).update({ status: 'canceled' })).status, 'canceled');
    await ann.waitEvent('CALL_CLOSED');
    const cancelled = await hook.request('/fax-told');
    assert.deepEqual([form(cancelled).FaxSid, form(cancelled).FaxStatus], [first.sid, 'canceled']);
    assert.ok(RestClient.validateRequest(acme.signingKey, cancelled.headers['x-signalwire-signature'], told, form(cancelled)));
    assert.equal(await refused(client.fax.faxes(first.sid).update({ status: 'canceled' })), '422 21220');
    ann.forget();
    const second = await send({ storeMedia: false });
    await ann.waitEvent('CALL_INCOMING');
    await ann.hangup();
    assert.equal(form(await hook.request('/fax-told', 2)).FaxStatus, 'busy');
    assert.deepEqual([(await client.fax.faxes(second.sid).fetch()).status, (await client.fax.faxes(second.sid).fetch()).mediaUrl], ['busy', null]);
    assert.deepEqual((await client.fax.faxes(first.sid).media(first.mediaSid).fetch()).url, `${hook.url}/page.tif`);
    assert.equal((await client.fax.faxes.list({ dateCreatedAfter: new Date(Date.now() + 60000) })).length, 0);
    assert.equal((await client.fax.faxes.list({ dateCreatedOnOrBefore: new Date(), from: '+15551230000' })).length, 2);
    assert.equal(await refused(send({ to: '+19995550100' })), '422 21217');
    assert.equal(await refused(send({ mediaUrl: 'ftp://x/y' })), '422 21620');
    assert.equal(await refused(send({ quality: 'best' })).then((text) => text.split(' ')[0]), '422');
    assert.equal(await refused(sdkOf(other).fax.faxes(first.sid).fetch()), '404 20404');
    assert.equal(await client.fax.faxes(first.sid).remove(), true);
    assert.equal(await refused(client.fax.faxes(first.sid).fetch()), '404 20404');
    assert.equal((await acme.ask('GET', '/api/fax/logs?page_size=1')).json.data.length, 1);
});

test('a token without the scope; forms and JSON; with and without .json', async () => {
    const { token } = await daemon.command('token', 'add', '--project', acme.project, '--scopes', 'messaging');
    const texts = makeClient(daemon, acme.project, token);
    const calls = `/2010-04-01/Accounts/${acme.project}/Calls`;
    assert.equal((await texts.ask('GET', calls, undefined, { free: true })).status, 403);
    texts.stop();
    for (const path of [calls, `${calls}.json`, `/api/laml${calls}`]) assert.equal((await acme.ask('GET', path)).status, 200);
    const page = (await acme.ask('GET', `${calls}.json?PageSize=1`)).json;
    assert.equal(page.page_size, 1);
    assert.match(page.next_page_uri, /PageToken=PA/);
    assert.equal((await acme.ask('POST', calls, { To: 'client:ann' })).json.code, 21213);
});

test('every answer had the form that the vendor describes', () => assert.deepEqual(wrong, []));
