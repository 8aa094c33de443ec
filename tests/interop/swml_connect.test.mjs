/** connect: a script brings its caller and others together; tones are measured at both ends. */
import assert from 'node:assert/strict';
import { before, after, test } from 'node:test';
import { assertRecorded } from './lib/checks.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { startPhone } from './lib/office.mjs';
import { onlyFull, sleep, waitFor } from './lib/process.mjs';
import { startSipp } from './lib/sipp.mjs';
import { findTone } from './lib/wav.mjs';

/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {Awaited<ReturnType<typeof startHook>>} */ let hook;
/** @type {Awaited<ReturnType<typeof startPhone>>[]} */ let phones = [];
let last = 1000;

before(async () => {
    [daemon, hook] = await Promise.all([startDaemon(), startHook()]);
    phones = [];
    for (const [user, hz] of [['ann', 700], ['bob', 1100], ['eve', 1500]]) phones.push(await startPhone(daemon, String(user), { hz }));
});
after(async () => {
    await Promise.all(phones.map((phone) => phone.stop()));
    await daemon.stop();
});

async function call(...steps) {
    const path = `/swml${++last}`;
    hook.routes[path] = { version: '1.0.0', sections: { main: steps } };
    await daemon.command('number', 'add', `7${last}`, '--to', `swml:${hook.url}${path}`);
    phones.forEach((phone) => phone.forget());
    await phones[0].dial(`sip:7${last}@${daemon.sip}`);
}
const tell = (path, body) => ({ request: { url: `${hook.url}${path}`, method: 'POST', body } });
const allOver = () => waitFor('every call to be over', async () => (await daemon.command('calls')).length === 0);

test('to a user: ringing is heard, then both hear each other and their keys; the script goes on', async () => {
    const [ann, bob] = phones;
    await call({ connect: { to: 'user:bob', status_url: `${hook.url}/status` } }, tell('/after', { result: '${connect_result}' }), { hangup: {} });
    await ann.waitEvent('CALL_ESTABLISHED');
    await bob.waitEvent('CALL_INCOMING');
    await sleep(2500);
    await bob.accept();
    await bob.waitEvent('CALL_ESTABLISHED');
    await sleep(2500);
    await ann.press('5');
    await bob.press('6');
    await sleep(1000);
    await bob.hangup();
    assert.deepEqual((await hook.request('/after')).json, { result: 'connected' });
    await ann.closed();
    assert.ok(findTone(ann.heard(), 480).length > 10, 'ringing of the United States: 440 and 480 Hz');
    assertRecorded(ann.heard(), 1100, -12);
    assertRecorded(bob.heard(), 700, -12);
    assert.equal(bob.keys(), '5');
    assert.equal(ann.keys(), '6');
    assert.deepEqual(hook.events('/status').map((e) => e.params.connect_state), ['connecting', 'connected', 'disconnected']);
    await allOver();
});

test('one after the other: the first is busy, the second answers; the caller hangs up', async () => {
    const [ann, bob, eve] = phones;
    await call({ connect: { serial: [{ to: 'user:bob' }, { to: 'user:eve' }] } });
    await bob.waitEvent('CALL_INCOMING');
    await bob.hangup();
    await eve.waitEvent('CALL_INCOMING');
    await eve.accept();
    await eve.waitEvent('CALL_ESTABLISHED');
    await sleep(2000);
    await ann.hangup();
    await eve.closed();
    assertRecorded(ann.heard(), 1500, -12);
    await allOver();
});

test('at once: who answers first has the call, the other stops ringing', async () => {
    const [ann, bob, eve] = phones;
    await call({ connect: { parallel: [{ to: 'user:bob' }, { to: 'user:eve' }] } });
    await Promise.all([bob.waitEvent('CALL_INCOMING'), eve.waitEvent('CALL_INCOMING')]);
    await eve.accept();
    await eve.waitEvent('CALL_ESTABLISHED');
    await bob.closed();
    await eve.hangup();
    await ann.closed();
    await allOver();
});

test('nobody answers: failed after the time, with the reason; result decides', async () => {
    const [ann, bob] = phones;
    await call({
        connect: { to: 'user:bob', timeout: 1, result: { case: { connected: [tell('/result', 'yes')], failed: [tell('/result', '${connect_failed_reason}')] } } },
    });
    await bob.waitEvent('CALL_INCOMING');
    assert.equal((await hook.request('/result')).body, 'no_answer');
    await ann.closed();
    await allOver();
});

test('confirm: the called one presses a key before the two are joined', async () => {
    const [ann, bob] = phones;
    const confirm = [
        { prompt: { play: 'say:Press 1 to accept', max_digits: 1 } },
        { cond: [{ when: "prompt_value != '1'", then: [{ hangup: {} }] }] },
    ];
    await call({ connect: { to: 'user:bob', confirm } }, tell('/confirmed', '${connect_result}'));
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    await bob.waitEvent('CALL_ESTABLISHED');
    await sleep(700);
    await bob.press('1');
    await sleep(2500);
    await bob.hangup();
    assert.equal((await hook.request('/confirmed')).body, 'connected');
    await ann.closed();
    assertRecorded(ann.heard(), 1100, -12);
    await allOver();
});

test('confirm: another key, and the caller never hears them', onlyFull, async () => {
    const [ann, bob] = phones;
    const confirm = [{ prompt: { play: 'say:Press 1', max_digits: 1 } }, { cond: [{ when: "prompt_value != '1'", then: [{ hangup: {} }] }] }];
    await call({ connect: { to: 'user:bob', confirm } }, tell('/refused', '${connect_result}'));
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    await bob.waitEvent('CALL_ESTABLISHED');
    await sleep(700);
    await bob.press('2');
    assert.equal((await hook.request('/refused')).body, 'failed');
    await bob.closed();
    await ann.closed();
    await allOver();
});

test('answer_on_bridge: the caller is answered only when somebody is there', async () => {
    const [ann, bob] = phones;
    await call({ connect: { to: 'user:bob', answer_on_bridge: true } });
    await ann.waitEvent('CALL_RINGING');
    assert.ok(!ann.events.some((e) => e.type === 'CALL_ESTABLISHED' && !e.seen));
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    await ann.waitEvent('CALL_ESTABLISHED');
    await ann.hangup();
    await bob.closed();
    await allOver();
});

test('a caller who gives up while others ring leaves nothing behind', async () => {
    const [ann, bob, eve] = phones;
    await call({ connect: { serial_parallel: [[{ to: 'user:bob' }, { to: 'user:eve' }]] } });
    await Promise.all([bob.waitEvent('CALL_INCOMING'), eve.waitEvent('CALL_INCOMING')]);
    await ann.hangup();
    await Promise.all([bob.closed(), eve.closed()]);
    await allOver();
});

test('a conference: everybody hears the others, not himself; the last one closes it', async () => {
    const [ann, bob] = phones;
    const step = (/** @type {any} */ more = {}) => ({ join_conference: { name: 'weekly', beep: 'false', status_callback: `${hook.url}/room`, ...more } });
    await call(step(), tell('/left', '${join_conference_result}'));
    await ann.waitEvent('CALL_ESTABLISHED');
    await bob.dial(`sip:7${last}@${daemon.sip}`);
    await bob.waitEvent('CALL_ESTABLISHED');
    await sleep(3000);
    await bob.hangup();
    await ann.hangup();
    await allOver();
    assertRecorded(ann.heard(), 1100, -12, 2);
    assertRecorded(bob.heard(), 700, -12, 2);
    await waitFor('the end', () => hook.events('/room').some((e) => e.params.status === 'conference-end'));
    assert.deepEqual(hook.events('/room').map((e) => e.params.status).filter((s) => s === 'participant-join').length, 2);
});

test('sip_refer: the caller is asked to call somebody else himself', async () => {
    const [ann, bob] = phones;
    await call({ answer: {} }, { sip_refer: { to_uri: `sip:bob@${daemon.sip}`, status_url: `${hook.url}/refer` } }, tell('/referred', { result: '${sip_refer_result}', code: '${sip_refer_to_response_code}' }), { hangup: {} });
    await ann.waitEvent('CALL_ESTABLISHED');
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    assert.deepEqual((await hook.request('/referred')).json, { result: 'success', code: 200 });
    await ann.hangup();
    await bob.closed();
    await allOver();
});

test('a sip: address with a login: who calls, X- headers and credentials as the script has them', async () => {
    const reply = (/** @type {string} */ line, more = '') =>
        `<send><![CDATA[\nSIP/2.0 ${line}\n[last_Via:]\n[last_From:]\n[last_To:];tag=[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n${more}Content-Length: 0\n\n]]></send>`;
    const sipp = await startSipp({
        scenario: `<?xml version="1.0" encoding="UTF-8"?><scenario name="uas"><recv request="INVITE"/>
            ${reply('401 Unauthorized', 'WWW-Authenticate: Digest realm="pbx", nonce="abc", algorithm=MD5\n')}<recv request="ACK"/>
            <recv request="INVITE"><action>
              <ereg regexp="username=.agent.*realm=.pbx" search_in="hdr" header="Authorization:" check_it="true" assign_to="1"/>
              <ereg regexp="^ *42" search_in="hdr" header="X-Ticket:" check_it="true" assign_to="2"/>
              <ereg regexp="sip:desk@example.com" search_in="hdr" header="From:" check_it="true" assign_to="3"/>
            </action></recv><Reference variables="1,2,3"/>
            ${reply('486 Busy Here')}<recv request="ACK"/></scenario>`,
    });
    const [ann] = phones;
    await call(
        { connect: { to: `sip:agent@${sipp.address}`, from: 'sip:desk@example.com', username: 'agent', password: 'a-long-secret', headers: [{ name: 'X-Ticket', value: '42' }, { name: 'Via', value: 'no' }] } },
        tell('/login', '${connect_failed_reason}'),
    );
    assert.equal((await hook.request('/login')).body, 'busy');
    assert.equal(await sipp.done(), 0, sipp.log().slice(-1500));
    assert.ok(!daemon.log().includes('a-long-secret'));
    await ann.closed();
    await allOver();
});

test('a queue: who waits is heard by who connects to it, and goes on afterwards', async () => {
    const [ann, bob] = phones;
    hook.routes['/next'] = { sections: { main: [tell('/after_queue', '${queue_result}'), { hangup: {} }] } };
    await call({ enter_queue: { queue_name: 'help', transfer_after_bridge: `${hook.url}/next`, wait_url: 'ring:de', status_url: `${hook.url}/queue` } });
    await ann.waitEvent('CALL_ESTABLISHED');
    await waitFor('the entry', () => hook.events('/queue').length === 1);
    const path = `/swml${++last}`;
    hook.routes[path] = { sections: { main: [{ connect: { to: 'queue:help' } }, tell('/agent', '${connect_result}')] } };
    await daemon.command('number', 'add', `7${last}`, '--to', `swml:${hook.url}${path}`);
    await bob.dial(`sip:7${last}@${daemon.sip}`);
    await waitFor('the two to talk', () => hook.events('/queue').some((e) => e.params.status === 'dequeue'));
    await sleep(3000);
    await bob.hangup();
    assert.equal((await hook.request('/after_queue')).body, 'connected');
    await ann.closed();
    await allOver();
    assertRecorded(ann.heard(), 1100, -12, 2);
    assertRecorded(bob.heard(), 700, -12, 2);
});
