/** Video that joins a call later, goes and comes again; from web phones, from phones of the desk, H.264 as well as VP8. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, before, test } from 'node:test';
import { assertPageHears } from './lib/checks.mjs';
import { startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { waitFor } from './lib/process.mjs';
import { startSipPhone } from './lib/sipphone.mjs';
import { assertShows, startWebPhone } from './lib/sipstacks.mjs';

const RED = { colour: '#d02020', hz: 440, levelDb: -12, late: true };
const BLUE = { colour: '#2020d0', hz: 620, levelDb: -15, late: true };
const SECRET = 'correct-horse-battery-42';
const yaml = `users:\n  alice: { password: ${SECRET} }\n  bob: { password: ${SECRET} }\n  carol: { password: ${SECRET} }\n`;
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => ([daemon, browser] = await Promise.all([startDaemon({ yaml, env: { TANDEM_MEDIA_THREADS: '2' } }), startChromium()])));
after(async () => {
    await browser.close();
    await daemon.stop();
});

/** @param {'jssip' | 'sipjs'} stack @param {string} user @param {object} config */
const open = async (stack, user, config) => {
    const phone = await startWebPhone(browser, daemon, { stack, user, password: SECRET, url: `ws://${daemon.ready.http[0]}/ws`, ...config });
    await phone.waitEvent('registered');
    return phone;
};
const noCalls = () => waitFor('no call to be left', async () => (await daemon.command('calls')).length === 0);

for (const [one, other] of [['jssip', 'jssip'], ['sipjs', 'jssip'], ['jssip', 'sipjs']])
    test(`${one} and ${other}: the cameras are switched on during the call, off and on again`, async () => {
        const alice = await open(/** @type {any} */ (one), 'alice', RED);
        const bob = await open(/** @type {any} */ (other), 'bob', BLUE);
        try {
            await alice.call('bob');
            await Promise.all([alice.waitEvent('confirmed'), bob.waitEvent('confirmed')]);
            await assertPageHears(bob.page, RED.hz, RED.levelDb, 1);
            await alice.showCamera();
            await assertShows(bob, RED.colour);
            await bob.showCamera();
            await assertShows(alice, BLUE.colour);
            await alice.endVideo();
            await waitFor('the picture to go', async () => (await bob.picture()) === null && (await alice.picture()) === null);
            await assertPageHears(alice.page, BLUE.hz, BLUE.levelDb, 1);
            await bob.readyCamera();
            await alice.showCamera();
            await Promise.all([assertShows(bob, RED.colour), assertShows(alice, BLUE.colour)]);
            await assertPageHears(bob.page, RED.hz, RED.levelDb, 1);
            await alice.hangup();
            await bob.waitEvent('ended');
        } finally {
            await Promise.all([alice.close(), bob.close()]);
        }
        await noCalls();
    });
