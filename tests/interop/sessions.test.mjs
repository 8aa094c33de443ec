/** What each side of a call settles for itself while tandem stands between: reliable provisional answers, texts and
 * keys inside the call, session timers. A phone that registers with us on one side, a carrier on the other. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { startRtpListener } from './lib/listener.mjs';
import { onlyFull, sleep, waitFor } from './lib/process.mjs';
import { SDP, startProvider } from './lib/provider.mjs';
import { startSipPhone } from './lib/sipphone.mjs';
import { findKeys } from './lib/wav.mjs';

const SECRET = 'correct-horse-battery-42';
/** @type {any} */ let daemon, carrier, other, band, ear, alice;
/** How the carrier takes a call; each test says. @type {(call: any) => void} */ let rings;
/** What it answers to requests inside a call. @type {(request: any, reply: any) => boolean} */ let takes = () => false;

before(async () => {
    carrier = await startProvider({ invite: (call) => rings(call), other: (request, reply) => takes(request, reply) });
    other = await startProvider({ other: (request, reply) => takes(request, reply) });
    ear = await startRtpListener();
    band = await startProvider({ invite: (call) => call.answer([], SDP(ear.port)) });
    daemon = await startDaemon({
        yaml: `
users: { alice: { password: ${SECRET} } }
trunks:
  carrier: { host: 127.0.0.1, port: ${carrier.port}, register: 'no' }
  keys: { host: 127.0.0.1, port: ${other.port}, register: 'no', dtmf: info }
  band: { host: 127.0.0.1, port: ${band.port}, register: 'no', dtmf: inband }
  office: { host: 192.0.2.1, register: 'no', sources: [127.0.0.7], dtmf: info }
routes:
  - { pattern: "+1.", to: trunk:carrier }
  - { pattern: "+2.", to: trunk:keys }
  - { pattern: "+4.", to: trunk:band }
  - { pattern: "+3.", from_trunk: office, to: trunk:keys }
media: { timeout: 3600 }
`,
    });
    alice = await startSipPhone({ user: 'alice', password: SECRET, server: daemon.sip });
    assert.equal((await alice.register()).status, 200);
    await waitFor('the trunks', async () => (await daemon.command('trunks')).filter((/** @type {any} */ t) => t.state === 'alive').length === 3);
});
after(() => daemon.stop());

const RELIABLE = (/** @type {number} */ rseq) => ['Require: 100rel', `RSeq: ${rseq}`];
const prackOf = (/** @type {any} */ m) => `RAck: ${m.header('RSeq')} ${m.header('CSeq')}`;
const isReliable = (/** @type {any} */ m) => /100rel/.test(m.header('Require')) && m.header('RSeq') !== '';

/** @type {[string, boolean, boolean][]} */
const SIDES = [
    ['the phone demands them, the carrier sends none', true, false],
    ['the carrier sends them, the phone knows none', false, true],
    ['both', true, true],
];
for (const [name, phoneWants, carrierSends] of SIDES)
    test(`reliable provisional answers: ${name}`, async () => {
        carrier.forget();
        rings = (call) => call.reply(183, 'Session Progress', carrierSends ? RELIABLE(7) : [], SDP(carrier.rtpPort));
        const call = alice.dial('sip:+15551234567@tandem', { lines: phoneWants ? ['Require: 100rel'] : [], body: SDP(alice.port) });
        const early = await call.progress(183);
        assert.match(early.body, /m=audio/);
        assert.equal(isReliable(early), phoneWants, early.start);
        if (phoneWants) assert.equal((await call.request('PRACK', [prackOf(early)])).status, 200);
        if (carrierSends) assert.match((await carrier.waitFor('PRACK')).header('RAck'), /^7 \d+ INVITE$/);
        await sleep(200);
        assert.equal(carrier.count('PRACK'), carrierSends ? 1 : 0);
        carrier.lastCall().answer();
        assert.equal((await call.answered()).status, 200);
        await carrier.waitFor('ACK');
        assert.equal((await call.bye()).status, 200);
        await carrier.waitFor('BYE');
    });

test('an INVITE without an offer that demands reliable answers: the offer is in the first of them (RFC 3261 §13.2.1)', async () => {
    carrier.forget();
    rings = (call) => call.reply(183, 'Session Progress', [], SDP(carrier.rtpPort));
    const call = alice.dial('sip:+15551234567@tandem', { lines: ['Require: 100rel'] });
    const early = await call.progress(183);
    assert.ok(isReliable(early));
    assert.match(early.body, /m=audio \d+ RTP\/AVP/);
    assert.equal((await call.request('PRACK', [prackOf(early), 'Content-Type: application/sdp'], SDP(alice.port))).status, 200);
    carrier.lastCall().answer();
    const ok = await call.answered();
    assert.equal(ok.status, 200);
    assert.equal(ok.body, '', 'offer and answer have met: another description would be an offer');
    await waitFor('the call', async () => (await daemon.command('calls'))[0]?.state === 'up');
    await call.bye();
    await carrier.waitFor('BYE');
});

test('an offer in a PRACK is answered in its 200 (RFC 3262 §5)', async () => {
    carrier.forget();
    rings = (call) => call.reply(183, 'Session Progress', [], SDP(carrier.rtpPort));
    const call = alice.dial('sip:+15551234567@tandem', { lines: ['Require: 100rel'], body: SDP(alice.port) });
    const early = await call.progress(183);
    const ok = await call.request('PRACK', [prackOf(early), 'Content-Type: application/sdp'], SDP(alice.port, '8 101').replace('o=- 1 1', 'o=- 1 2'));
    assert.equal(ok.status, 200);
    assert.match(ok.body, /m=audio \d+ RTP\/AVP 8/);
    carrier.lastCall().answer();
    assert.equal((await call.answered()).status, 200);
    await call.bye();
    await carrier.waitFor('BYE');
});

/** Up, by that number. */
async function talk(number = '+15551234567') {
    rings = (call) => call.answer();
    const call = alice.dial(`sip:${number}@tandem`, { body: SDP(alice.port) });
    assert.equal((await call.answered()).status, 200);
    return call;
}

test('a text inside a call goes to the other side, whose answer comes back', async () => {
    carrier.forget();
    const call = await talk();
    const text = ['Content-Type: text/plain;charset=UTF-8'];
    assert.equal((await call.request('MESSAGE', text, 'Grüße')).status, 200);
    const got = await carrier.waitFor('MESSAGE');
    assert.match(got.header('to'), /;tag=/);
    assert.equal(got.header('call-id'), carrier.lastCall().state.invite.header('call-id'), 'in its dialog');
    assert.equal(got.header('content-type'), 'text/plain;charset=UTF-8');
    assert.equal(got.body, 'Grüße');
    takes = (request, reply) => request.method === 'MESSAGE' && (reply(415, 'Unsupported Media Type'), true);
    assert.equal((await call.request('MESSAGE', ['Content-Type: text/html'], '<b>')).status, 415);
    takes = () => false;
    carrier.lastCall().request('MESSAGE', text, 'back');
    assert.equal((await alice.waitRequest('MESSAGE')).body, 'back');
    await waitFor('the answer', () => carrier.responses().some((/** @type {any} */ m) => m.status === 200 && /MESSAGE/.test(m.header('cseq'))));
    alice.answers.MESSAGE = () => ({ status: 488, reason: 'Not Acceptable Here' });
    carrier.lastCall().request('MESSAGE', text, 'again');
    await waitFor('the refusal', () => carrier.responses().some((/** @type {any} */ m) => m.status === 488));
    delete alice.answers.MESSAGE;
    assert.equal((await call.request('MESSAGE', [], 'without a type')).status, 400);
    await call.bye();
    const echo = alice.dial('sip:echo@tandem', { body: SDP(alice.port) });
    await echo.answered();
    assert.equal((await echo.request('MESSAGE', text, 'to nobody')).status, 405);
    await echo.bye();
});

test('a text whose answer never comes is answered when the call ends', async () => {
    const call = await talk();
    takes = (request) => request.method === 'MESSAGE';
    const answer = call.request('MESSAGE', ['Content-Type: text/plain'], 'hello?');
    await carrier.waitFor('MESSAGE');
    await call.bye();
    assert.equal((await answer).status, 480);
    takes = () => false;
});

test('keys by INFO: either form is read, each side is told by the form that it knows', async () => {
    const office = await startSipPhone({ user: 'office', server: daemon.sip, host: '127.0.0.7' });
    other.forget();
    const call = office.dial('sip:+3999@tandem', { body: SDP(office.port) });
    assert.equal((await call.answered()).status, 200);
    const keys = () => other.messages.filter((/** @type {any} */ m) => m.method === 'INFO').map((/** @type {any} */ m) => [m.header('content-type'), m.body]);
    assert.equal((await call.request('INFO', ['Content-Type: application/dtmf-relay'], 'Signal=5\r\nDuration=160\r\n')).status, 200);
    await waitFor('the first key', () => keys().length === 1);
    assert.equal((await call.request('INFO', ['Content-Type: application/dtmf'], '#')).status, 200);
    await waitFor('the second key', () => keys().length === 2);
    assert.deepEqual(keys(), [['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n'], ['application/dtmf-relay', 'Signal=#\r\nDuration=100\r\n']]);
    assert.equal((await call.request('INFO', ['Content-Type: application/x-unknown'], '5')).status, 415);
    assert.equal((await call.request('INFO')).status, 200, 'an empty one is a ping');
    for (const [type, body] of [['application/dtmf-relay', 'Signal=*\r\nDuration=200\r\n'], ['application/dtmf', '7']]) {
        other.lastCall().request('INFO', [`Content-Type: ${type}`], body);
        const got = await office.waitRequest('INFO');
        assert.equal(got.body, `Signal=${body.includes('*') ? '*\r\nDuration=200' : '7\r\nDuration=100'}\r\n`);
    }
    takes = (request, reply) => request.method === 'INFO' && /relay/.test(request.header('content-type')) && (reply(415, 'Unsupported Media Type'), true);
    await call.request('INFO', ['Content-Type: application/dtmf'], '9');
    await waitFor('the other form', () => JSON.stringify(keys().at(-1)) === JSON.stringify(['application/dtmf', '9']));
    takes = () => false;
    await call.bye();
    await office.stop();
});

test('a key by INFO from a phone is an event in the sound of a trunk that takes those', async () => {
    const call = await talk();
    carrier.heard.keys.length = 0;
    await call.request('INFO', ['Content-Type: application/dtmf'], '8');
    await waitFor('the event', () => carrier.heard.keys.includes(8));
    await call.bye();
});

test('a key is tones in the sound of a trunk that takes those, though it knows events', async () => {
    const call = alice.dial('sip:+4999@tandem', { body: SDP(alice.port) });
    assert.equal((await call.answered()).status, 200);
    await call.request('INFO', ['Content-Type: application/dtmf'], '8');
    await waitFor('the tones', () => findKeys(ear.heard()) === '8');
    assert.ok(ear.packets.every((/** @type {any} */ packet) => packet.pt === 0));
    await call.bye();
});

test('a text by a trunk: on the wire as that trunk wants it, its answer comes back', async () => {
    carrier.forget();
    const text = { lines: ['Content-Type: text/plain'], body: 'Hello' };
    assert.equal((await alice.request('MESSAGE', 'sip:+15557654321@tandem', text)).status, 200);
    const got = await carrier.waitFor('MESSAGE');
    assert.match(got.uri, /^sip:\+15557654321@127\.0\.0\.1/);
    assert.equal(got.body, 'Hello');
    assert.equal(got.header('content-type'), 'text/plain');
    takes = (request, reply) => request.method === 'MESSAGE' && (reply(404, 'Not Found'), true);
    assert.equal((await alice.request('MESSAGE', 'sip:+15557654321@tandem', text)).status, 404);
    takes = () => false;
});

test('what may not stand in a user part is escaped on its way out, and read again (RFC 3261 §25.1)', async () => {
    for (const dialled of ['*98#', '*98%23']) {
        const call = alice.dial(`sip:+1${dialled}@tandem`, { body: SDP(alice.port) });
        rings = (c) => c.answer();
        carrier.forget();
        assert.equal((await call.answered()).status, 200);
        const invite = carrier.last('INVITE');
        assert.match(invite.uri, /^sip:\+1\*98%23@/);
        assert.match(invite.header('to'), /^<sip:\+1\*98%23@/);
        assert.equal((await daemon.command('calls'))[0].to, '+1*98#', 'people read it as it was dialled');
        await call.bye();
    }
});

test('a trunk that wants to call another is told what that takes', async () => {
    const office = await startSipPhone({ user: 'office', server: daemon.sip, host: '127.0.0.7' });
    assert.equal((await office.dial('sip:+15551234567@tandem', { body: SDP(office.port) }).answered()).status, 403);
    const rows = await daemon.command('calls', '--all');
    const row = rows.find((/** @type {any} */ call) => call.trunk === 'office' && call.to === '+15551234567');
    assert.match((await daemon.command('calls', row.id)).cause.text, /route with from_trunk/);
    await office.stop();
});

/** RFC 4028 with the shortest interval that there may be, four calls at the same time. */
test('session timers: each leg has its own, whoever refreshes; one that nobody refreshes ends its call', { ...onlyFull, timeout: 150000 }, async () => {
    /** @type {Record<string, string[]>} */
    const terms = {
        '+1100': [],
        '+1200': ['Supported: timer', 'Require: timer', 'Session-Expires: 90;refresher=uac'],
        '+1300': ['Supported: timer', 'Require: timer', 'Session-Expires: 90;refresher=uas'],
        '+1400': ['Supported: timer', 'Require: timer', 'Session-Expires: 90;refresher=uas'],
    };
    /** @type {Record<string, any>} */ const legs = {};
    rings = (call) => {
        const number = /sip:(\+\d+)@/.exec(call.state.invite.uri)?.[1] ?? '';
        legs[number] = call;
        call.answer(terms[number]);
    };
    /** @type {Record<string, any>} */ const calls = {};
    for (const number of Object.keys(terms)) {
        calls[number] = alice.dial(`sip:${number}@tandem`, { body: SDP(alice.port) });
        const ok = await calls[number].answered();
        assert.equal(ok.status, 200);
        assert.equal(ok.header('Session-Expires'), '', 'the phone knows no timers');
    }
    const asked = carrier.messages.filter((/** @type {any} */ m) => m.method === 'INVITE').at(-1);
    assert.match(asked.header('session-expires'), /^\d+/);
    const idOf = (/** @type {string} */ number) => legs[number].state.invite.header('call-id');
    const refreshes = (/** @type {string} */ number) => carrier.messages.filter((/** @type {any} */ m) => ['UPDATE', 'INVITE'].includes(m.method) && m.header('call-id') === idOf(number) && /;tag=/.test(m.header('to')));
    await waitFor('our refresh', () => refreshes('+1200').length > 0, 60000);
    assert.match(refreshes('+1200')[0].header('session-expires'), /^90;refresher=uac/);
    legs['+1300'].request('UPDATE', ['Supported: timer', 'Session-Expires: 90;refresher=uac']);
    await waitFor('the end of the call that nobody refreshed', () => carrier.messages.some((/** @type {any} */ m) => m.method === 'BYE' && m.header('call-id') === idOf('+1400')), 40000);
    await waitFor('the phone to be told', () => alice.requests.some((/** @type {any} */ m) => m.method === 'BYE' && m.header('Call-ID') === calls['+1400'].callId));
    await sleep(5000);
    const live = (await daemon.command('calls')).map((/** @type {any} */ call) => call.to).sort();
    assert.deepEqual(live, ['+1100', '+1200', '+1300']);
    assert.equal(refreshes('+1100').length + refreshes('+1300').length, 0, 'not ours to refresh');
    const done = (await daemon.command('calls', '--all')).find((/** @type {any} */ call) => call.to === '+1400');
    assert.match(JSON.stringify((await daemon.command('calls', done.id)).cause), /session timer expired/);
    assert.ok(!alice.requests.some((/** @type {any} */ m) => m.method === 'UPDATE' || m.method === 'INVITE'), 'the phone hears nothing of it');
    for (const number of ['+1100', '+1200', '+1300']) assert.equal((await calls[number].bye()).status, 200);
});
