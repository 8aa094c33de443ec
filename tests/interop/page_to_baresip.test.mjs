/** The page calls a SIP phone that is registered with tandem: audio at both ends, keys, every way to end. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertPageHears, assertRecorded } from './lib/checks.mjs';
import { codecOf, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { openPhonePage, startPhone } from './lib/office.mjs';
import { sleep, waitFor } from './lib/process.mjs';

const PAGE = { hz: 440, levelDb: -12 };
const PHONE = { hz: 700, levelDb: -18 };
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => {
    [daemon, browser] = await Promise.all([startDaemon({ yaml: 'ring_timeout: 4\n' }), startChromium(PAGE)]);
});
after(async () => {
    await browser.close();
    await daemon.stop();
});

const noCalls = () => waitFor('no call to be left', async () => (await daemon.command('calls')).length === 0);

/**
 * A page and bob's phone, both gone afterwards.
 * @param {{query?: string, phone?: object}} config @param {(parts: any) => Promise<void>} body
 */
async function withBoth({ query = '', phone: phoneConfig = {} }, body) {
    const bob = await startPhone(daemon, 'bob', { ...PHONE, ...phoneConfig });
    const { page, phone, close } = await openPhonePage(browser, daemon, query);
    try {
        await body({ bob, page, phone });
        assert.deepEqual(page.errors, []);
    } finally {
        await close();
        await bob.stop();
    }
    await noCalls();
}

/** Ring, answer. */
async function setUp({ bob, phone }) {
    await phone.dial('bob');
    await phone.waitState('ringing');
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    await phone.waitState('up');
}

const CODECS = [
    { name: 'PCMU is kept end to end', query: '', phone: { codecs: 'pcmu,pcma' }, codec: 'PCMU', isConverted: false },
    { name: 'PCMA is kept end to end', query: '', phone: { codecs: 'pcma' }, codec: 'PCMA', isConverted: false },
    { name: 'a page with Opus alone is converted', query: 'codecs=opus', phone: {}, codec: 'opus', isConverted: true },
];
for (const { name, query, phone: phoneConfig, codec, isConverted } of CODECS)
    test(`tones at both ends: ${name}`, () =>
        withBoth({ query, phone: phoneConfig }, async ({ bob, page, phone }) => {
            await setUp({ bob, phone });
            await page.waitForTimeout(1500);
            await assertPageHears(page, PHONE.hz, PHONE.levelDb);
            assert.equal(await codecOf(page), codec);
            await page.waitForTimeout(1500);
            const quality = await page.textContent('#quality');
            assert.equal(/\(converted\)/.test(quality), isConverted, quality);
            const [call] = await daemon.command('calls');
            assert.ok(call, 'the call is in the list');
            await phone.hangup();
            await bob.waitEvent('CALL_CLOSED');
            await sleep(300);
            assertRecorded(bob.heard(), PAGE.hz, PAGE.levelDb);
        }));

for (const query of ['', 'codecs=opus'])
    test(`keys both ways${query && ', converted'}`, () =>
        withBoth({ query }, async ({ bob, page, phone }) => {
            await setUp({ bob, phone });
            await page.waitForTimeout(500);
            await phone.press('1590*#');
            await waitFor(`bob to hear the keys, not ${bob.keys()}`, () => bob.keys() === '1590*#');
            await bob.press('7');
            await page.waitForFunction(() => document.getElementById('digits')?.textContent === 'Far end pressed 7');
            await phone.hangup();
        }));

test('the phone hangs up', () =>
    withBoth({}, async ({ bob, phone }) => {
        await setUp({ bob, phone });
        await sleep(800);
        await bob.hangup();
        await phone.waitState('ended');
        assert.equal(await phone.status(), 'Call ended: The call ended normally.');
    }));

test('the phone declines: busy', () =>
    withBoth({}, async ({ bob, phone }) => {
        await phone.dial('bob');
        await bob.waitEvent('CALL_INCOMING');
        await bob.hangup(); // 486
        await phone.waitState('ended');
        assert.match(await phone.status(), /busy/i);
    }));

test('the page gives up while it rings', () =>
    withBoth({}, async ({ bob, phone }) => {
        await phone.dial('bob');
        await phone.waitState('ringing');
        await bob.waitEvent('CALL_INCOMING');
        await phone.hangup();
        await phone.waitState('ended');
        assert.equal(await phone.status(), 'Call ended: You cancelled the call.');
        await bob.waitEvent('CALL_CLOSED');
    }));

test('nobody answers', () =>
    withBoth({}, async ({ bob, phone }) => {
        await phone.dial('bob');
        await phone.waitState('ringing');
        await phone.waitState('ended');
        assert.match(await phone.status(), /nobody answered/i);
        await bob.waitEvent('CALL_CLOSED');
    }));

test('a user without a phone is not there', async () => {
    await daemon.command('user', 'add', 'carol');
    const { phone, close } = await openPhonePage(browser, daemon);
    await phone.dial('carol');
    await phone.waitState('ended');
    assert.match(await phone.status(), /not reachable/);
    await close();
});

test('the registration is listed, and the call afterwards with its timeline', () =>
    withBoth({}, async ({ bob, phone }) => {
        const rows = await daemon.command('registrations');
        assert.ok(rows.some((/** @type {any} */ row) => row.user === 'bob' && /udp/i.test(row.transport)), JSON.stringify(rows));
        await setUp({ bob, phone });
        const [{ id }] = await daemon.command('calls');
        const call = await daemon.command('calls', id);
        assert.equal(call.legs.length, 2);
        assert.ok(call.timeline.length > 4);
        await phone.hangup();
    }));
