/** What provisioning hands out, used at SIP: the access token, the session headers, one binding for each phone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { waitFor } from './lib/process.mjs';
import { OFFER } from './lib/socket.mjs';
import { openSipSocket } from './lib/sipsocket.mjs';

/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {any} */ let alice;
/** @type {any} */ let bob;

const get = async (/** @type {string} */ path, headers = {}, method = 'GET') => {
    const answer = await fetch(daemon.url + path, { method, headers });
    return answer.headers.get('content-type')?.includes('json') ? answer.json() : null;
};

async function addPerson(/** @type {string} */ name) {
    await daemon.command('user', 'add', name);
    const device = await daemon.addDevice(name);
    const pat = await daemon.command('pat', 'add', '--user', name);
    const session = await get('/Login', { Authorization: `Bearer ${pat.access_token}` }, 'POST');
    const ask = (/** @type {string} */ tail) => get(`/Users/${session.UserId}${tail}`, { 'X-Api-Key': session.SessionToken });
    const fetchAccount = async () => (await ask(`/Devices/${device.device_token}?password=yes&settings_json=yes`)).Settings_json;
    return { name, device, pat, session, ask, fetchAccount, account: await fetchAccount() };
}
const sids = (/** @type {any} */ s) => [`X-Siperb-Sid: ${s.SessionToken}`, `X-Siperb-Uid: ${s.UserId}`];
const withToken = (/** @type {any} */ account) => ({ ...account, SipPassword: '' });
const bearer = (/** @type {string} */ token) => [`Authorization: Bearer ${token}`];
const bindings = async () => (await daemon.command('registrations')).filter((/** @type {any} */ row) => row.user === 'alice');
const wss = (path = '/ws') => daemon.httpsUrl.replace('https', 'wss') + path;

before(async () => {
    daemon = await startDaemon();
    alice = await addPerson('alice');
    bob = await addPerson('bob');
});
after(async () => daemon?.stop());

test('the account registers on every path that clients build, by password', async () => {
    const { SipWssServer, SipWebsocketPort, SipServerPath } = alice.account;
    assert.equal(`${SipWssServer}:${SipWebsocketPort}${SipServerPath}`, wss().replace('wss://', ''));
    for (const path of ['/ws', '/ws/', '//ws', '//ws/']) {
        const phone = await openSipSocket(wss(path), alice.account);
        const answer = await phone.register();
        assert.equal(answer.status, 200, path);
        assert.ok(answer.header('contact').includes(`sip:${alice.account.SipContact}@`));
        phone.close();
    }
});

test('SipJwt is taken as Bearer while it and its device are good', async () => {
    const phone = await openSipSocket(wss(), withToken(alice.account));
    assert.equal((await phone.register()).status, 401, 'nothing without proof');
    assert.equal((await phone.register(bearer(alice.account.SipJwt))).status, 200);
    assert.equal((await phone.invite('bob', bearer('a.b.c'), OFFER)).status, 407);
    const call = await phone.invite('echo', bearer(alice.account.SipJwt), OFFER);
    assert.equal(call.status, 200, call.text);
    const other = await openSipSocket(wss(), withToken(bob.account));
    assert.equal((await other.register(bearer(alice.account.SipJwt))).status, 403, "another's token");
    const [head, claims, mac] = alice.account.SipJwt.split('.');
    const forged = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), exp: 9999999999 })).toString('base64url');
    for (const bad of [`${head}.${forged}.${mac}`, `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`, `${head}.${claims}.`])
        assert.equal((await phone.register(bearer(bad))).status, 401);
    const both = await openSipSocket(wss(), alice.account);
    assert.equal((await both.register(bearer(`${head}.${forged}.${mac}`))).status, 200, 'a token gone bad does not hide the password');
    await daemon.command('device', 'disable', alice.device.device_token);
    assert.equal((await phone.register(bearer(alice.account.SipJwt))).status, 401);
    await daemon.command('device', 'enable', alice.device.device_token);
    await daemon.command('key', 'rotate');
    assert.equal((await phone.register(bearer(alice.account.SipJwt))).status, 200, 'a new key does not end tokens');
    await daemon.command('device', 'rotate', alice.device.device_token);
    assert.equal((await phone.register(bearer(alice.account.SipJwt))).status, 401, 'a new password ends them');
    assert.equal((await both.register()).status, 401, 'and the old password');
    alice.account = await alice.fetchAccount();
    phone.close();
    both.close();
    other.close();
});

test('X-Siperb headers must name a live session of the same user, and go no further', async () => {
    const phone = await openSipSocket(wss(), alice.account);
    assert.equal((await phone.register(sids(alice.session))).status, 200);
    assert.equal((await phone.register(sids({ ...alice.session, SessionToken: 'stale,token' }))).status, 403);
    assert.equal((await phone.register(sids({ ...alice.session, SessionToken: `${alice.session.SessionToken},x` }))).status, 403, 'a comma separates nothing');
    assert.equal((await phone.register(sids(bob.session))).status, 403);
    assert.equal((await phone.register(sids({ ...alice.session, UserId: bob.session.UserId }))).status, 403);
    assert.equal((await phone.register(['X-Siperb-Sid: '])).status, 403);
    const callee = await openSipSocket(wss(), bob.account);
    assert.equal((await callee.register()).status, 200);
    const begin = async (/** @type {string[]} */ headers) => {
        const from = callee.messages.length;
        const answer = await phone.invite('bob', [...headers, 'X-Shop: 42'], OFFER);
        return { status: answer.status, invite: callee.messages.slice(from).find((m) => m.method === 'INVITE') };
    };
    for (const headers of [[], sids(alice.session)]) {
        const { status, invite } = await begin(headers);
        assert.equal(status, 486, 'it rang, and was refused');
        assert.ok(invite && !/x-siperb/i.test(invite.text), invite?.text);
    }
    const foreign = await begin(sids(bob.session));
    assert.deepEqual([foreign.status, foreign.invite], [403, undefined]);
    const log = JSON.stringify(await alice.ask(`/Devices/${alice.device.device_token}/SipTraceLog?limit=500`));
    assert.match(log, /X-Siperb-Sid: \*+/);
    for (const secret of [alice.session.SessionToken, alice.account.SipJwt, alice.account.SipPassword]) {
        assert.ok(!log.includes(secret), 'in the trace');
        assert.ok(!daemon.log().includes(secret), 'in the log');
    }
    phone.close();
    callee.close();
});

test('a phone that comes back is one binding, and the newest is called', async () => {
    const first = await openSipSocket(wss(), alice.account);
    assert.equal((await first.register()).status, 200);
    const second = await openSipSocket(wss(), alice.account);
    const answer = await second.register();
    assert.equal(answer.all('contact').length, 1, answer.text);
    assert.equal((await bindings()).length, 1);
    const caller = await openSipSocket(wss(), bob.account);
    const from = first.messages.length;
    assert.equal((await caller.invite('alice', [], OFFER)).status, 486);
    assert.ok(second.messages.some((m) => m.method === 'INVITE'));
    assert.ok(!first.messages.slice(from).some((m) => m.method === 'INVITE'));
    first.close();
    await new Promise((done) => setTimeout(done, 200));
    assert.equal((await bindings()).length, 1, 'the end of the old socket ends nothing');
    const [item] = await alice.ask('/Devices');
    assert.ok(item.Registered && Date.now() - Date.parse(item.RegisteredAt) < 60e3);
    const rtt = await waitFor('the round trip', async () => (await alice.ask('/Devices'))[0].LatencyMs !== null && (await alice.ask('/Devices')), 5000);
    assert.ok(rtt[0].LatencyMs >= 0);
    second.close();
    await waitFor('the end', async () => (await bindings()).length === 0, 5000);
    const log = await alice.ask(`/Devices/${alice.device.device_token}/RegisterLog`);
    assert.deepEqual([log[0].Event, log[0].Transport], ['unregistered', 'WSS']);
    assert.ok(log.some((/** @type {any} */ row) => row.Event === 'registered' && row.Contact.includes(alice.account.SipContact)));
    const latencies = await alice.ask(`/Devices/${alice.device.device_token}/NetworkLatencyLog?limit=5`);
    assert.ok(latencies.length >= 1 && latencies.every((/** @type {any} */ row) => Number.isInteger(row.LatencyMs)));
    const none = await alice.ask(`/Devices/${alice.device.device_token}/RegisterLog?date=2001-01-01`);
    assert.deepEqual(none, []);
});

test('a device that is disabled or removed is gone at once', async () => {
    for (const [act, word] of [['disable', 'enable'], ['remove', '']]) {
        const device = await daemon.addDevice('alice');
        const { Settings_json: account } = await alice.ask(`/Devices/${device.device_token}?password=yes`);
        const phone = await openSipSocket(wss(), account);
        assert.equal((await phone.register()).status, 200);
        assert.equal((await bindings()).length, 1);
        await daemon.command('device', act, device.device_token);
        await waitFor('the end', async () => (await bindings()).length === 0, 3000);
        assert.equal((await phone.register()).status, 401);
        if (word) await daemon.command('device', word, device.device_token);
        phone.close();
    }
});

test('calls out of the building need a route', async () => {
    const phone = await openSipSocket(wss(), alice.account);
    const far = await phone.send('INVITE', { uri: 'sip:destination@example.com', to: 'sip:destination@example.com', body: OFFER });
    assert.ok([403, 404].includes(far.status), far.first);
    phone.close();
});
