/** Video over a trunk that carries it, and none over one that does not. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { waitFor } from './lib/process.mjs';
import { assertSees, startVideoDesk } from './lib/videodesk.mjs';

const SECRET = 'correct-horse-battery-42';
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {Awaited<ReturnType<typeof startVideoDesk>>} */ let provider;
/** @type {Awaited<ReturnType<typeof startVideoDesk>>} */ let alice;
before(async () => {
    provider = await startVideoDesk({ user: 'provider' });
    const yaml = [
        `users:\n  alice: { password: ${SECRET} }\ntrunks:`,
        `  seen: { host: 127.0.0.1, port: ${provider.phone.port}, register: no, video: yes }`,
        `  heard: { host: 127.0.0.1, port: ${provider.phone.port}, register: no }`,
        "routes:\n  - { destination: seen, to: ['trunk:seen/1'] }\n  - { destination: heard, to: ['trunk:heard/1'] }\n",
    ].join('\n');
    daemon = await startDaemon({ yaml });
    alice = await startVideoDesk({ user: 'alice', password: SECRET, server: daemon.ready.sip.udp[0] });
});
after(async () => {
    alice.stop();
    provider.stop();
    await daemon.stop();
});
const sdp = ['Content-Type: application/sdp'];
const firstOf = (/** @type {string} */ body) => Number(/m=video [1-9]\d* RTP\/AVP (\d+)/.exec(body)?.[1] ?? 0);
const noCalls = () => waitFor('no call to be left', async () => (await daemon.command('calls')).length === 0);

test('video: yes: a camera call goes to the provider with its picture, both ways; keyframes are asked for', async () => {
    provider.phone.answers.INVITE = (invite) => ({ status: 200, lines: sdp, body: provider.describe(`${firstOf(invite.body)} VP8`) });
    const call = alice.phone.dial('sip:seen@tandem', { body: alice.describe('96 VP8') });
    const answer = await call.answered();
    assert.equal(answer.status, 200);
    const invite = await provider.phone.waitRequest('INVITE');
    const theirs = firstOf(invite.body);
    assert.match(invite.body, new RegExp(`a=rtpmap:${theirs} VP8/90000`));
    assert.equal(firstOf(answer.body), 96, 'under the number that alice gave it');
    assert.notEqual(provider.aim(invite.body), alice.aim(answer.body), 'tandem is between the two');
    await assertSees(alice, provider, 96, theirs, 0x41414141);
    await assertSees(provider, alice, theirs, 96, 0x42424242);
    await call.bye();
    await noCalls();
});

test('video: yes: a provider that has none answers so, and the call is one of voice', async () => {
    provider.phone.answers.INVITE = () => ({ status: 200, lines: sdp, body: provider.describe() });
    const call = alice.phone.dial('sip:seen@tandem', { body: alice.describe('96 VP8') });
    const answer = await call.answered();
    assert.match(answer.body, /m=audio [1-9]/);
    assert.match(answer.body, /m=video 0 /);
    await call.bye();
    await noCalls();
});

test('without it the provider is not offered any, neither at first nor later', async () => {
    provider.phone.requests.length = 0;
    provider.phone.answers.INVITE = () => ({ status: 200, lines: sdp, body: provider.describe().replace(/m=video[^]*/, '') });
    const call = alice.phone.dial('sip:heard@tandem', { body: alice.describe('96 VP8') });
    const answer = await call.answered();
    assert.match(answer.body, /m=video 0 /);
    const again = await alice.reinvite(call, alice.describe('96 VP8'));
    assert.match(again.body, /m=video 0 /);
    await call.bye();
    await noCalls();
    const offers = provider.phone.requests.filter((r) => r.method === 'INVITE');
    assert.deepEqual(offers.map((r) => /m=video/.test(r.body)), [false]);
});
