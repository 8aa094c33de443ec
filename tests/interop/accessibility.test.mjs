/** Every screen of the phone, of /admin and of the one-call page: no serious or critical finding of axe-core, in light
 * and dark, on a phone and on a desk, left to right and right to left. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertAccessible } from './lib/axe.mjs';
import { openPage, phoneOf, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { onlyFull } from './lib/process.mjs';
import { buildWeb } from './lib/provisioning.mjs';
import { openWebPhone, startOffice } from './lib/webphone.mjs';

/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {any} */ let office;
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => {
    buildWeb();
    [daemon, browser] = await Promise.all([startDaemon({ yaml: 'trunks:\n  far:\n    host: 127.0.0.1\n    port: 9\n    register: false\n' }), startChromium()]);
    office = await startOffice(daemon, ['anna', 'omar', 'two']);
    await daemon.command('device', 'add', '--user', 'two', '--description', 'Second desk');
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
});

const HAND = { width: 390, height: 844 };
const DESK = { width: 1280, height: 800 };
const LOOKS = [
    { name: 'hand dark', viewport: HAND, colorScheme: 'dark', locale: 'en-US' },
    { name: 'desk light', viewport: DESK, colorScheme: 'light', locale: 'en-US' },
    { name: 'hand light', viewport: HAND, colorScheme: 'light', locale: 'en-US' },
    { name: 'desk dark', viewport: DESK, colorScheme: 'dark', locale: 'en-US' },
    { name: 'hand dark ar', viewport: HAND, colorScheme: 'dark', locale: 'ar-EG' },
    { name: 'desk light ar', viewport: DESK, colorScheme: 'light', locale: 'ar-EG' },
];
/** The first one always, the others with --full. */
const often = (/** @type {number} */ i) => (i < 1 ? {} : onlyFull);

LOOKS.forEach(({ name, ...context }, i) => {
    test(`the phone's way in: ${name}`, often(i), async () => {
        const page = await openPage(browser, context);
        await page.goto(`${office.url}/phone/`);
        await page.waitForSelector('#token');
        await assertAccessible(page, `${name} login`);
        await page.fill('#token', 'wrong');
        await page.click('#signIn');
        await page.waitForSelector('.error:not(:empty)');
        await assertAccessible(page, `${name} login refused`);
        await page.click('.login .textual');
        await page.waitForSelector('[name="address"]');
        await assertAccessible(page, `${name} login sip`);
        await page.click('.login .textual');
        await page.fill('#token', office.tokens.two);
        await page.click('#signIn');
        await page.waitForSelector('.choices');
        await assertAccessible(page, `${name} choose a device`);
        await page.context().close();
    });

    test(`the phone's screens: ${name}`, often(i), async () => {
        const phone = await openWebPhone(browser, office, 'anna', { context });
        const { page } = phone;
        const look = (/** @type {string} */ where) => assertAccessible(page, `${name} ${where}`);
        const tab = async (/** @type {string} */ id) => {
            await page.click(`.tabs [data-tab="${id}"]`);
            await look(id);
        };
        await look('keypad');
        await tab('recents');
        await tab('contacts');
        await page.click('header .icon-button:has(svg) >> nth=-1');
        await page.waitForSelector('dialog [name="name"]');
        await look('contact dialog');
        await page.fill('dialog [name="name"]', 'Omar');
        await page.fill('dialog [name="number"]', 'omar');
        await page.press('dialog [name="number"]', 'Enter');
        await page.waitForSelector('.rows li');
        await look('contact');
        await tab('settings');
        await phone.dial('echo');
        await phone.waitState('up');
        await look('call');
        await page.click('#keys');
        await look('call keys');
        await page.click('#keys');
        await page.click('#transfer');
        await page.waitForSelector('#transferTarget');
        await look('transfer');
        await page.keyboard.press('Escape');
        await page.click('#hold');
        await phone.waitState('held');
        await look('held');
        const far = await openWebPhone(browser, office, 'omar');
        await far.dial('anna');
        await page.waitForSelector('.incoming');
        await look('incoming beside a call');
        await phone.answer();
        await phone.waitState('up');
        await page.waitForSelector('.others');
        await look('two calls');
        await far.hangUp();
        await phone.waitState('held');
        await page.click('#hangUp');
        await phone.waitNoCall();
        await far.dial('anna');
        await page.waitForSelector('.incoming.alone');
        await look('incoming');
        await phone.decline();
        await phone.waitNoCall();
        await far.close();
        await tab('recents');
        await page.click('.rows li:first-child .row-main');
        await look('recent opened');
        await page.context().setOffline(true);
        await page.reload().catch(() => {});
        await phone.waitLink('offline');
        await page.waitForSelector('.banner');
        await look('offline');
        await phone.close();
    });

    test(`the dashboard and the one-call page: ${name}`, context.locale === 'en-US' ? often(i) : { skip: 'in English only' }, async () => {
        const admin = await openPage(browser, context);
        await admin.goto(`${daemon.url}/admin`);
        await admin.waitForSelector('#token');
        await assertAccessible(admin, `${name} admin login`);
        await admin.fill('#token', readFileSync(join(daemon.state, 'admin.token'), 'utf8').trim());
        await admin.click('text=Sign in');
        await admin.waitForSelector('body[data-state="in"]');

        const page = await openPage(browser, context);
        const phone = phoneOf(page);
        await phone.open(daemon.url);
        await assertAccessible(page, `${name} page`);
        await page.click('#settings > summary');
        await assertAccessible(page, `${name} page settings`);
        await page.click('#settings > summary');
        await phone.dial('echo');
        await phone.waitState('up');
        await phone.press('1');
        await assertAccessible(page, `${name} page call`);
        await admin.waitForSelector('tr.open');
        await assertAccessible(admin, `${name} admin calls`);
        await admin.click('tr.open');
        await admin.waitForSelector('svg.ladder .message');
        await assertAccessible(admin, `${name} admin call`);
        await phone.hangup();
        await phone.waitState('ended');
        await assertAccessible(page, `${name} page ended`);
        await admin.waitForSelector('#cause');
        for (const screen of ['past', 'trunks', 'registrations', 'numbers', 'users', 'log']) {
            await admin.evaluate((/** @type {string} */ to) => (location.hash = to), screen);
            await admin.waitForFunction((/** @type {string} */ to) => document.querySelector('[aria-current]')?.getAttribute('href') === `#${to}`, screen);
            await assertAccessible(admin, `${name} admin ${screen}`);
        }
        await page.context().close();
        await admin.context().close();
    });
});
