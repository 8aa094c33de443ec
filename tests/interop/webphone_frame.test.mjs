/** The phone in a frame of someone's page, and the original documentation's examples, against the daemon itself. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { openPage, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { buildWeb, startProvisioning } from './lib/provisioning.mjs';
import { startOffice, webPhoneOf } from './lib/webphone.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {any} */ let office;
/** A customer's site: another origin. @type {Awaited<ReturnType<typeof startProvisioning>>} */ let site;
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => {
    buildWeb();
    [daemon, site, browser] = await Promise.all([startDaemon(), startProvisioning(), startChromium()]);
    office = await startOffice(daemon, ['anna']);
    site.pages['/own'] = `<!doctype html><title>Own page</title><link rel="icon" href="data:,"><script src="${daemon.url}/lib/Siperb-Provisioning/Siperb-Provisioning.min.js"></script>
        <iframe id="phone" style="width:400px;height:640px"></iframe><div id="no"></div>`;
});
after(async () => {
    await browser?.close();
    await site?.stop();
    await daemon?.stop();
});

const noCalls = () => waitFor('no call to be left', async () => (await daemon.command('calls')).length === 0);

async function openOwn(context = {}) {
    const page = await openPage(browser, context);
    await page.goto(`${site.url}/own`);
    return page;
}
/** What a call of the library gave in that page. */
const tried = (/** @type {any} */ page, /** @type {any} */ body, /** @type {any} */ arg) =>
    page.evaluate(body, arg).then((/** @type {any} */ value) => ({ value }), (/** @type {any} */ error) => ({ error: error.message.split('\n')[0] }));

/** Load, sign in, provision; window.phone is the page's phone then. @param {any} page @param {object} [options] */
const provision = (page, options = {}) =>
    page.evaluate(
        async ({ token, more }) => {
            const { Siperb } = /** @type {any} */ (window);
            const frame = document.getElementById('phone');
            const session = await Siperb.GetSession(token);
            const [device] = await Siperb.GetDevices(session);
            const Provisioning = await Siperb.GetProvisioning({ ...session, DeviceToken: device.DeviceToken });
            const loaded = await Siperb.LoadBrowserPhone(frame);
            const events = /** @type {string[]} */ ([]);
            const phone = await Siperb.ProvisionPhone({
                Provisioning, PhoneFrame: frame, ProfileUserId: device.DeviceToken, SessionId: session.SessionToken, UserId: session.UserId, ...more,
                OnLoad: () => events.push(typeof window.phone === 'object' ? 'loaded' : 'loaded too early'),
                OnOnline: () => events.push('online'),
                OnCall: (/** @type {any} */ call) => events.push(`${call.state} ${call.number}`),
            });
            Object.assign(window, { phone, events });
            return loaded === frame;
        },
        { token: office.tokens.anna, more: options },
    );
const phoneFrame = (/** @type {any} */ page) => webPhoneOf(page.frames().find((/** @type {any} */ frame) => frame.url().startsWith(`${daemon.url}/phone/`)));
const events = (/** @type {any} */ page) => page.evaluate(() => /** @type {any} */ (window).events);

test('row 28: a page of another origin loads the phone, gives it an account, calls, and hears of it', async () => {
    const page = await openOwn();
    assert.equal(await provision(page), true);
    const phone = phoneFrame(page);
    await phone.waitLink('registered');
    await page.waitForFunction(() => /** @type {any} */ (window).events.includes('online'));
    assert.deepEqual((await events(page)).slice(0, 1), ['loaded']);
    const id = await page.evaluate(() => /** @type {any} */ (window).phone.Dial('echo', false, 'sip'));
    assert.match(id, /^c/);
    await phone.waitState('up');
    await page.evaluate(() => /** @type {any} */ (window).phone.Mute());
    await phone.page.waitForSelector('#mute[aria-pressed="true"]');
    await page.evaluate(() => /** @type {any} */ (window).phone.Toast('Hello from the page'));
    await phone.page.waitForSelector('text=Hello from the page');
    await page.evaluate(() => /** @type {any} */ (window).phone.InitTooltips());
    await page.evaluate(() => /** @type {any} */ (window).phone.HangUp());
    await phone.waitNoCall();
    const seen = await events(page);
    assert.ok(['calling echo', 'up echo', 'ended echo'].every((event) => seen.includes(event)), seen.join());
    const refused = await tried(page, () => /** @type {any} */ (window).phone.HangUp());
    assert.match(refused.error, /no such call/);
    assert.deepEqual(page.errors, []);
    await page.context().close();
    await noCalls();
});

test('the page of the documentation, as it is written but for the address and the token, calls', async () => {
    const docs = readFileSync(join(root, 'docs/web-phone.md'), 'utf8');
    const written = docs.match(/```html\n([\s\S]*?phoneFrame[\s\S]*?)```/)?.[1] ?? '';
    site.pages['/page.html'] = written.replace(/http:\/\/127\.0\.0\.1:8080/g, daemon.url).replace('PT…', office.tokens.anna);
    const page = await openPage(browser);
    await page.goto(`${site.url}/page.html`);
    const frame = await waitFor('the frame', () => page.frames().find((/** @type {any} */ each) => each.url().startsWith(`${daemon.url}/phone/`)));
    const phone = webPhoneOf(frame);
    await phone.waitLink('registered');
    await page.click('text=Call echo');
    await phone.waitState('up');
    await phone.hangUp();
    await phone.waitNoCall();
    await page.context().close();
    await noCalls();
});

test('row 30: options of the page around it, both spellings', async () => {
    const page = await openOwn({ colorScheme: 'light' });
    await provision(page, { EnabledSettings: false, EnableCallRecording: false, EnableDoNotDisturb: false, UiThemeStyle: 'dark', language: 'ar', EnableCallTransfer: 'false', BuddyAutoDeleteAtEnd: true });
    const phone = phoneFrame(page);
    await phone.waitLink('registered');
    assert.equal(await phone.page.getAttribute('html', 'dir'), 'rtl');
    assert.equal(await phone.page.getAttribute('html', 'data-theme'), 'dark');
    assert.equal(await phone.page.locator('[data-tab="settings"], #dnd').count(), 0);
    await phone.dial('echo');
    await phone.waitState('up');
    assert.equal(await phone.page.locator('#record, #transfer').count(), 0);
    assert.equal(await phone.page.locator('#mute, #hold').count(), 2);
    await phone.hangUp();
    await phone.waitNoCall();
    await phone.page.click('.tabs [data-tab="recents"]');
    await phone.page.waitForSelector('.empty'); // a stranger leaves no row
    await page.context().close();
});

test('row 28: what is wrong rejects with its words, and nothing hangs', async () => {
    const page = await openOwn();
    const get = (/** @type {string} */ expression) => tried(page, (/** @type {string} */ text) => new Function('Siperb', `return (async () => ${text})()`)(/** @type {any} */ (window).Siperb), expression);
    for (const what of ['undefined', 'null', '{}', 'document.getElementById("no")']) assert.match((await get(`Siperb.LoadBrowserPhone(${what})`)).error, /Invalid IFRAME element/);
    for (const what of ['', 'null', '7', '{}']) assert.match((await get(`Siperb.ProvisionPhone(${what})`)).error, /Invalid options/);
    assert.match((await get('Siperb.ProvisionPhone({Provisioning: {}, PhoneFrame: document.body})')).error, /Invalid PhoneFrame/);
    assert.match((await get('Siperb.ProvisionPhone({Provisioning: {}, PhoneFrame: document.getElementById("phone")})')).error, /Phone not loaded/);
    const gone = await get('Siperb.LoadBrowserPhone(document.getElementById("phone"), {BaseUrl: "http://127.0.0.1:9", Timeout: 4000})');
    assert.match(gone.error, /Browser Phone failed to load\..*127\.0\.0\.1:9\/phone/);
    const foreign = await get(`Siperb.LoadBrowserPhone(document.getElementById("phone"), {BaseUrl: "${site.url}", Timeout: 1500})`); // a server without a phone
    assert.ok(foreign.error === undefined || /failed to load/.test(foreign.error));
    await get('Siperb.LoadBrowserPhone(document.getElementById("phone"))');
    assert.match((await get('Siperb.ProvisionPhone({Provisioning: {SipDomain: "x"}, PhoneFrame: document.getElementById("phone")})')).error, /Invalid options/);
    await page.context().close();
});

test('a framed phone never uses the account that was kept for the phone itself', async () => {
    const page = await openPage(browser);
    await page.goto(`${daemon.url}/phone/`);
    await page.fill('#token', office.tokens.anna);
    await page.click('#signIn');
    await page.waitForSelector('#link[data-link="registered"]');
    // even on a page of the same origin, where the storage is the same
    await page.route('**/framing', (/** @type {any} */ route) => route.fulfill({ contentType: 'text/html', body: '<iframe src="/phone/" style="width:400px;height:640px"></iframe>' }));
    await page.goto(`${daemon.url}/framing`);
    const frame = await waitFor('the frame', () => page.frames().find((/** @type {any} */ each) => each.url().includes('/phone/')));
    await frame.waitForSelector('text=Waiting for the page to set up this phone');
    await sleep(300);
    assert.equal(await frame.locator('#link').count(), 0);
    await page.context().close();
});

/** A code block of the documentation the library is compatible with, if it is here. @param {RegExp} sought */
function seedBlock(sought) {
    const folder = join(root, '../shared/seeds');
    if (!existsSync(folder)) return null;
    const text = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8')).find((each) => each.includes('Siperb-Provisioning JavaScript Library'));
    return text?.match(/```js\n[\s\S]*?```/g)?.map((block) => block.slice(6, -3)).find((block) => sought.test(block)) ?? null;
}
const fullExample = seedBlock(/print both|SIP Username:/);
test('row 3: the full example of the original documentation runs unedited', { skip: fullExample ? false : 'without ../shared' }, async () => {
    const source = String(fullExample).replace('YOUR_ACCESS_TOKEN', office.tokens.anna);
    const page = await openPage(browser);
    const printed = /** @type {string[]} */ ([]);
    page.on('console', (/** @type {any} */ message) => printed.push(message.text()));
    await page.route('**/lib/Siperb-Provisioning/example.html', (/** @type {any} */ route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>e</title><script type="module" src="example.js"></script>' }));
    await page.route('**/lib/Siperb-Provisioning/example.js', (/** @type {any} */ route) => route.fulfill({ contentType: 'text/javascript', body: source }));
    await page.goto(`${daemon.url}/lib/Siperb-Provisioning/example.html`);
    await waitFor('both lines', () => printed.some((line) => /^SIP Username: \S{8,}/.test(line)) && printed.some((line) => /^SIP Password: \S{8,}/.test(line))).catch((error) => {
        throw new Error(`${error.message}: ${printed.join('\n')}`);
    });
    await page.context().close();
});
