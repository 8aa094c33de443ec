/** What people do during a call through a Kandy cloud (link), and media that goes through TURN alone. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { startBaresip } from './lib/baresip.mjs';
import { ACCOUNT, DID, PBX_SECRET, startOffice } from './lib/kandy.mjs';
import { onlyFull, sleep, waitFor } from './lib/process.mjs';

const PBX = { hz: 700, levelDb: -18 };
/** @param {any} daemon */
const startPbx = (daemon) => startBaresip({ user: '3cx_trunk', domain: 'tandem.test', password: PBX_SECRET, outbound: daemon.sip, ...PBX });

test('hold and resume from both sides, a new offer without description', async (t) => {
    const { sim, daemon, there, stop } = await startOffice({});
    const pbx = await startPbx(daemon);
    await pbx.dial('sip:0501234567@tandem.test');
    const call = await there('connected');
    await pbx.waitEvent('CALL_ESTABLISHED');
    await sim.waitTone(call.id, PBX.hz);
    await t.test('the PBX holds: the far side is told, and hears it again', async () => {
        await pbx.run('hold');
        await sim.waitCall(call.id, 'held');
        await pbx.run('resume');
        await sim.waitCall(call.id, 'connected');
        await sim.waitTone(call.id, PBX.hz);
    });
    await t.test('held and resumed at once: the last word counts', async () => {
        await sim.post('/faults', { on: 'event:respondCallUpdate', delayMs: 400 });
        await pbx.run('hold');
        await waitFor('the offer', async () => (await sim.get('/requests?op=update')).length === 3);
        await pbx.run('resume');
        await waitFor('another one', async () => (await sim.get('/requests?op=update')).length === 4);
        await sim.waitCall(call.id, 'connected');
    });
    await t.test('the far side holds: the PBX is told', async () => {
        await sim.post(`/calls/${call.id}/hold`);
        await waitFor('the hold in the timeline', async () => (await daemon.command('calls', (await daemon.command('calls'))[0].id)).timeline.some((/** @type {any} */ row) => row.text === 'holds the call'));
        await sim.post(`/calls/${call.id}/resume`);
        await sim.waitTone(call.id, PBX.hz);
    });
    await t.test('it offers anew, with and without a description', async () => {
        for (const slow of [false, true]) {
            await sim.post(`/calls/${call.id}/reoffer`, { slow });
            await sleep(700);
            await sim.waitTone(call.id, PBX.hz);
        }
    });
    await t.test('glare: our offer is made again when it says', async () => {
        const updates = async () => (await sim.get('/requests?op=update')).length;
        const before = await updates();
        await sim.post('/faults', { on: 'event:respondCallUpdate', glare: true, retryAfter: 1 });
        await pbx.run('hold');
        await waitFor('the same offer again', async () => (await updates()) === before + 2);
        await sim.waitCall(call.id, 'held', 8000);
        await pbx.run('resume');
        await sim.waitCall(call.id, 'connected');
    });
    await pbx.hangup();
    await sim.waitCall(call.id, 'ended');
    assert.deepEqual((await sim.get('/violations')).filter((/** @type {any} */ row) => row.op !== 'POST /v2.0/subscription'), []);
    await pbx.stop();
    await stop();
});

test('the PBX transfers: the cloud does it where the trunk says so', onlyFull, async () => {
    const { sim, daemon, there, stop } = await startOffice({ yaml: 'trunks: {kandy: {provider: etisalat-uae, transfer: pass}}\n' });
    const pbx = await startPbx(daemon);
    await pbx.dial('sip:0501234567@tandem.test');
    const call = await there('connected');
    await pbx.waitEvent('CALL_ESTABLISHED');
    await pbx.run('transfer', 'sip:043456789@tandem.test');
    const asked = await sim.waitRequest('transfer');
    assert.equal(asked.json.callControlRequest.address, 'sip:97143456789@test.local');
    await sim.waitCall(call.id, 'ended');
    await pbx.waitEvent('CALL_CLOSED');
    await pbx.stop();
    await stop();
});

test('the PBX transfers: without more, tandem calls and joins the two', onlyFull, async () => {
    const { sim, daemon, there, stop } = await startOffice({});
    const pbx = await startPbx(daemon);
    await pbx.dial('sip:0501234567@tandem.test');
    const first = await there('connected');
    await pbx.waitEvent('CALL_ESTABLISHED');
    await sim.waitTone(first.id, PBX.hz);
    await sim.put('/behaviour', { tone: { hz: 600, level: -12 } });
    await pbx.run('transfer', 'sip:043456789@tandem.test');
    await pbx.waitEvent('CALL_CLOSED');
    const second = await waitFor('the other call', async () => (await sim.get('/calls')).find((/** @type {any} */ row) => row.id !== first.id && row.state === 'connected'));
    await sim.waitTone(first.id, 600); // what the second one says
    await sim.waitTone(second.id, 1000);
    await sim.post(`/calls/${second.id}/hangup`);
    await sim.waitCall(first.id, 'ended');
    await pbx.stop();
    await stop();
});

test('media through TURN over TLS alone, with the credentials of the subscription', async () => {
    const { sim, daemon, there, stop } = await startOffice({ coturn: true, relay: true, yaml: 'trunks: {kandy: {provider: etisalat-uae, relay_only: true}}\n' });
    const pbx = await startPbx(daemon);
    await pbx.dial('sip:0501234567@tandem.test');
    const call = await there('connected');
    await pbx.waitEvent('CALL_ESTABLISHED');
    const heard = await sim.waitTone(call.id, PBX.hz).catch((error) => {
        throw new Error(`${error.message}\n${daemon.log().slice(-6000)}`);
    });
    assert.deepEqual([heard.pair.local, heard.pair.remote], ['relay', 'relay']);
    await pbx.hangup();
    await sim.waitCall(call.id, 'ended');
    await pbx.stop();
    await stop();
});

for (const dialects of ['seed', 'link'])
    test(`${dialects}: an incoming call without a description`, onlyFull, async () => {
        const { sim, daemon, stop } = await startOffice({ dialects });
        const pbx = await startPbx(daemon);
        await pbx.run('uanew', `<sip:${DID}@127.0.0.1>;regint=0;audio_codecs=pcmu,pcma`);
        const call = await sim.post('/calls', { user: ACCOUNT, from: '971501112222', to: DID, offer: false });
        await pbx.waitEvent('CALL_INCOMING');
        await pbx.accept();
        await sim.waitCall(call.id, 'connected');
        await sim.waitTone(call.id, PBX.hz);
        await pbx.hangup();
        await sim.waitCall(call.id, 'ended');
        await pbx.stop();
        await stop();
    });

test('the PBX forwards an incoming call to a number outside: the cloud does it', onlyFull, async () => {
    const { sim, stop } = await startOffice({ yaml: `routes: [{from_trunk: kandy, to: ["trunk:kandy/0509876543"]}]\n` });
    const call = await sim.post('/calls', { user: ACCOUNT, from: '971501112222', to: DID });
    const asked = await sim.waitRequest('forward');
    assert.equal(asked.json.callDispositionRequest.address, 'sip:971509876543@test.local');
    await sim.waitCall(call.id, 'ended');
    assert.equal((await sim.get('/requests?op=end')).length, 0);
    await stop();
});

test('voice mail lights the lamp, a text message arrives', async () => {
    const { sim, daemon, stop } = await startOffice({});
    const phone = createSocket('udp4');
    /** @type {string[]} */ const got = [];
    await new Promise((done) => phone.bind(0, '127.0.0.1', () => done(null)));
    const here = `127.0.0.1:${phone.address().port}`;
    const [host, port] = daemon.sip.split(':');
    const lineOf = (/** @type {string} */ text, /** @type {string} */ name) => new RegExp(`^${name}: *(.*)$`, 'im').exec(text)?.[1] ?? '';
    phone.on('message', (bytes) => {
        const text = bytes.toString();
        got.push(text);
        if (text.startsWith('SIP/2.0')) return;
        const kept = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => `${name}: ${lineOf(text, name)}`);
        phone.send(`SIP/2.0 200 OK\r\n${kept.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`, Number(port), host);
    });
    const register = (/** @type {number} */ cseq, more = '') =>
        phone.send(
            `REGISTER sip:tandem SIP/2.0\r\nVia: SIP/2.0/UDP ${here};branch=z9hG4bK${cseq}\r\nMax-Forwards: 70\r\nFrom: <sip:3cx_trunk@tandem>;tag=a\r\n` +
                `To: <sip:3cx_trunk@tandem>\r\nCall-ID: mail@${here}\r\nCSeq: ${cseq} REGISTER\r\nContact: <sip:3cx_trunk@${here}>\r\n${more}Content-Length: 0\r\n\r\n`,
            Number(port),
            host,
        );
    const wait = (/** @type {RegExp} */ pattern) => waitFor(String(pattern), () => got.find((text) => pattern.test(text)));
    register(1);
    const nonce = /nonce="([^"]+)"/.exec(await wait(/^SIP\/2\.0 401/))?.[1];
    const md5 = (/** @type {string} */ text) => createHash('md5').update(text).digest('hex');
    const ha = [md5(`3cx_trunk:tandem:${PBX_SECRET}`), md5('REGISTER:sip:tandem')];
    const response = md5(`${ha[0]}:${nonce}:00000001:c:auth:${ha[1]}`);
    register(2, `Authorization: Digest username="3cx_trunk", realm="tandem", nonce="${nonce}", uri="sip:tandem", response="${response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"\r\n`);
    await wait(/^SIP\/2\.0 200/);
    await sim.post('/mwi', { user: ACCOUNT, waiting: true, total: 3, unheard: 2 });
    const notify = await wait(/^NOTIFY/);
    assert.match(notify, /^Event: message-summary\r$/m);
    assert.match(notify, /Messages-Waiting: yes\r\n/);
    assert.match(notify, /Voice-Message: 2\/1/);
    await sim.post('/im', { user: ACCOUNT, from: '971501234567', text: 'hello there' });
    const message = await wait(/^MESSAGE/);
    assert.match(lineOf(message, 'From'), /sip:\+971501234567@/);
    assert.ok(message.endsWith('hello there'));
    phone.close();
    await stop();
});
