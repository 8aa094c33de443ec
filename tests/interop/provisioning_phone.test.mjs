/** The browser phone that the daemon serves, against the daemon itself: a token, and it registers and calls. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPage, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { waitFor } from './lib/process.mjs';
import { webPhoneOf } from './lib/webphone.mjs';

/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => {
    [daemon, browser] = await Promise.all([startDaemon(), startChromium()]);
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
});

test('sign in, register, call echo', async (t) => {
    if ((await fetch(`${daemon.url}/phone/`)).status !== 200) return t.skip('the phone is not built');
    const token = await daemon.addUser('alice');
    await daemon.command('device', 'add', '--user', 'alice', '--platform', 'webpage', '--description', 'Reception');
    const page = await openPage(browser, { ignoreHTTPSErrors: true });
    await page.goto(`${daemon.httpsUrl}/phone/`);
    await page.fill('#token', token);
    await page.click('#signIn');
    const phone = webPhoneOf(page);
    await phone.waitLink('registered');
    const rows = await daemon.command('registrations');
    assert.deepEqual(rows.map((/** @type {any} */ row) => [row.user, row.transport]), [['alice', 'WSS']]);
    await phone.dial('echo');
    await phone.waitState('up');
    const [call] = await daemon.command('calls');
    assert.equal(call.to, 'echo');
    await phone.hangUp();
    await phone.waitNoCall();
    await page.reload();
    await phone.waitLink('registered');
    assert.equal((await daemon.command('registrations')).length, 1, 'one binding for the device');
    const [device] = await daemon.command('device', 'list', '--user', 'alice');
    await daemon.command('device', 'disable', device.device_token);
    await waitFor('the end', async () => (await daemon.command('registrations')).length === 0, 5000);
    await phone.close();
});

test('a page of another origin logs in, is refused readably, and imports the library', async (t) => {
    const token = await daemon.addUser('bob');
    await daemon.addDevice('bob');
    const page = await openPage(browser);
    await page.goto(`${daemon.url}/`); // http and another port: not the origin that is asked
    const got = await page.evaluate(
        async ({ base, token }) => {
            const ask = async (/** @type {string} */ path, /** @type {any} */ headers, method = 'GET') => {
                const answer = await fetch(base + path, { method, headers: { 'Content-Type': 'application/json', ...headers } });
                return { status: answer.status, body: await answer.json() };
            };
            const session = (await ask('/Login', { Authorization: `Bearer ${token}` }, 'POST')).body;
            const key = { 'X-Api-Key': session.SessionToken };
            const devices = (await ask(`/Users/${session.UserId}/Devices/`, key)).body;
            const full = await ask(`/Users/${session.UserId}/Devices/${devices[0].DeviceToken}/?password=yes&settings_json=yes`, key);
            const refusals = [await ask('/Login', { Authorization: 'Bearer undefined' }), await ask('/Users/x/Devices/', key), await ask(`/Users/${session.UserId}/Devices/t0`, key)];
            return { user: full.body.Settings_json.SIPUsername, password: full.body.Settings_json.SIPPassword, refusals: refusals.map((one) => one.status) };
        },
        { base: daemon.httpsUrl, token },
    );
    assert.match(got.user, /^u[0-9a-f]{32}$/);
    assert.ok(got.password);
    assert.deepEqual(got.refusals, [401, 403, 404]);
    if ((await fetch(`${daemon.url}/lib/Siperb-Provisioning/Siperb-Provisioning.esm.js`)).status !== 200) return t.skip('the library is not built');
    const functions = await page.evaluate(async (base) => {
        const { default: Siperb } = await import(`${base}/lib/Siperb-Provisioning/Siperb-Provisioning.esm.js`);
        return ['GetSession', 'Login', 'GetDevices', 'GetProvisioning'].map((name) => typeof Siperb[name]);
    }, daemon.httpsUrl);
    assert.deepEqual(functions, ['function', 'function', 'function', 'function']);
    await page.context().close();
});
