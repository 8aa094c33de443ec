/** What the seed of the SignalWire guides shows and the other files do not: names of hosts, kinds of bodies, scopes, TLS, claims of room tokens, errors a program can tell, codes over a restart. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { runProcess, waitFor } from './lib/process.mjs';
import { addProject, makeClient } from './lib/signalwire.mjs';

/** @typedef {Awaited<ReturnType<typeof startDaemon>>} Daemon */
/** @type {Daemon} */ let daemon;
/** @type {Awaited<ReturnType<typeof startHook>>} */ let hook;
/** @type {Awaited<ReturnType<typeof addProject>>} */ let acme;

/** 32 bytes: what it seals and signs is the same after a restart, and can be computed here. */
const KEY = '5a'.repeat(32);
const config = () => ({ env: { ENCRYPTION_KEY: KEY }, yaml: `messages:\n  to: http\n  from: "+15550001111"\n  http: {url: "${hook.url}/sms"}\n` });

before(async () => {
    hook = await startHook({ '/sms': { id: 'p-1' } });
    daemon = await startDaemon(config());
    acme = await addProject(daemon, 'acme');
});
after(async () => {
    acme?.stop();
    await daemon?.stop();
});

test('any host name is the space: over HTTPS and, on this machine, over HTTP', async () => {
    for (const name of ['mycompany.signalwire.com', 'localhost', 'no-such-space.example:8443']) {
        const { status, json } = await acme.ask('GET', '/api/voice/logs', undefined, { headers: { Host: name } });
        assert.equal(status, 200, name);
        assert.deepEqual(json.data, [], name);
    }
    const port = daemon.ready.https[0].split(':')[1];
    for (const [scheme, at] of [['https', port], ['http', daemon.ready.http[0].split(':')[1]]]) {
        const url = `${scheme}://mycompany.signalwire.com:${at}/api/voice/logs`;
        const { text } = await runProcess('curl', ['-sk', '--resolve', `mycompany.signalwire.com:${at}:127.0.0.1`, '-u', `${acme.project}:${acme.token}`, '-w', ' %{http_code}', url]);
        assert.match(text, /"data":\[\].* 200$/s);
    }
});

test('bodies are JSON, with or without a charset; another type is refused and does nothing', async () => {
    const made = (/** @type {string} */ type, name = type) =>
        acme.ask('POST', '/api/projects', JSON.stringify({ name }), { free: !/json/i.test(type), headers: { 'Content-Type': type } });
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=UTF-8']) assert.equal((await made(type)).status, 201, type);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
        const { status, text } = await made(type);
        assert.equal(status, 400, type);
        assert.equal(text, '{"error":"Bad Request"}');
    }
    const names = (await acme.ask('GET', '/api/projects?page_size=50')).json.data.map((/** @type {any} */ one) => one.name);
    assert.ok(!names.includes('text/plain') && names.includes('application/json; charset=utf-8'), names.join());
});

test('the names of .env: the seed\'s Python and Node programs with nothing else changed', async () => {
    const env = { ...process.env, SIGNALWIRE_PROJECT_ID: acme.project, SIGNALWIRE_API_TOKEN: acme.token, SIGNALWIRE_SPACE_URL: daemon.url };
    const node = `const axios = require('axios');
const { SIGNALWIRE_PROJECT_ID: username, SIGNALWIRE_API_TOKEN: password, SIGNALWIRE_SPACE_URL: spaceUrl } = process.env;
axios.get(spaceUrl + '/api/calling/calls', { auth: { username, password } }).then((r) => console.log(r.status, Array.isArray(r.data.data)));`;
    assert.match((await runProcess(process.execPath, ['-e', node], { env })).text, /^200 true$/m);
    const python = `import os, requests
r = requests.get(os.getenv('SIGNALWIRE_SPACE_URL') + '/api/calling/calls', auth=(os.getenv('SIGNALWIRE_PROJECT_ID'), os.getenv('SIGNALWIRE_API_TOKEN')))
print(r.status_code, r.json()['data'])`;
    const { text } = await runProcess('python3', ['-c', python], { env });
    if (!/No module named/.test(text)) assert.match(text, /^200 \[\]$/m);
});

test('scopes: the seed\'s five and the other six; an unknown one is named, and no token is made', async () => {
    const seed = ['calling', 'messaging', 'video', 'fax', 'chat'];
    for (const permissions of [seed, ['datasphere', 'management', 'numbers', 'pubsub', 'storage', 'tasking']]) {
        const { status, json } = await acme.ask('POST', '/api/project/tokens', { name: 'scoped', permissions });
        assert.equal(status, 200);
        assert.deepEqual(json.permissions.sort(), [...permissions].sort());
    }
    const { status, json } = await acme.ask('POST', '/api/project/tokens', { name: 'wrong', permissions: ['calling', 'nope'] });
    assert.equal(status, 422);
    assert.deepEqual([json.errors[0].code, json.errors[0].attribute], ['invalid_auth_token_permissions', 'permissions']);
    assert.ok(!(await daemon.command('token', 'list')).some((/** @type {any} */ token) => token.name === 'wrong'));
    const narrow = makeClient(daemon, acme.project, (await acme.ask('POST', '/api/project/tokens', { name: 'texts', permissions: ['messaging'] })).json.token);
    for (const [path, body] of /** @type {[string, any][]} */ ([['/api/calling/calls', { command: 'dial', params: { from: '+15551230000', to: '+15559990000', url: `${hook.url}/never` } }], ['/api/video/room_tokens', { room_name: 'a' }]])) {
        const refused = await narrow.ask('POST', path, body, { free: true });
        assert.deepEqual([refused.status, refused.text], [403, '{"error":"Forbidden"}'], path);
    }
    narrow.stop();
    assert.deepEqual(await daemon.command('calls', '--all'), [], 'nothing happened');
});

test('HTTPS is TLS 1.2 at least, and tells browsers to stay', async () => {
    const [host, port] = daemon.ready.https[0].split(':');
    /** What a client that knows this version only gets: that version, or an error. @param {any} version */
    const shake = (version) =>
        new Promise((done) => {
            const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false, minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }, () => {
                done(socket.getProtocol());
                socket.destroy();
            });
            socket.on('error', (error) => done(/** @type {any} */ (error).code));
        });
    assert.equal(await shake('TLSv1.2'), 'TLSv1.2');
    assert.equal(await shake('TLSv1.3'), 'TLSv1.3');
    for (const old of ['TLSv1', 'TLSv1.1']) assert.doesNotMatch(await shake(old), /^TLS/, old);
    assert.match((await acme.ask('GET', '/api/projects')).headers['strict-transport-security'], /max-age=[1-9]/);
});

/** The claims of a room token, whose signature is that of our key. @param {any} body */
async function claimsOf(body) {
    const { json } = await acme.ask('POST', '/api/video/room_tokens', { room_name: 'my-video-room', ...body });
    const [header, claims, signature] = json.token.split('.');
    const key = createHmac('sha256', Buffer.from(KEY, 'hex')).update('room_token').digest();
    assert.equal(createHmac('sha512', key).update(`${header}.${claims}`).digest('base64url'), signature);
    return JSON.parse(Buffer.from(claims, 'base64url').toString());
}

test('room tokens: mod_permissions false has no effect, unknown permissions are dropped and logged, rooms are made unless told not to', async () => {
    const four = ['room.self.audio_mute', 'room.self.audio_unmute', 'room.self.video_mute', 'room.self.video_unmute'];
    assert.deepEqual((await claimsOf({ permissions: four, mod_permissions: false })).s, four);
    assert.deepEqual((await claimsOf({ permissions: [...four, 'room.make_coffee'] })).s, four);
    await daemon.logged(/room token without the unknown permission number=5/);
    assert.equal((await claimsOf({})).acr, true);
    assert.equal((await claimsOf({ auto_create_room: false })).acr, false);
    assert.ok(!('ju' in (await claimsOf({}))), 'nothing ends it by itself');
    assert.equal((await claimsOf({ join_until: '2030-01-01T00:00:00Z' })).ju, 1893456000);
});

test('every refusal is JSON, so that a program can tell', async () => {
    const narrow = makeClient(daemon, acme.project, (await acme.ask('POST', '/api/project/tokens', { name: 'narrow', permissions: ['chat'] })).json.token);
    const nobody = makeClient(daemon, acme.project, 'PTnone');
    const path = '/api/video/room_tokens';
    /** @type {[number, any][]} */ const refusals = [
        [400, await acme.ask('POST', path, '{"room_name":')],
        [401, await nobody.ask('POST', path, { room_name: 'a' })],
        [403, await narrow.ask('POST', path, { room_name: 'a' }, { free: true })],
        [404, await acme.ask('GET', '/api/video/nothing', undefined, { free: true })],
        [405, await acme.ask('DELETE', path, undefined, { free: true })],
        [422, await acme.ask('POST', path, { room_name: 'bad name!' })],
    ];
    for (const [status, answer] of refusals) {
        assert.equal(answer.status, status);
        assert.match(answer.headers['content-type'], /^application\/json/, `${status}`);
        assert.ok(answer.json.error || answer.json.errors.length, `${status} ${answer.text}`);
    }
    [narrow, nobody].forEach((client) => client.stop());
});

test('card data go to a connector by HTTPS only: the document is refused before any phone rings', async () => {
    const dial = (/** @type {string} */ url) => {
        const swml = { version: '1.0.0', sections: { main: [{ pay: { payment_connector_url: url } }] } };
        return acme.ask('POST', '/api/calling/calls', { command: 'dial', params: { from: '+15551230000', to: '+15559990000', swml } });
    };
    const { status, json } = await dial('http://payments.example/connector');
    assert.equal(status, 422);
    assert.equal(json.errors[0].attribute, 'swml');
    assert.match(json.errors[0].message, /payment_connector_url.*https/);
    for (const url of ['https://payments.example/connector', `${hook.url}/connector`])
        assert.deepEqual((await dial(url)).json.errors.map((/** @type {any} */ e) => e.attribute), ['to'], 'it is the number that cannot be reached');
});

test('a text is in no log; a code that was sent is good after a restart, a wrong try before it counts', async () => {
    const text = await acme.ask('POST', '/api/messaging/messages', { from: '+15550001111', to: '+15557777777', body: 'Your code is 824179, keep it' });
    assert.equal(text.status, 201);
    await waitFor('the text', () => hook.requests.some((r) => r.json?.body === 'Your code is 824179, keep it'));
    assert.ok(!daemon.log().includes('824179'));
    const mfa = await acme.ask('POST', '/api/relay/rest/mfa/sms', { to: '+15556666666', token_length: 6, valid_for: 300, max_attempts: 2 });
    assert.equal(mfa.status, 200);
    const sent = await waitFor('the code', () => hook.requests.find((r) => r.json?.to === '+15556666666'));
    const token = /\d{6}/.exec(sent.json.body)?.[0];
    const verify = (/** @type {any} */ client, /** @type {string | undefined} */ code) => client.ask('POST', `/api/relay/rest/mfa/${mfa.json.id}/verify`, { token: code }, { free: true });
    assert.deepEqual((await verify(acme, 'wrong')).json, { success: false });
    await daemon.stop();
    daemon = await startDaemon({ ...config(), state: daemon.state });
    const later = makeClient(daemon, acme.project, acme.token);
    assert.deepEqual((await verify(later, token)).json, { success: true });
    assert.equal((await verify(later, token)).status, 404, 'once only, and its tries were used up');
    acme.stop();
    acme = { ...later, signingKey: acme.signingKey };
    await claimsOf({}); // signed with the same key: tokens given before are good
});
