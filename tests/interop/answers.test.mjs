/** Every way a far end can say no, and what the page is told: SIPp as the provider, answering with one status. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { atEnd, findPorts, sleep } from './lib/process.mjs';
import { startSipp } from './lib/sipp.mjs';
import { OFFER, openSocket } from './lib/socket.mjs';

const reply = (/** @type {number} */ code, /** @type {string} */ reason, more = '') => `<send><![CDATA[
SIP/2.0 ${code} ${reason}
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
${more}Content-Length: 0

]]></send>`;
const scenario = (/** @type {string[]} */ ...steps) =>
    `<?xml version="1.0" encoding="UTF-8"?><scenario name="uas">${steps.join('\n')}</scenario>`;
const refuses = (/** @type {number} */ code, /** @type {string} */ reason, more = '') =>
    scenario('<recv request="INVITE"/>', reply(100, 'Trying'), reply(code, reason, more), '<recv request="ACK"/>');
const ringsOnly = scenario(
    '<recv request="INVITE"/>',
    reply(180, 'Ringing'),
    '<recv request="CANCEL"/>',
    '<send><![CDATA[\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:];tag=[call_number]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n]]></send>',
    '<send><![CDATA[\nSIP/2.0 487 Request Terminated\n[last_Via:]\n[last_From:]\n[last_To:];tag=[call_number]\n[last_Call-ID:]\nCSeq: 1 INVITE\nContent-Length: 0\n\n]]></send>',
    '<recv request="ACK"/>',
);

/** A daemon whose only provider is at that address. It does not register. @param {string} address */
function startWith(address, yaml = '') {
    const [host, port] = address.split(':');
    const env = { SIP_TRUNK_HOST: host, SIP_TRUNK_PORT: port, SIP_USERNAME: 'gateway', SIP_PASSWORD: 'a-long-enough-secret', SIP_REGISTER: 'no' };
    return startDaemon({ env, yaml });
}

/** @param {Awaited<ReturnType<typeof startDaemon>>} daemon */
async function dial(daemon, destination = '+15551234567') {
    const socket = await openSocket(daemon.bridgeUrl);
    socket.send({ type: 'offer', sdp: OFFER, destination });
    return socket;
}

const REFUSALS = [
    { code: 403, reason: 'Forbidden', token: 'forbidden', words: /does not allow/ },
    { code: 404, reason: 'Not Found', token: 'not_found', words: /Nobody is known|404/ },
    { code: 480, reason: 'Temporarily Unavailable', token: 'unavailable', words: /not reachable/ },
    { code: 486, reason: 'Busy Here', token: 'busy', words: /busy/i },
    { code: 488, reason: 'Not Acceptable Here', token: 'no_codec', words: /codec/ },
    { code: 500, reason: 'Server Internal Error', token: 'server_error', words: /error/ },
    { code: 603, reason: 'Decline', token: 'declined', words: /declined/i },
];
for (const { code, reason, token, words } of REFUSALS)
    test(`${code} ${reason} reaches the page as ${token}`, async () => {
        const sipp = await startSipp({ scenario: refuses(code, reason) });
        const daemon = await startWith(sipp.address);
        const socket = await dial(daemon);
        const error = await socket.next('error');
        assert.equal(error.code, code);
        assert.equal(error.reason, token);
        assert.match(error.message, new RegExp(`^Failed to establish call: SIP call failed: Sip non-success response: ${code}`));
        assert.match(error.message, words);
        assert.equal(await sipp.done(), 0, sipp.log().slice(-1500));
        const [{ id }] = await daemon.command('calls', '--all');
        assert.match(JSON.stringify((await daemon.command('calls', id)).cause), new RegExp(`"${token}"`));
        await daemon.stop();
    });

test('rings, and the page hangs up: CANCEL, 487, ACK', async () => {
    const sipp = await startSipp({ scenario: ringsOnly });
    const daemon = await startWith(sipp.address);
    const socket = await dial(daemon);
    assert.equal((await socket.next('ringing')).code, 180);
    socket.send({ type: 'hangup' });
    await socket.next('hangup');
    assert.equal(await sipp.done(), 0, sipp.log().slice(-1500));
    await daemon.stop();
});

test('rings, and the socket is lost: CANCEL all the same', async () => {
    const sipp = await startSipp({ scenario: ringsOnly });
    const daemon = await startWith(sipp.address);
    const socket = await dial(daemon);
    await socket.next('ringing');
    socket.socket.terminate();
    assert.equal(await sipp.done(), 0, sipp.log().slice(-1500));
    await daemon.stop();
});

test('rings for ever: given up after ring_timeout, in words', async () => {
    const sipp = await startSipp({ scenario: ringsOnly });
    const daemon = await startWith(sipp.address, 'ring_timeout: 2\n');
    const socket = await dial(daemon);
    const error = await socket.next('error', 8000);
    assert.equal(error.reason, 'no_answer');
    assert.match(error.message, /nobody answered/i);
    assert.equal(await sipp.done(), 0, sipp.log().slice(-1500));
    await daemon.stop();
});

test('nobody at that port: the address is named', async () => {
    const address = `127.0.0.1:${await findPorts(1)}`;
    const daemon = await startWith(address);
    const socket = await dial(daemon);
    const error = await socket.next('error', 40000);
    assert.match(error.message, /^Failed to establish call: /);
    assert.ok(['connection_refused', 'timeout'].includes(error.reason), error.reason);
    assert.ok(error.message.includes(address), error.message);
    await daemon.stop();
});

test('the number dialled is the called user at the SIP domain; the caller is the account', async () => {
    const text = scenario(
        `<recv request="INVITE"><action>
          <ereg regexp="^INVITE sip:[+]15551234567@sip[.]example[ ;]" search_in="msg" check_it="true" assign_to="1"/>
          <ereg regexp="sip:gateway@sip[.]example" search_in="hdr" header="From:" check_it="true" assign_to="2"/>
        </action></recv>`,
        '<Reference variables="1,2"/>',
        reply(486, 'Busy Here'),
        '<recv request="ACK"/>',
    );
    const sipp = await startSipp({ scenario: text });
    const [host, port] = sipp.address.split(':');
    const daemon = await startDaemon({
        env: { SIP_TRUNK_HOST: host, SIP_TRUNK_PORT: port, SIP_USERNAME: 'gateway', SIP_PASSWORD: 'a-long-enough-secret', SIP_DOMAIN: 'sip.example', SIP_REGISTER: 'no' },
    });
    const socket = await dial(daemon);
    await socket.next('error');
    assert.equal(await sipp.done(), 0, sipp.log().slice(-1500));
    await daemon.stop();
});

test('no destination: the account itself is dialled, as ever', async () => {
    const text = scenario(
        `<recv request="INVITE"><action><ereg regexp="^INVITE sip:gateway@" search_in="msg" check_it="true" assign_to="1"/></action></recv>`,
        '<Reference variables="1"/>',
        reply(486, 'Busy Here'),
        '<recv request="ACK"/>',
    );
    const sipp = await startSipp({ scenario: text });
    const daemon = await startWith(sipp.address);
    const socket = await openSocket(daemon.referenceUrl);
    socket.send({ type: 'offer', sdp: OFFER });
    await socket.next('error');
    assert.equal(await sipp.done(), 0, sipp.log().slice(-1500));
    await daemon.stop();
});

test('an INVITE from a stranger is challenged or refused and reaches no trunk', async () => {
    const provider = createSocket('udp4');
    /** @type {string[]} */
    const received = [];
    provider.on('message', (data) => received.push(data.toString()));
    await new Promise((done) => provider.bind(0, '127.0.0.1', () => done(null)));
    atEnd(async () => provider.close());
    const daemon = await startWith(`127.0.0.1:${provider.address().port}`);
    const stranger = scenario(
        `<send><![CDATA[
INVITE sip:+15551234567@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:stranger@[local_ip]>;tag=[call_number]
To: <sip:+15551234567@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:stranger@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Length: 0

]]></send>`,
        '<recv response="100" optional="true"/>',
        '<recv response="401" optional="true" next="1"/>',
        '<recv response="403" optional="true" next="1"/>',
        '<recv response="407"/>',
        `<label id="1"/><send><![CDATA[
ACK sip:+15551234567@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>`,
    );
    const caller = await startSipp({ scenario: stranger, target: daemon.sip, host: '127.0.0.2' }); // not the provider's address
    assert.equal(await caller.done(), 0, caller.log().slice(-1500));
    await sleep(300);
    assert.deepEqual(received.filter((text) => text.startsWith('INVITE')), []);
    assert.deepEqual(await daemon.command('calls', '--all'), []);
    await daemon.stop();
});
