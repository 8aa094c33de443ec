/** What every SIP stack in a browser must be able to do with tandem: the same tests for each of them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertPageHears, assertRecorded, assertSilence } from './checks.mjs';
import { listen, startChromium } from './chromium.mjs';
import { startBaresip } from './baresip.mjs';
import { startDaemon } from './daemon.mjs';
import { startKamailio } from './kamailio.mjs';
import { onlyFull, sleep, waitFor } from './process.mjs';
import { startWebPhone, versionOf } from './sipstacks.mjs';

const A = { hz: 440, levelDb: -12 };
const B = { hz: 620, levelDb: -15 };
const C = { hz: 880, levelDb: -14 };
const PHONE = { hz: 700, levelDb: -18 };
const SECRET = 'correct-horse-battery-42';
const USERS = ['alice', 'bob', 'carol'];
const yaml = `users:\n${USERS.map((name) => `  ${name}: { password: ${SECRET} }\n`).join('')}`;

/** @param {'jssip' | 'sipjs'} stack */
export function webPhoneTests(stack) {
    /** @type {any} */ let kamailio;
    /** @type {any} */ let daemon;
    /** @type {any} */ let browser;
    before(async () => {
        kamailio = await startKamailio({ users: { gateway: SECRET, dave: 'secret' } });
        const env = {
            SIP_TRUNK_HOST: kamailio.host,
            SIP_TRUNK_PORT: String(kamailio.port),
            SIP_USERNAME: 'gateway',
            SIP_PASSWORD: SECRET,
            SIP_DOMAIN: kamailio.domain,
        };
        [daemon, browser] = await Promise.all([startDaemon({ env: { ...env, TANDEM_MEDIA_THREADS: '2' }, yaml }), startChromium()]);
    });
    after(async () => {
        await browser.close();
        await daemon.stop();
        await kamailio.stop();
    });

    const ws = (path = '/ws') => `ws://${daemon.ready.http[0]}${path}`;
    const wss = (path = '/ws') => `wss://${daemon.ready.https[0]}${path}`;
    const phones = async () => (await daemon.command('registrations')).filter((/** @type {any} */ row) => row.kind === 'phone');
    const noCalls = () => waitFor('no call to be left', async () => (await daemon.command('calls')).length === 0);
    const open = (/** @type {string} */ user, config = {}) => startWebPhone(browser, daemon, { stack, user, password: SECRET, url: ws(), ...config });
    /** @param {any[]} all @param {() => Promise<void>} body */
    async function using(all, body) {
        try {
            await Promise.all(all.map((phone) => phone.waitEvent?.('registered')));
            await body();
        } finally {
            await Promise.all(all.map((phone) => (phone.close ?? phone.stop)()));
        }
        await noCalls();
    }

    test(`${stack} ${versionOf(stack)} registers on every path, ws and wss`, async () => {
        const short = [ws('//ws'), wss('/ws/')];
        for (const url of onlyFull.skip ? short : [...short, ws('/ws'), ws('/ws/'), wss('/ws'), wss('//ws/')]) {
            const alice = await open('alice', { url });
            await alice.waitEvent('registered');
            const [row] = await phones();
            assert.equal(row.user, 'alice');
            assert.equal(row.transport, url.startsWith('wss') ? 'WSS' : 'WS');
            await alice.close();
            await waitFor('the binding to go with its socket', async () => (await phones()).length === 0);
        }
    });

    test('a wrong password is refused', onlyFull, async () => {
        const eve = await open('alice', { password: 'wrong' });
        await eve.waitEvent('registrationFailed');
        assert.equal((await phones()).length, 0);
        await eve.close();
    });

    test('one calls the other: tones, hold, mute, hang-up', async () => {
        const alice = await open('alice', A);
        const bob = await open('bob', { ...B, url: wss('/ws/'), answers: 'manual' });
        await using([alice, bob], async () => {
            await alice.call('bob');
            await bob.waitEvent('incoming alice');
            await alice.waitEvent('progress');
            await bob.accept();
            await Promise.all([alice.waitEvent('confirmed'), bob.waitEvent('confirmed')]);
            await sleep(700);
            await assertPageHears(alice.page, B.hz, B.levelDb, 1.5);
            await assertPageHears(bob.page, A.hz, A.levelDb, 1.5);
            await alice.hold();
            await sleep(600);
            assertSilence(await listen(bob.page, 0.6));
            await alice.resume();
            await sleep(400);
            await assertPageHears(bob.page, A.hz, A.levelDb, 1.5);
            await alice.mute();
            await sleep(600);
            assertSilence(await listen(bob.page, 0.6));
            await alice.unmute();
            await sleep(400);
            await assertPageHears(bob.page, A.hz, A.levelDb, 1.5);
            await bob.hangup();
            await alice.waitEvent('ended');
        });
    });

    test('with a desk phone both ways: tones, keys by RFC 4733 and INFO', async () => {
        const alice = await open('alice', A);
        const carol = await startBaresip({ user: 'carol', domain: 'tandem', password: SECRET, outbound: daemon.sip, ...PHONE });
        await using([alice, carol].slice(0, 1), async () => {
            await alice.call('carol');
            await carol.waitEvent('CALL_INCOMING');
            await carol.accept();
            await alice.waitEvent('confirmed');
            await sleep(700);
            await assertPageHears(alice.page, PHONE.hz, PHONE.levelDb);
            await alice.press('159#');
            await waitFor(`carol to get the keys, not ${carol.keys()}`, () => carol.keys() === '159#');
            await alice.pressInfo('26');
            await waitFor(`carol to get the keys by INFO, not ${carol.keys()}`, () => carol.keys() === '159#26');
            await sleep(1300);
            await alice.hangup();
            await carol.waitEvent('CALL_CLOSED');
            await sleep(300);
            assertRecorded(carol.heard(), A.hz, A.levelDb);
            await carol.dial('sip:alice@tandem');
            await alice.waitEvent('incoming carol');
            await alice.waitEvent('confirmed');
            await sleep(700);
            await assertPageHears(alice.page, PHONE.hz, PHONE.levelDb);
            await carol.hangup();
            await alice.waitEvent('ended');
        });
        await carol.stop();
    });

    test('texts between the two', async () => {
        const alice = await open('alice');
        const bob = await open('bob');
        await using([alice, bob], async () => {
            await alice.say('bob', 'Grüße & <b>');
            assert.equal(await bob.waitEvent('message'), 'message alice Grüße & <b>');
            await alice.waitEvent('said');
            await alice.say('nobody', 'x');
            await alice.waitEvent('unsaid');
        });
    });

    for (const isAttended of [false, true])
        test(`transfers a call, ${isAttended ? 'attended' : 'blind'}`, onlyFull, async () => {
            const alice = await open('alice', A);
            const bob = await open('bob', B);
            const carol = await startBaresip({ user: 'carol', domain: 'tandem', password: SECRET, outbound: daemon.sip, answers: 'auto', ...PHONE });
            await using([alice, bob], async () => {
                await alice.call('bob');
                await bob.waitEvent('confirmed');
                await alice.waitEvent('confirmed');
                if (isAttended) {
                    await bob.hold();
                    await bob.call('carol');
                    await carol.waitEvent('CALL_ESTABLISHED');
                    await bob.waitEvent('confirmed');
                    await bob.referToFirst();
                } else {
                    await bob.refer('carol');
                    await carol.waitEvent('CALL_ESTABLISHED');
                }
                await bob.waitEvent('referred');
                await sleep(800);
                await assertPageHears(alice.page, PHONE.hz, PHONE.levelDb);
                await sleep(1200);
                await alice.hangup();
                await carol.waitEvent('CALL_CLOSED');
                await sleep(300);
                assertRecorded(carol.heard(), A.hz, A.levelDb);
            });
            await carol.stop();
        });

    test('joins two calls that rang at it, each on a media thread of its own', async () => {
        const bob = await open('bob', B);
        const alice = await open('alice', A);
        const carol = await open('carol', C);
        await using([alice, bob, carol], async () => {
            await alice.call('bob');
            await bob.waitEvent('confirmed');
            await alice.waitEvent('confirmed');
            await bob.hold();
            await carol.call('bob');
            await bob.waitEvent('incoming carol');
            await bob.waitEvent('confirmed');
            await carol.waitEvent('confirmed');
            const ports = [await alice.gatewayPort(), await carol.gatewayPort()]; // a thread has one for all its pages
            assert.notEqual(ports[0], ports[1]);
            await bob.referToFirst();
            await bob.waitEvent('referred');
            await waitFor('one call to be left', async () => (await daemon.command('calls')).length === 1);
            await sleep(800);
            await assertPageHears(alice.page, C.hz, C.levelDb, 1.5);
            await assertPageHears(carol.page, A.hz, A.levelDb, 1.5);
            assert.deepEqual([await alice.gatewayPort(), await carol.gatewayPort()], ports); // nobody was asked to move
            await carol.hangup();
            await alice.waitEvent('ended');
        });
    });

    test('calls out by the trunk and in from it', onlyFull, async () => {
        const alice = await open('alice', A);
        const dave = await startBaresip({ user: 'dave', domain: kamailio.domain, password: 'secret', outbound: kamailio.address, ...PHONE });
        await daemon.command('number', 'add', 'gateway', '--to', 'user:alice');
        await using([alice], async () => {
            await alice.call('dave');
            await dave.waitEvent('CALL_INCOMING');
            await dave.accept();
            await alice.waitEvent('confirmed');
            await sleep(700);
            await assertPageHears(alice.page, PHONE.hz, PHONE.levelDb);
            await sleep(600);
            await alice.hangup();
            await dave.waitEvent('CALL_CLOSED');
            await sleep(300);
            assertRecorded(dave.heard(), A.hz, A.levelDb);
            await dave.dial(`sip:gateway@${kamailio.domain}`);
            await alice.waitEvent('incoming dave');
            await alice.waitEvent('confirmed');
            await sleep(700);
            await assertPageHears(alice.page, PHONE.hz, PHONE.levelDb);
            await dave.hangup();
            await alice.waitEvent('ended');
        });
        await dave.stop();
    });

    test('its socket drops: it registers again and the call is kept', async () => {
        const alice = await open('alice', A);
        const bob = await open('bob', B);
        await using([alice, bob], async () => {
            await alice.call('bob');
            await alice.waitEvent('confirmed');
            await bob.waitEvent('confirmed');
            await bob.forget();
            await bob.dropSocket();
            await bob.waitEvent('disconnected');
            await bob.waitEvent('registered');
            await bob.renegotiate();
            await sleep(500);
            await assertPageHears(alice.page, B.hz, B.levelDb, 1.5);
            await assertPageHears(bob.page, A.hz, A.levelDb, 1.5);
            await bob.forget();
            await bob.dropSocket();
            await bob.waitEvent('registered');
            await alice.hangup(); // before bob said a word in the call: the BYE finds the new connection
            await bob.waitEvent('ended', 3000);
        });
    });
}
