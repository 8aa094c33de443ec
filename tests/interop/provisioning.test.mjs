/** The provisioning API: what a web phone fetches, what its user may change, and everything that is refused. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';

/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {any} */ let alice;
/** @type {any} */ let bob;
const yaml = 'provisioning:\n  origins: [https://shop.example]\ntrunks:\n  far:\n    host: 127.0.0.1\n    port: 9\n    register: false\n';

/** @param {string} method @param {string} path @param {Record<string, string>} [headers] @param {any} [body] @returns {Promise<any>} */
function ask(method, path, headers = {}, body = undefined) {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((done, failed) => {
        const options = { method, rejectUnauthorized: false, headers: { Origin: 'https://shop.example', 'Content-Type': 'application/json', ...headers } };
        const sent = request(daemon.httpsUrl + path, options, (response) => {
            let got = '';
            response.on('data', (data) => (got += data));
            response.on('end', () => done({ status: response.statusCode, headers: response.headers, text: got, json: /json/.test(response.headers['content-type'] ?? '') ? JSON.parse(got) : null }));
        });
        sent.on('error', failed);
        sent.end(text);
    });
}
const login = (/** @type {string} */ token, method = 'POST') => ask(method, '/Login', { Authorization: `Bearer ${token}` });

/** @param {string} name @param {string[]} [words] */
async function addPerson(name, words = []) {
    const user = await daemon.command('user', 'add', name);
    const device = await daemon.command('device', 'add', '--user', name, '--description', 'Reception');
    const pat = await daemon.command('pat', 'add', '--user', name, ...words);
    const session = (await login(pat.access_token)).json;
    const as = (/** @type {string} */ method, /** @type {string} */ tail, /** @type {any} */ body = undefined, headers = {}) =>
        ask(method, `/Users/${session.UserId}${tail}`, { 'X-Api-Key': session.SessionToken, ...headers }, body);
    return { user, device, pat, session, as };
}

before(async () => {
    daemon = await startDaemon({ yaml });
    alice = await addPerson('alice');
    bob = await addPerson('bob');
});
after(async () => daemon?.stop());

test('login, devices and provisioning answer as both generations of the library ask', async () => {
    for (const method of ['GET', 'POST']) {
        const answer = await login(alice.pat.access_token, method);
        assert.equal(answer.status, 200);
        assert.equal(answer.json.UserId, alice.user.user_id);
        assert.equal(typeof answer.json.SessionToken, 'string');
        assert.equal(answer.headers['cache-control'], 'no-store');
    }
    for (const slash of ['', '/']) {
        const list = await alice.as('GET', `/Devices${slash}`);
        assert.equal(list.status, 200);
        assert.equal(list.json.length, 1);
        const [item] = list.json;
        assert.deepEqual([item.DeviceToken, item.Platform, item.Description, item.RegistrationMode, item.Enabled, item.Registered], [alice.device.device_token, 'script', 'Reception', 'Proxy', true, false]);
        assert.ok(!/password|SipJwt/i.test(list.text), 'a list holds no secrets');
        const full = (await alice.as('GET', `/Devices/${item.DeviceToken}${slash}?password=yes&settings_json=yes`)).json;
        const s = full.Settings_json;
        assert.equal(s.SipUsername, alice.device.sip_username);
        assert.equal(s.SipPassword, alice.device.sip_password);
        assert.equal(s.SipDomain, alice.device.sip_domain);
        assert.equal(s.SipContact, alice.device.contact);
        assert.match(s.SipUsername, /^u[0-9a-f]{32}$/);
        assert.match(s.SipPassword, /^p[0-9a-f]{24}$/);
        assert.match(s.SipContact, /^c[0-9a-f]{24}$/);
        assert.match(item.DeviceToken, /^t[0-9a-f]{64}$/);
        for (const [one, other] of [['SipUsername', 'SIPUsername'], ['SipPassword', 'SIPPassword'], ['SipWssServer', 'wssServer'], ['SipWebsocketPort', 'WebSocketPort'], ['SipServerPath', 'ServerPath'], ['SipContact', 'ContactUserName'], ['profileName', 'ProfileUserName']])
            assert.ok(s[one] && s[one] === s[other], `${one} and ${other}`);
        assert.equal(`https://${s.SipWssServer}:${s.SipWebsocketPort}`, daemon.httpsUrl);
        assert.equal(typeof s.SipWebsocketPort, 'string');
        assert.equal(s.SipServerPath, '/ws');
        assert.equal(s.RegistrationMode, 'Proxy');
        assert.match(s.SipJwt, /^[\w-]+\.[\w-]+\.[\w-]+$/);
        const claims = JSON.parse(Buffer.from(s.SipJwt.split('.')[1], 'base64url').toString());
        assert.equal(claims.sub, s.SipUsername);
        assert.ok(claims.exp - claims.iat <= 3600, 'short-lived');
    }
});

test('the account stands at the device, too, where the first bundles of the library read it', async () => {
    const path = `/Devices/${alice.device.device_token}`;
    const full = (await alice.as('GET', `${path}/?password=yes&settings_json=yes`)).json;
    for (const name of ['SipUsername', 'SIPUsername', 'SipPassword', 'SIPPassword', 'SipDomain', 'wssServer', 'SipContact', 'ContactUserName'])
        assert.ok(full[name] && full[name] === full.Settings_json[name], name);
    const plain = (await alice.as('GET', `${path}?settings_json=no`)).json;
    assert.equal(plain.SIPUsername, full.SIPUsername);
    for (const name of ['SipPassword', 'SIPPassword', 'SipJwt']) assert.ok(!(name in plain), name);
});

test('password and settings_json are switches', async () => {
    const path = `/Devices/${alice.device.device_token}`;
    const bare = (await alice.as('GET', `${path}?settings_json=no&password=yes`)).json;
    assert.equal(bare.Settings_json, undefined);
    for (const query of ['', '?settings_json=yes', '?password=no', '?password=true']) {
        const { Settings_json: s } = (await alice.as('GET', path + query)).json;
        assert.ok(s.SipUsername, query);
        for (const name of ['SipPassword', 'SIPPassword', 'SipJwt']) assert.ok(!(name in s), `${name} with ${query}`);
    }
    const { Settings_json: expanded } = (await alice.as('GET', `${path}?expand=yes`)).json;
    assert.deepEqual({ ...expanded.UiMaxWidth, help: '' }, { value: 1024, default: 1024, type: 'number', level: 'default', help: '' });
});

test('a browser of an allowed origin may ask, and read refusals', async () => {
    for (const path of ['/Login', `/Users/${alice.session.UserId}/Devices/`, `/Users/x/Devices/y/?password=yes`]) {
        const answer = await ask('OPTIONS', path, { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'x-api-key,content-type' });
        assert.equal(answer.status, 204);
        assert.equal(answer.headers['access-control-allow-origin'], 'https://shop.example');
        assert.match(answer.headers['access-control-allow-headers'], /Authorization, Content-Type, X-Api-Key/);
        assert.match(answer.headers['access-control-allow-methods'], /GET, POST, PUT, DELETE, OPTIONS/);
        assert.equal(answer.headers['access-control-max-age'], '86400');
    }
    const refused = await login('wrong');
    assert.equal(refused.status, 401);
    assert.equal(refused.headers['access-control-allow-origin'], 'https://shop.example');
    const evil = await ask('GET', '/Login', { Origin: 'https://evil.example' });
    assert.equal(evil.headers['access-control-allow-origin'], undefined);
});

test('401, 403, 404 and 405 mean what clients expect', async () => {
    const is = async (/** @type {Promise<any>} */ asked, /** @type {number} */ status, /** @type {string} */ code) => {
        const answer = await asked;
        assert.deepEqual([answer.status, answer.json.error], [status, code], answer.text);
        assert.equal(typeof answer.json.message, 'string');
        assert.ok(answer.headers['access-control-allow-origin']);
        assert.equal(answer.headers['cache-control'], 'no-store');
    };
    const short = await daemon.command('pat', 'add', '--user', 'alice');
    await daemon.command('pat', 'revoke', short.token_id);
    await is(login(short.access_token), 401, 'unauthorized');
    await is(login('undefined'), 401, 'unauthorized');
    await is(ask('GET', '/Login'), 401, 'unauthorized');
    await is(ask('GET', '/Login', { Authorization: 'Basic YTpi' }), 401, 'unauthorized');
    const api = await daemon.command('project', 'add', 'api');
    const projectToken = await daemon.command('token', 'add', '--project', api.project_id, '--scopes', 'calling');
    await is(login(projectToken.token), 401, 'unauthorized');
    const devices = `/Users/${alice.session.UserId}/Devices`;
    await is(ask('GET', devices), 401, 'unauthorized');
    await is(ask('GET', devices, { 'X-Api-Key': 'a,b,c' }), 401, 'unauthorized');
    await is(ask('GET', devices, { 'X-Api-Key': alice.pat.access_token }), 401, 'unauthorized');
    await is(ask('GET', devices, { 'X-Api-Key': bob.session.SessionToken }), 403, 'forbidden');
    await is(ask('GET', '/Users/nobody/Devices', { 'X-Api-Key': bob.session.SessionToken }), 403, 'forbidden');
    await is(alice.as('GET', '/Devices/t00'), 404, 'not_found');
    await is(alice.as('GET', `/Devices/${bob.device.device_token}?password=yes`), 403, 'forbidden');
    await is(alice.as('GET', '/Nothing'), 404, 'not_found');
    await is(alice.as('PUT', '/Devices', {}), 405, 'method_not_allowed');
    await is(alice.as('POST', '/Devices', '{"a":'), 400, 'invalid');
    await daemon.command('device', 'disable', bob.device.device_token);
    await is(bob.as('GET', `/Devices/${bob.device.device_token}?password=yes`), 403, 'forbidden');
    await daemon.command('device', 'enable', bob.device.device_token);
    assert.equal((await bob.as('GET', `/Devices/${bob.device.device_token}`)).status, 200);
});

test('a session ends with its token, by logout and by rotation', async () => {
    const pat = await daemon.command('pat', 'add', '--user', 'alice', '--name', 'page', '--scopes', 'provisioning');
    const one = (await login(pat.access_token)).json;
    const list = (/** @type {any} */ session) => ask('GET', `/Users/${session.UserId}/Devices`, { 'X-Api-Key': session.SessionToken });
    assert.equal((await list(one)).status, 200);
    const key = { 'X-Api-Key': one.SessionToken };
    assert.equal((await ask('POST', `/Users/${one.UserId}/Devices`, key, {})).status, 403, 'that scope may only read');
    assert.equal((await ask('DELETE', `/Users/${one.UserId}/Login`, key)).status, 204);
    assert.equal((await list(one)).status, 401);
    const two = (await login(pat.access_token)).json;
    const fresh = await daemon.command('pat', 'rotate', pat.token_id);
    assert.equal((await list(two)).status, 401);
    assert.equal((await login(pat.access_token)).status, 401);
    const three = (await login(fresh.access_token)).json;
    assert.equal((await list(three)).status, 200);
    await daemon.command('pat', 'revoke', pat.token_id);
    assert.equal((await list(three)).status, 401);
});

test('a user keeps his devices, settings and tokens', async () => {
    const made = await alice.as('POST', '/Devices', { platform: 'webpage', provision_name: 'Hall', RegistrationMode: 'Proxy', Settings_json: { UiMaxWidth: 800, Shop: 'x' } });
    assert.equal(made.status, 201);
    const path = `/Devices/${made.json.DeviceToken}`;
    const settings = async () => (await alice.as('GET', `${path}?password=yes`)).json.Settings_json;
    assert.deepEqual([(await settings()).UiMaxWidth, (await settings()).Shop, (await settings()).EnableVideoCalling], [800, 'x', false]);
    assert.equal((await alice.as('PUT', '/Provisioning', { EnableVideoCalling: true, UiMaxWidth: 700 })).status, 200);
    assert.deepEqual([(await settings()).UiMaxWidth, (await settings()).EnableVideoCalling], [800, true], 'device over user');
    assert.equal((await alice.as('PUT', path, { Description: 'Lobby', Settings_json: { UiMaxWidth: null } })).json.Description, 'Lobby');
    assert.equal((await settings()).UiMaxWidth, 700, 'user over default');
    assert.equal((await alice.as('PUT', '/Domain/Provisioning', { TransportConnectionTimeout: 9 })).status, 403, 'the domain is for those who were given it');
    for (const [bad, status] of [[{ Settings_json: { SipPassword: 'x' } }, 422], [{ Settings_json: { UiMaxWidth: 'wide' } }, 422], [{ Settings_json: { A: 'x'.repeat(1025) } }, 422], [{ RegistrationMode: 'Magic' }, 422], [{ SipPassword: 'mine' }, 422]])
        assert.equal((await alice.as('PUT', path, bad)).status, status, JSON.stringify(bad).slice(0, 60));
    const before = await settings();
    assert.equal((await alice.as('POST', `${path}/Rotate`)).status, 204);
    assert.notEqual((await settings()).SipPassword, before.SipPassword);
    assert.equal((await alice.as('POST', `${path}/ConsoleLog`, { Level: 'error', Text: 'no microphone' })).status, 204);
    assert.equal((await alice.as('POST', `${path}/ConsoleLog`, { Text: 'x'.repeat(2000) })).status, 422);
    const [line, ...more] = (await alice.as('GET', `${path}/ConsoleLog`)).json;
    assert.deepEqual([line.Level, line.Text, more.length], ['error', 'no microphone', 0]);
    const direct = await alice.as('POST', '/Devices', { RegistrationMode: 'WebSocket', WebSocketServer: 'pbx.example', WebSocketPort: 8089, WebSocketPath: '/ws', SipDomain: 'pbx.example', SipUsername: '101', SipPassword: 'of the PBX' });
    const theirs = (await alice.as('GET', `/Devices/${direct.json.DeviceToken}?password=yes`)).json.Settings_json;
    assert.deepEqual([theirs.SipUsername, theirs.SIPPassword, theirs.wssServer, theirs.WebSocketPort, theirs.RegistrationMode], ['101', 'of the PBX', 'pbx.example', '8089', 'WebSocket']);
    assert.equal((await alice.as('DELETE', path)).status, 204);
    assert.equal((await alice.as('GET', path)).status, 404);
    const pat = await alice.as('POST', '/PAT', { expirationDays: 3, friendlyName: 'kiosk', scopes: 'provisioning' });
    assert.equal(pat.status, 201);
    assert.equal((await login(pat.json.AccessToken)).status, 200);
    assert.equal((await alice.as('POST', '/PAT', { scopes: 'domain' })).status, 403, 'nobody gives more than he has');
    const tokens = (await alice.as('GET', '/PAT')).json;
    assert.ok(!JSON.stringify(tokens).includes(pat.json.AccessToken), 'shown once');
    assert.ok(Math.abs(Date.parse(tokens.find((/** @type {any} */ t) => t.PatId === pat.json.PatId).ExpiresAt) - Date.now() - 3 * 86400e3) < 60e3);
    assert.equal((await alice.as('DELETE', `/PAT/${pat.json.PatId}`)).status, 204);
    assert.equal((await login(pat.json.AccessToken)).status, 401);
    assert.equal((await alice.as('DELETE', `/PAT/${bob.pat.token_id}`)).status, 404, "not another's");
    const log = (await alice.as('GET', '/PAT/AccessLog?limit=200')).json;
    const of = (/** @type {any} */ action, /** @type {number} */ status) => log.some((/** @type {any} */ row) => row.Action === action && row.Status === status && row.Address === '127.0.0.1');
    assert.ok(of('login', 200) && of('POST /Devices', 201) && of('PUT /Domain/Provisioning', 403));
    assert.equal((await alice.as('GET', '/PAT/AccessLog?limit=x')).status, 422);
});

test('a user keeps his connections, sealed; trunks of the configuration are shown beside them', async () => {
    const made = await alice.as('POST', '/Connections', { Name: 'Carrier', Type: 'OutboundRegistration', DialPattern: '^\\+?[1-9]\\d{6,}$', Weight: 5, Method: ['INVITE'], Registration: { Username: 'u', Password: 'hush-hush' } });
    assert.equal(made.status, 201, made.text);
    const { ConnectionId: id, CreatedAt, UpdatedAt, ...rest } = made.json;
    assert.deepEqual(rest, { Name: 'Carrier', Type: 'OutboundRegistration', DialPattern: '^\\+?[1-9]\\d{6,}$', Weight: 5, AllowSrc: '0.0.0.0/0', Method: ['INVITE'], Registration: { Username: 'u', Password: 'hush-hush' }, Enabled: true, ReadOnly: false });
    const plain = await alice.as('POST', '/Connections', { Name: 'Star' });
    assert.deepEqual([plain.json.Type, plain.json.DialPattern, plain.json.Weight, plain.json.Enabled], ['OutboundTrunk', '.', 0, true]);
    assert.deepEqual((await alice.as('GET', `/Connections/${id}`)).json, made.json);
    const changed = await alice.as('PUT', `/Connections/${id}`, { Weight: 9, Method: null, AllowSrc: '192.0.2.0/24, 2001:db8::/32', Enabled: false });
    assert.deepEqual([changed.status, changed.json.Name, changed.json.Weight, changed.json.Method, changed.json.AllowSrc, changed.json.Enabled], [200, 'Carrier', 9, [], '192.0.2.0/24, 2001:db8::/32', false]);
    for (const bad of [{}, { Name: '' }, { Name: 'x', Type: 'Magic' }, { Name: 'x', DialPattern: '(' }, { Name: 'x', DialPattern: '' }, { Name: 'x', Weight: -1 }, { Name: 'x', AllowSrc: '300.0.0.0/8' }, { Name: 'x', AllowSrc: '10.0.0.0/40' }, { Name: 'x', Method: 'INVITE' }, { Name: 'x', Enabled: 'yes' }, { Name: 'x', Registration: 7 }]) {
        const answer = await alice.as('POST', '/Connections', bad);
        assert.deepEqual([answer.status, answer.json.error], [422, 'invalid'], JSON.stringify(bad));
        assert.equal(answer.json.field, Object.keys(bad).at(-1) ?? 'Name');
    }
    assert.deepEqual((await alice.as('GET', '/Connections')).json.map((/** @type {any} */ c) => [c.Name, c.ReadOnly]), [['Carrier', false], ['Star', false], ['far', true]]);
    for (const method of ['GET', 'PUT', 'DELETE']) assert.equal((await bob.as(method, `/Connections/${id}`, method === 'PUT' ? {} : undefined)).status, 404, "not another's");
    assert.equal((await bob.as('GET', '/Connections')).json.length, 1);
    const stored = ['tandem.db', 'tandem.db-wal'].map((name) => readFileSync(join(daemon.state, name)).toString('latin1')).join('');
    assert.ok(!stored.includes('hush-hush') && !daemon.log().includes('hush-hush'));
    await daemon.command('key', 'rotate');
    assert.equal((await alice.as('GET', `/Connections/${id}`)).json.Registration.Password, 'hush-hush', 'sealed again by the new key');
    assert.equal((await alice.as('DELETE', `/Connections/${id}`)).status, 204);
    assert.equal((await alice.as('GET', `/Connections/${id}`)).status, 404);
});

test('what a gateway in between is told of a device is kept and shown', async () => {
    const path = `/Devices/${alice.device.device_token}`;
    const given = { ProxyEnabled: true, UpstreamTransport: 'tls', UpstreamServer: 'pbx.example', UpstreamPort: 5061, SelfSignedCertificate: true };
    const pick = (/** @type {any} */ from) => Object.fromEntries(Object.keys(given).map((name) => [name, from[name]]));
    const put = await alice.as('PUT', path, given);
    assert.deepEqual([put.status, pick(put.json)], [200, given]);
    assert.deepEqual(pick((await alice.as('GET', path)).json), given);
    for (const bad of [{ UpstreamPort: 70000 }, { UpstreamServer: 7 }, { ProxyEnabled: 'yes' }]) assert.equal((await alice.as('PUT', path, bad)).status, 422, JSON.stringify(bad));
    await alice.as('PUT', path, { UpstreamServer: null });
    assert.equal((await alice.as('GET', path)).json.UpstreamServer, undefined);
});

test('a token of the domain reaches its users, and no other domain', async () => {
    const chief = await addPerson('chief', ['--scopes', 'domain']);
    const users = (await chief.as('GET', '/DomainUsers')).json;
    assert.deepEqual(users.map((/** @type {any} */ u) => u.Name).sort(), ['alice', 'bob', 'chief']);
    const theirs = (await chief.as('GET', `/DomainUsers/${alice.user.user_id}/Devices`)).json;
    assert.ok(theirs.some((/** @type {any} */ d) => d.DeviceToken === alice.device.device_token));
    assert.equal((await alice.as('GET', `/DomainUsers/${bob.user.user_id}/Devices`)).status, 403);
    const other = await daemon.command('project', 'add', 'other');
    const stranger = await daemon.command('user', 'add', 'stranger', '--project', other.project_id);
    assert.equal((await chief.as('GET', `/DomainUsers/${stranger.user_id}/Devices`)).status, 404);
    assert.equal((await chief.as('PUT', '/Domain/Provisioning', { TransportConnectionTimeout: 9 })).status, 200);
    const { Settings_json: s } = (await bob.as('GET', `/Devices/${bob.device.device_token}`)).json;
    assert.equal(s.TransportConnectionTimeout, 9, 'domain under user under device');
});

test('what did not change is answered 304', async () => {
    const path = `/Devices/${bob.device.device_token}?password=yes&settings_json=yes`;
    const { headers } = await bob.as('GET', path);
    assert.match(headers.etag, /^"[0-9a-f]{32}"$/);
    const again = await bob.as('GET', path, undefined, { 'If-None-Match': headers.etag });
    assert.deepEqual([again.status, again.text], [304, '']);
    await daemon.command('device', 'rotate', bob.device.device_token);
    assert.equal((await bob.as('GET', path, undefined, { 'If-None-Match': headers.etag })).status, 200);
});

test('guessing is slowed down, and who holds a token still gets in', async () => {
    const codes = [];
    for (let i = 0; i < 30; i++) codes.push((await login(`guess-${i}`)).status);
    assert.equal(codes.at(-1), 429, codes.join(' '));
    const answer = await login('guess');
    assert.ok(Number(answer.headers['retry-after']) >= 1);
    assert.equal(answer.json.error, 'too_many_requests');
    assert.ok(answer.headers['access-control-allow-origin']);
    assert.equal((await login(bob.pat.access_token)).status, 200);
});

test('secrets are sealed in the database, whole in no log, and a new key keeps them', async () => {
    const keyFile = join(daemon.state, 'secrets.key');
    assert.equal(statSync(keyFile).mode & 0o777, 0o600);
    const before = readFileSync(keyFile, 'utf8');
    const password = async () => (await bob.as('GET', `/Devices/${bob.device.device_token}?password=yes`)).json.Settings_json.SipPassword;
    const known = await password();
    const rotated = await daemon.command('key', 'rotate');
    assert.equal(rotated.unreadable, 0);
    assert.ok(rotated.resealed >= 2);
    assert.notEqual(readFileSync(keyFile, 'utf8'), before);
    assert.equal(await password(), known);
    const stored = ['tandem.db', 'tandem.db-wal'].map((name) => readFileSync(join(daemon.state, name)).toString('latin1')).join('');
    for (const secret of [known, alice.pat.access_token, alice.session.SessionToken]) {
        assert.ok(!stored.includes(secret), 'in the database');
        assert.ok(!daemon.log().includes(secret), 'in the log');
    }
});

test('the key comes from ENCRYPTION_KEY where it is given, in any of its forms', async () => {
    const raw = Buffer.from(Array.from({ length: 32 }, (_, i) => 255 - i));
    for (const key of [raw.toString('hex'), raw.toString('base64'), raw.toString('base64url') + '=']) {
        const other = await startDaemon({ env: { ENCRYPTION_KEY: key } });
        const [row] = await other.command('key', 'list');
        assert.equal(row.seals, true);
        await other.stop();
        assert.throws(() => statSync(join(other.state, 'secrets.key')));
    }
    await assert.rejects(startDaemon({ env: { ENCRYPTION_KEY: 'short' } }), /ENCRYPTION_KEY.*32 bytes/s);
});

test('the library and the phone are served where pages look for them', async () => {
    const library = await ask('GET', '/lib/Siperb-Provisioning/Siperb-Provisioning.min.js');
    const phone = await ask('GET', '/phone/');
    if (library.status === 200) {
        assert.match(library.headers['content-type'], /javascript/);
        assert.equal(library.headers['access-control-allow-origin'], '*');
        assert.equal(library.headers['cache-control'], 'no-cache');
        assert.equal((await ask('GET', '/lib/Siperb-Provisioning/Siperb-Provisioning.esm.js')).status, 200);
        const { version } = JSON.parse(readFileSync(new URL('../../web/provisioning/package.json', import.meta.url), 'utf8'));
        const fixed = await ask('GET', `/lib/Siperb-Provisioning/Siperb-Provisioning-${version}.umd.min.js`);
        assert.match(fixed.headers['cache-control'], /immutable/);
    }
    assert.match(phone.text, /<!doctype html>/i);
    if (phone.status !== 200) assert.match(phone.text, /not in this build/);
});
