/** Scripts that drive calls: a phone calls a number bound to SWML, and what it hears is measured. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, after, test } from 'node:test';
import { assertRecorded, assertSpeech } from './lib/checks.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { startPhone } from './lib/office.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { cut, fetchWav, findTone, makeTone, writeWav } from './lib/wav.mjs';

/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {Awaited<ReturnType<typeof startHook>>} */ let hook;
/** @type {Awaited<ReturnType<typeof startPhone>>} */ let phone;
let last = 1000;

before(async () => {
    [daemon, hook] = await Promise.all([startDaemon(), startHook()]);
    phone = await startPhone(daemon, 'ann', { hz: 700 });
    writeWav(join(daemon.folder, 'tone.wav'), makeTone({ hz: 500, seconds: 2, rateHz: 22050, levelDb: -10 }));
    hook.routes['/tone.wav'] = readFileSync(join(daemon.folder, 'tone.wav'));
});
after(async () => {
    await phone.stop();
    await daemon.stop();
});

/** Ann calls a number whose script is this. @param {any} document an object, or text */
async function call(document) {
    const path = `/swml${++last}`;
    const number = `7${last}`;
    hook.routes[path] = document;
    await daemon.command('number', 'add', number, '--to', `swml:${hook.url}${path}`);
    await waitFor('the number to be routed', async () => (await daemon.command('route', number).catch(() => null)) || true);
    phone.forget();
    await phone.dial(`sip:${number}@${daemon.sip}`);
    return { path, number };
}
const main = (/** @type {any[]} */ ...steps) => ({ version: '1.0.0', sections: { main: steps } });
/** A step that tells the hook a value: what the script thinks. @param {string} path @param {any} body */
const tell = (path, body) => ({ request: { url: `${hook.url}${path}`, method: 'POST', body } });

test('a document is fetched with the documented body; it answers, plays a file and hangs up', async () => {
    const { path, number } = await call(main({ answer: {} }, { play: { url: `${hook.url}/tone.wav` } }, { hangup: {} }));
    const { json, method, headers } = await hook.request(path);
    assert.equal(method, 'POST');
    assert.match(headers['content-type'], /^application\/json/);
    assert.deepEqual(Object.keys(json).sort(), ['call', 'envs', 'params', 'vars']);
    assert.equal(json.call.to, number);
    assert.equal(json.call.direction, 'inbound');
    assert.match(json.call.call_id, /^[0-9a-f-]{36}$/);
    await phone.waitEvent('CALL_ESTABLISHED');
    await phone.waitEvent('CALL_CLOSED');
    assertRecorded(phone.heard(), 500, -10);
    const heard = findTone(phone.heard(), 500);
    assert.ok(heard.length * 0.05 > 1.8, `${heard.length * 0.05} s of the tone`);
});

test('the seed: a code is said digit by digit, then the call ends', async () => {
    await call('# SWML for voice MFA\nversion: 1.0.0\nsections:\n  main:\n    - answer: {}\n    - say:\n        text: "Your verification code is"\n    - set: {mfa_code: "482913"}\n    - say:\n        text: "{mfa_code}"\n    - hangup: {}\n');
    await phone.waitEvent('CALL_ESTABLISHED');
    const from = Date.now();
    await phone.waitEvent('CALL_CLOSED', 20000);
    assertSpeech(cut(phone.heard(), 0.3));
    assert.ok(Date.now() - from > 3500, 'six digits take their time');
});

test('keys are collected, and decide what is next', async () => {
    await call(
        main(
            { prompt: { play: 'say:Press one for sales', max_digits: 4, terminators: '#', digit_timeout: 3 } },
            tell('/pressed', { result: '${prompt_result}', value: '${prompt_value}', terminator: '${prompt_digit_terminator}' }),
            { switch: { variable: 'prompt_value', case: { 12: [tell('/case', 'twelve')] }, default: [tell('/case', 'other')] } },
        ),
    );
    await phone.waitEvent('CALL_ESTABLISHED');
    await sleep(500);
    await phone.press('12#');
    assert.deepEqual((await hook.request('/pressed')).json, { result: 'match_digits', value: '12', terminator: '#' });
    assert.equal((await hook.request('/case')).body, 'twelve');
    await phone.waitEvent('CALL_CLOSED');
});

test('no key: no_input after the time', async () => {
    await call(main({ prompt: { play: 'silence:0.2', initial_timeout: 1 } }, tell('/none', '${prompt_result}')));
    assert.equal((await hook.request('/none')).body, 'no_input');
    await phone.waitEvent('CALL_CLOSED');
});

test('keys are sent', async () => {
    await call(main({ send_digits: '12w3*#' }, tell('/sent', '${send_digits_result}')));
    assert.equal((await hook.request('/sent')).body, 'success');
    await phone.waitEvent('CALL_CLOSED');
    assert.equal(phone.keys(), '123*#');
});

test('a recording: its address, its length, what was said', async () => {
    await call(
        main(
            { record: { max_length: 2, beep: true, initial_timeout: 0, end_silence_timeout: 0, status_url: `${hook.url}/recording` } },
            tell('/recorded', { url: '${record_url}', result: '${record_result}' }),
        ),
    );
    const { json } = await hook.request('/recorded');
    assert.equal(json.result, 'success');
    const sound = await fetchWav(json.url);
    assert.ok(Math.abs(sound.samples.length / sound.rateHz - 2) < 0.4, `${sound.samples.length / sound.rateHz} s`);
    assertRecorded(sound, 700, -12);
    await phone.waitEvent('CALL_CLOSED');
});

test('sections, loops and variables', async () => {
    await call({
        version: '1.0.0',
        sections: {
            main: [
                { set: { n: 0, list: ['a', 'b'], gone: 'x', lost: 'y' } },
                { unset: 'gone' },
                { unset: ['lost'] },
                { label: 'again' },
                { set: { n: '${n + 1}' } },
                { goto: { label: 'again', when: 'n < 3' } },
                { execute: { dest: 'sum', params: { a: 2, b: 3 }, on_return: [{ set: { sum: '${return_value}' } }] } },
                { cond: [{ when: 'sum == 5', then: [{ set: { right: true } }] }, { else: [{ set: { right: false } }] }] },
                tell('/state', { n: '${n}', sum: '${sum}', right: '${right}', unset: '${gone}${lost}', list: "${list.map(x => x + '!').join('')}", params: '${params.a}' }),
                { transfer: 'rest' },
            ],
            sum: [{ return: '${parseInt(params.a) + parseInt(params.b)}' }],
            rest: [tell('/rest', 'here'), { hangup: {} }],
        },
    });
    assert.deepEqual((await hook.request('/state')).json, { n: 3, sum: 5, right: true, unset: '', list: 'a!b!', params: '' });
    await hook.request('/rest');
    await phone.closed();
});

test('hangup before the answer is a refusal: busy', async () => {
    await call(main({ hangup: { reason: 'busy' } }));
    assert.match(await phone.closed(), /486/);
});

test('a document that is wrong: the call is refused, and the log says where', async () => {
    await call(main({ answer: {} }, { shout: {} }));
    assert.match(await phone.closed(), /500/);
    await daemon.logged(/relay_script_method_undefined: there is no method 'shout'/);
});

/** No key twice in a row: the phone has no key-up between two. */
const CARD = '4012345678901239';

test('pay: a card is typed, checked, and only the connector sees it', async () => {
    hook.routes['/connector'] = (/** @type {any} */ request) => ({ charge_id: 'ch_1', error_code: null, error_message: null, seen: request.json.cardnumber });
    await call(
        main(
            { pay: { payment_connector_url: `${hook.url}/connector`, charge_amount: '12.50', timeout: 3, status_url: `${hook.url}/pay`, parameters: [{ name: 'order', value: '7' }],
                prompts: ['payment-card-number', 'expiration-date', 'security-code', 'postal-code', 'payment-completed'].map((name) => ({ for: name, actions: [{ type: 'Play', phrase: 'silence:0.2' }] })) } },
            tell('/paid', { result: '${pay_result}', all: '${pay_payment_results}' }),
        ),
    );
    await phone.waitEvent('CALL_ESTABLISHED');
    await sleep(400);
    for (const key of `${CARD}#1230#123#12345#`) {
        await phone.press(key);
        await sleep(key === '#' ? 600 : 180); // a person's pace: keys are events of their own
    }
    const { json: sent } = await hook.request('/connector');
    assert.equal(sent.cardnumber, CARD);
    assert.deepEqual([sent.cvv, sent.expiry_month, sent.expiry_year, sent.postal_code, sent.chargeAmount, sent.parameters], ['123', '12', '2030', '12345', '12.50', { order: '7' }]);
    const { json: paid } = await hook.request('/paid', 1, 20000);
    assert.equal(paid.result, 'success');
    assert.equal(paid.all.payment_confirmation_code, 'ch_1');
    assert.equal(paid.all.payment_card_number, `************${CARD.slice(-4)}`);
    assert.equal(paid.all.payment_card_type, 'visa');
    await phone.closed();
    const [{ id }] = await daemon.command('calls', '--all');
    const elsewhere = [daemon.log(), JSON.stringify(hook.events('/pay')), JSON.stringify(await daemon.command('calls', id))].join('\n');
    assert.ok(!elsewhere.includes(CARD));
    assert.ok(!/key [0-9] for/.test(JSON.stringify(await daemon.command('calls', id))), 'no key in the record');
    assert.ok(hook.events('/pay').some((e) => e.params.for === 'payment-processing' && e.params.payment_card_number === `************${CARD.slice(-4)}`));
});

/** Pay without a sound worth mention, for the token of a card. @param {string} path @param {any} more */
const tokenize = (path, more = {}) => [
    { pay: { payment_connector_url: `${hook.url}${path}`, timeout: 3, security_code: false, postal_code: false, ...more,
        prompts: ['payment-card-number', 'expiration-date', 'payment-completed', 'payment-canceled'].map((name) => ({ for: name, actions: [{ type: 'Play', phrase: 'silence:0.2' }] })) } },
    tell(`${path}-done`, { result: '${pay_result}', token: '${pay_payment_results.payment_token}' }),
];
/** At a person's pace: keys are events of their own. @param {string} keys */
async function type(keys) {
    for (const key of keys) {
        await phone.press(key);
        await sleep(key === '#' ? 700 : 180);
    }
}

test('pay: a token for a card; what is wrong is asked again', async () => {
    hook.routes['/token'] = { token_id: 'tok_1', error_code: null, error_message: null };
    await call(main(...tokenize('/token', { max_attempts: 2 })));
    await phone.waitEvent('CALL_ESTABLISHED');
    await sleep(400);
    await type('4012345678901231#'); // its last digit is wrong (Luhn): it never leaves
    await sleep(400);
    await type(`${CARD}#1230#`);
    const { json } = await hook.request('/token-done', 1, 20000);
    assert.deepEqual(json, { result: 'success', token: 'tok_1' });
    const sent = hook.requests.filter((r) => r.path === '/token');
    assert.deepEqual(sent.map((r) => r.json.cardnumber), [CARD]);
    await phone.closed();
});

test('pay: what the connector says decides: an error is no payment', async () => {
    hook.routes['/poor'] = 402;
    await call(main(...tokenize('/poor', { max_attempts: 1, status_url: `${hook.url}/poorly` })));
    await phone.waitEvent('CALL_ESTABLISHED');
    await sleep(400);
    await type(`${CARD}#1230#`);
    assert.notEqual((await hook.request('/poor-done', 1, 20000)).json.result, 'success');
    assert.ok(hook.events('/poorly').some(({ params }) => params.for === 'payment-failed'));
    await phone.closed();
});

test('the seed: its document is understood whatever text the server calls it', async () => {
    const text = '# SWML for voice MFA\nversion: 1.0.0\nsections:\n  main:\n    - hangup: {reason: busy}\n';
    for (const contentType of ['text/plain', 'application/json', 'text/yaml', 'application/octet-stream']) {
        await call({ contentType, text });
        assert.match(await phone.closed(), /486/, contentType);
    }
});

test('pay: the star cancels, and nothing is sent', async () => {
    await call(main(...tokenize('/cancelled')));
    await phone.waitEvent('CALL_ESTABLISHED');
    await sleep(400);
    await type('40*');
    assert.equal((await hook.request('/cancelled-done')).json.result, 'caller-interrupted-with-star');
    assert.ok(!hook.requests.some((r) => r.path === '/cancelled'));
    await phone.closed();
});

test('pay: tries are counted; who hangs up has not paid', async () => {
    await call(main(...tokenize('/tries', { max_attempts: 2, status_url: `${hook.url}/tried` })));
    await phone.waitEvent('CALL_ESTABLISHED');
    for (const _ of [1, 2]) {
        await sleep(500);
        await type('4012345678901231#');
    }
    assert.equal((await hook.request('/tries-done', 1, 20000)).json.result, 'too-many-failed-attempts');
    await phone.closed();
    const wrong = hook.events('/tried').map(({ params }) => params.error_type).filter(Boolean);
    assert.deepEqual(wrong, ['invalid-card-number', 'invalid-card-number']);
    await call(main(...tokenize('/gone', { status_url: `${hook.url}/went` })));
    await phone.waitEvent('CALL_ESTABLISHED');
    await sleep(400);
    await type(`${CARD}#`);
    await hook.request('/went');
    await phone.hangup();
    const { params } = await waitFor('the end of it', () => hook.events('/went').find((e) => e.params.for === 'payment-failed'));
    assert.equal(params.result, 'caller-hung-up');
    assert.ok(!hook.requests.some((r) => ['/tries', '/gone', '/gone-done'].includes(r.path)), 'nothing is sent');
});

test('pay: what is recorded is silent from its beginning to its end', async () => {
    await call(main({ record_call: { direction: 'speak', status_url: `${hook.url}/pay-record` } }, { sleep: 1500 }, ...tokenize('/recorded-pay'), { sleep: 1500 }, { stop_record_call: {} }, { sleep: 1000 }));
    await phone.waitEvent('CALL_ESTABLISHED');
    await sleep(2200);
    await type('40');
    await sleep(1000);
    await type('*');
    const done = await waitFor('the file', () => hook.events('/pay-record').find((e) => e.params.state === 'finished'), 20000);
    const times = findTone(await fetchWav(done.params.url), 700);
    const gaps = times.slice(1).map((at, i) => ({ from: times[i], seconds: at - times[i] })).filter(({ seconds }) => seconds > 0.3);
    assert.equal(gaps.length, 1, JSON.stringify(gaps));
    const [{ from, seconds }] = gaps;
    assert.ok(from > 0.8 && seconds > 1.5 && times[times.length - 1] - from - seconds > 0.8, JSON.stringify(gaps));
    await phone.closed();
});

test("the fetch is signed with the key of the number's project, and carries its id", async () => {
    const { project_id, signing_key } = await daemon.command('project', 'add', 'shop');
    hook.routes['/signed'] = main({ hangup: {} });
    const url = `http://web:s3cret-of-web@${hook.host}/signed?x=1`;
    await daemon.command('number', 'add', '7999', '--to', `swml:${url}`, '--project', project_id);
    phone.forget();
    await phone.dial(`sip:7999@${daemon.sip}`);
    const { headers, body, json } = await hook.request('/signed');
    const sign = (/** @type {string} */ hash) => createHmac(hash, signing_key).update(`${hook.url}/signed?x=1${body}`).digest('hex');
    assert.equal(headers['x-signalwire-signature'], sign('sha1'));
    assert.equal(headers['x-signalwire-sha256-signature'], sign('sha256'));
    assert.equal(headers.authorization, `Basic ${Buffer.from('web:s3cret-of-web').toString('base64')}`);
    assert.equal(json.call.project_id, project_id);
    await phone.closed();
    const [{ id }] = await daemon.command('calls', '--all');
    assert.ok(!daemon.log().includes('s3cret-of-web'), 'the log');
    assert.ok(!JSON.stringify(await daemon.command('calls', id)).includes('s3cret-of-web'), 'the record');
});

test('the first address fails: the call is refused and the reason is in the log', async () => {
    await call(500);
    assert.match(await phone.closed(), /500/);
    await daemon.logged(/script cannot run reason="the server answered 500"/);
});

test('a script of tandem.yaml has a name that a route leads to; what is wrong in one is named by file and line', async () => {
    const yaml = (/** @type {string} */ verb) => `scripts:\n  closed:\n    sections:\n      main:\n        - play: "ring:1:us"\n        - ${verb}: {}\nroutes:\n  - {pattern: "777", to: "swml:closed"}\n`;
    const other = await startDaemon({ yaml: yaml('hangup') });
    const caller = await startPhone(other, 'cat', { hz: 700 });
    await caller.dial(`sip:777@${other.sip}`);
    await caller.waitEvent('CALL_ESTABLISHED');
    await caller.waitEvent('CALL_CLOSED');
    assert.ok(findTone(caller.heard(), 480).length > 10, 'ringing of the United States');
    await caller.stop();
    const file = join(other.folder, 'tandem.yaml');
    writeFileSync(file, yaml('shout'));
    await assert.rejects(other.command('check', '--config', file), /"line": ?6.*relay_script_method_undefined|relay_script_method_undefined[^]*"line": ?6/s);
    await assert.rejects(other.command('reload'), /relay_script_method_undefined/);
    await other.stop();
});
