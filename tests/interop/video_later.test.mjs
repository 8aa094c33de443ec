/** Video that joins a call later, goes and comes again; from web phones, from phones of the desk, H.264 as well as VP8. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertPageHears } from './lib/checks.mjs';
import { startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { waitFor } from './lib/process.mjs';
import { assertShows, startWebPhone } from './lib/sipstacks.mjs';
import { assertSees, startVideoDesk } from './lib/videodesk.mjs';

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
const startDesk = (/** @type {string} */ user) => startVideoDesk({ user, password: SECRET, server: daemon.ready.sip.udp[0] });
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

test('desk phones add H.264 during a call: formats told apart, NACK and PLI both ways, then hold and the end of it', async () => {
    const [alice, bob] = [await startDesk('alice'), await startDesk('bob')];
    bob.phone.answers.INVITE = () => ({ status: 200, lines: ['Content-Type: application/sdp'], body: bob.describe() });
    const call = alice.phone.dial('sip:bob@tandem', { body: alice.describe() });
    assert.equal((await call.answered()).status, 200);
    await bob.phone.waitRequest('ACK');

    // bob's 99 is H.264 in the packetization mode and profile of alice's 97, at another level; the other mode is none of his
    let offered = '';
    bob.phone.answers.INVITE = (invite) => {
        offered = invite.body;
        const pt = /a=fmtp:(\d+) [^\r]*packetization-mode=1/.exec(offered)?.[1];
        return { status: 200, lines: ['Content-Type: application/sdp'], body: bob.describe(`${pt} H264 profile-level-id=42e028;packetization-mode=1`) };
    };
    const answer = await alice.reinvite(call, alice.describe('96 VP8', '97 H264 profile-level-id=42e01f;packetization-mode=1', '98 H264 profile-level-id=42e01f'));
    assert.equal(answer.status, 200);
    assert.match(answer.body, /m=video [1-9]\d* RTP\/AVP 97\r\n/, 'what bob takes, under the number that alice gave it');
    assert.match(answer.body, /a=fmtp:97 profile-level-id=42e028;packetization-mode=1\r\n/, "bob's own level");
    assert.match(answer.body, /a=rtcp-fb:97 nack pli\r\n/);
    assert.match(offered, /m=video [1-9]\d* RTP\/AVP \d+ \d+ \d+\r\n/, 'few formats on plain RTP');
    assert.equal(offered.match(/a=rtpmap:\d+ H264/g)?.length, 2, 'both packetization modes are offered');
    const bobs = Number(/a=fmtp:(\d+) [^\r]*packetization-mode=1/.exec(offered)?.[1]);
    alice.aim(answer.body);
    bob.aim(offered);

    await assertSees(alice, bob, 97, bobs, 0x41414141);
    await assertSees(bob, alice, bobs, 97, 0x42424242);

    // on hold the line stays: the picture stops, and comes again
    const held = await alice.reinvite(call, alice.describe('97 H264 profile-level-id=42e01f;packetization-mode=1').replace(/(m=audio[^\r]*\r\n)/, 'a=sendonly\r\n$1'));
    assert.match(held.body, /m=video [1-9]/);
    assert.match(held.body, /a=recvonly/);
    const resumed = await alice.reinvite(call, alice.describe('97 H264 profile-level-id=42e01f;packetization-mode=1'));
    assert.doesNotMatch(resumed.body, /a=recvonly/);
    await assertSees(alice, bob, 97, bobs, 0x43434343);

    offered = '';
    const ended = await alice.reinvite(call, alice.describe());
    assert.match(ended.body, /m=video 0 /);
    await waitFor('bob to be told', () => /m=video 0 /.test(offered));
    await call.bye();
    alice.stop();
    bob.stop();
    await noCalls();
});

test('an offer of video that is taken back: the call is what it was, on both sides', async () => {
    const [alice, bob] = [await startDesk('alice'), await startDesk('bob')];
    const yes = { status: 200, lines: ['Content-Type: application/sdp'] };
    bob.phone.answers.INVITE = () => ({ ...yes, body: bob.describe() });
    const call = alice.phone.dial('sip:bob@tandem', { body: alice.describe() });
    assert.equal((await call.answered()).status, 200);
    await bob.phone.waitRequest('ACK');
    /** @type {any} */ let asked = null;
    const isAsked = () => asked !== null;

    // whoever thinks about it need not any more
    bob.phone.answers.INVITE = (invite) => (bob.phone.reply((asked = invite), { status: 100, reason: 'Trying' }), null);
    assert.equal((await alice.regret(call, alice.describe('96 VP8'), isAsked)).status, 487);
    await bob.phone.waitRequest('CANCEL');
    bob.phone.reply(asked, { status: 487, reason: 'Request Terminated' });
    await bob.phone.waitRequest('ACK');
    bob.phone.requests.length = 0;
    const plain = await alice.reinvite(call, alice.describe());
    assert.match(plain.body, /m=audio [1-9]\d* RTP\/AVP 0/);
    assert.doesNotMatch(plain.body, /m=video [1-9]/);
    assert.deepEqual(bob.phone.requests.map((r) => r.method), [], 'nothing is new to bob');

    // his yes comes too late: he is told that there is no video after all
    asked = null;
    bob.phone.answers.INVITE = (invite) => ((asked = invite), null);
    assert.equal((await alice.regret(call, alice.describe('96 VP8'), isAsked)).status, 487);
    /** @type {any} */ let next = null;
    bob.phone.answers.INVITE = (invite) => ((next = invite), { ...yes, body: bob.describe() });
    const pt = /m=video [1-9]\d* RTP\/AVP (\d+)/.exec(asked.body)?.[1];
    bob.phone.reply(asked, { ...yes, body: bob.describe(`${pt} VP8`) });
    await waitFor('the video to be taken from bob again', () => next !== null && /m=video 0 /.test(next.body));

    // and asked again he has it
    asked = null;
    bob.phone.answers.INVITE = (invite) => ((asked = invite), { ...yes, body: bob.describe(`${/m=video [1-9]\d* RTP\/AVP (\d+)/.exec(invite.body)?.[1]} VP8`) });
    const answer = await alice.reinvite(call, alice.describe('96 VP8'));
    assert.match(answer.body, /m=video [1-9]\d* RTP\/AVP 96\r\n/);
    assert.match(asked.body, /m=video [1-9]/);
    await call.bye();
    alice.stop();
    bob.stop();
    await noCalls();
});

const yes = (/** @type {string} */ body) => ({ status: 200, lines: ['Content-Type: application/sdp'], body });
const firstOf = (/** @type {string} */ body) => Number(/m=video [1-9]\d* RTP\/AVP (\d+)/.exec(body)?.[1] ?? 0);

for (const isAttended of [false, true])
    test(`${isAttended ? 'an attended' : 'a blind'} transfer: the two that meet see each other, each under its own numbers`, async () => {
        const [alice, bob, carol] = [await startDesk('alice'), await startDesk('bob'), await startDesk('carol')];
        /** @type {Record<string, string>} */ const last = {}; // the newest description that each was given
        const answers = (/** @type {string} */ name, /** @type {any} */ desk, /** @type {string[]} */ formats) =>
            (desk.phone.answers.INVITE = (/** @type {any} */ invite) => ((last[name] = invite.body), yes(desk.describe(...(invite.body.includes('m=video 0') ? [] : formats ?? [`${firstOf(invite.body)} VP8`])))));
        // alice has VP8 as 96 in bob's call; what carol is offered has a number of the dialog's own
        answers('alice', alice, /** @type {any} */ (undefined));
        answers('carol', carol, /** @type {any} */ (undefined));
        const first = bob.phone.dial('sip:alice@tandem', { body: bob.describe('101 VP8') });
        assert.ok(firstOf((await first.answered()).body));
        await alice.phone.waitRequest('ACK');
        let target = '<sip:carol@tandem>';
        if (isAttended) {
            const second = bob.phone.dial('sip:carol@tandem', { body: bob.describe('107 VP8') });
            const up = await second.answered();
            assert.ok(firstOf(up.body));
            await carol.phone.waitRequest('ACK');
            const tag = (/** @type {string} */ name) => /;tag=([^;>]+)/.exec(up.header(name))?.[1];
            target = `<sip:carol@tandem?Replaces=${encodeURIComponent(`${second.callId};to-tag=${tag('To')};from-tag=${tag('From')}`)}>`;
        }
        const refer = await first.request('REFER', [`Refer-To: ${target}`, 'Referred-By: <sip:bob@tandem>']);
        assert.equal(refer.status, 202);
        await waitFor('bob to be told that it worked', () => bob.phone.requests.some((r) => r.method === 'NOTIFY' && /200 /.test(r.body)));
        const aimed = () => {
            alice.aim(last.alice);
            carol.aim(last.carol);
            return firstOf(last.alice) > 0 && firstOf(last.carol) > 0;
        };
        await waitFor('both to be offered video', aimed);
        await assertSees(alice, carol, firstOf(last.alice), firstOf(last.carol), isAttended ? 0x51515151 : 0x53535353);
        await assertSees(carol, alice, firstOf(last.carol), firstOf(last.alice), isAttended ? 0x52525252 : 0x54545454);
        for (const { id } of await daemon.command('calls')) await daemon.command('calls', 'end', id);
        await noCalls();
        for (const desk of [alice, bob, carol]) desk.stop();
    });

test('a phone without video is asked once; the call goes on, and holds are not slowed down', async () => {
    const [alice, bob] = [await startDesk('alice'), await startDesk('carol')];
    bob.phone.answers.INVITE = () => ({ status: 200, lines: ['Content-Type: application/sdp'], body: bob.describe() });
    const call = alice.phone.dial('sip:carol@tandem', { body: alice.describe() });
    assert.equal((await call.answered()).status, 200);
    await bob.phone.waitRequest('ACK');
    bob.phone.requests.length = 0;
    for (let i = 0; i < 2; i++) {
        const answer = await alice.reinvite(call, alice.describe('96 VP8'));
        assert.equal(answer.status, 200);
        assert.match(answer.body, /m=video 0 /);
        assert.equal(bob.phone.requests.filter((r) => r.method === 'INVITE').length, 1);
    }
    await call.bye();
    alice.stop();
    bob.stop();
    await noCalls();
});
