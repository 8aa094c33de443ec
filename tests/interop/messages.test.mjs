/** Texts and codes: programs send them over REST, a provider's API and phones get them, none is lost or sent twice. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { before, after, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { assertSpeech } from './lib/checks.mjs';
import { startHook } from './lib/hook.mjs';
import { startPhone } from './lib/office.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { checkAnswer } from './lib/signalwire.mjs';
import { startSipPhone } from './lib/sipphone.mjs';
import { cut } from './lib/wav.mjs';

/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {Awaited<ReturnType<typeof startHook>>} */ let hook;
/** @type {Record<string, string>} */ const tokens = {};
let project = /** @type {any} */ (null);

const yaml = () => `
egress: {allow: [127.0.0.0/8]}
mfa_app: on
messages:
  to: http
  from: "+15550001111"
  rate: 100
  http:
    url: ${hook.url}/sms
    username: me
    password: provider-secret
    signing_key: signing-secret
    headers: {X-Account: a1}
    media: true
users:
  ann: {password: ann-password-1}
  bob: {password: bob-password-1}
`;

before(async () => {
    hook = await startHook();
    hook.routes['/sms'] = { id: 'p-1' };
    hook.routes['/status'] = 200;
    daemon = await startDaemon({ yaml: yaml() });
    project = await daemon.command('project', 'add', 'shop');
    for (const scopes of ['messaging', 'management', 'calling'])
        tokens[scopes] = (await daemon.command('token', 'add', '--project', project.project_id, '--scopes', scopes)).token;
});
after(async () => daemon.stop());

/** Answers that the vendor's description leaves out: a scope that is missing, a code that is no more, too many. @param {string} path @param {number} status */
const isOurs = (path, status) => status === 403 || status === 429 || (status === 404 && path.endsWith('/verify'));
/** Every answer is held against the vendor's closed schema, where that is there. @param {string} method @param {string} path @param {any} [body] */
async function ask(method, path, body, scope = path.includes('/mfa/') ? 'management' : 'messaging') {
    const authorization = `Basic ${Buffer.from(`${project.project_id}:${tokens[scope]}`).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const answer = await fetch(daemon.url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text(), json = text ? JSON.parse(text) : null;
    if (!isOurs(path, answer.status)) assert.equal(checkAnswer(method, path, answer.status, json), '', `${method} ${path} ${text}`);
    return { status: answer.status, headers: answer.headers, json };
}
const send = (/** @type {any} */ body) => ask('POST', '/api/messaging/messages', { from: '+15551234567', ...body });
/** The request in which the provider got a text like this. @param {RegExp} pattern */
const provided = (pattern) => waitFor(`a text like ${pattern}`, () => hook.requests.find((r) => r.path === '/sms' && pattern.test(r.json?.body)), 10000);
const logged = (/** @type {string} */ id, /** @type {string} */ status) =>
    waitFor(`message ${status}`, async () => {
        const { json } = await ask('GET', `/api/messaging/logs/${id}`);
        return json.status === status && json;
    });

test('a text goes to the provider, its states to the callback in order and signed', async () => {
    const answer = await send({ to: '+15557654321', body: 'hello "Bob"\n€', status_callback: `${hook.url}/status`, custom_variables: { order: '7' } });
    assert.equal(answer.status, 201);
    const keys = 'body created_at direction error_code error_message from id kind media message_uri number_of_segments project_id status status_callback_url to';
    assert.equal(Object.keys(answer.json).sort().join(' '), keys);
    assert.equal(answer.json.status, 'queued');
    assert.equal(answer.json.direction, 'outbound');
    assert.equal(answer.json.number_of_segments, 1);
    const got = await provided(/hello/);
    assert.deepEqual(got.json, { id: answer.json.id, from: '+15551234567', to: '+15557654321', body: 'hello "Bob"\n€', media: [] });
    assert.equal(got.headers.authorization, `Basic ${Buffer.from('me:provider-secret').toString('base64')}`);
    assert.equal(got.headers['idempotency-key'], answer.json.id);
    assert.equal(got.headers['x-account'], 'a1');
    assert.equal(got.headers['x-tandem-signature'], `sha256=${createHmac('sha256', 'signing-secret').update(got.body).digest('hex')}`);
    await hook.request('/status', 3);
    assert.deepEqual(hook.events('/status').map((e) => e.status), ['queued', 'initiated', 'sent']);
    const last = await hook.request('/status', 3);
    assert.equal(last.json.id, answer.json.id);
    assert.deepEqual(last.json.custom_variables, { order: '7' });
    const expected = createHmac('sha1', project.signing_key).update(`${hook.url}/status${last.body}`).digest('hex');
    assert.equal(last.headers['x-signalwire-signature'], expected);
    const log = await logged(answer.json.id, 'sent');
    const logKeys = 'charge charge_details created_at direction error_code error_message from id kind number_of_segments source status to type url';
    assert.equal(Object.keys(log).sort().join(' '), logKeys);
    assert.equal(log.direction, 'outbound-api');
});

test('a state that a callback cannot take is told again, and the next ones wait for it', async () => {
    let isBusy = true;
    hook.routes['/busy'] = () => (isBusy ? ((isBusy = false), 503) : 204);
    assert.equal((await send({ to: '+15557654321', body: 'to a busy one', status_callback: `${hook.url}/busy` })).status, 201);
    await hook.request('/busy', 4);
    assert.deepEqual(hook.events('/busy').map((e) => e.status), ['queued', 'queued', 'initiated', 'sent']);
});

test('what cannot be sent is refused with a code for each field', async () => {
    const codes = async (/** @type {any} */ body) => {
        const { status, json } = await send(body);
        assert.equal(status, 422);
        return json.errors.map((/** @type {any} */ e) => `${e.code} ${e.attribute}`);
    };
    assert.deepEqual(await codes({}), ['missing_required_parameter to']);
    assert.deepEqual(await codes({ to: '+15557654321' }), ['body_or_media_required body']);
    assert.deepEqual(await codes({ to: 'somebody', body: 'x' }), ['invalid_to_number to']);
    assert.deepEqual(await codes({ to: '+15557654321', body: 'x', media: ['ftp://x'] }), ['not_an_http_url media']);
    assert.deepEqual(await codes({ to: '+15557654321', body: 'x', status_callback: 'x' }), ['not_an_http_url status_callback']);
    assert.deepEqual(await codes({ to: '+15557654321', media: Array(9).fill('https://x.example/a.png') }), ['media_limit_exceeded media']);
    assert.deepEqual(await codes({ to: '+15557654321', body: 'x', custom_variables: { 1: 'x' } }), ['invalid_custom_variable_name custom_variables']);
    assert.deepEqual(await codes({ to: 'user:nobody-here', body: 'x', media: ['https://x.example/a.png'], from: '' }), ['missing_required_parameter from']);
    assert.equal((await ask('POST', '/api/messaging/messages', { to: '+1555', from: '+1555', body: 'x' }, 'calling')).status, 403);
});

test('pages of the log, a text redacted, another project sees nothing', async () => {
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push((await send({ to: '+15557654321', body: `page ${i}` })).json.id);
    await logged(ids[2], 'sent');
    const first = (await ask('GET', '/api/messaging/logs?page_size=2')).json;
    assert.deepEqual(first.data.map((/** @type {any} */ m) => m.id), [ids[2], ids[1]]);
    const next = new URL(first.links.next);
    const second = (await ask('GET', next.pathname + next.search)).json;
    assert.equal(second.data[0].id, ids[0]);
    assert.ok(second.links.prev);
    const wrong = await ask('PATCH', `/api/messaging/messages/${ids[0]}`, { body: 'other' });
    assert.equal(wrong.json.errors[0].code, 'body_must_be_empty');
    const redacted = await ask('PATCH', `/api/messaging/messages/${ids[0]}`, { body: '' });
    assert.equal(redacted.status, 200);
    assert.equal(redacted.json.body, '');
    const mine = project;
    const token = tokens.messaging;
    project = await daemon.command('project', 'add', 'other');
    tokens.messaging = (await daemon.command('token', 'add', '--project', project.project_id, '--scopes', 'messaging')).token;
    assert.equal((await ask('GET', `/api/messaging/logs/${ids[0]}`)).status, 404);
    assert.deepEqual((await ask('GET', '/api/messaging/logs')).json.data, []);
    project = mine;
    tokens.messaging = token;
});

test('a refusal of the provider ends it, its bad moment does not', async () => {
    hook.routes['/sms'] = (/** @type {any} */ r) => (r.json.body === 'bad' ? 400 : hook.requests.filter((q) => q.json?.id === r.json.id).length < 2 ? 503 : { id: 'p-2' });
    const bad = await send({ to: '+15557654321', body: 'bad' });
    const slow = await send({ to: '+15557654321', body: 'slow' });
    const log = await logged(bad.json.id, 'failed');
    assert.match(log.error_message, /400/);
    await logged(slow.json.id, 'sent');
    assert.equal(hook.requests.filter((r) => r.json?.id === slow.json.id).length, 2);
    hook.routes['/sms'] = { id: 'p-1' };
});

test('a number that leads to a user is a MESSAGE to his phone; he was away, then he is there', async () => {
    await daemon.command('number', 'add', '+15552220000', '--to', 'user:ann');
    const early = await send({ to: '+15552220000', body: 'für dich' });
    assert.equal(early.status, 201);
    const ann = await startSipPhone({ user: 'ann', password: 'ann-password-1', server: daemon.sip });
    await sleep(300);
    assert.equal((await ann.register()).status, 200);
    const got = await ann.waitRequest('MESSAGE', 5000);
    assert.equal(got.body, 'für dich');
    assert.match(got.header('Content-Type'), /^text\/plain/);
    assert.match(got.header('From'), /15551234567/);
    await logged(early.json.id, 'delivered');
    await sleep(500);
    assert.equal(ann.requests.filter((r) => r.method === 'MESSAGE').length, 1);
    assert.equal((await ann.register({ expires: 0 })).status, 200);
    await ann.stop();
});

test('one phone writes to another that is away: kept, and there when it comes', async () => {
    const [ann, bob] = await Promise.all(['ann', 'bob'].map((user) => startSipPhone({ user, password: `${user}-password-1`, server: daemon.sip })));
    assert.equal((await ann.register()).status, 200);
    const answer = await ann.request('MESSAGE', 'sip:bob@tandem', { lines: ['Content-Type: text/plain'], body: 'see you' });
    assert.equal(answer.status, 202);
    assert.equal((await bob.register()).status, 200);
    const got = await bob.waitRequest('MESSAGE', 5000);
    assert.equal(got.body, 'see you');
    await Promise.all([ann.stop(), bob.stop()]);
});

test('killed in the middle: every text comes, and none twice but with the same key', async () => {
    /** @type {any[]} */ const held = [];
    hook.routes['/sms'] = (/** @type {any} */ r) => (/^held/.test(r.json.body) ? new Promise((done) => held.push(() => done({ id: r.json.id }))) : 503);
    const down = await send({ to: '+15557654321', body: 'while you were down' });
    const flying = await send({ to: '+15557654321', body: 'held' });
    await provided(/^held/);
    await daemon.crash();
    hook.routes['/sms'] = { id: 'p-3' };
    for (const free of held) free();
    daemon = await startDaemon({ yaml: yaml(), state: daemon.state });
    await logged(down.json.id, 'sent');
    await logged(flying.json.id, 'sent');
    const keys = hook.requests.filter((r) => r.json?.id === flying.json.id).map((r) => r.headers['idempotency-key']);
    assert.deepEqual(keys, [flying.json.id, flying.json.id]);
    const seen = hook.requests.length;
    await sleep(1500);
    assert.equal(hook.requests.length, seen, 'nothing comes again');
});

test('codes: six digits by text, right, wrong, used, used up, expired', async () => {
    const mfa = async (/** @type {any} */ body = {}) => {
        const { status, json } = await ask('POST', '/api/relay/rest/mfa/sms', { to: '+15557777777', token_length: 6, valid_for: 300, max_attempts: 3, ...body });
        assert.equal(status, 200);
        assert.deepEqual({ ...json, id: 0 }, { id: 0, success: true, to: '+15557777777', channel: 'sms' });
        return json.id;
    };
    const verify = async (/** @type {string} */ id, /** @type {string} */ token) => {
        const { status, json } = await ask('POST', `/api/relay/rest/mfa/${id}/verify`, { token });
        return status === 200 ? json.success : json;
    };
    const count = () => hook.requests.filter((r) => r.json?.to === '+15557777777').length;
    const code = async (/** @type {number} */ n) => /(\d{6})/.exec((await waitFor('the code', () => hook.requests.filter((r) => r.json?.to === '+15557777777')[n])).json.body)?.[1] ?? '';
    const notFound = { error: 'Not Found' };
    let n = count();
    const id = await mfa();
    const right = await code(n);
    assert.match(hook.requests.findLast((r) => r.json?.to === '+15557777777')?.json.body, /^Your Personal Authorization Code is: \d{6}$/);
    assert.equal(await verify(id, '000'), false);
    assert.equal(await verify(id, right), true);
    assert.deepEqual(await verify(id, right), notFound, 'once only');
    n = count();
    const tired = await mfa({ message: 'It is {{code}}!' });
    const unused = await code(n);
    for (let i = 0; i < 3; i++) assert.equal(await verify(tired, 'x'), false);
    assert.deepEqual(await verify(tired, unused), notFound);
    n = count();
    const short = await mfa({ valid_for: 1 });
    const late = await code(n);
    await sleep(1100);
    assert.deepEqual(await verify(short, late), notFound);
    assert.deepEqual(await verify('11111111-1111-4111-8111-111111111111', '1'), notFound);
    assert.ok(!daemon.log().includes(right), 'no code in the log');
    const bad = await ask('POST', '/api/relay/rest/mfa/sms', { to: '+15557777777', token_length: 3 });
    assert.deepEqual(Object.keys(bad.json.errors[0]).sort(), ['code', 'detail', 'status', 'title']);
    let status = 200;
    for (let i = 0; i < 20 && status === 200; i++) status = (await ask('POST', '/api/relay/rest/mfa/sms', { to: '+15557777777' })).status;
    assert.equal(status, 429);
});

test('a code said in a call, and a text that a script sends', async () => {
    const phone = await startPhone(daemon, 'carl', { hz: 700 });
    await daemon.command('number', 'add', '+15553330000', '--to', 'user:carl');
    await waitFor('the number to be routed', async () => (await daemon.command('route', '--to', '+15553330000')).targets?.[0]?.kind === 'user');
    const { status, json } = await ask('POST', '/api/relay/rest/mfa/call', { to: '+15553330000', message: 'Your code is' });
    assert.equal(status, 200);
    assert.equal(json.channel, 'call');
    await phone.waitEvent('CALL_INCOMING');
    await phone.accept();
    const from = Date.now();
    await phone.waitEvent('CALL_CLOSED', 30000);
    assertSpeech(cut(phone.heard(), 0.3));
    assert.ok(Date.now() - from > 6000, 'six digits, twice');
    const main = [{ send_sms: { to_number: '+15559990000', from_number: '+15551110000', body: 'from a script' } }, { hangup: {} }];
    hook.routes['/script'] = { version: '1.0.0', sections: { main } };
    await daemon.command('number', 'add', '7777', '--to', `swml:${hook.url}/script`);
    await waitFor('the number to be routed', async () => (await daemon.command('route', '--to', '7777')).targets?.[0]?.kind === 'swml');
    await phone.dial(`sip:7777@${daemon.sip}`);
    assert.equal((await provided(/^from a script$/)).json.to, '+15559990000');
    await phone.stop();
});

test("the seed's own program: its paths, bodies and statuses", async () => {
    const post = async (/** @type {string} */ path, /** @type {any} */ body) => {
        const answer = await fetch(daemon.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
        return { status: answer.status, json: await answer.json() };
    };
    const phone = '+15558888888';
    assert.deepEqual(await post('/api/verify-mfa', { phone, code: '1' }), { status: 400, json: { error: 'No code sent' } });
    assert.deepEqual(await post('/api/send-mfa', { phone }), { status: 200, json: { status: 'sent' } });
    const { json } = await provided(/^Your verification code is: \d{6}\. Expires in 5 minutes\.$/);
    const code = /\d{6}/.exec(json.body)?.[0];
    assert.deepEqual(await post('/api/verify-mfa', { phone, code: 'no' }), { status: 401, json: { error: 'Invalid code' } });
    const good = await post('/api/verify-mfa', { phone, code });
    assert.equal(good.status, 200);
    assert.deepEqual(Object.keys(good.json).sort(), ['session_token', 'verified']);
    assert.deepEqual(await post('/api/verify-mfa', { phone, code }), { status: 400, json: { error: 'No code sent' } });
    await post('/api/send-mfa', { phone });
    for (let i = 0; i < 3; i++) assert.equal((await post('/api/verify-mfa', { phone, code: 'no' })).status, 401);
    assert.deepEqual(await post('/api/verify-mfa', { phone, code: 'no' }), { status: 429, json: { error: 'Too many attempts' } });
});
