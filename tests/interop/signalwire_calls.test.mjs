/** Programs place calls and command them over HTTPS: a real phone answers, what it hears is measured, callbacks are verified. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertSpeech } from './lib/checks.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { startPhone } from './lib/office.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { addProject } from './lib/signalwire.mjs';

/** @type {any} */ let daemon;
/** @type {any} */ let hook;
/** @type {any} */ let phone;
/** @type {any} */ let acme;
/** @type {any} */ let other;
const main = (/** @type {any[]} */ ...steps) => ({ version: '1.0.0', sections: { main: steps } });
const command = (/** @type {string} */ id, /** @type {string} */ name, params = {}) => acme.ask('POST', '/api/calling/calls', { id, command: name, params });
const dial = (/** @type {any} */ params, beside = {}) => acme.ask('POST', '/api/calling/calls', { command: 'dial', params: { from: '+15551230000', to: 'user:ann', ...params }, ...beside });
const over = (/** @type {string} */ id) => waitFor('the call to be over', async () => (await acme.ask('GET', `/api/voice/logs/${id}`)).json.duration !== null);

before(async () => {
    [daemon, hook] = await Promise.all([startDaemon({ yaml: 'allow_uris: true\n' }), startHook({ '/status': 200 })]);
    phone = await startPhone(daemon, 'ann', { hz: 700 });
    acme = await addProject(daemon, 'acme');
    other = await addProject(daemon, 'other');
});
after(async () => {
    acme?.stop();
    other?.stop();
    await phone?.stop();
    await daemon?.stop();
});

test('dial by URL: the document is fetched signed once the phone answers; states come in order; the log has it', async () => {
    hook.routes['/script'] = main({ play: { url: 'say:Hello from a program' } }, { hangup: {} });
    phone.forget();
    const { status, json } = await dial({ url: `${hook.url}/script`, status_url: `${hook.url}/status`, status_events: ['created', 'ringing', 'answered', 'ended'], custom_variables: { order: '42' } });
    assert.equal(status, 200);
    assert.equal(json.direction, 'outbound-api');
    assert.equal(json.status, 'queued');
    assert.equal(json.url, `${hook.url}/script`);
    assert.match(json.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal((await other.ask('POST', '/api/calling/calls', { id: json.id, command: 'calling.end', params: {} })).status, 404);
    assert.match((await phone.waitEvent('CALL_INCOMING')).peeruri, /^sip:(\+|%2B)15551230000@/, 'who calls is what `from` says');
    assert.ok((await acme.ask('GET', '/api/calling/calls', undefined, { free: true })).json.data.some((/** @type {any} */ one) => one.id === json.id), 'a live call is listed');
    await phone.accept();
    const fetched = await hook.request('/script');
    assert.equal(fetched.json.call.call_id, json.id);
    assert.equal(fetched.json.envs.order, '42');
    const mac = createHmac('sha1', acme.signingKey).update(`${hook.url}/script${fetched.body}`).digest('hex');
    assert.equal(fetched.headers['x-signalwire-signature'], mac);
    await phone.waitEvent('CALL_CLOSED', 15000);
    assertSpeech(phone.heard());
    await hook.request('/status', 4);
    const events = hook.requests.filter((/** @type {any} */ r) => r.path === '/status');
    assert.deepEqual(events.map((/** @type {any} */ r) => r.json.params.call_state), ['created', 'ringing', 'answered', 'ended']);
    const times = events.map((/** @type {any} */ r) => r.json.timestamp);
    assert.deepEqual(times, [...times].sort((a, b) => a - b), 'they grow');
    for (const { json: body, headers, body: text } of events) {
        assert.deepEqual([body.event_type, body.call_id, body.project_id], ['calling.call.state', json.id, acme.project]);
        assert.equal(headers['x-signalwire-signature'], createHmac('sha1', acme.signingKey).update(`${hook.url}/status${text}`).digest('hex'));
    }
    await over(json.id);
    const log = (await acme.ask('GET', `/api/voice/logs/${json.id}`)).json;
    assert.deepEqual([log.status, log.direction, log.to], ['completed', 'outbound-api', 'user:ann']);
    assert.equal((await other.ask('GET', `/api/voice/logs/${json.id}`)).status, 404);
    assert.ok((await acme.ask('GET', `/api/voice/logs/${json.id}/events`)).json.data.length > 3);
});

test('commands on a live call: play, its stop, keys, record, transfer to another document, end', async () => {
    phone.forget();
    const { json } = await dial({ swml: main({ sleep: 30000 }) });
    await phone.waitEvent('CALL_INCOMING');
    await phone.accept();
    await waitFor('the answer', async () => (await acme.ask('GET', `/api/voice/logs/${json.id}`)).json.status === 'answered');
    await sleep(300);
    const playing = { control_id: 'one', play: [{ type: 'tts', params: { text: 'one two three four five six seven' } }], status_url: `${hook.url}/play` };
    hook.routes['/play'] = 200;
    assert.equal((await command(json.id, 'calling.play', playing)).json.status, 'answered');
    assert.equal((await command(json.id, 'calling.play', playing)).status, 422);
    await hook.request('/play');
    assert.equal((await command(json.id, 'calling.play.stop', { control_id: 'one' })).status, 200);
    assert.equal((await hook.request('/play', 2)).json.params.state, 'finished');
    assert.equal((await command(json.id, 'calling.dance')).json.errors[0].code, 'invalid_command_attempted');
    const collecting = await command(json.id, 'calling.collect', { control_id: 'c', initial_timeout: 9, digits: { max: 2 }, status_url: `${hook.url}/keys` });
    hook.routes['/keys'] = 200;
    assert.equal(collecting.status, 200);
    await phone.press('47');
    const digits = await waitFor('the digits', () => hook.events('/keys').find((/** @type {any} */ event) => event.params.result.type === 'digit'));
    assert.equal(digits.params.result.params.digits, '47');
    assert.equal((await command(json.id, 'calling.collect', {})).status, 400);
    const updated = await acme.ask('POST', '/api/calling/calls', { command: 'update', params: { id: json.id, swml: main({ send_digits: '9' }, { sleep: 30000 }) } });
    assert.equal(updated.status, 200);
    await waitFor('the key', () => phone.keys() === '9');
    Object.assign(hook.routes, { '/gone': 500, '/instead': main({ send_digits: '8' }, { sleep: 30000 }) });
    const again = { id: json.id, url: `${hook.url}/gone`, fallback_url: `${hook.url}/instead` };
    assert.equal((await acme.ask('POST', '/api/calling/calls', { command: 'update', params: again })).status, 200);
    await waitFor('the key of the fallback', () => phone.keys() === '98');
    assert.equal((await command(json.id, 'calling.end', { reason: 'hangup' })).json.status, 'ended');
    await phone.waitEvent('CALL_CLOSED');
    assert.equal((await command(json.id, 'calling.end')).status, 404);
});

test('the script as text, and beside the params; a call that is cancelled before its answer', async () => {
    for (const [params, beside] of [[{ swml: JSON.stringify(main({ hangup: {} })) }, {}], [{}, { swml: main({ hangup: {} }) }]]) {
        phone.forget();
        const { status, json } = await dial({ from: 'sip:desk@pbx.example', to: phone.uri, ...params, status_url: `${hook.url}/end` }, beside);
        assert.deepEqual([status, json.type], [200, 'relay_sip_call']);
        assert.equal((await phone.waitEvent('CALL_INCOMING')).peeruri, 'sip:desk@pbx.example');
        const cancelled = await acme.ask('POST', '/api/calling/calls', { command: 'update', params: { id: json.id, status: 'canceled' } });
        assert.equal(cancelled.json.status, 'ended');
        await phone.waitEvent('CALL_CLOSED');
        await over(json.id);
        assert.equal((await acme.ask('GET', `/api/voice/logs/${json.id}`)).json.status, 'canceled');
    }
    await hook.request('/end', 2);
    assert.deepEqual(hook.events('/end').map((/** @type {any} */ e) => e.params.call_state), ['ended', 'ended'], 'no other unless asked for');
});

test('the document cannot be had: the fallback is run, which is asked in the same way', async () => {
    hook.routes['/fallback'] = main({ send_digits: '7' }, { hangup: {} });
    let n = 0;
    for (const none of [500, 'this is no document: [']) {
        hook.routes['/none'] = none;
        phone.forget();
        const keys = phone.keys().length;
        const { status } = await dial({ url: `${hook.url}/none`, fallback_url: `${hook.url}/fallback` });
        assert.equal(status, 200);
        await phone.waitEvent('CALL_INCOMING');
        await phone.accept();
        n++;
        const [first, second] = [await hook.request('/none', n), await hook.request('/fallback', n)];
        assert.equal(second.json.call.call_id, first.json.call.call_id);
        await waitFor('the key', () => phone.keys().slice(keys) === '7');
        await phone.waitEvent('CALL_CLOSED');
    }
});

test('what is wrong is named, and no phone rings', async () => {
    const wrong = async (/** @type {any} */ body) => (await acme.ask('POST', '/api/calling/calls', body)).json.errors.map((/** @type {any} */ e) => `${e.code} ${e.attribute}`);
    assert.deepEqual(await wrong({ command: 'dial', params: {} }), ['missing_required_parameter from', 'missing_required_parameter to', 'missing_required_parameter url']);
    assert.deepEqual(await wrong({ command: 'shout', params: {} }), ['invalid_command_attempted command']);
    const base = { from: '+1555', to: 'user:ann' };
    assert.deepEqual(await wrong({ command: 'dial', params: { ...base, url: 'ftp://x' } }), ['not_an_http_url url']);
    assert.deepEqual(await wrong({ command: 'dial', params: { ...base, swml: { version: '1.0.0' } } }), ['invalid_parameter swml']);
    assert.deepEqual(await wrong({ command: 'dial', params: { ...base, swml: main({ hangup: {} }), custom_variables: { sw_x: 'y' } } }), ['reserved_custom_variable_name custom_variables']);
    assert.deepEqual(await wrong({ command: 'dial', params: { ...base, to: '+999', swml: main({ hangup: {} }) } }), ['to_destination_unresolvable to']);
    assert.equal((await acme.ask('POST', '/api/calling/calls', '{"command":')).text, '{"error":"Bad Request"}');
});

test('pages of the log', async () => {
    const first = (await acme.ask('GET', '/api/voice/logs?page_size=2')).json;
    assert.equal(first.data.length, 2);
    const next = new URL(first.links.next);
    const second = (await acme.ask('GET', next.pathname + next.search)).json;
    const ids = [...first.data, ...second.data].map((/** @type {any} */ one) => one.id);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.length >= 3);
    const idsOf = async (/** @type {string} */ path) => (await acme.ask('GET', path, undefined, { free: true })).json.data.map((/** @type {any} */ one) => one.id);
    assert.deepEqual(await idsOf('/api/calling/calls'), await idsOf('/api/voice/logs'), 'another name of the same list');
    assert.equal((await acme.ask('GET', '/api/voice/logs?created_after=soon')).json.errors[0].code, 'datetime_required');
    assert.equal((await other.ask('GET', '/api/voice/logs')).json.data.length, 0);
});
