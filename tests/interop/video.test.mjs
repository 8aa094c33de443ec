/** Video passes between phones that both have it: what one camera sees, the other page shows. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertPageHears } from './lib/checks.mjs';
import { readStats, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { startWebPhone } from './lib/sipstacks.mjs';

const RED = { colour: '#d02020', hz: 440, levelDb: -12 };
const BLUE = { colour: '#2020d0', hz: 620, levelDb: -15 };
const SECRET = 'correct-horse-battery-42';
const yaml = `users:\n  alice: { password: ${SECRET} }\n  bob: { password: ${SECRET} }\n`;
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => ([daemon, browser] = await Promise.all([startDaemon({ yaml, env: { TANDEM_MEDIA_THREADS: '1' } }), startChromium()])));
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
/** The page shows a picture of about that colour. @param {any} phone @param {string} colour */
const shows = (phone, colour) =>
    waitFor(`a picture of ${colour}`, async () => {
        const got = await phone.picture();
        return got && [1, 3, 5].every((at, i) => Math.abs(parseInt(colour.slice(at, at + 2), 16) - got[i]) < 50);
    });

/** Two phones, closed whatever happens. @param {any} a @param {any} b @param {(alice: any, bob: any) => Promise<void>} body */
async function between(a, b, body) {
    const alice = await open(a.stack, 'alice', a);
    const bob = await open(b.stack, 'bob', b);
    try {
        await alice.call('bob');
        await Promise.all([alice.waitEvent('confirmed'), bob.waitEvent('confirmed')]);
        await body(alice, bob);
        await alice.hangup();
        await bob.waitEvent('ended');
    } finally {
        await Promise.all([alice.close(), bob.close()]);
    }
    await waitFor('no call to be left', async () => (await daemon.command('calls')).length === 0);
}
const hear = async (/** @type {any} */ alice, /** @type {any} */ bob) => {
    await assertPageHears(alice.page, BLUE.hz, BLUE.levelDb, 1.5);
    await assertPageHears(bob.page, RED.hz, RED.levelDb, 1.5);
};

for (const [one, other] of [['jssip', 'jssip'], ['sipjs', 'jssip']])
    test(`${one} calls ${other}: each sees and hears the other, also after a hold`, () =>
        between({ ...RED, stack: one }, { ...BLUE, stack: other }, async (alice, bob) => {
            await Promise.all([shows(alice, BLUE.colour), shows(bob, RED.colour)]);
            await hear(alice, bob);
            await alice.hold();
            await alice.resume();
            const frames = async () => (await readStats(bob.page)).find((/** @type {any} */ s) => s.type === 'inbound-rtp' && s.kind === 'video')?.framesDecoded ?? 0;
            const before = await frames();
            await waitFor('more pictures', async () => (await frames()) > before + 10);
        }));

test('a caller with video and a phone without: they talk', () =>
    between({ ...RED, stack: 'jssip' }, { ...BLUE, stack: 'jssip', colour: '' }, async (alice, bob) => {
        await sleep(700);
        await hear(alice, bob);
        assert.equal(await alice.picture(), null);
    }));
