/** LaML (TwiML) documents: phones call numbers bound to them; forms, tones and keys are measured. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, after, test } from 'node:test';
import { assertRecorded, assertSpeech } from './lib/checks.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { startPhone } from './lib/office.mjs';
import { onlyFull, sleep, waitFor } from './lib/process.mjs';
import { cut, findTone, levelAtDb, makeTone, readWav, writeWav } from './lib/wav.mjs';

/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {Awaited<ReturnType<typeof startHook>>} */ let hook;
/** @type {Awaited<ReturnType<typeof startPhone>>} */ let ann;
/** @type {Awaited<ReturnType<typeof startPhone>>} */ let bob;
/** @type {any} */ let project;
let last = 1000;

before(async () => {
    [daemon, hook] = await Promise.all([startDaemon(), startHook()]);
    ann = await startPhone(daemon, 'ann', { hz: 700 });
    bob = await startPhone(daemon, 'bob', { hz: 1100 });
    project = await daemon.command('project', 'add', 'laml');
    writeWav(join(daemon.folder, 'tone.wav'), makeTone({ hz: 500, seconds: 2, rateHz: 22050, levelDb: -10 }));
    hook.routes['/sounds/tone.wav'] = readFileSync(join(daemon.folder, 'tone.wav'));
});
after(async () => {
    await Promise.all([ann.stop(), bob.stop()]);
    await daemon.stop();
});

const response = (/** @type {string} */ inner) => `<?xml version="1.0" encoding="UTF-8"?>\n<Response>\n${inner}\n</Response>`;
const form = (/** @type {{body: string}} */ request) => Object.fromEntries(new URLSearchParams(request.body));

/** Ann calls a number whose document is this. */
async function call(/** @type {string} */ inner) {
    const path = `/laml/${++last}.xml`;
    const number = `7${last}`;
    hook.routes[path] = inner.startsWith('<?') ? inner : response(inner);
    await daemon.command('number', 'add', number, '--to', `laml:${hook.url}${path}`, '--project', project.project_id);
    for (const phone of [ann, bob]) phone.forget();
    await ann.dial(`sip:${number}@${daemon.sip}`);
    return { path, number };
}
const allOver = () => waitFor('every call to be over', async () => (await daemon.command('calls')).length === 0);

test('the form of the first request, signed; Say and a relative Play are heard; Hangup', async () => {
    const { path, number } = await call('<Say voice="alice">Welcome to the office</Say><Play>../sounds/tone.wav</Play><Hangup/>');
    const request = await hook.request(path);
    const fields = form(request);
    assert.equal(request.method, 'POST');
    assert.match(request.headers['content-type'], /^application\/x-www-form-urlencoded/);
    assert.match(fields.CallSid, /^[0-9a-f-]{36}$/);
    assert.equal(fields.AccountSid, project.project_id);
    assert.equal(fields.To, number);
    assert.equal(fields.CallStatus, 'ringing');
    assert.equal(fields.Direction, 'inbound');
    assert.equal(fields.ApiVersion, '2010-04-01');
    const signed = Object.keys(fields).sort().reduce((all, key) => all + key + fields[key], hook.url + path);
    const expected = createHmac('sha1', project.signing_key).update(signed).digest('base64');
    assert.equal(request.headers['x-signalwire-signature'], expected);
    assert.equal(request.headers['x-twilio-signature'], expected);
    await ann.waitEvent('CALL_ESTABLISHED');
    await ann.waitEvent('CALL_CLOSED', 15000);
    assertSpeech(cut(ann.heard(), 0.3, 1));
    assertRecorded(ann.heard(), 500, -10);
});

test('Gather: digits reach the action, whose document is next', async () => {
    hook.routes['/laml/pressed'] = response('<Play digits="42"/><Pause length="1"/><Hangup/>');
    await call('<Gather numDigits="4" action="pressed"><Say>Press some keys, then the pound key</Say></Gather><Say>Nothing</Say>');
    await ann.waitEvent('CALL_ESTABLISHED');
    await sleep(700);
    await ann.press('17#');
    const fields = form(await hook.request('/laml/pressed'));
    assert.equal(fields.Digits, '17');
    assert.equal(fields.FinishedOnKey, '#');
    assert.equal(fields.CallStatus, 'in-progress');
    await ann.closed();
    assert.equal(ann.keys(), '42');
});

test('Gather without a key: the next verb; Redirect by GET; texts in braces stay texts', async () => {
    hook.routes['/laml/moved'] = response('<Hangup/>');
    await call('<Gather timeout="1" numDigits="1" action="pressed"/><Say>${1+1} {vars}</Say><Redirect method="GET">moved?a=b</Redirect>');
    const request = await hook.request('/laml/moved', 1, 15000);
    assert.equal(request.method, 'GET');
    assert.equal(request.query.get('a'), 'b');
    assert.match(request.query.get('CallSid') ?? '', /^[0-9a-f-]{36}$/);
    await ann.closed();
});

test('Record: the action has the address of what was said', async () => {
    hook.routes['/laml/recorded'] = response('');
    await call('<Record maxLength="2" action="recorded" recordingStatusCallback="/recording-status"/>');
    const fields = form(await hook.request('/laml/recorded', 1, 15000));
    assert.equal(fields.RecordingDuration, '2');
    for (const ending of ['', '.wav']) {
        const wav = Buffer.from(await (await fetch(fields.RecordingUrl + ending)).arrayBuffer());
        writeFileSync(join(daemon.folder, 'got.wav'), wav);
        assertRecorded(readWav(join(daemon.folder, 'got.wav')), 700, -12);
    }
    const status = form(await hook.request('/recording-status'));
    assert.equal(status.RecordingStatus, 'completed');
    assert.equal(status.RecordingSid, fields.RecordingSid);
    assert.ok(fields.RecordingUrl.endsWith(fields.RecordingSid));
    await ann.closed();
});

test('Record: the caller hangs up; the action and the callback are told all the same', async () => {
    /** What can be had at the moment that each of the two is told. @type {Record<string, any>} */
    const there = {};
    for (const path of ['/laml/left', '/left-status'])
        hook.routes[path] = async (/** @type {any} */ request) => {
            const sound = await fetch(`${form(request).RecordingUrl}.wav`);
            there[path] = [sound.status, readWav(Buffer.from(await sound.arrayBuffer()))];
            return response('');
        };
    await call('<Record action="left" recordingStatusCallback="/left-status" playBeep="false"/>');
    await ann.waitEvent('CALL_ESTABLISHED');
    await sleep(1500);
    await ann.hangup();
    const fields = form(await hook.request('/laml/left'));
    assert.equal(fields.CallStatus, 'completed');
    assert.equal(fields.Digits, 'hangup');
    assert.match(fields.RecordingUrl, /^http/);
    assert.equal(form(await hook.request('/left-status')).RecordingStatus, 'completed');
    await waitFor('both to have asked for it', () => Object.keys(there).length === 2);
    for (const [status, sound] of Object.values(there)) {
        assert.equal(status, 200);
        assertRecorded(sound, 700, -12);
    }
    await allOver();
});

test('Dial: both hear each other; the action knows how it went and how long', async () => {
    hook.routes['/laml/dialled'] = response('<Hangup/>');
    await call('<Dial action="dialled" timeout="20" record="record-from-answer"><Client>bob</Client></Dial>');
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    await bob.waitEvent('CALL_ESTABLISHED');
    await sleep(2600);
    await bob.hangup();
    const fields = form(await hook.request('/laml/dialled'));
    assert.equal(fields.DialCallStatus, 'completed');
    assert.match(fields.DialCallSid, /^[0-9a-f-]{36}$/);
    assert.ok(Number(fields.DialCallDuration) >= 2 && Number(fields.DialCallDuration) <= 4, fields.DialCallDuration);
    assert.equal(fields.DialBridged, 'true');
    assert.match(fields.RecordingUrl, /^http/);
    await ann.closed();
    assertRecorded(ann.heard(), 1100, -12);
    assertRecorded(bob.heard(), 700, -12);
    await allOver();
});

test('Dial: nobody answers, busy; the verb behind follows', async () => {
    hook.routes['/laml/none'] = response('<Dial action="busy"><Client>bob</Client></Dial>');
    hook.routes['/laml/busy'] = response('<Hangup/>');
    await call('<Dial action="none" timeout="1"><Client>bob</Client></Dial>');
    await bob.waitEvent('CALL_INCOMING');
    assert.equal(form(await hook.request('/laml/none')).DialCallStatus, 'no-answer');
    await bob.waitEvent('CALL_INCOMING');
    await bob.hangup();
    const fields = form(await hook.request('/laml/busy'));
    assert.equal(fields.DialCallStatus, 'busy');
    assert.equal(fields.DialBridged, 'false');
    await ann.closed();
    await allOver();
});

test('Dial: hangupOnStar, and a document that the called one hears first', onlyFull, async () => {
    hook.routes['/laml/whisper'] = response('<Gather numDigits="1" action="accepted"><Say>Press any key</Say></Gather><Hangup/>');
    hook.routes['/laml/accepted'] = response('<Pause length="0"/>');
    hook.routes['/laml/starred'] = response('<Hangup/>');
    await call('<Dial action="starred" hangupOnStar="true"><Client url="whisper">bob</Client></Dial>');
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    await bob.waitEvent('CALL_ESTABLISHED');
    const parent = form(await hook.request('/laml/whisper'));
    assert.match(parent.ParentCallSid, /^[0-9a-f-]{36}$/);
    assert.equal(parent.Direction, 'outbound-dial');
    await sleep(700);
    await bob.press('5');
    assert.equal(form(await hook.request('/laml/accepted')).Digits, '5');
    await sleep(2000);
    await ann.press('1*');
    const fields = form(await hook.request('/laml/starred'));
    assert.equal(fields.DialCallStatus, 'completed');
    assert.equal(fields.DialCallSid, parent.CallSid);
    await bob.closed();
    await ann.closed();
    assertRecorded(ann.heard(), 1100, -12);
    await allOver();
});

test('Conference: two callers hear each other; the action follows', onlyFull, async () => {
    const room = response('<Dial action="/laml/room-left"><Conference beep="false">room</Conference></Dial>');
    hook.routes['/laml/room'] = room;
    hook.routes['/laml/room-left'] = response('<Hangup/>');
    const number = `7${++last}`;
    await daemon.command('number', 'add', number, '--to', `laml:${hook.url}/laml/room`, '--project', project.project_id);
    for (const phone of [ann, bob]) phone.forget();
    await ann.dial(`sip:${number}@${daemon.sip}`);
    await bob.dial(`sip:${number}@${daemon.sip}`);
    await bob.waitEvent('CALL_ESTABLISHED');
    await sleep(3000);
    await bob.hangup();
    assert.equal(form(await hook.request('/laml/room-left')).DialCallStatus, 'completed');
    await ann.hangup();
    await allOver();
    assertRecorded(ann.heard(), 1100, -12, 3);
    assertRecorded(bob.heard(), 700, -12, 3);
});

test('Conference and Enqueue: waitUrl is a document, asked for as the others are, and heard until somebody comes', async () => {
    const wait = response('<Play>/sounds/tone.wav</Play>');
    const rooms = {
        conference: ['<Dial><Conference beep="false" startConferenceOnEnter="false" waitUrl="/laml/music">later</Conference></Dial>', '<Dial><Conference beep="false">later</Conference></Dial>'],
        queue: ['<Enqueue waitUrl="/laml/music">later</Enqueue>', '<Dial><Queue>later</Queue></Dial>'],
    };
    hook.routes['/laml/music'] = wait;
    for (const [name, [waits, comes]] of Object.entries(rooms)) {
        const before = hook.requests.length;
        const asked = (/** @type {string} */ path) => hook.requests.slice(before).filter((r) => r.path === path);
        await call(waits);
        await ann.waitEvent('CALL_ESTABLISHED');
        await waitFor(`the second round of the ${name}`, () => asked('/sounds/tone.wav').length >= 2);
        const [music] = asked('/laml/music');
        assert.equal(music.method, 'POST');
        assert.equal(form(music).CallSid, form(asked(`/laml/${last}.xml`)[0]).CallSid);
        const url = `${hook.url}/laml/music`;
        const text = url + Object.entries(form(music)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => key + value).join('');
        assert.equal(music.headers['x-signalwire-signature'] ?? music.headers['x-twilio-signature'], createHmac('sha1', project.signing_key).update(text).digest('base64'));
        hook.routes['/laml/comes'] = response(comes);
        const number = `7${++last}`;
        await daemon.command('number', 'add', number, '--to', `laml:${hook.url}/laml/comes`, '--project', project.project_id);
        await bob.dial(`sip:${number}@${daemon.sip}`);
        await bob.waitEvent('CALL_ESTABLISHED');
        await sleep(2500);
        await bob.hangup();
        await ann.hangup().catch(() => null); // who waited in a queue is done with it
        await allOver();
        const heard = ann.heard();
        assert.ok(findTone(heard, 500, -20).length > 20, `${name}: the music`);
        assertRecorded(heard, 1100, -12);
        assert.ok(levelAtDb(cut(heard, -1.5, 0.5), 500) < -40, `${name}: no music once it began`);
    }
});

test('Enqueue and Dial Queue: the waiting caller is brought to who takes it', onlyFull, async () => {
    hook.routes['/laml/queued'] = response('<Hangup/>');
    hook.routes['/laml/agent'] = response('<Dial action="agent-done"><Queue>support</Queue></Dial>');
    hook.routes['/laml/agent-done'] = response('<Hangup/>');
    await call('<Enqueue action="queued">support</Enqueue>');
    await ann.waitEvent('CALL_ESTABLISHED');
    const number = `7${++last}`;
    await daemon.command('number', 'add', number, '--to', `laml:${hook.url}/laml/agent`, '--project', project.project_id);
    await bob.dial(`sip:${number}@${daemon.sip}`);
    await bob.waitEvent('CALL_ESTABLISHED');
    await sleep(2500);
    await bob.hangup();
    assert.equal(form(await hook.request('/laml/queued')).QueueResult, 'bridged');
    await ann.closed();
    await allOver();
    assertRecorded(ann.heard(), 1100, -12);
    assertRecorded(bob.heard(), 700, -12);
});

test('Reject: busy, without an answer', async () => {
    await call('<Reject reason="busy"/>');
    const param = await ann.closed();
    assert.match(param, /486/);
});

test('bad documents: the call is refused, and its log has the line', async () => {
    for (const [document, words] of [
        ['<?xml version="1.0"?><Response>\n<Say>no end</Response>', /line 2: mismatched tag/],
        [response('<Shout>Hi</Shout>'), /line 3: <Shout>: there is no such verb/],
        [response('<Gather><Dial>12</Dial></Gather>'), /line 3: <Dial>: it cannot stand within <Gather>/],
        ['<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b">]><Response><Say>&a;</Say></Response>', /DOCTYPE/],
    ]) {
        await call(String(document));
        const param = await ann.closed();
        assert.match(param, /500/);
        const [newest] = await daemon.command('calls', '--all');
        assert.match(JSON.stringify(await daemon.command('calls', newest.id)), /** @type {RegExp} */ (words));
    }
});
