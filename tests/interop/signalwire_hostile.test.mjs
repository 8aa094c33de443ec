/** What somebody with a token of his own might try: other projects' things, doors inside, lines of his own in SIP. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { startPhone } from './lib/office.mjs';
import { waitFor } from './lib/process.mjs';
import { addProject } from './lib/signalwire.mjs';

/** @type {any} */ let daemon;
/** @type {any} */ let inside;
/** @type {any} */ let outside;
/** @type {any} */ let phone;
/** @type {any} */ let acme;
/** @type {any} */ let thief;
const main = (/** @type {any[]} */ ...steps) => ({ version: '1.0.0', sections: { main: steps } });
const free = { free: true };
const dial = (/** @type {any} */ params) => acme.ask('POST', '/api/calling/calls', { command: 'dial', params: { from: '+15551230000', to: 'user:ann', ...params } }, free);
const ended = (/** @type {string} */ id) => waitFor('the end of the call', async () => (await acme.ask('GET', `/api/voice/logs/${id}`)).json.duration !== null, 20000);

before(async () => {
    [inside, outside] = await Promise.all([startHook(), startHook({}, '127.0.0.2')]);
    daemon = await startDaemon({ yaml: 'allow_uris: true\nuri_nets: [127.0.0.0/8]\n', env: { EGRESS_ALLOW: '127.0.0.2/32' } });
    phone = await startPhone(daemon, 'ann', { hz: 700, answers: 'auto' });
    acme = await addProject(daemon, 'acme');
    thief = await addProject(daemon, 'thief');
});
after(async () => {
    acme?.stop();
    thief?.stop();
    await phone?.stop();
    await daemon?.stop();
});

/** Every way to write the address of the server inside. */
function waysIn() {
    const port = inside.host.split(':')[1];
    const hosts = ['127.0.0.1', 'localhost', 'LOCALHOST.', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0.0.0.0', '[::ffff:127.0.0.1]', '[::1]', '[::]', 'ann:secret@127.0.0.1', '127.0.0.2@127.0.0.1'];
    outside.routes['/moved'] = { redirect: `${inside.url}/redirected` };
    return [...hosts.map((host) => `http://${host}:${port}/${encodeURIComponent(host)}`), `${outside.url}/moved`];
}

test('no URL of any field leads inside: not by number, by IPv6, by a name, by a redirect', async () => {
    const steps = (/** @type {string} */ url) => [
        { request: { url, method: 'POST' } },
        { play: { url } },
        { record_call: { status_url: url } },
        { execute: { dest: url } },
        { transfer: { dest: url } },
    ];
    /** What programs have nested, and WebSockets. @param {string} url */
    const nested = (url) => [
        { tap: { uri: url.replace(/^http/, 'ws') } },
        { stream: { url: url.replace(/^http/, 'ws'), status_url: url } },
        { prompt: { play: 'silence:0.1', initial_timeout: 0.2, max_digits: 1, status_url: url } },
        { live_transcribe: { action: { start: { lang: 'en-US', webhook: url, live_events: true } } } },
        { connect: { to: 'sip:nobody@127.0.0.1:9', timeout: 1, status_url: url } },
    ];
    for (const url of waysIn()) {
        const sent = [await dial({ url, fallback_url: url, status_url: url })];
        const form = new URLSearchParams({ From: '+15551230000', To: 'user:ann', Url: url, FallbackUrl: url, StatusCallback: url }).toString();
        sent.push(await acme.ask('POST', `/api/laml/2010-04-01/Accounts/${acme.project}/Calls`, form, { ...free, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }));
        await acme.ask('POST', '/api/messaging/messages', { from: '+15551230000', to: 'user:ann', body: 'hello', status_callback: url, media: [url] }, free);
        sent.push(await dial({ swml: main({ answer: {} }, ...steps(url)), status_url: url }));
        sent.push(await dial({ swml: main({ answer: {} }, ...nested(url), { sleep: 300 }) }));
        for (const { status, json } of sent) if (status === 200) await ended(json.id ?? json.sid);
    }
    const control = await dial({ swml: main({ answer: {} }, ...nested(`${outside.url}/nested`), { sleep: 300 }) });
    await ended(control.json.id);
    const upgrades = () => outside.requests.filter((/** @type {any} */ r) => r.path === '/nested' && r.headers.upgrade === 'websocket').length;
    await waitFor('both WebSockets where they may go', () => upgrades() === 2);
    await waitFor('the redirect to be asked for', () => outside.requests.some((/** @type {any} */ r) => r.path === '/moved'));
    assert.deepEqual(inside.requests.map((/** @type {any} */ r) => r.path), []);
});

test('another project sees and changes nothing of this one, whatever path it asks by', async () => {
    const make = async (/** @type {string} */ path, /** @type {any} */ body) => {
        const { status, json, text } = await acme.ask('POST', path, body, free);
        assert.ok(status === 200 || status === 201, `${path}: ${status} ${text}`);
        return json.id ?? json.sid ?? json.token_id;
    };
    const account = `/api/laml/2010-04-01/Accounts/${acme.project}`;
    const json = JSON.stringify;
    const ids = [
        await make('/api/relay/rest/phone_numbers', { number: '+15550100001' }),
        await make('/api/relay/rest/endpoints/sip', { username: 'desk', password: 'abcdefgh12' }),
        await make('/api/relay/rest/queues', { name: 'line' }),
        await make('/api/fabric/resources/swml_scripts', { name: 's', contents: json(main({ hangup: {} })) }),
        await make('/api/fabric/resources/swml_webhooks', { name: 'w', primary_request_url: `${outside.url}/w` }),
        await make('/api/project/tokens', { name: 't', permissions: ['calling'] }),
        await make('/api/projects', { name: 'sub' }),
        await make('/api/messaging/messages', { from: '+15551230000', to: 'user:ann', body: 'secret' }),
        await make(`${account}/Applications`, json({ FriendlyName: 'a', VoiceUrl: `${outside.url}/v` })),
        await make(`${account}/LamlBins`, json({ Name: 'b', Contents: '<Response/>' })),
        acme.project,
    ];
    const call = (await dial({ swml: main({ record_call: {} }, { sleep: 30000 }) })).json.id;
    await waitFor('the answer', async () => (await acme.ask('GET', `/api/voice/logs/${call}`)).json.status === 'answered');
    ids.push(call, (await acme.ask('GET', '/api/relay/rest/recordings', undefined, free)).json.data[0]?.id ?? call);
    const { paths } = (await acme.ask('GET', '/api/openapi.json', undefined, free)).json;
    let asked = 0;
    for (const [path, methods] of Object.entries(paths)) {
        if (!/\{/.test(path)) continue;
        for (const own of [acme.project, thief.project])
            for (const id of ids) {
                const target = path.replace('{AccountSid}', own).replace(/\{(IsoCountry)\}/, 'US').replace(/\{[^}]+\}/g, id);
                if (target.includes(`/Accounts/${thief.project}`) && !target.includes(id)) continue; // its own
                for (const method of Object.keys(methods)) {
                    const { status, text } = await thief.ask(method.toUpperCase(), target, method === 'get' || method === 'delete' ? undefined : {}, free);
                    asked++;
                    assert.ok([401, 404, 405, 422].includes(status), `${method} ${target}: ${status} ${text}`); // not even an empty list
                }
            }
    }
    assert.ok(asked > 1000, `${asked}`);
    for (const command of ['calling.end', 'calling.play.stop', 'calling.send_digits', 'calling.transfer'])
        assert.equal((await thief.ask('POST', '/api/calling/calls', { id: call, command, params: {} }, free)).status, 404, command);
    assert.equal((await acme.ask('GET', `/api/voice/logs/${call}`)).json.status, 'answered', 'the call goes on');
    for (const path of ['phone_numbers', 'endpoints/sip', 'queues']) assert.equal((await acme.ask('GET', `/api/relay/rest/${path}`, undefined, free)).json.data.length, 1, path);
    await acme.ask('POST', '/api/calling/calls', { id: call, command: 'calling.end', params: {} }, free);
    await ended(call);
});

test('no text becomes a line of its own in SIP', async () => {
    const evil = '\r\nX-Evil: 1';
    const refused = async (/** @type {string} */ method, /** @type {string} */ path, /** @type {any} */ body) => assert.equal((await acme.ask(method, path, body, free)).status, 422, JSON.stringify(body));
    for (const name of ['from', 'to', 'caller_id', 'username', 'password']) {
        assert.equal((await dial({ swml: main({ hangup: {} }), [name]: `user:ann${evil}` })).status, 422, name);
    }
    for (const name of ['from', 'to']) await refused('POST', '/api/messaging/messages', { from: '+15551230000', to: 'user:ann', body: 'x', [name]: `user:ann${evil}` });
    const endpoint = { username: 'hall', password: 'abcdefgh12' };
    for (const [name, value] of [['username', `hall${evil}`], ['caller_id', `+1555${evil}`], ['send_as', `+1555${evil}`]])
        await refused('POST', '/api/relay/rest/endpoints/sip', { ...endpoint, [name]: value });
    const { id } = (await acme.ask('POST', '/api/relay/rest/endpoints/sip', endpoint, free)).json;
    await refused('PUT', `/api/relay/rest/endpoints/sip/${id}`, { username: `hall${evil}` });
    const connect = { to: 'sip:nobody@127.0.0.1:9', from: `Bob${evil}`, headers: [{ name: 'X-A', value: `1${evil}` }, { name: `X-B${evil}`, value: '1' }] };
    for (const steps of [[{ connect }], [{ connect: { to: `sip:nobody@127.0.0.1:9${evil}` } }], [{ answer: {} }, { sip_refer: { to_uri: `sip:x@127.0.0.1:9${evil}` } }]]) {
        const made = await dial({ swml: main(...steps) });
        if (made.status === 200) await ended(made.json.id);
    }
    const { messages } = await daemon.command('trace', '--past').catch(() => ({ messages: [] }));
    const lines = `${JSON.stringify(messages)}${daemon.log()}`;
    assert.doesNotMatch(lines, /(^|\\n|\n)X-Evil: 1/);
});

test('a program says who calls by a SIP URI, a name or letters of any script', async () => {
    for (const [from, shown] of [
        ['sip:desk.7@example.org', 'sip:desk.7@example.org'],
        ['sip:desk.8@example.org;transport=tcp?Subject=x', 'sip:desk.8@example.org'],
        ['Bäcker', '%C3%A4cker'],
        ['"a"<b>', '%22a%22'],
    ]) {
        phone.forget();
        const { status, json } = await dial({ from, swml: main({ hangup: {} }) });
        assert.equal(status, 200);
        const { peeruri } = await phone.waitEvent('CALL_ESTABLISHED');
        assert.ok(peeruri.toLowerCase().includes(shown.toLowerCase()), `${from}: ${peeruri}`);
        await phone.waitEvent('CALL_CLOSED');
        await ended(json.id);
    }
});
