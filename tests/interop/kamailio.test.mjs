/** A provider in the way: Kamailio with digest on REGISTER and INVITE and Record-Route between tandem and a
 * phone, and nothing told to tandem but the five values. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startBaresip } from './lib/baresip.mjs';
import { assertPageHears } from './lib/checks.mjs';
import { codecOf, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startKamailio } from './lib/kamailio.mjs';
import { answerAtPage, assertPeerHeard, openPhonePage } from './lib/office.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { OFFER, openSocket } from './lib/socket.mjs';

const PAGE = { hz: 440, levelDb: -12 };
const PHONE = { hz: 700, levelDb: -18 };
const SECRET = 'correct-horse-battery-42';
/** @type {Awaited<ReturnType<typeof startKamailio>>} */ let kamailio;
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {import('playwright-core').Browser} */ let browser;
/** @type {Awaited<ReturnType<typeof startBaresip>>} */ let bob;

const fiveValues = () => ({
    SIP_TRUNK_HOST: kamailio.host,
    SIP_TRUNK_PORT: String(kamailio.port),
    SIP_USERNAME: 'gateway',
    SIP_PASSWORD: SECRET,
    SIP_DOMAIN: kamailio.domain,
});
before(async () => {
    kamailio = await startKamailio({ users: { gateway: SECRET, bob: 'secret' } });
    [daemon, browser] = await Promise.all([startDaemon({ env: fiveValues() }), startChromium(PAGE)]);
    bob = await startBaresip({ user: 'bob', domain: kamailio.domain, password: 'secret', outbound: kamailio.address, ...PHONE });
});
after(async () => {
    await bob.stop();
    await browser.close();
    await daemon.stop();
    await kamailio.stop();
});
beforeEach(() => bob.forget());
const isRegistered = async (/** @type {any} */ at = daemon) =>
    (await at.command('trunks')).some((/** @type {any} */ trunk) => trunk.registration === 'registered');

test('tandem registers there by digest and says so', async () => {
    await waitFor('the registration', () => isRegistered());
    assert.ok(!daemon.log().includes(SECRET), 'the log has the password');
});

for (const { query, codec } of [{ query: '', codec: 'PCMU' }, { query: 'codecs=opus', codec: 'opus' }])
    test(`the page calls through the proxy: 407, Record-Route, tones at both ends (${codec})`, async () => {
        const { page, phone, close } = await openPhonePage(browser, daemon, query);
        const keys = bob.keys().length;
        await phone.dial('bob');
        await phone.waitState('ringing');
        await bob.waitEvent('CALL_INCOMING');
        await bob.accept();
        await phone.waitState('up');
        await page.waitForTimeout(1200);
        await assertPageHears(page, PHONE.hz, PHONE.levelDb);
        assert.equal(await codecOf(page), codec);
        await phone.press('12');
        await waitFor('the keys', () => bob.keys().slice(keys) === '12');
        await sleep(1500);
        await phone.hangup(); // the BYE follows the recorded route
        await assertPeerHeard(bob, PAGE);
        await close();
    });

test('the phone hangs up through the proxy', async () => {
    const { phone, close } = await openPhonePage(browser, daemon);
    await phone.dial('bob');
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    await phone.waitState('up');
    await sleep(500);
    await bob.hangup();
    await phone.waitState('ended');
    await bob.waitEvent('CALL_CLOSED');
    await close();
});

test('the page gives up: CANCEL goes through the proxy', async () => {
    const { phone, close } = await openPhonePage(browser, daemon);
    await phone.dial('bob');
    await phone.waitState('ringing');
    await bob.waitEvent('CALL_INCOMING');
    await phone.hangup();
    await bob.waitEvent('CALL_CLOSED');
    await close();
});

test('a number that the provider does not know: its answer in words', async () => {
    const socket = await openSocket(daemon.bridgeUrl);
    socket.send({ type: 'offer', sdp: OFFER, destination: '+15551234567' });
    const error = await socket.next('error');
    assert.match(error.message, /^Failed to establish call: SIP call failed: .*404/);
    assert.equal(error.code, 404);
    socket.close();
});

test('a call from the provider rings at the page', async () => {
    await waitFor('the registration', () => isRegistered());
    const { phone, close } = await answerAtPage(browser, daemon, bob, `sip:gateway@${kamailio.domain}`, PHONE);
    await phone.hangup();
    await assertPeerHeard(bob, PAGE);
    await close();
});

test('the five values may stand in .env', async () => {
    const lines = Object.entries(fiveValues()).map(([key, value], i) => (i % 2 ? `${key}="${value}"` : `${key}=${value} # as given`));
    const own = await startDaemon({ dotenv: lines.join('\n') });
    await waitFor('the registration', () => isRegistered(own));
    await own.stop();
});

test('a wrong password is said so, without the password', async () => {
    const wrong = 'this-is-not-the-password';
    const own = await startDaemon({ env: { ...fiveValues(), SIP_PASSWORD: wrong } });
    await waitFor('the failure in the list', async () => {
        const [trunk] = await own.command('trunks');
        return /password|authentication|auth|401|refused|rejected/i.test(JSON.stringify(trunk));
    });
    const socket = await openSocket(own.bridgeUrl);
    socket.send({ type: 'offer', sdp: OFFER, destination: 'bob' });
    const error = await socket.next('error');
    assert.match(error.message, /user name and password|authenti/i);
    assert.ok(!own.log().includes(wrong), 'the log has the password');
    await own.stop();
});
