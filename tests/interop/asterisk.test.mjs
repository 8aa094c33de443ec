/** tandem as an account of a PBX: Asterisk with the recipe of docs/connect-a-provider.md. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { noAsterisk as skip, startAsterisk } from './lib/asterisk.mjs';
import { assertPageHears } from './lib/checks.mjs';
import { startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { openPhonePage } from './lib/office.mjs';
import { sleep, waitFor } from './lib/process.mjs';

const extensions = () => `exten => _X.,1,NoOp(Call from WebRTC Bridge)
exten => _X.,n,Answer()
exten => _X.,n,Milliwatt()
exten => _X.,n,Hangup()
`;

/** @type {any} */ let asterisk;
/** @type {any} */ let daemon;
/** @type {any} */ let browser;
before(async () => {
    if (skip) return;
    asterisk = await startAsterisk({ extensions });
    [daemon, browser] = await Promise.all([startDaemon({ env: asterisk.env }), startChromium()]);
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
    await asterisk?.stop();
});

test('tandem registers, and Asterisk knows where', { skip }, async () => {
    await waitFor('the registration', async () => (await daemon.command('trunks'))[0].registration === 'registered');
    assert.match((await asterisk.run('pjsip show contacts')).text, /webrtc_bridge\/sip:webrtc_bridge@/); // cut to its column
});

test('a page hears the milliwatt of the dial plan', { skip }, async () => {
    const { page, phone, close } = await openPhonePage(browser, daemon);
    await phone.dial('100');
    await phone.waitState('up');
    await page.waitForTimeout(800);
    await assertPageHears(page, 1004, -3, 6);
    await phone.hangup();
    await close();
});

test('Asterisk calls the page', { skip }, async () => {
    const token = await daemon.addUser('alice');
    await daemon.command('number', 'add', 'webrtc_bridge', '--to', 'user:alice');
    const { page, phone, close } = await openPhonePage(browser, daemon);
    await phone.register(token);
    await asterisk.run('channel originate PJSIP/webrtc_bridge application Milliwatt');
    await phone.waitState('incoming');
    await page.click('text=Answer');
    await phone.waitState('up');
    await page.waitForTimeout(800);
    await assertPageHears(page, 1004, -3, 6);
    await phone.hangup();
    await close();
});

test('rtp: shared: two calls at once, each on the one port', { skip }, async () => {
    const here = await startDaemon({ env: asterisk.env, yaml: 'trunks: {default: {rtp: shared}}\n' });
    const offices = [await openPhonePage(browser, here), await openPhonePage(browser, here)];
    for (const { phone } of offices) {
        await phone.dial('100');
        await phone.waitState('up');
    }
    await sleep(800);
    for (const { page } of offices) await assertPageHears(page, 1004, -3, 6);
    const ports = await Promise.all((await here.command('calls')).map(async (/** @type {any} */ call) => (await here.command('calls', call.id)).legs.find((/** @type {any} */ leg) => leg.kind === 'sip').media.remote));
    assert.equal(new Set(ports).size, 2, `Asterisk has a port for each call: ${ports}`);
    assert.doesNotMatch(here.log(), /does not suit its far end/);
    for (const { phone, close } of offices) {
        await phone.hangup();
        await close();
    }
    await here.stop();
});
