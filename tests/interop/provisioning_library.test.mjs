/** The provisioning library in Node and in Chromium: every answer and every failure a server and a browser can give. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { openPage, startChromium } from './lib/chromium.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { buildWeb, libraryFolder, settingsOf, startProvisioning } from './lib/provisioning.mjs';

const TOKEN = 'PT-access';
const SESSION = 's/1,2;three=4'; // opaque: commas and all
const USER = '0123456789abcdef0123456789abcdef';
const DEVICE = 'tdevice/1 ü'; // ids are data, not paths
const settings = settingsOf({ sip_username: 'u1', sip_password: 'p1-secret', sip_domain: 'sip.example.org', contact: 'c1' });
const account = {
    token: TOKEN,
    userId: USER,
    sessionToken: SESSION,
    devices: [
        { DeviceToken: DEVICE, Platform: 'script', Description: 'Reception' },
        { DeviceToken: 't2', Platform: 'webpage' },
    ],
    settings: { [DEVICE]: settings },
};
/** @type {Awaited<ReturnType<typeof startProvisioning>>} */ let server;
/** Another origin, as a customer's page is. @type {Awaited<ReturnType<typeof startProvisioning>>} */ let site;
/** @type {import('playwright-core').Browser} */ let browser;
/** @type {any} */ let page;
/** @type {any} */ let Siperb;

before(async () => {
    buildWeb();
    Siperb = createRequire(import.meta.url)(join(libraryFolder, 'Siperb-Provisioning.umd.js'));
    [server, site, browser] = await Promise.all([startProvisioning({ accounts: [account] }), startProvisioning(), startChromium()]);
    site.pages['/umd'] = `<!doctype html><title>u</title><script>window.SiperbAPI = { MINE: 1 }</script><script src="${server.url}/lib/Siperb-Provisioning/Siperb-Provisioning.min.js"></script>`;
    page = await openPage(browser);
});
after(async () => {
    await browser?.close();
    await Promise.all([server?.stop(), site?.stop()]);
});
beforeEach(async () => {
    server.fault = null;
    server.asked.length = 0;
    page.errors.length = 0;
    await page.goto(`${site.url}/umd`);
    await page.evaluate(() => localStorage.clear());
});

const ids = { UserId: USER, SessionToken: SESSION, DeviceToken: DEVICE };
const cached = { ...ids, EnableCache: true, SessionKey: 'SiperbDevices', ProvisioningKey: 'SiperbProvisioning' };
/** A call of the library in the page: {value} or {error, status}. */
const run = (/** @type {string} */ name, /** @type {any} */ ...args) =>
    page.evaluate(
        async ([called, given]) => {
            const { Siperb: library } = /** @type {any} */ (window);
            try {
                return { value: await library[called](...given) };
            } catch (error) {
                return { isError: error instanceof Error, message: error.message, status: error.status };
            }
        },
        [name, args],
    );
const apiState = () => page.evaluate(() => JSON.parse(JSON.stringify(/** @type {any} */ (window).SiperbAPI)));
const asked = () => server.asked.filter(({ path }) => !path.startsWith('/lib'));

test('row 2: script tag, ES module, import and require give the same functions', async () => {
    const names = ['GetSession', 'Login', 'GetDevices', 'GetProvisioning', 'LoadBrowserPhone', 'ProvisionPhone', 'BuildWsUrl', 'SipJsConfig', 'JsSipConfig', 'ClearCache'];
    for (const name of names) assert.equal(typeof Siperb[name], 'function', `require: ${name}`);
    const { default: imported, ...named } = await import(join(libraryFolder, 'dist/Siperb-Provisioning.mjs'));
    for (const name of names) assert.equal(typeof imported[name], 'function', `import: ${name}`);
    assert.equal(named.GetSession, imported.GetSession);
    const globals = await page.evaluate((list) => list.map((name) => [typeof window.Siperb[name], typeof window.SiperbAPI[name], typeof window.Tandem[name]].join()), names);
    assert.deepEqual(new Set(globals), new Set(['function,function,function']));
    const module = await page.evaluate(async (url) => Object.keys((await import(url)).default), `${server.url}/lib/Siperb-Provisioning/Siperb-Provisioning.esm.js`);
    assert.ok(names.every((name) => module.includes(name)));
});

test('row 2: the package resolves by its name, both ways', async () => {
    const require = createRequire(join(libraryFolder, 'src/index.js'));
    assert.equal(typeof require('siperb-provisioning').GetSession, 'function');
    const url = new URL(`file://${join(libraryFolder, 'package.json')}`);
    const { exports } = JSON.parse(readFileSync(url, 'utf8'));
    const { default: imported } = await import(join(libraryFolder, exports['.'].node.import.default));
    assert.equal(typeof imported.GetSession, 'function');
});

test('rows 5, 6: GetSession gives the body as it is and publishes it; what the page had stays', async () => {
    for (const [name, method] of [['GetSession', 'GET'], ['Login', 'POST']]) {
        await page.goto(`${site.url}/umd`);
        server.asked.length = 0;
        assert.deepEqual((await run(name, TOKEN)).value, { UserId: USER, SessionToken: SESSION, More: 'kept' });
        assert.equal(asked()[0].method, method);
        const { SESSION_TOKEN, USER_ID, MINE } = await apiState();
        assert.deepEqual([SESSION_TOKEN, USER_ID, MINE], [SESSION, USER, 1]);
    }
});

test('a server that knows one method of /Login is asked by the other', async () => {
    for (const [name, known] of [['GetSession', 'POST'], ['Login', 'GET']]) {
        server.fault = (/** @type {any} */ q, /** @type {any} */ r) => q.url === '/Login' && !['OPTIONS', known].includes(q.method) && (r.writeHead(405, { 'Access-Control-Allow-Origin': '*' }).end(), true);
        assert.equal((await run(name, TOKEN)).value?.UserId, USER);
    }
});

/** What may go wrong with one request; the token or session is right. */
const FAULTS = {
    401: (/** @type {any} */ r) => r.writeHead(401, { 'Access-Control-Allow-Origin': '*' }).end('{}'),
    403: (/** @type {any} */ r) => r.writeHead(403, { 'Access-Control-Allow-Origin': '*' }).end('{}'),
    404: (/** @type {any} */ r) => r.writeHead(404, { 'Access-Control-Allow-Origin': '*' }).end('{}'),
    429: (/** @type {any} */ r) => r.writeHead(429, { 'Access-Control-Allow-Origin': '*' }).end('{}'),
    500: (/** @type {any} */ r) => r.writeHead(500, { 'Access-Control-Allow-Origin': '*' }).end('<h1>oops'),
    'no CORS header': (/** @type {any} */ r) => r.writeHead(200).end('{}'),
    'bad JSON': (/** @type {any} */ r) => r.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end('{"UserId":'),
    'an empty body': (/** @type {any} */ r) => r.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end(),
    'JSON that is no object': (/** @type {any} */ r) => r.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end('7'),
    null: (/** @type {any} */ r) => r.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end('null'),
    'a redirect': (/** @type {any} */ r) => r.writeHead(302, { 'Access-Control-Allow-Origin': '*', Location: `${site.url}/umd` }).end(),
    'a closed connection': (/** @type {any} */ r) => r.destroy(),
    'a body that breaks off': (/** @type {any} */ r) => (r.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Content-Length': '999' }).write('{"UserId":"x"'), setTimeout(() => r.destroy(), 50)),
    'no answer at all': () => {},
    'a body that never ends': (/** @type {any} */ r) => r.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).write('{'),
};
for (const [name, reply] of Object.entries(FAULTS))
    test(`rows 7, 11, 14: nothing hangs and nothing is published: ${name}`, async () => {
        const before = await apiState();
        server.fault = (/** @type {any} */ q, /** @type {any} */ r) => q.method !== 'OPTIONS' && (reply(r), true);
        const began = Date.now();
        const limit = { Timeout: 700 };
        const login = await run('GetSession', TOKEN, limit);
        assert.equal(login.isError, true, JSON.stringify(login));
        assert.ok(login.message.length > 0);
        assert.equal(login.status, /^\d+$/.test(name) ? Number(name) : undefined);
        assert.deepEqual(await run('GetDevices', { ...ids, ...limit }), { value: null });
        assert.deepEqual(await run('GetProvisioning', { ...ids, ...limit }), { value: null });
        assert.ok(Date.now() - began < 5000);
        assert.deepEqual(await apiState(), before);
        if (name === 'no CORS header') return; // a matter of browsers
        for (const [call, given] of [['GetDevices', ids], ['GetProvisioning', ids]])
            assert.equal(await Siperb[call]({ ...given, ...limit, BaseUrl: server.url }), null, `Node: ${call}`);
        await assert.rejects(Siperb.GetSession(TOKEN, { BaseUrl: server.url, ...limit }), Error);
    });

test('row 7: a preflight that is refused or never answered, and a server that is gone', async () => {
    for (const preflight of [(/** @type {any} */ r) => r.writeHead(403).end(), () => {}]) {
        server.fault = (/** @type {any} */ q, /** @type {any} */ r) => q.method === 'OPTIONS' && (preflight(r), true);
        assert.equal((await run('GetSession', TOKEN, { Timeout: 500 })).isError, true);
        assert.deepEqual(await run('GetDevices', { ...ids, Timeout: 500 }), { value: null });
    }
    const gone = createServer();
    await new Promise((done) => gone.listen(0, '127.0.0.1', () => done(null)));
    const { port } = /** @type {any} */ (gone.address());
    await new Promise((done) => gone.close(done));
    const BaseUrl = `http://127.0.0.1:${port}`;
    assert.equal((await run('Login', TOKEN, { BaseUrl })).isError, true);
    assert.deepEqual(await run('GetProvisioning', { ...ids, BaseUrl }), { value: null });
});

/** Where a network may end, before any answer: each a base URL, and what is to be stopped. */
const STAGES = {
    'a name that nobody knows': async () => ({ base: 'https://nobody.invalid', stop: () => {} }),
    'a port where nobody listens': async () => ({ base: 'http://127.0.0.1:1', stop: () => {} }),
    'a connection that is closed at once': () => listenWith((/** @type {any} */ socket) => socket.destroy()),
    'a connection that stays silent': () => listenWith(() => {}),
    'half a status line': () => listenWith((/** @type {any} */ socket) => socket.write('HTTP/1.1 2')),
    'half of the headers': () => listenWith((/** @type {any} */ socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Ty'))),
    'what is no HTTP': () => listenWith((/** @type {any} */ socket) => socket.once('data', () => socket.end('SSH-2.0-x\r\n'))),
    'headers and no body': () => listenWith((/** @type {any} */ socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Headers: *, Authorization\r\nContent-Length: 20\r\n\r\n'))),
    'TLS that is no TLS': async () => {
        const far = await listenWith((/** @type {any} */ socket) => socket.once('data', () => socket.write('no TLS here')));
        return { ...far, base: far.base.replace('http:', 'https:') };
    },
};
/** @param {(socket: any) => void} behave */
async function listenWith(behave) {
    const sockets = new Set();
    const listening = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        behave(socket);
    });
    await new Promise((done) => listening.listen(0, '127.0.0.1', () => done(null)));
    const stop = () => {
        sockets.forEach((/** @type {any} */ socket) => socket.destroy());
        listening.close();
    };
    return { base: `http://127.0.0.1:${/** @type {any} */ (listening.address()).port}`, stop };
}
for (const [name, begin] of Object.entries(STAGES))
    test(`rows 7, 11, 14: every function ends at every stage: ${name}`, async () => {
        const { base, stop } = await begin();
        const limit = { Timeout: 600, BaseUrl: base };
        const began = Date.now();
        try {
            for (const call of ['GetSession', 'Login']) {
                assert.equal((await run(call, TOKEN, limit)).isError, true, call);
                await assert.rejects(Siperb[call](TOKEN, limit), Error, `Node: ${call}`);
            }
            for (const call of ['GetDevices', 'GetProvisioning']) {
                assert.deepEqual(await run(call, { ...ids, ...limit }), { value: null }, call);
                assert.deepEqual(await run(call, { ...cached, ...limit }), { value: null }, `${call}, with a cache`);
                assert.equal(await Siperb[call]({ ...ids, ...limit }), null, `Node: ${call}`);
            }
            const loaded = await page.evaluate(
                async (/** @type {any} */ options) => {
                    const { Siperb: library } = /** @type {any} */ (window);
                    const frame = document.body.appendChild(document.createElement('iframe'));
                    const said = (/** @type {Promise<any>} */ promise) => promise.then(() => 'resolved', (/** @type {any} */ error) => error.message);
                    const load = await said(library.LoadBrowserPhone(frame, options));
                    return [load, await said(library.ProvisionPhone({ Provisioning: {}, PhoneFrame: frame }))];
                },
                limit,
            );
            assert.match(loaded[0], /^Browser Phone failed to load\./);
            assert.equal(loaded[1], 'Phone not loaded');
        } finally {
            stop();
        }
        assert.ok(Date.now() - began < 15000, `took ${Date.now() - began} ms`);
    });

test('row 28: a phone that stops answering: its commands reject in time', async () => {
    server.pages['/phone/'] = '<!doctype html><script>parent.postMessage({ tandem: "phone", type: "ready" }, "*")</script>';
    const ended = await page.evaluate(async (/** @type {any} */ options) => {
        const { Siperb: library } = /** @type {any} */ (window);
        const frame = document.body.appendChild(document.createElement('iframe'));
        await library.LoadBrowserPhone(frame, options);
        const wait = setTimeout;
        window.setTimeout = /** @type {any} */ ((/** @type {() => void} */ act, /** @type {number} */ ms) => wait(act, ms === 30000 ? 50 : ms)); // half a minute, now
        return library.ProvisionPhone({ Provisioning: {}, PhoneFrame: frame }).then(() => 'resolved', (/** @type {any} */ error) => error.message);
    }, { BaseUrl: server.url, Timeout: 20000 });
    delete server.pages['/phone/'];
    assert.equal(ended, 'Phone not loaded');
});

test('row 5: an answer whose status has no words still has the old sentence', async () => {
    server.fault = (/** @type {any} */ q, /** @type {any} */ r) => q.method !== 'OPTIONS' && ((r.statusMessage = ' '), r.socket.write('HTTP/1.1 401 \r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n'), true);
    assert.deepEqual(await run('Login', TOKEN), { isError: true, message: 'Failed to retrieve session', status: 401 });
});

test('row 7: a wrong, missing or unsendable token rejects with the status', async () => {
    for (const token of ['wrong', undefined, '', 'ünïcode', 'a\r\nX: y', {}]) {
        const answer = await run('GetSession', token);
        assert.equal(answer.isError, true, String(token));
    }
    const refused = await run('GetSession', 'wrong');
    assert.deepEqual([refused.status, refused.message], [401, 'Unauthorized']);
});

test('row 1: tokens travel by https, but on this machine', async () => {
    for (const base of ['http://10.0.0.1', 'http://phone.example', 'ftp://localhost', 'https://me:pw@phone.example', 'nonsense', 'javascript:alert(1)'])
        await assert.rejects(Siperb.GetSession(TOKEN, { BaseUrl: base }), /base URL|password/i);
    assert.equal(await Siperb.GetDevices({ ...ids, BaseUrl: 'http://10.0.0.1' }), null);
    await assert.rejects(Siperb.GetSession(TOKEN), /No base URL/);
    assert.equal((await Siperb.GetSession(TOKEN, { BaseUrl: `${server.url}/` })).UserId, USER);
});

test('rows 8, 9, 10: devices pass through, may be filtered, and are published; wrong types are borne', async () => {
    assert.deepEqual((await run('GetDevices', ids)).value, account.devices);
    assert.deepEqual((await apiState()).DEVICES, account.devices);
    assert.equal(asked()[0].headers['x-api-key'], SESSION);
    assert.deepEqual((await run('GetDevices', { ...ids, Platform: 'script' })).value.length, 1);
    for (const given of [undefined, null, 7, 'x', {}, { UserId: {}, SessionToken: [] }]) assert.deepEqual(await run('GetDevices', given), { value: null });
    for (const body of ['[]', '{"a":1}']) {
        server.fault = (/** @type {any} */ q, /** @type {any} */ r) => q.method === 'GET' && q.url.startsWith('/Users') && (r.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end(body), true);
        assert.deepEqual((await run('GetDevices', ids)).value, JSON.parse(body));
    }
});

test("rows 4, 12, 13: provisioning without GetDevices; ids are escaped; both generations' names", async () => {
    const { value } = await run('GetProvisioning', ids);
    assert.deepEqual([value.SIPUsername, value.SipUsername, value.SIPPassword, value.SipPassword], ['u1', 'u1', 'p1-secret', 'p1-secret']);
    assert.deepEqual((await apiState()).PROVISIONING, value);
    assert.equal(asked()[0].path, `/Users/${USER}/Devices/${encodeURIComponent(DEVICE)}/?password=yes&settings_json=yes`);
    const old = { Settings_json: { SipUsername: 'u9', SipWssServer: 'h' } };
    server.fault = (/** @type {any} */ q, /** @type {any} */ r) => q.url.startsWith('/Users') && q.method === 'GET' && (r.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end(JSON.stringify(old)), true);
    assert.deepEqual((await run('GetProvisioning', ids)).value, { SipUsername: 'u9', SIPUsername: 'u9', SipWssServer: 'h', wssServer: 'h' });
    server.fault = (/** @type {any} */ q, /** @type {any} */ r) => q.url.startsWith('/Users') && q.method === 'GET' && (r.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end('{"DeviceToken":"x"}'), true);
    assert.deepEqual((await run('GetProvisioning', ids)).value, {});
});

test("row 14: another user's ids and an unknown device give null", async () => {
    assert.deepEqual(await run('GetProvisioning', { ...ids, UserId: 'someone' }), { value: null });
    assert.deepEqual(await run('GetProvisioning', { ...ids, DeviceToken: 'unknown' }), { value: null });
    assert.deepEqual(await run('GetDevices', { ...ids, SessionToken: 'expired' }), { value: null });
});

test('rows 15, 16: cold, warm, changed and offline', async () => {
    const first = await run('GetProvisioning', cached);
    assert.equal(first.value.SipUsername, 'u1');
    await run('GetDevices', cached);
    const kept = await page.evaluate(() => JSON.parse(localStorage.SiperbProvisioning));
    assert.deepEqual([kept.v, kept.user, kept.device, kept.data.SipUsername], [1, USER, DEVICE, 'u1']);

    // warm: the answer comes before the server's, which then overwrites storage and window and is told
    account.settings[DEVICE] = { ...settings, profileName: 'New name' };
    server.delayMs = 400;
    const updated = await page.evaluate(async (given) => {
        const { Siperb: library, SiperbAPI } = /** @type {any} */ (window);
        let told = null;
        const began = performance.now();
        const value = await library.GetProvisioning({ ...given, OnUpdate: (/** @type {any} */ answer) => (told = answer) });
        const wasTold = !!told || performance.now() - began > 300;
        while (!told && performance.now() - began < 3000) await new Promise((done) => setTimeout(done, 20));
        return { first: value.profileName, wasTold, told: told?.profileName, shown: SiperbAPI.PROVISIONING.profileName, stored: JSON.parse(localStorage.SiperbProvisioning).data.profileName };
    }, cached);
    account.settings[DEVICE] = settings;
    server.delayMs = 0;
    assert.deepEqual(updated, { first: 'Reception', wasTold: false, told: 'New name', shown: 'New name', stored: 'New name' });

    // offline: the sequence goes on from the cache in a new page, the session itself does not
    await page.goto(`${site.url}/umd`);
    await page.context().setOffline(true);
    try {
        assert.equal((await run('GetSession', TOKEN)).isError, true);
        assert.deepEqual((await run('GetDevices', cached)).value, account.devices);
        assert.equal((await run('GetProvisioning', cached)).value.SipUsername, 'u1');
        assert.deepEqual((await apiState()).DEVICES, account.devices);
        await sleep(200);
        assert.ok(await page.evaluate(() => localStorage.SiperbProvisioning), 'a network that fails evicts nothing');
    } finally {
        await page.context().setOffline(false);
    }
});

test('row 15: corrupt, foreign, old and raw entries', async () => {
    const set = (/** @type {any} */ text) => page.evaluate((value) => localStorage.setItem('SiperbProvisioning', value), typeof text === 'string' ? text : JSON.stringify(text));
    const entry = { v: 1, user: USER, device: DEVICE, savedAt: Date.now(), data: { SipUsername: 'cached' } };
    const read = async () => (await run('GetProvisioning', cached)).value?.SipUsername;
    await set(entry);
    assert.equal(await read(), 'cached');
    await sleep(200);
    for (const bad of ['{not json', '7', 'null', '""', { ...entry, user: 'other' }, { ...entry, device: 'other' }, { ...entry, savedAt: Date.now() - 25 * 3600e3 }, { ...entry, data: null }]) {
        await set(bad);
        assert.equal(await read(), 'u1', JSON.stringify(bad));
        await sleep(50);
        assert.equal(await page.evaluate(() => JSON.parse(localStorage.SiperbProvisioning).data.SipUsername), 'u1');
    }
    await set({ ...entry, savedAt: Date.now() - 25 * 3600e3 });
    assert.equal((await run('GetProvisioning', { ...cached, MaxAge: 48 * 3600e3 })).value.SipUsername, 'cached');
    await sleep(200);
    await set({ SipUsername: 'raw' });
    assert.equal(await read(), 'raw', 'the original library left it: believed once');
    await sleep(200);
    assert.equal(await read(), 'u1');
});

test('row 15: a refusal evicts what was kept', async () => {
    await run('GetProvisioning', cached);
    server.fault = (/** @type {any} */ q, /** @type {any} */ r) => q.method === 'GET' && (r.writeHead(403, { 'Access-Control-Allow-Origin': '*' }).end('{}'), true);
    assert.equal((await run('GetProvisioning', cached)).value.SipUsername, 'u1');
    await page.waitForFunction(() => !localStorage.SiperbProvisioning);
    assert.deepEqual(await run('GetProvisioning', cached), { value: null });
});

test('row 15: storage that is full, forbidden or not asked for', async () => {
    await page.evaluate(() => {
        Storage.prototype.setItem = () => {
            throw new DOMException('full', 'QuotaExceededError');
        };
    });
    assert.equal((await run('GetProvisioning', cached)).value.SipUsername, 'u1');
    await page.goto(`${site.url}/umd`);
    await page.evaluate(() => Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('no', 'SecurityError'); } }));
    assert.equal((await run('GetProvisioning', cached)).value.SipUsername, 'u1');
    await page.goto(`${site.url}/umd`);
    for (const given of [{ ...cached, EnableCache: 'true' }, { ...cached, ProvisioningKey: '' }, { ...cached, ProvisioningKey: undefined }, ids]) {
        assert.equal((await run('GetProvisioning', given)).value.SipUsername, 'u1');
        assert.equal(await page.evaluate(() => localStorage.length), 0);
    }
});

test('row 27: memory only, a store of ones own, ClearCache, and nothing secret on the console', async () => {
    const printed = /** @type {string[]} */ ([]);
    page.on('console', (/** @type {any} */ message) => printed.push(message.text()));
    await run('GetSession', TOKEN);
    await run('GetSession', 'another-secret');
    await run('GetProvisioning', { ...cached, Storage: 'memory' });
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    await page.context().setOffline(true);
    assert.equal((await run('GetProvisioning', { ...cached, Storage: 'memory' })).value.SipUsername, 'u1');
    await page.context().setOffline(false);
    await run('GetProvisioning', cached);
    await page.evaluate(() => localStorage.setItem('other', 'stays'));
    await page.evaluate(() => /** @type {any} */ (window).Siperb.ClearCache());
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), ['other']);
    await page.evaluate(() => localStorage.setItem('SiperbProvisioning', '{corrupt p1-secret'));
    await run('GetProvisioning', cached);
    const own = await page.evaluate(async (given) => {
        const map = new Map();
        const Storage = { getItem: (/** @type {string} */ k) => map.get(k), setItem: (/** @type {string} */ k, /** @type {string} */ v) => map.set(k, v), removeItem: (/** @type {string} */ k) => map.delete(k) };
        await /** @type {any} */ (window).Siperb.GetProvisioning({ ...given, Storage });
        return [...map.keys()];
    }, cached);
    assert.deepEqual(own, ['SiperbProvisioning']);
    for (const secret of [TOKEN, 'another-secret', SESSION, 'p1-secret']) assert.ok(!printed.some((line) => line.includes(secret)), printed.join('\n'));
});

test('row 3, 17: the full example runs as it is written, in a page and in Node', async () => {
    const example = FULL_EXAMPLE.replaceAll('YOUR_ACCESS_TOKEN', TOKEN);
    site.pages['/example'] = `<!doctype html><title>e</title><script>window.SiperbAPI = { BASE_URL: '${server.url}' }</script><script type="module">${example.replace('./Siperb', `${server.url}/lib/Siperb-Provisioning/Siperb`)}</script>`;
    const printed = /** @type {string[]} */ ([]);
    const other = await openPage(browser);
    other.on('console', (/** @type {any} */ message) => printed.push(message.text()));
    await other.goto(`${site.url}/example`);
    await waitFor('both lines', () => printed.includes('SIP Username: u1') && printed.includes('SIP Password: p1-secret'));
    await other.context().close();
});

test('row 18: data-base, versioned names, and hashes that hold', async () => {
    const { version } = JSON.parse(readFileSync(join(libraryFolder, 'package.json'), 'utf8'));
    const hashes = JSON.parse(readFileSync(join(libraryFolder, 'dist/integrity.json'), 'utf8'));
    const name = `Siperb-Provisioning-${version}.min.js`;
    site.pages['/sri'] = `<!doctype html><title>s</title><script crossorigin integrity="${hashes[name]}" data-base="${server.url}" src="${server.url}/lib/Siperb-Provisioning/${name}"></script>`;
    await page.goto(`${site.url}/sri`);
    assert.equal((await run('GetSession', TOKEN)).value.UserId, USER);
});

test('row 20: three files with maps, below 10 kB', () => {
    for (const name of ['umd.js', 'min.js', 'esm.js', 'umd.js.map', 'min.js.map', 'esm.js.map']) assert.ok(statSync(join(libraryFolder, `Siperb-Provisioning.${name}`)).size > 1000, name);
    for (const name of ['umd.min.js', 'esm.min.js']) assert.ok(statSync(join(libraryFolder, `dist/Siperb-Provisioning.${name}`)).size < 10240, name);
    assert.ok(statSync(join(libraryFolder, 'Siperb-Provisioning.min.js')).size < 10240);
});

test('rows 21, 23, 24: what JsSIP and SIP.js are given', () => {
    assert.equal(Siperb.BuildWsUrl(settings), 'wss://127.0.0.1:443/ws');
    assert.equal(Siperb.BuildWsUrl({ wssServer: 'h', WebSocketPort: '8443', ServerPath: 'ws/' }), 'wss://h:8443/ws/');
    assert.equal(Siperb.BuildWsUrl({ SipWssServer: 'h', SipServerPath: '//ws', SipTransport: 'ws' }), 'wss://h:443/ws');
    assert.equal(Siperb.BuildWsUrl({ SipWssServer: '::1', SipWebsocketPort: 1, SipTransport: 'ws' }), 'ws://[::1]:1/ws');
    const session = { SessionToken: SESSION, UserId: USER };
    const headers = [`X-Siperb-Sid: ${SESSION}`, `X-Siperb-Uid: ${USER}`];
    const sipjs = Siperb.SipJsConfig(settings, session);
    assert.deepEqual([sipjs.uri, sipjs.contactName, sipjs.authorizationPassword], ['sip:u1@sip.example.org', 'c1', 'p1-secret']);
    assert.deepEqual([sipjs.registererOptions.extraHeaders, sipjs.inviterOptions.extraHeaders], [headers, headers]);
    const jssip = Siperb.JsSipConfig(settings, session);
    assert.deepEqual([jssip.uri, jssip.contact_uri, jssip.callOptions.extraHeaders, jssip.registerHeaders], ['sip:u1@sip.example.org', 'sip:c1@sip.example.org', headers, headers]);
    const token = ['Authorization: Bearer h.p.s'];
    assert.deepEqual(Siperb.SipHeaders({ ...settings, SipJwt: 'h.p.s' }, session), [...headers, ...token]);
    assert.deepEqual(Siperb.SipHeaders({ RegistrationMode: 'WebSocket', SipJwt: 'h.p.s' }, session), [], 'a PBX is told nothing of ours');
    assert.deepEqual(Siperb.SipHeaders({ SipWssServer: 'x.siperb.com', SipJwt: 'h.p.s' }, session).at(-1), 'Authorization: Bearer h.p.s');
});

test('row 26: extend adds a function; unknown options are ignored', async () => {
    const added = await page.evaluate(() => {
        const { Siperb: library } = /** @type {any} */ (window);
        library.extend('Twice', (/** @type {number} */ n) => 2 * n);
        return [library.Twice(4), /** @type {any} */ (window).SiperbAPI.Twice(5)];
    });
    assert.deepEqual(added, [8, 10]);
    assert.equal((await run('GetDevices', { ...ids, Colour: 'green' })).value.length, 2);
});

/** The example of the original documentation, its words unchanged. */
const FULL_EXAMPLE = `
import Siperb from './Siperb-Provisioning.esm.js';
async function main() {
	let session;
	try {
		session = await Siperb.GetSession('YOUR_ACCESS_TOKEN');
		console.log('Session:', session);
	} catch (error) {
		console.error('Failed to get session:', error);
		return;
	}
	const devices = await Siperb.GetDevices({ UserId: session.UserId, SessionToken: session.SessionToken, EnableCache: true, SessionKey: 'SiperbDevices' });
	console.log('Devices:', devices);
	if (devices && devices.length > 0) {
		const provisioning = await Siperb.GetProvisioning({ UserId: session.UserId, DeviceToken: devices[0].DeviceToken, SessionToken: session.SessionToken, EnableCache: true, ProvisioningKey: 'SiperbProvisioning' });
		console.log('Provisioning:', provisioning);
		console.log('SIP Username:', provisioning.SIPUsername);
		console.log('SIP Password:', provisioning.SIPPassword);
	} else {
		console.log('No devices found for provisioning.');
	}
}
main();
`;
