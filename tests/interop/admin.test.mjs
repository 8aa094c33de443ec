/** The dashboard: sign in, see a call live and afterwards with its ladder, on a desk and on a phone. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openPage, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { openPhonePage } from './lib/office.mjs';

/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {import('playwright-core').Browser} */ let browser;
const yaml = 'trunks:\n  far:\n    host: 127.0.0.1\n    port: 9\n    register: false\n';
const shots = process.env.ADMIN_SHOTS; // a folder for pictures, to look at
before(async () => {
    [daemon, browser] = await Promise.all([startDaemon({ yaml }), startChromium()]);
    if (shots) mkdirSync(shots, { recursive: true });
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
});

const adminToken = () => readFileSync(join(daemon.state, 'admin.token'), 'utf8').trim();

async function signIn(options = {}) {
    const page = await openPage(browser, options);
    await page.goto(`${daemon.url}/admin`);
    await page.fill('#token', adminToken());
    await page.click('text=Sign in');
    await page.waitForSelector('body[data-state="in"]');
    return page;
}
const open = async (/** @type {any} */ page, /** @type {string} */ hash) => {
    await page.evaluate((/** @type {string} */ to) => (location.hash = to), hash);
    await page.waitForTimeout(400);
};

test('a wrong token is refused, the right one stays in this tab and out of every address', async () => {
    const page = await openPage(browser);
    const urls = /** @type {string[]} */ ([]);
    page.on('request', (request) => urls.push(request.url()));
    const response = await page.goto(`${daemon.url}/admin`);
    assert.match(response?.headers()['content-security-policy'] ?? '', /script-src 'self';.*frame-ancestors 'none'/);
    await page.fill('#token', 'wrong');
    await page.click('text=Sign in');
    await page.waitForSelector('#loginError:not(:empty)');
    assert.equal(await page.textContent('#loginError'), 'That is not the admin token.');
    await page.fill('#token', adminToken());
    await page.click('text=Sign in');
    await page.waitForSelector('text=No calls now.');
    assert.ok(urls.every((url) => !url.includes(adminToken())));
    await page.reload();
    await page.waitForSelector('text=No calls now.');
    await page.click('text=Sign out');
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    await page.context().close();
});

const SCREENS = [
    { name: 'desk-light', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
    { name: 'phone-dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
];
for (const { name, ...screen } of SCREENS)
    test(`a call, live and over: ${name}`, async () => {
        const page = await signIn(screen);
        const shoot = async (/** @type {string} */ what) => shots && page.screenshot({ path: join(shots, `${name}-${what}.png`), fullPage: true });
        const { page: caller, phone, close } = await openPhonePage(browser, daemon);
        await phone.dial('echo');
        await phone.waitState('up');
        await page.waitForSelector('tr.open >> text=up');
        await shoot('calls');
        await page.click('tr.open');
        await page.waitForSelector('svg.ladder .message'); // a level line has no height, so is not "visible"
        await caller.waitForTimeout(2500);
        await shoot('call-live');
        await phone.hangup();
        await page.waitForSelector('#cause');
        assert.match(await page.textContent('#cause'), /The call ended normally\.|hung up/i);
        assert.match(await page.textContent('svg.ladder'), /answered/);
        assert.match(await page.textContent('.media'), /received.*sent/s);
        await shoot('call-over');
        for (const [hash, text] of [['past', 'echo'], ['trunks', 'far'], ['registrations', ''], ['numbers', ''], ['users', ''], ['log', 'ended cause=']]) {
            await open(page, hash);
            await page.waitForFunction((/** @type {string} */ t) => document.getElementById('view')?.textContent?.includes(t), text);
            await shoot(hash);
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${hash} fits the screen`);
        }
        assert.deepEqual(page.errors, []);
        await close();
        await page.context().close();
    });

test('what a stranger calls himself stays text', async () => {
    const page = await signIn();
    const { phone, close } = await openPhonePage(browser, daemon);
    const evil = '<img src=x onerror=alert(1)>';
    await phone.dial(evil);
    await phone.waitState('ended');
    await open(page, 'past');
    await page.waitForFunction((/** @type {string} */ t) => document.getElementById('view')?.textContent?.includes(t), 'onerror');
    assert.equal(await page.locator('#view img').count(), 0);
    assert.deepEqual(page.errors, []);
    await close();
    await page.context().close();
});
