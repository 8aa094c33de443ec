/** A SIP phone that is registered with tandem calls a page that is: the page rings, answers, ends. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { assertPageHears, assertRecorded } from './lib/checks.mjs';
import { codecOf, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { openPhonePage, startPhone } from './lib/office.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { openSocket } from './lib/socket.mjs';

const PAGE = { hz: 440, levelDb: -12 };
const PHONE = { hz: 700, levelDb: -18 };
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {import('playwright-core').Browser} */ let browser;
/** @type {Awaited<ReturnType<typeof startPhone>>} */ let bob;
/** @type {string} */ let token;
before(async () => {
    [daemon, browser] = await Promise.all([startDaemon({ yaml: 'ring_timeout: 5\n' }), startChromium(PAGE)]);
    token = await daemon.addUser('alice');
    bob = await startPhone(daemon, 'bob', PHONE);
});
after(async () => {
    await bob.stop();
    await browser.close();
    await daemon.stop();
});
beforeEach(() => bob.forget());
const alice = () => `sip:alice@${daemon.sip}`;
const noCalls = () => waitFor('no call to be left', async () => (await daemon.command('calls')).length === 0);

/** Alice's page, registered; gone afterwards. */
async function withPage(query, body) {
    const { page, phone, close } = await openPhonePage(browser, daemon, query);
    try {
        await phone.register(token);
        await body({ page, phone });
        assert.deepEqual(page.errors, []);
    } finally {
        await close();
    }
    await noCalls();
}

async function setUp({ page, phone }) {
    await bob.dial(alice());
    await phone.waitState('incoming');
    await page.click('text=Answer');
    await phone.waitState('up');
    await bob.waitEvent('CALL_ESTABLISHED');
}

const CODECS = [
    { name: 'PCMU is kept end to end', query: '', codec: 'PCMU' },
    { name: 'a page that takes Opus alone is converted', query: 'codecs=opus', codec: 'opus' },
];
for (const { name, query, codec } of CODECS)
    test(`tones at both ends: ${name}`, () =>
        withPage(query, async ({ page, phone }) => {
            await setUp({ page, phone });
            await page.waitForTimeout(1200);
            await assertPageHears(page, PHONE.hz, PHONE.levelDb);
            assert.equal(await codecOf(page), codec);
            await page.waitForTimeout(1500);
            await phone.hangup();
            await bob.waitEvent('CALL_CLOSED');
            await sleep(300);
            assertRecorded(bob.heard(), PAGE.hz, PAGE.levelDb);
        }));

test('the page shows who calls and is reminded by its title', () =>
    withPage('', async ({ page, phone }) => {
        await bob.dial(alice());
        await phone.waitState('incoming');
        assert.match(await page.textContent('#incomingFrom'), /bob/);
        assert.match(await page.title(), /calls/);
        assert.equal(await page.evaluate(() => document.activeElement?.id), 'answerBtn');
        await bob.waitEvent('CALL_RINGING');
        await page.click('text=Decline');
        assert.match(await bob.closed(), /603|declined/i);
        await phone.waitState('ended');
        assert.equal(await phone.status(), 'Call ended: You declined.');
    }));

test('keys both ways', () =>
    withPage('', async ({ page, phone }) => {
        const before = bob.keys().length;
        await setUp({ page, phone });
        await page.waitForTimeout(500);
        await phone.press('042#');
        await waitFor('bob to hear the keys', () => bob.keys().slice(before) === '042#');
        await bob.press('9');
        await page.waitForFunction(() => document.getElementById('digits')?.textContent === 'Far end pressed 9');
        await phone.hangup();
        await bob.waitEvent('CALL_CLOSED');
    }));

test('the phone hangs up', () =>
    withPage('', async ({ page, phone }) => {
        await setUp({ page, phone });
        await sleep(500);
        await bob.hangup();
        await phone.waitState('ended');
        assert.equal(await phone.status(), 'Call ended: The call ended normally.');
        await bob.waitEvent('CALL_CLOSED');
    }));

test('the phone gives up while the page rings: a missed call', () =>
    withPage('', async ({ phone }) => {
        await bob.dial(alice());
        await phone.waitState('incoming');
        await bob.hangup();
        await phone.waitState('ended');
        assert.match(await phone.status(), /^Missed call from .*bob/);
        await bob.waitEvent('CALL_CLOSED');
    }));

test('nobody answers: the phone is told, the page stops ringing', () =>
    withPage('', async ({ phone }) => {
        await bob.dial(alice());
        await phone.waitState('incoming');
        assert.match(await bob.closed(), /408|480|no answer|timeout|temporarily/i);
        await phone.waitState('ended');
    }));

test('a page in a call is busy for the next one', () =>
    withPage('', async ({ phone }) => {
        await phone.dial('milliwatt');
        await phone.waitState('up');
        await bob.dial(alice());
        assert.match(await bob.closed(), /486|busy/i);
        assert.equal(await phone.state(), 'up');
        await phone.hangup();
    }));

test('two pages ring; one answers, the other stops', async () => {
    const first = await openPhonePage(browser, daemon);
    const second = await openPhonePage(browser, daemon);
    await first.phone.register(token);
    await second.phone.register(token);
    await bob.dial(alice());
    await first.phone.waitState('incoming');
    await second.phone.waitState('incoming');
    await second.page.click('text=Answer');
    await second.phone.waitState('up');
    await first.phone.waitState('ended');
    await bob.waitEvent('CALL_ESTABLISHED');
    await second.phone.hangup();
    await bob.waitEvent('CALL_CLOSED');
    await first.close();
    await second.close();
});

test('without a page the user is not there, after it left too', async () => {
    await withPage('', async () => {});
    const isGone = async () => !(await daemon.command('registrations')).some((/** @type {any} */ row) => row.kind === 'page');
    await waitFor('the page to be unregistered', isGone);
    await bob.dial(alice());
    assert.match(await bob.closed(), /480|unavailable/i);
});

test('a name that nobody has is not found', async () => {
    await bob.dial(`sip:zoe@${daemon.sip}`);
    assert.match(await bob.closed(), /404|not found/i);
});

test('a token that is wrong is refused in words', async () => {
    const socket = await openSocket(daemon.bridgeUrl);
    socket.send({ type: 'register', token: 'PTwrong' });
    const error = await socket.next('error');
    assert.equal(error.code, 'unauthorized');
    assert.match(error.message, /token/);
    assert.ok(!daemon.log().includes('PTwrong'), 'the log has the token');
    assert.ok(!daemon.log().includes(token), "the log has the user's token");
});
