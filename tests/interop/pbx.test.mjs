/** A PBX of the 3CX kind: one account, many numbers and calls, OPTIONS as a heartbeat; and what the seed's
 * server got wrong in its answers. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { waitFor } from './lib/process.mjs';
import { startSipPhone } from './lib/sipphone.mjs';
import { startSipp } from './lib/sipp.mjs';

const SECRET = 'correct-horse-battery-42';
/** @type {any} */ let carrier;
/** @type {any} */ let daemon;
/** @type {any} */ let pbx;
before(async () => {
    carrier = await startSipPhone({ user: 'carrier', server: '127.0.0.1:9', host: '127.0.0.7' });
    const yaml = `users:
  3cx_trunk: { password: ${SECRET}, pbx: true }
  alice: { password: ${SECRET} }
trunks:
  carrier: { host: 127.0.0.7, port: ${carrier.port}, username: gw, password: ${SECRET}, register: no }
routes:
  - { pattern: "971X.", user: 3cx_trunk, to: trunk:carrier }
`;
    daemon = await startDaemon({ yaml });
    pbx = await startSipPhone({ user: '3cx_trunk', password: SECRET, server: daemon.sip });
    await daemon.command('number', 'add', '97143456789', '--to', 'user:3cx_trunk');
});
after(async () => {
    await pbx.stop();
    await carrier.stop();
    await daemon.stop();
});

const sdp = (/** @type {number} */ port) => `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n`;
const offer = (/** @type {any} */ phone) => ({ lines: [`Contact: ${phone.contact}`, 'Content-Type: application/sdp'], body: sdp(9000) });
const noCalls = () => waitFor('no call to be left', async () => (await daemon.command('calls')).length === 0);

test('it registers, and its heartbeat is answered with what we can do', async () => {
    const ok = await pbx.register({ expires: 3600 });
    assert.equal(ok.status, 200);
    assert.match(ok.header('Contact'), /expires=3600/);
    const alive = await pbx.ask('OPTIONS', `sip:${daemon.sip}`);
    assert.equal(alive.status, 200);
    for (const method of ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'REFER', 'UPDATE', 'SUBSCRIBE', 'MESSAGE'])
        assert.ok(alive.header('Allow').split(/, */).includes(method), `${method} is missing in ${alive.header('Allow')}`);
    assert.ok(alive.header('Accept').split(/, */).includes('application/sdp'));
    const other = await pbx.ask('PUBLISH', 'sip:3cx_trunk@tandem');
    assert.equal(other.status, 405);
    assert.ok(other.header('Allow').includes('INVITE'));
});

test('answers are whole: every Via, Record-Route, one To tag, one Content-Length before an empty line', async () => {
    pbx.answers.INVITE = () => ({ status: 486 });
    const lines = ['Via: SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bKbelow', 'Record-Route: <sip:10.9.9.9;lr>', `Contact: ${pbx.contact}`, 'Content-Type: application/sdp'];
    const answer = await pbx.request('INVITE', 'sip:echo@tandem', { lines, body: sdp(9000), callId: 'whole', fromTag: 'w' });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers('Via').length, 2);
    assert.match(answer.headers('Via')[1], /z9hG4bKbelow/);
    assert.equal(answer.header('Record-Route'), '<sip:10.9.9.9;lr>');
    assert.equal(answer.headers('Content-Length').length, 1);
    assert.match(answer.body, /^v=0\r\n/);
    assert.match(answer.header('Contact'), /<sip:[^>]*:\d+/);
    const tags = new Set(pbx.responses.filter((/** @type {any} */ m) => m.header('Call-ID') === 'whole' && m.header('CSeq') === '2 INVITE' && m.status > 100).map((/** @type {any} */ m) => m.header('To')));
    assert.equal(tags.size, 1);
    const target = /<([^>]+)>/.exec(answer.header('Contact'))?.[1] ?? '';
    const dialog = { callId: 'whole', fromTag: 'w', to: answer.header('To') };
    pbx.send(`ACK ${target} SIP/2.0\r\nVia: SIP/2.0/UDP ${pbx.local};branch=z9hG4bKack\r\nFrom: <sip:3cx_trunk@tandem>;tag=w\r\nTo: ${answer.header('To')}\r\nCall-ID: whole\r\nCSeq: 2 ACK\r\nContent-Length: 0\r\n\r\n`);
    assert.equal((await pbx.ask('BYE', target, { ...dialog, cseq: 3 })).status, 200);
    await noCalls();
});

test('a DID rings at the PBX: the number in Request-URI and To, the caller in From', async () => {
    pbx.answers.INVITE = () => ({ status: 486, reason: 'Busy Here' });
    carrier.send(''); // its server is the daemon from here on
    const [host, port] = daemon.sip.split(':');
    const call = ['INVITE sip:97143456789@tandem SIP/2.0', `Via: SIP/2.0/UDP ${carrier.local};branch=z9hG4bKdid;rport`, 'Max-Forwards: 70', 'From: <sip:+971501234567@carrier>;tag=x', 'To: <sip:97143456789@tandem>', 'Call-ID: did', 'CSeq: 1 INVITE', `Contact: ${carrier.contact}`, 'Content-Type: application/sdp', `Content-Length: ${sdp(9000).length}`, '', sdp(9000)].join('\r\n');
    carrier.send(call, { address: host, port: Number(port) });
    const invite = await pbx.waitRequest('INVITE');
    assert.equal(invite.uri, `sip:97143456789@${pbx.local}`);
    assert.match(invite.header('To'), /sip:97143456789@/);
    assert.match(invite.header('From'), /sip:\+971501234567@/);
    await waitFor('the answer to reach the carrier', () => carrier.responses.some((/** @type {any} */ m) => m.status === 486));
    await noCalls();
});

test('it calls out in the name of its extensions', async () => {
    carrier.answers.INVITE = () => ({ status: 404, reason: 'Not Found' });
    const answer = await pbx.request('INVITE', 'sip:971509999999@tandem', { ...offer(pbx), from: '"Sales" <sip:97143456700@tandem>' });
    assert.equal(answer.status, 404);
    const invite = await carrier.waitRequest('INVITE');
    assert.match(invite.uri, /^sip:971509999999@/);
    await noCalls();
});

test('a phone cannot do that', async () => {
    const alice = await startSipPhone({ user: 'alice', password: SECRET, server: daemon.sip });
    await pbx.register({ expires: 3600 });
    pbx.answers.INVITE = () => ({ status: 486, reason: 'Busy Here' });
    const seen = pbx.requests.length;
    await alice.request('INVITE', 'sip:97143456789@tandem', { ...offer(alice), from: '<sip:director@tandem>' });
    const invite = pbx.requests.slice(seen).find((/** @type {any} */ m) => m.method === 'INVITE');
    assert.match(invite.header('From'), /sip:alice@/);
    await alice.stop();
    await noCalls();
});

test('CANCEL ends it with 487', async () => {
    pbx.answers.INVITE = () => ({ status: 180, reason: 'Ringing' });
    const alice = await startSipPhone({ user: 'alice', password: SECRET, server: daemon.sip });
    const branchOf = (/** @type {any} */ m) => m.header('Via');
    const pending = alice.request('INVITE', 'sip:97143456789@tandem', { ...offer(alice), callId: 'cancelled', fromTag: 'c', wait: 8000 });
    await waitFor('it to ring', () => alice.responses.some((/** @type {any} */ m) => m.status === 180 && m.header('Call-ID') === 'cancelled'));
    const ringing = alice.responses.find((/** @type {any} */ m) => m.status === 180 && m.header('Call-ID') === 'cancelled');
    const via = branchOf(ringing).replace(/;received=[^;]*/, '').replace(/;rport=\d+/, ';rport');
    const invites = pbx.requests.filter((/** @type {any} */ m) => m.method === 'INVITE');
    pbx.answers.CANCEL = () => {
        setTimeout(() => pbx.reply(invites.at(-1), { status: 487, reason: 'Request Terminated' }), 10);
        return { status: 200 };
    };
    alice.send(`CANCEL sip:97143456789@tandem SIP/2.0\r\nVia: ${via}\r\nMax-Forwards: 70\r\nFrom: <sip:alice@tandem>;tag=c\r\nTo: <sip:97143456789@tandem>\r\nCall-ID: cancelled\r\nCSeq: 2 CANCEL\r\nContent-Length: 0\r\n\r\n`);
    assert.equal((await pending).status, 487);
    await pbx.waitRequest('CANCEL');
    await alice.stop();
    await noCalls();
});

test('ten calls at once for one account', async () => {
    const phones = await startSipp({ scenario: 'uas', calls: 10 });
    await pbx.register({ value: '*', expires: 0 });
    await pbx.register({ value: `<sip:3cx_trunk@${phones.address}>` });
    const sdpOf = offer(carrier);
    const [host, port] = daemon.sip.split(':');
    for (let i = 0; i < 10; i++) {
        const lines = [`INVITE sip:97143456789@tandem SIP/2.0`, `Via: SIP/2.0/UDP ${carrier.local};branch=z9hG4bKmany${i};rport`, 'Max-Forwards: 70', `From: <sip:+97150123456${i}@carrier>;tag=m${i}`, 'To: <sip:97143456789@tandem>', `Call-ID: many${i}`, 'CSeq: 1 INVITE', ...sdpOf.lines, `Content-Length: ${sdpOf.body.length}`, '', sdpOf.body];
        carrier.send(lines.join('\r\n'), { address: host, port: Number(port) });
    }
    const up = () => carrier.responses.filter((/** @type {any} */ m) => m.status === 200 && m.header('Call-ID').startsWith('many') && /INVITE/.test(m.header('CSeq')));
    await waitFor('ten answers', () => new Set(up().map((/** @type {any} */ m) => m.header('Call-ID'))).size === 10);
    assert.equal((await daemon.command('calls')).length, 10);
    for (const ok of up().filter((/** @type {any} */ m, /** @type {number} */ i, /** @type {any[]} */ all) => all.findIndex((o) => o.header('Call-ID') === m.header('Call-ID')) === i)) {
        const target = /<([^>]+)>/.exec(ok.header('Contact'))?.[1];
        const head = (/** @type {string} */ method, /** @type {number} */ cseq) => `${method} ${target} SIP/2.0\r\nVia: SIP/2.0/UDP ${carrier.local};branch=z9hG4bK${method}${ok.header('Call-ID')};rport\r\nMax-Forwards: 70\r\nFrom: ${ok.header('From')}\r\nTo: ${ok.header('To')}\r\nCall-ID: ${ok.header('Call-ID')}\r\nCSeq: ${cseq} ${method}\r\nContent-Length: 0\r\n\r\n`;
        carrier.send(head('ACK', 1), { address: host, port: Number(port) });
        carrier.send(head('BYE', 2), { address: host, port: Number(port) });
    }
    await noCalls();
    await phones.stop();
});
