/** The SignalWire-compatible API as its clients see it: who may ask, tokens, projects, room tokens; every answer against the vendor's schema. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import axios from 'axios';
import { Agent } from 'node:https';
import { connect } from 'node:net';
import { startDaemon } from './lib/daemon.mjs';
import { runProcess } from './lib/process.mjs';
import { addProject, hasSpecification, makeClient } from './lib/signalwire.mjs';

/** @type {any} */ let daemon;
/** @type {any} */ let acme;
/** @type {any} */ let other;

before(async () => {
    daemon = await startDaemon();
    acme = await addProject(daemon, 'acme');
    other = await addProject(daemon, 'other');
});
after(async () => {
    acme?.stop();
    other?.stop();
    await daemon?.stop();
});

test('the vendor\'s description of every answer', { skip: !hasSpecification && 'it is not here' }, () => assert.ok(hasSpecification));

test('credentials: exact bodies, an id for each request', async () => {
    const ok = await acme.ask('GET', '/api/projects');
    assert.equal(ok.status, 200);
    assert.match(ok.headers['x-request-id'], /^[0-9a-f-]{36}$/);
    assert.ok(ok.headers['strict-transport-security']);
    assert.equal(ok.headers['access-control-allow-origin'], undefined);
    for (const [project, token] of [[acme.project, 'PTwrong'], ['00000000-0000-4000-8000-000000000000', acme.token], [other.project, acme.token]]) {
        const client = makeClient(daemon, project, token);
        const refused = await client.ask('GET', '/api/projects');
        assert.equal(refused.status, 401);
        assert.equal(refused.text, '{"error":"Unauthorized"}');
        assert.match(refused.headers['www-authenticate'], /^Basic realm=/);
        client.stop();
    }
    const silent = await fetch(`${daemon.url}/api/projects`);
    assert.deepEqual([silent.status, await silent.text()], [401, '{"error":"Unauthorized"}']);
    const preflight = await fetch(`${daemon.url}/api/projects`, { method: 'OPTIONS', headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'GET' } });
    assert.equal(preflight.headers.get('access-control-allow-origin'), null);
    const upper = makeClient(daemon, acme.project.toUpperCase(), acme.token);
    assert.equal((await upper.ask('GET', '/api/projects')).status, 200);
    upper.stop();
});

test('the seed\'s curl lines', async () => {
    const pair = `${acme.project}:${acme.token}`;
    const url = `${daemon.httpsUrl}/api/projects`;
    const curl = async (/** @type {string[]} */ ...words) => (await runProcess('curl', ['-sk', '-o', '/dev/null', '-w', '%{http_code}', ...words, url])).text.trim();
    assert.equal(await curl('-u', pair), '200');
    assert.equal(await curl('-H', `Authorization: Basic ${Buffer.from(pair).toString('base64')}`), '200');
    assert.equal(await curl('-H', `authorization: basic ${Buffer.from(pair).toString('base64').replace(/=+$/, '')}`), '200');
    assert.equal(await curl('-u', `${pair}x`), '401');
});

test('a header broken over two lines is no second header, and the next request is fine', async () => {
    const broken = Buffer.from(`${acme.project}:${acme.token}`).toString('base64').replace(/(.{76})/, '$1\n');
    const [host, port] = daemon.ready.http[0].split(':');
    const answer = await new Promise((done, failed) => {
        const socket = connect(Number(port), host, () => socket.write(`GET /api/projects HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Basic ${broken}\r\n\r\n`));
        let text = '';
        socket.on('data', (data) => (text += data));
        socket.on('error', failed);
        socket.setTimeout(15000, () => socket.destroy());
        socket.on('close', () => done(text));
    });
    assert.match(answer, /^HTTP\/1.1 400 /);
    assert.match(answer, /curl -u .*base64 -w0/, 'it says what helps');
    assert.equal((await acme.ask('GET', '/api/projects')).status, 200);
});

test('the seed\'s Node program (axios) and Python program (requests)', async () => {
    const { data, status } = await axios.post(`${daemon.httpsUrl}/api/video/room_tokens`, { room_name: 'my-room', user_name: 'John', permissions: ['room.self.audio_mute'] }, {
        auth: { username: acme.project, password: acme.token },
        httpsAgent: new Agent({ rejectUnauthorized: false }),
    });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(data), ['token']);
    const program = `
import requests, urllib3
from requests.auth import HTTPBasicAuth
urllib3.disable_warnings()
response = requests.post('${daemon.httpsUrl}/api/video/room_tokens', json={'room_name': 'my-room', 'mod_permissions': True},
    auth=HTTPBasicAuth('${acme.project}', '${acme.token}'), headers={'Content-Type': 'application/json'}, verify=False)
print(response.status_code, list(response.json().keys()))
`;
    const { code, text } = await runProcess('python3', ['-c', program]);
    if (/No module named/.test(text)) return;
    assert.equal(code, 0, text);
    assert.match(text, /200 \['token'\]/);
});

test('tokens: made, narrowed, deleted; nowhere in the database or the log', async () => {
    assert.match(acme.project, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const made = await acme.ask('POST', '/api/project/tokens', { name: 'mine', permissions: ['video', 'management'] });
    assert.equal(made.status, 200);
    for (const token of [acme.token, made.json.token]) {
        assert.match(token, /^PT[0-9A-Za-z]{48}$/);
        assert.ok(!JSON.stringify(await daemon.command('token', 'list')).includes(token), 'shown once');
    }
    const client = makeClient(daemon, acme.project, made.json.token);
    assert.equal((await client.ask('GET', '/api/projects')).status, 200);
    assert.equal((await acme.ask('PATCH', `/api/project/tokens/${made.json.id}`, { permissions: ['chat'] })).status, 200);
    const forbidden = await client.ask('GET', '/api/projects', undefined, { free: true });
    assert.equal(forbidden.status, 403);
    assert.equal(forbidden.text, '{"error":"Forbidden"}');
    assert.equal((await other.ask('DELETE', `/api/project/tokens/${made.json.id}`)).status, 404);
    assert.equal((await acme.ask('DELETE', `/api/project/tokens/${made.json.id}`)).status, 204);
    assert.equal((await client.ask('GET', '/api/projects')).status, 401);
    client.stop();
    for (const { name } of readdirSync(daemon.state, { withFileTypes: true }).filter((entry) => entry.isFile())) assert.ok(!readFileSync(join(daemon.state, name)).includes(made.json.token), name);
    assert.ok(!daemon.log().includes(made.json.token));
});

test('subprojects: made, seen by their parent only, deleted', async () => {
    const made = await acme.ask('POST', '/api/projects', { name: 'branch', protect_recordings: true });
    assert.equal(made.status, 201);
    assert.match(made.json.signing_key, /^PSK/);
    const path = `/api/projects/${made.json.id}`;
    assert.equal((await acme.ask('GET', path)).json.protect_recordings, true);
    assert.equal((await other.ask('GET', path)).status, 404);
    assert.equal((await acme.ask('PATCH', path, { name: 'other branch' })).json.name, 'other branch');
    assert.equal((await acme.ask('POST', `${path}/signing-key/rotate`)).status, 200);
    assert.equal((await acme.ask('GET', '/api/projects?page_size=1')).json.data.length, 1);
    assert.equal((await acme.ask('DELETE', `/api/projects/${acme.project}`)).status, 422);
    assert.equal((await acme.ask('DELETE', path)).status, 204);
    assert.equal((await acme.ask('GET', path)).status, 404);
});

test('room tokens: the documented claims, and what is wrong by name', async () => {
    const { json } = await acme.ask('POST', '/api/video/room_tokens', { room_name: 'my-video-room', user_name: 'Ann' });
    const [header, claims] = json.token.split('.').slice(0, 2).map((/** @type {string} */ part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    assert.deepEqual([header.typ, header.alg, header.ch], ['VRT', 'HS512', daemon.httpsUrl.slice(8)]);
    assert.deepEqual([claims.r, claims.u, claims.sub, claims.acr, claims.s.length], ['my-video-room', 'Ann', acme.project, true, 11]);
    const wrong = await acme.ask('POST', '/api/video/room_tokens', { room_name: 'bad name!', user_name: 7 });
    assert.equal(wrong.status, 422);
    assert.deepEqual(wrong.json.errors.map((/** @type {any} */ e) => e.attribute), ['room_name', 'user_name']);
    for (const room_name of ['', 'x'.repeat(101)]) assert.equal((await acme.ask('POST', '/api/video/room_tokens', { room_name })).json.errors[0].attribute, 'room_name');
    assert.equal((await acme.ask('POST', '/api/video/room_tokens', { room_name: 'x'.repeat(100) })).status, 200);
});

test('a host that has no way for a text says so', async () => {
    const { status, json } = await acme.ask('POST', '/api/messaging/messages', { from: '+15550001111', to: '+15557654321', body: 'Hello' });
    assert.deepEqual([status, json.errors[0].code], [422, 'not_routable']);
});

test('what is served describes itself', async () => {
    const { json } = await acme.ask('GET', '/api/openapi.json', undefined, { free: true });
    assert.equal(json.openapi, '3.1.0');
    assert.ok(json.paths['/api/project/tokens'].post.requestBody);
});
