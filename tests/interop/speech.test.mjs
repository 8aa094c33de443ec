/** Callers speak and are understood: by pocketsphinx, offline, and by a service over HTTP that is checked strictly. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { before, after, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { startPhone } from './lib/office.mjs';
import { atEnd, waitFor } from './lib/process.mjs';
import { addProject } from './lib/signalwire.mjs';
import { makeTalk } from './lib/talk.mjs';

/** @typedef {Awaited<ReturnType<typeof startDaemon>>} Daemon */
/** @type {Daemon} */ let offline;
/** @type {Daemon} */ let online;
/** @type {Awaited<ReturnType<typeof startHook>>} */ let hook;
/** @type {{url: string, forms: any[], answer: (form: any) => any}} */ let service;
let last = 2000;

/** The parts of a form (RFC 7578). @param {Buffer} body @param {string} boundary */
function parseForm(body, boundary) {
    /** @type {Record<string, {headers: string, value: Buffer}>} */ const parts = {};
    const text = body.toString('latin1');
    assert.ok(text.startsWith(`--${boundary}\r\n`), 'begins with the boundary');
    assert.ok(text.endsWith(`\r\n--${boundary}--\r\n`), 'ends with the closing boundary');
    for (const part of text.slice(0, -`--${boundary}--\r\n`.length).split(`--${boundary}\r\n`).slice(1)) {
        const end = part.indexOf('\r\n\r\n');
        const name = /name="([^"]+)"/.exec(part.slice(0, end))?.[1] ?? '';
        parts[name] = { headers: part.slice(0, end), value: Buffer.from(part.slice(end + 4, -2), 'latin1') };
    }
    return parts;
}

/** A service with POST /v1/audio/transcriptions. */
async function startService() {
    const state = { url: '', /** @type {any[]} */ forms: [], /** @type {(form: any) => any} */ answer: () => ({ text: 'hello' }) };
    const server = createServer((request, response) => {
        const chunks = [];
        request.on('data', (chunk) => chunks.push(chunk));
        request.on('end', () => {
            const boundary = /^multipart\/form-data; boundary=(\S+)$/.exec(request.headers['content-type'] ?? '')?.[1] ?? '';
            if (request.method !== 'POST' || request.url !== '/v1/audio/transcriptions') return response.writeHead(404).end();
            if (request.headers.authorization !== 'Bearer sk-test') return response.writeHead(401).end();
            const form = parseForm(Buffer.concat(chunks), boundary);
            state.forms.push(form);
            const answer = state.answer(form);
            if (typeof answer === 'number') return response.writeHead(answer).end();
            return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
        });
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)));
    atEnd(async () => {
        server.closeAllConnections();
        server.close();
    });
    state.url = `http://127.0.0.1:${/** @type {any} */ (server.address()).port}/v1/audio/transcriptions`;
    return state;
}

before(async () => {
    service = await startService();
    [offline, online, hook] = await Promise.all([
        startDaemon({ env: { SPEECH_ENGINE: 'pocketsphinx' } }),
        startDaemon({ env: { SPEECH_URL: service.url, SPEECH_KEY: 'sk-test', SPEECH_MODEL: 'tiny-1' } }),
        startHook(),
    ]);
});
after(async () => {
    await Promise.all([offline.stop(), online.stop()]);
    assert.ok(!online.log().includes('sk-test'), 'the key is in no log');
});

/** `phone` calls a number whose script or document this is. @param {Daemon} daemon @param {any} phone @param {any} answer */
async function call(daemon, phone, answer) {
    const path = `/swml${++last}`;
    const number = `7${last}`;
    const kind = typeof answer === 'string' ? 'laml' : 'swml';
    hook.routes[path] = kind === 'laml' ? answer : { version: '1.0.0', sections: { main: answer } };
    await daemon.command('number', 'add', number, '--to', `${kind}:${hook.url}${path}`);
    await waitFor('the number to be routed', async () => (await daemon.command('route', number).catch(() => null)) || true);
    await phone.dial(`sip:${number}@${daemon.sip}`);
}
/** A program dials a user and says what to do with the call. @param {Daemon} daemon @param {string} user @param {any} phone */
async function dial(daemon, user, phone) {
    const project = await addProject(daemon, user);
    const swml = { version: '1.0.0', sections: { main: [{ sleep: 60000 }] } };
    const { json } = await project.ask('POST', '/api/calling/calls', { command: 'dial', params: { from: '+15551230000', to: `user:${user}`, swml } });
    await phone.waitEvent('CALL_INCOMING');
    await phone.accept();
    await waitFor('the answer', async () => (await project.ask('GET', `/api/voice/logs/${json.id}`)).json.status === 'answered');
    /** @param {string} name @param {any} [params] @param {any} [options] */
    const command = (name, params = {}, options = {}) => project.ask('POST', '/api/calling/calls', { id: json.id, command: `calling.${name}`, params }, options);
    return { command, stop: () => (project.stop(), phone.hangup()) };
}
/** @param {string} path @param {any} body */
const tell = (path, body) => ({ request: { url: `${hook.url}${path}`, method: 'POST', body } });
const RESULT = { result: '${prompt_result}', value: '${prompt_value}', confidence: '${prompt_speech_confidence}' };

test('prompt: a spoken yes is understood offline, and stops what plays', { timeout: 60000 }, async (t) => {
    const phone = await startPhone(offline, 'yvonne', { says: makeTalk([[4, 'yes'], [9, 'yes'], [14, 'yes'], [19, 'yes']]) });
    t.after(() => phone.stop());
    await call(offline, phone, [
        {
            prompt: {
                play: ['say:Do you want to go on? Say yes or no.', 'silence:40'],
                initial_timeout: 30,
                speech_hints: ['yes', 'no'],
                speech_end_timeout: 0.8,
                status_url: `${hook.url}/yes-events`,
            },
        },
        tell('/yes', RESULT),
    ]);
    const { json } = await hook.request('/yes', 1, 40000);
    assert.equal(json.result, 'match_speech');
    assert.equal(json.value, 'yes');
    assert.ok(Number(json.confidence) > 0.5 && Number(json.confidence) <= 1, `confidence ${json.confidence}`);
    await waitFor('the event', async () => hook.events('/yes-events').some((event) => event.params.final));
    const events = hook.events('/yes-events').map((event) => event.params);
    assert.equal(events[0].result.type, 'start_of_input');
    const end = events[events.length - 1];
    assert.equal(end.result.type, 'speech');
    assert.equal(end.result.params.text, 'yes');
    assert.equal(end.state, 'finished');
});

test('prompt: spoken digits are understood offline', { timeout: 60000 }, async (t) => {
    const phone = await startPhone(offline, 'dora', { says: makeTalk([[3, 'nine three eight'], [10, 'nine three eight'], [17, 'nine three eight']]) });
    t.after(() => phone.stop());
    const words = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
    await call(offline, phone, [
        { prompt: { play: 'silence:0.1', initial_timeout: 30, speech_hints: words, max_digits: 3 } },
        tell('/digits', RESULT),
    ]);
    const { json } = await hook.request('/digits', 1, 40000);
    assert.equal(json.result, 'match_speech');
    assert.equal(json.value, 'nine three eight');
});

test('prompt: silence is no input', { timeout: 60000 }, async (t) => {
    const phone = await startPhone(offline, 'sil', { says: makeTalk([]) });
    t.after(() => phone.stop());
    await call(offline, phone, [{ prompt: { play: 'silence:0.1', initial_timeout: 2, speech_timeout: 10 } }, tell('/silence', RESULT)]);
    assert.equal((await hook.request('/silence', 1, 20000)).json.result, 'no_input');
});

test('LaML: Gather input="speech" sends SpeechResult to its action', { timeout: 60000 }, async (t) => {
    const phone = await startPhone(offline, 'laura', { says: makeTalk([[3, 'operator'], [9, 'operator'], [15, 'operator']]) });
    t.after(() => phone.stop());
    hook.routes['/gathered'] = '<Response><Hangup/></Response>';
    await call(
        offline,
        phone,
        `<Response><Gather input="speech" timeout="30" speechTimeout="1" hints="billing, operator, sales" action="${hook.url}/gathered"/></Response>`,
    );
    const { body } = await hook.request('/gathered', 1, 40000);
    const form = new URLSearchParams(body);
    assert.equal(form.get('SpeechResult'), 'operator');
    assert.ok(Number(form.get('Confidence')) > 0.5);
    assert.equal(form.get('Digits'), null);
});

test('prompt: a service gets the utterance as a form and its text is the value', { timeout: 60000 }, async (t) => {
    service.answer = () => ({ text: ' I want to talk to sales, please. ' });
    const phone = await startPhone(online, 'oleg', { says: makeTalk([[3, 'I want to talk to sales please']]) });
    t.after(() => phone.stop());
    await call(online, phone, [
        { prompt: { play: 'silence:0.1', initial_timeout: 30, speech_language: 'en-GB', speech_hints: ['sales', 'support'] } },
        tell('/service', RESULT),
    ]);
    const { json } = await hook.request('/service', 1, 30000);
    assert.equal(json.result, 'match_speech');
    assert.equal(json.value, 'I want to talk to sales, please.');
    const form = service.forms[service.forms.length - 1];
    assert.deepEqual(Object.keys(form).sort(), ['file', 'language', 'model', 'prompt', 'response_format', 'temperature']);
    assert.equal(form.model.value.toString(), 'tiny-1');
    assert.equal(form.language.value.toString(), 'en');
    assert.equal(form.prompt.value.toString(), 'sales, support');
    assert.equal(form.response_format.value.toString(), 'json');
    assert.match(form.file.headers, /filename="audio\.wav"\r\nContent-Type: audio\/wav$/);
    const wav = form.file.value;
    assert.equal(wav.toString('latin1', 0, 4), 'RIFF');
    assert.equal(wav.readUInt32LE(4), wav.length - 8);
    assert.equal(wav.readUInt32LE(24), 16000);
    const seconds = (wav.length - 44) / 32000;
    assert.ok(seconds > 1.5 && seconds < 5, `${seconds} s of sound`);
});

test('prompt: a service that refuses is a failed prompt, not a failed call', { timeout: 60000 }, async (t) => {
    service.answer = () => 503;
    const phone = await startPhone(online, 'rita', { says: makeTalk([[3, 'hello']]) });
    t.after(() => phone.stop());
    await call(online, phone, [{ prompt: { play: 'silence:0.1', initial_timeout: 30, speech_timeout: 10 } }, tell('/refused', RESULT)]);
    assert.equal((await hook.request('/refused', 1, 30000)).json.result, 'failed');
});

test('live_transcribe: utterances come as events until it is stopped; transcribe tells the whole', { timeout: 60000 }, async (t) => {
    service.answer = () => ({ text: 'Good morning.' });
    const phone = await startPhone(online, 'tina', { says: makeTalk([[3, 'good morning'], [6, 'good morning']]) });
    t.after(() => phone.stop());
    await call(online, phone, [
        { live_transcribe: { action: { start: { lang: 'en-US', webhook: `${hook.url}/live`, direction: ['remote-caller'] } } } },
        { transcribe: { status_url: `${hook.url}/whole` } },
        tell('/started', { live: '${live_transcribe_result}', whole: '${transcribe_result}', id: '${transcribe_control_id}' }),
        { sleep: 12000 },
        { live_transcribe: { action: 'stop' } },
        { transcribe_stop: {} },
        { hangup: {} },
    ]);
    const started = (await hook.request('/started')).json;
    assert.deepEqual([started.live, started.whole], ['success', 'success']);
    const first = (await hook.request('/live', 1, 20000)).json;
    assert.equal(first.event_type, 'calling.call.live_transcribe');
    assert.equal(first.params.direction, 'remote-caller');
    assert.equal(first.params.text, 'Good morning.');
    assert.equal(first.params.final, true);
    assert.ok(first.params.end_time - first.params.start_time > 0.3);
    const whole = (await hook.request('/whole', 1, 20000)).json;
    assert.equal(whole.event_type, 'calling.transcript.completed');
    assert.equal(whole.params.id, started.id);
    assert.match(whole.params.text, /^Good morning\.(\nGood morning\.)?$/);
    await waitFor('the end', async () => hook.events('/live').some((event) => event.params.state === 'finished'));
});

test('collect by command: what is said is the result, or that nothing was', { timeout: 60000 }, async (t) => {
    service.answer = () => ({ text: 'Sales, please.' });
    const phone = await startPhone(online, 'uwe', { says: makeTalk([[4, 'sales please']]) });
    t.after(() => phone.stop());
    const { command, stop } = await dial(online, 'uwe', phone);
    const speech = { end_silence_timeout: 1, speech_timeout: 10, language: 'en-US', hints: ['sales', 'support'] };
    assert.equal((await command('collect', {}, { free: true })).status, 400, 'neither keys nor speech');
    assert.equal((await command('collect', { control_id: 'c', initial_timeout: 30, speech, status_url: `${hook.url}/said` })).status, 200);
    const said = await waitFor('the result', () => hook.events('/said').find((e) => e.params.result?.type === 'speech'), 30000);
    assert.equal(said.event_type, 'calling.call.collect');
    assert.deepEqual([said.params.control_id, said.params.result.params.text], ['c', 'Sales, please.']);
    assert.equal(service.forms[service.forms.length - 1].prompt.value.toString(), 'sales, support');
    assert.equal((await command('collect', { control_id: 'd', initial_timeout: 1, speech, status_url: `${hook.url}/unsaid` })).status, 200);
    await waitFor('no input', () => hook.events('/unsaid').some((e) => e.params.result?.type === 'no_input'), 20000);
    await stop();
});

test('live_transcribe and transcribe by command: events, then the whole; a second one is a conflict', { timeout: 60000 }, async (t) => {
    service.answer = () => ({ text: 'Good evening.' });
    const phone = await startPhone(online, 'vera', { says: makeTalk([[4, 'good evening'], [8, 'good evening']]) });
    t.after(() => phone.stop());
    const { command, stop } = await dial(online, 'vera', phone);
    assert.equal((await command('transcribe', { control_id: 't', status_url: `${hook.url}/all-of-it` })).status, 200);
    const second = await command('transcribe', { control_id: 'u', status_url: `${hook.url}/all-of-it` }, { free: true });
    assert.deepEqual([second.status, second.text], [409, '{"error":"Conflict"}']);
    assert.equal((await command('live_transcribe', { action: { start: { lang: 'en-US', webhook: `${hook.url}/evening`, direction: ['remote-caller'] } } })).status, 200);
    assert.equal((await command('live_transcribe', { action: { summarize: {} } })).status, 422);
    const first = await waitFor('an utterance', () => hook.events('/evening').find((e) => e.params.text), 20000);
    assert.deepEqual([first.event_type, first.params.text, first.params.direction], ['calling.call.live_transcribe', 'Good evening.', 'remote-caller']);
    assert.equal((await command('live_transcribe', { action: 'stop' })).status, 200);
    await waitFor('its end', () => hook.events('/evening').some((e) => e.params.state === 'finished'));
    assert.equal((await command('transcribe.stop', { control_id: 't' })).status, 200);
    const { params } = (await hook.request('/all-of-it', 1, 20000)).json;
    assert.match(params.text, /^Good evening\.(\nGood evening\.)?$/);
    await stop();
});

test('LaML: what was recorded is trimmed and put into words; both are told, listed, read and deleted', { timeout: 90000 }, async (t) => {
    const phone = await startPhone(online, 'wanda', { says: makeTalk([[3, 'please call me back']]), answers: 'auto' });
    const [project, other] = [await addProject(online, 'words'), await addProject(online, 'nosy')];
    t.after(() => [phone.stop(), project.stop(), other.stop()][0]);
    const at = `/api/laml/2010-04-01/Accounts/${project.project}`;
    const free = { free: true };
    const form = (/** @type {any} */ request) => Object.fromEntries(new URLSearchParams(request.body));
    hook.routes['/words'] = hook.routes['/kept'] = '';
    const record = async (/** @type {string} */ more) => {
        const Twiml = `<Response><Record trim="trim-silence" playBeep="false" timeout="5" action="${hook.url}/kept" transcribeCallback="${hook.url}/words" ${more}/></Response>`;
        const { json } = await project.ask('POST', `${at}/Calls`, { From: '+15551230000', To: 'client:wanda', Twiml });
        return json.sid;
    };
    service.answer = () => ({ text: 'Please call me back.' });
    const sid = await record('transcribe="true"');
    const told = form(await hook.request('/words', 1, 40000));
    const seen = [told.TranscriptionStatus, told.TranscriptionText, told.CallSid, told.AccountSid, told.To];
    assert.deepEqual(seen, ['completed', 'Please call me back.', sid, project.project, 'client:wanda']);
    assert.ok(hook.requests.find((request) => request.path === '/words')?.headers['x-signalwire-signature'], 'it is signed');
    const kept = form(await hook.request('/kept'));
    assert.deepEqual([kept.RecordingSid, kept.RecordingUrl], [told.RecordingSid, told.RecordingUrl]);
    assert.ok(Number(kept.RecordingDuration) <= 3, `of a second and eight of silence: ${kept.RecordingDuration} s`);
    const recording = (await project.ask('GET', `${at}/Recordings/${told.RecordingSid}`)).json;
    assert.deepEqual([recording.trim, recording.source, recording.call_sid], ['trim-silence', 'RecordVerb', sid]);
    const { pathname } = new URL(told.TranscriptionUrl);
    assert.equal((await project.ask('GET', pathname)).json.transcription_text, 'Please call me back.');
    const [row] = (await project.ask('GET', `${at}/Transcriptions`)).json.transcriptions;
    assert.deepEqual([row.sid, row.recording_sid, row.status], [told.TranscriptionSid, told.RecordingSid, 'completed']);
    const within = `${at}/Recordings/${told.RecordingSid}/Transcriptions`;
    assert.equal((await project.ask('GET', within, undefined, free)).json.transcriptions.length, 1);
    for (const path of [pathname, within]) assert.equal((await other.ask('GET', path.replace(project.project, other.project), undefined, free)).status, 404, path);
    assert.equal((await project.ask('DELETE', pathname)).status, 204);
    assert.equal((await project.ask('GET', pathname)).status, 404);
    service.answer = () => 503;
    await record(''); // who wants to be told wants the words
    const failed = form(await hook.request('/words', 2, 40000));
    assert.deepEqual([failed.TranscriptionStatus, failed.TranscriptionText], ['failed', '']);
});

test('collect by command: what is understood so far comes before what was said', { timeout: 60000 }, async (t) => {
    const phone = await startPhone(offline, 'pam', { says: makeTalk([[3, 'the weather is fine today and we would like to go to the garden in the morning']]) });
    t.after(() => phone.stop());
    const { command, stop } = await dial(offline, 'pam', phone);
    const speech = { end_silence_timeout: 1, speech_timeout: 20, language: 'en-US' };
    assert.equal((await command('collect', { control_id: 'p', initial_timeout: 30, partial_results: true, speech, status_url: `${hook.url}/partly` })).status, 200);
    const heard = () => hook.events('/partly').map((event) => event.params).filter((params) => params.result.type === 'speech');
    const last = await waitFor('what was said', () => heard().find((params) => params.final), 40000);
    assert.equal(last.state, 'finished');
    const partial = heard().filter((params) => !params.final);
    assert.ok(partial.length > 0, 'before its end');
    for (const params of partial) {
        assert.deepEqual([params.state, params.control_id], ['collecting', 'p']);
        assert.ok(params.result.params.text.length > 0 && params.result.params.text.length <= last.result.params.text.length + 20, params.result.params.text);
    }
    await stop();
});

test('collect by command: continuous goes on from one input to the next until it is stopped', { timeout: 60000 }, async (t) => {
    const phone = await startPhone(online, 'connie', { says: makeTalk([]) });
    t.after(() => phone.stop());
    const { command, stop } = await dial(online, 'connie', phone);
    const finals = () => hook.events('/again').map((event) => event.params).filter((params) => params.final);
    assert.equal((await command('collect', { control_id: 'k', continuous: true, initial_timeout: 60, digits: { max: 2, digit_timeout: 5 }, status_url: `${hook.url}/again` })).status, 200);
    for (const [n, keys] of ['42', '17'].entries()) {
        await phone.press(keys);
        await waitFor(`input ${n + 1}`, () => finals().length === n + 1, 20000);
        const { result, state } = finals()[n];
        assert.deepEqual([result.type, result.params.digits, state], ['digit', keys, 'collecting']);
    }
    assert.equal((await command('collect.stop', { control_id: 'k' })).status, 200);
    await waitFor('its end', () => finals().some((params) => params.state === 'finished'));
    assert.equal((await command('collect.stop', { control_id: 'k' }, { free: true })).status, 422, 'there is none any more');
    await stop();
});
