/** What a PBX says by SIP and what a Kandy cloud makes of it, message by message: texts, headers, transfers, the log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, DID, PBX_SECRET, startOffice } from './lib/kandy.mjs';
import { onlyFull, sleep, waitFor } from './lib/process.mjs';
import { startSipPhone } from './lib/sipphone.mjs';

const SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n';

/** A cloud without media and a PBX of a few lines in front of it. @param {object} [config] */
async function startPair(config = {}) {
    const office = await startOffice(config);
    await office.sim.put('/behaviour', { media: 'none' });
    const pbx = await startSipPhone({ user: '3cx_trunk', password: PBX_SECRET, server: office.daemon.sip });
    await pbx.register({ lines: ['User-Agent: 3CXPhoneSystem 18.0.9.20 (20)'] });
    const offer = [`Contact: ${pbx.contact}`, 'Content-Type: application/sdp'];
    let nextCall = 1;
    /** INVITE until its 200; `ack()` and what requests within the dialog need. @param {string} number @param {string[]} [lines] */
    async function dial(number, lines = []) {
        const [callId, fromTag] = [`call-${nextCall++}`, `f${nextCall}`];
        const answer = await pbx.request('INVITE', `sip:${number}@tandem`, { lines: [...offer, ...lines], body: SDP, callId, fromTag, wait: 8000 });
        assert.equal(answer.status, 200);
        const target = /<([^>]+)>/.exec(answer.header('Contact'))?.[1] ?? '';
        const dialog = { callId, fromTag, to: answer.header('To') };
        const cseq = Number(answer.header('CSeq').split(' ')[0]);
        const ack = () =>
            pbx.send(
                `ACK ${target} SIP/2.0\r\nVia: SIP/2.0/UDP ${pbx.local};branch=z9hG4bKack${callId}\r\nFrom: <sip:3cx_trunk@tandem>;tag=${fromTag}\r\n` +
                    `To: ${dialog.to}\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} ACK\r\nContent-Length: 0\r\n\r\n`,
            );
        const ask = (/** @type {string} */ method, /** @type {any} */ more = {}) => pbx.ask(method, target, { ...dialog, cseq: cseq + 1, ...more });
        return { answer, ack, ask, callId, fromTag, toTag: /;tag=([^;]+)/.exec(dialog.to)?.[1] };
    }
    const stop = async () => {
        await pbx.stop();
        await office.stop();
    };
    return { ...office, pbx, dial, offer, stop };
}

test('the log has the lines of the original bridge, in order, and a call is established with its ACK', async () => {
    const { daemon, dial, stop } = await startPair();
    const call = await dial('0501234567');
    await sleep(400);
    assert.ok(!daemon.log().includes('[INFO] Call established'), 'nobody said ACK');
    call.ack();
    await waitFor('the ACK to count', () => daemon.log().includes('[INFO] Call established'));
    await call.ask('BYE');
    await waitFor('the end', () => daemon.log().includes('[INFO] Call terminated'));
    const lines = [
        '[INFO] Authenticating with Kandy',
        /\[INFO\] Kandy subscription successful \{ subscriptionId: "[^"]{6}\.\.\." \}\n/,
        '[INFO] Connected to Kandy WebSocket',
        '[INFO] Received REGISTER from 3CX',
        '[INFO] Registration successful for 3cx_trunk',
        '[INFO] Received INVITE',
        '[INFO] Incoming INVITE',
        '[INFO] Initiating Kandy call to: 971501234567\n',
        '[INFO] Call established\n',
        '[INFO] Call terminated\n',
    ];
    let rest = daemon.log();
    for (const line of lines) {
        const at = line instanceof RegExp ? rest.search(line) : rest.indexOf(line);
        assert.ok(at >= 0, `${line} is missing, or too early, in\n${daemon.log()}`);
        rest = rest.slice(at + 5);
    }
    assert.equal(daemon.log().split('[INFO] Call established').length, 2, 'once a call');
    await stop();
});

test('the lines of what fails', async () => {
    const { sim, daemon, stop } = await startPair();
    const logged = (/** @type {RegExp} */ line) => waitFor(String(line), () => line.test(daemon.log()), 20000);
    await sim.post('/faults', { on: 'ws', name: 'unauthorized' });
    await sim.post('/sockets/drop', { user: ACCOUNT });
    await logged(/info .*\[INFO\] Kandy WebSocket closed/);
    await logged(/error .*\[ERROR\] Kandy WebSocket error/);
    await logged(/error .*\[ERROR\] Failed to connect to Kandy: 401\n/);
    await sim.post('/faults', { on: 'subscribe', status: 500, body: '{"error":"x","error_description":"the database is away"}', times: 1 });
    await sim.post('/sockets/drop', { user: ACCOUNT, code: 1000 });
    await logged(/error .*\[ERROR\] Subscription failed: 500 - the database is away\n/);
    await sim.stop();
    await logged(/error .*\[ERROR\] Socket error: /);
    await stop();
});

test('a text of the PBX goes to the cloud, one of the cloud to the PBX', async () => {
    const { sim, pbx, stop } = await startPair();
    const text = { lines: ['Content-Type: text/plain;charset=UTF-8'], body: 'gr\u00fc\u00dfe "to" you' };
    assert.equal((await pbx.request('MESSAGE', 'sip:0501234567@tandem', text)).status, 202);
    const sent = await sim.waitRequest('im');
    assert.deepEqual(sent.json, { imRequest: { charset: 'UTF-8', toUrl: 'sip:971501234567@test.local', message: 'gr\u00fc\u00dfe "to" you', type: 'A2' } });
    await sim.post('/im', { user: ACCOUNT, from: '971501234567', text: 'and back' });
    const message = await pbx.waitRequest('MESSAGE');
    assert.equal(message.body, 'and back');
    assert.match(message.header('From'), /sip:\+971501234567@/);
    await sim.post('/faults', { on: 'im', name: 'not-enabled' });
    assert.equal((await pbx.request('MESSAGE', 'sip:0501234567@tandem', text)).status, 403);
    const html = { lines: ['Content-Type: text/html'], body: '<b>no</b>' };
    assert.equal((await pbx.request('MESSAGE', 'sip:0501234567@tandem', html)).status, 415);
    await stop();
});

test('seed: there are no texts to send', onlyFull, async () => {
    const { pbx, stop } = await startPair({ dialects: 'seed' });
    const text = { lines: ['Content-Type: text/plain'], body: 'hello' };
    assert.equal((await pbx.request('MESSAGE', 'sip:0501234567@tandem', text)).status, 415);
    await stop();
});

test('headers of a call are its customParameters, both ways', async () => {
    const { sim, pbx, dial, stop } = await startPair();
    const call = await dial('0501234567', ['X-Order: 17', 'x-note: a "b"']);
    call.ack();
    const made = await sim.waitRequest('make');
    assert.deepEqual(made.json.callControlRequest.customParameters, [
        { name: 'X-Order', value: '17' },
        { name: 'x-note', value: 'a "b"' },
    ]);
    await call.ask('BYE');
    pbx.answers.INVITE = () => ({ status: 486, reason: 'Busy Here' });
    const customParameters = [
        { name: 'x-a', value: 'b' },
        { name: 'queue', value: 'sales' },
        { name: 'x-bad name', value: 'left out' },
        { name: 'x-cut', value: 'a\r\nX-Forged: yes' },
    ];
    await sim.post('/calls', { user: ACCOUNT, from: '971501112222', to: DID, customParameters });
    const invite = await pbx.waitRequest('INVITE');
    assert.equal(invite.header('x-a'), 'b');
    assert.equal(invite.header('X-queue'), 'sales');
    assert.equal(invite.header('X-Forged'), '');
    assert.ok(!invite.headers('x-bad name').length);
    await stop();
});

for (const [how, transferResult] of [['done', 'complete'], ['refused', 'fail']])
    test(`an attended transfer by the cloud, ${how}`, onlyFull, async () => {
        const { sim, daemon, pbx, dial, there, stop } = await startPair({ yaml: 'trunks: {kandy: {provider: etisalat-uae, transfer: pass}}\n' });
        await sim.put('/behaviour', { transferResult });
        const first = await dial('0501234567');
        first.ack();
        const one = await there('connected');
        const second = await dial('043456789');
        second.ack();
        const two = await waitFor('the other call', async () => (await sim.get('/calls')).find((/** @type {any} */ row) => row.id !== one.id && row.state === 'connected'));
        const replaces = encodeURIComponent(`${second.callId};to-tag=${second.toTag};from-tag=${second.fromTag}`);
        const answer = await first.ask('REFER', { lines: [`Contact: ${pbx.contact}`, `Refer-To: <sip:043456789@tandem?Replaces=${replaces}>`] });
        assert.equal(answer.status, 202);
        const asked = await sim.waitRequest('transfer');
        assert.match(asked.path, new RegExp(`/callSessions/${one.id}$`));
        assert.deepEqual(asked.json.callControlRequest, { type: 'transfer', address: 'sip:97143456789@test.local', sessionData: two.id });
        const frag = () => pbx.requests.filter((/** @type {any} */ m) => m.method === 'NOTIFY').at(-1)?.body ?? '';
        if (how === 'done') {
            await waitFor('the word that it is done', () => /^SIP\/2\.0 200/.test(frag()));
            await sim.waitCall(one.id, 'ended'); // by our DELETE
            assert.equal((await sim.get(`/calls/${one.id}`)).end.by, 'client');
            await second.ask('BYE'); // as who transfers does (RFC 5589)
            await sim.waitCall(two.id, 'ended');
            await waitFor('both calls to be over', async () => (await daemon.command('calls')).length === 0);
        } else {
            await waitFor('how it went', () => /^SIP\/2\.0 [2-6]/.test(frag()));
            // what the cloud refuses tandem does itself, or the calls stay: nobody is cut off
            assert.equal((await sim.get(`/calls/${one.id}`)).state, 'connected');
            assert.equal((await sim.get(`/calls/${two.id}`)).state, 'connected');
        }
        await stop();
    });
