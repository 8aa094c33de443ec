/** The first call: the page that tandem serves, to the destinations that are built in. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertPageHears, assertSpeech } from './lib/checks.mjs';
import { codecOf, listen, openPage, phoneOf, readStats, startChromium, takeHeard } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { findPorts, waitFor } from './lib/process.mjs';
import { cut } from './lib/wav.mjs';

const HZ = 440;
const LEVEL = -12;
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => {
    [daemon, browser] = await Promise.all([startDaemon(), startChromium({ hz: HZ, levelDb: LEVEL })]);
});
after(async () => {
    await browser.close();
    await daemon.stop();
});

/** @param {(page: any, phone: ReturnType<typeof phoneOf>) => Promise<void>} body */
async function withPhone(query, body, options = {}) {
    const page = await openPage(browser, options);
    try {
        const phone = phoneOf(page);
        await phone.open(daemon.url, query);
        await body(page, phone);
        assert.deepEqual(page.errors, []);
    } finally {
        await page.context().close();
    }
}

for (const codec of ['opus', 'PCMU', 'PCMA'])
    test(`echo: a greeting, then one's own tone, in ${codec}`, () =>
        withPhone(`codecs=${codec}`, async (page, phone) => {
            assert.equal(await page.inputValue('#destination'), 'echo');
            await page.click('text=Start Call');
            await phone.waitState('up');
            assertSpeech(cut(await listen(page, 2.5), 0.5));
            await page.waitForTimeout(4500); // the greeting's end
            await assertPageHears(page, HZ, LEVEL);
            assert.equal(await codecOf(page), codec);
            assert.equal(await codecOf(page, 'outbound-rtp'), codec);
            assert.match(await page.textContent('#timer'), /^00:\d\d$/);
            assert.match(await page.textContent('#quality'), new RegExp(codec, 'i'));
            await phone.hangup();
            await phone.waitState('ended');
            assert.equal(await phone.status(), 'Call ended: You hung up.');
            await waitFor('the call to be over', async () => (await daemon.command('calls')).length === 0);
        }),
    );

test('media is encrypted as agreed, on one port, without loss', () =>
    withPhone('', async (page, phone) => {
        await phone.dial('echo');
        await phone.waitState('up');
        await page.waitForTimeout(1500);
        const rows = await readStats(page);
        const transport = rows.find((row) => row.type === 'transport');
        const inbound = rows.find((row) => row.type === 'inbound-rtp');
        assert.equal(transport.dtlsState, 'connected');
        assert.match(transport.srtpCipher, /^(SRTP_)?AEAD_AES_128_GCM$/); // browsers differ in the prefix
        assert.equal(inbound.packetsLost, 0);
        assert.ok(inbound.packetsReceived > 50);
        await phone.hangup();
    }));

test('milliwatt: 1004 Hz at 0 dBm0', () =>
    withPhone('codecs=PCMU', async (page, phone) => {
        await phone.dial('milliwatt');
        await phone.waitState('up');
        await page.waitForTimeout(800);
        await assertPageHears(page, 1004, -3.17, 0.5); // full scale is 3.17 dBm0 (G.711)
        await phone.hangup();
    }));

test('mute: nothing is heard of the microphone until it is on again', () =>
    withPhone('', async (page, phone) => {
        await phone.dial('echo');
        await phone.waitState('up');
        await page.waitForTimeout(7000);
        await page.click('#muteBtn');
        await page.waitForTimeout(700);
        const quiet = await listen(page, 1);
        assert.ok(quiet.samples.every((v) => Math.abs(v) < 0.01));
        await page.click('#muteBtn');
        await page.waitForTimeout(700);
        await assertPageHears(page, HZ, LEVEL);
        await phone.hangup();
    }));

test('a destination that does not exist is said so, and the next call works', () =>
    withPhone('', async (page, phone) => {
        await phone.dial('nobody-here');
        await phone.waitState('ended');
        assert.match(await phone.status(), /^Call ended: No route leads to .*nobody-here/);
        await phone.dial('milliwatt');
        await phone.waitState('up');
        await phone.hangup();
    }));

test('a closed page ends its call', () =>
    withPhone('', async (page, phone) => {
        await phone.dial('milliwatt');
        await phone.waitState('up');
        await waitFor('the call in the list', async () => (await daemon.command('calls')).length === 1);
        await page.goto('about:blank');
        await waitFor('the call to be over', async () => (await daemon.command('calls')).length === 0);
    }));

test('by HTTPS with the self-made certificate', async () => {
    const page = await openPage(browser);
    const phone = phoneOf(page);
    await phone.open(daemon.httpsUrl.replace('127.0.0.1', 'localhost'));
    await phone.dial('milliwatt');
    await phone.waitState('up');
    await page.waitForTimeout(800);
    await assertPageHears(page, 1004, -3.17, 1);
    await page.context().close();
});

test('a page without encryption explains itself and leads to HTTPS', async () => {
    const page = await openPage(browser);
    const port = new URL(daemon.url).port;
    await page.goto(`http://phone.test:${port}/`); // resolves to 127.0.0.1, but is no secure context
    await page.waitForSelector('#notice:not([hidden])');
    const text = await page.textContent('#notice');
    assert.match(text, /no microphone to pages without encryption/);
    const link = await page.getAttribute('#noticeLink', 'href');
    assert.equal(new URL(link).origin, `https://phone.test:${new URL(daemon.httpsUrl).port}`);
    assert.ok(await page.isDisabled('#callBtn'));
    await page.context().close();
});

test('a refused microphone is explained', async () => {
    const page = await openPage(browser, { permissions: [] });
    await page.addInitScript(() => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));
    });
    const phone = phoneOf(page);
    await phone.open(daemon.url);
    await page.click('text=Start Call');
    await page.waitForSelector('#notice:not([hidden])');
    assert.match(await page.textContent('#notice'), /may not use the microphone/);
    await phone.waitState('ready');
    await page.context().close();
});

test('the page comes back when the gateway does', async () => {
    const port = await findPorts(1);
    const env = { TANDEM_HTTP: `127.0.0.1:${port}` };
    const first = await startDaemon({ env });
    const page = await openPage(browser);
    const phone = phoneOf(page);
    await phone.open(first.url);
    await phone.dial('milliwatt');
    await phone.waitState('up');
    await first.stop();
    await phone.waitState('waiting');
    assert.match(await phone.events(), /The connection to the gateway was lost|The gateway is shutting down/);
    const second = await startDaemon({ env });
    await phone.waitState('ready');
    await phone.dial('milliwatt');
    await phone.waitState('up');
    await page.context().close();
    await second.stop();
});

test('on a telephone: nothing sticks out, Hang Up is in sight with the keypad open', () =>
    withPhone(
        '',
        async (page, phone) => {
            await phone.dial('milliwatt');
            await phone.waitState('up');
            await phone.press('5');
            const widest = await page.evaluate(() => document.documentElement.scrollWidth);
            assert.equal(widest, 390);
            const box = await page.locator('#hangupBtn').boundingBox();
            assert.ok(box.y + box.height <= 844, `Hang Up ends at ${box.y + box.height}`);
            assert.match(await phone.events(), /We pressed 5\./);
            await takeHeard(page);
            await phone.hangup();
        },
        { viewport: { width: 390, height: 844 } },
    ));
