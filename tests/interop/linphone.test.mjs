/** linphone (linphonec), a SIP phone with a stack and codecs of its own: registers, calls, is called, holds, sends keys. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertRecorded } from './lib/checks.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { hasLinphone, startLinphone } from './lib/linphone.mjs';
import { startPhone } from './lib/office.mjs';
import { sleep, waitFor } from './lib/process.mjs';

const SECRET = 'correct-horse-battery-42';
const LIN = { hz: 440, levelDb: -12 };
const DESK = { hz: 700, levelDb: -18 };
const there = { skip: hasLinphone ? false : 'no linphonec (Debian: linphone-cli)' };
/** @type {any} */ let daemon;
/** @type {any} */ let lin;
/** @type {any} */ let desk;
before(async () => {
    if (there.skip) return;
    daemon = await startDaemon({ yaml: `users: {lin: {password: ${SECRET}}}\n` });
    lin = await startLinphone({ user: 'lin', password: SECRET, domain: 'tandem', server: daemon.sip, ...LIN });
    desk = await startPhone(daemon, 'desk', DESK);
});
after(async () => {
    await lin?.stop();
    await desk?.stop();
    await daemon?.stop();
});
const noCalls = () => waitFor('no call to be left', async () => (await daemon.command('calls')).length === 0);
/** The one call's story so far says that. @param {string} text */
const timelineHas = (text) =>
    waitFor(`"${text}" in the timeline`, async () => {
        const [{ id }] = await daemon.command('calls');
        return (await daemon.command('calls', id)).timeline.some((/** @type {any} */ entry) => entry.text.includes(text));
    });

test('it registers by digest', there, async () => {
    const phone = async () => (await daemon.command('registrations')).find((/** @type {any} */ row) => row.user === 'lin');
    const row = await waitFor('its registration', phone);
    assert.match(row.user_agent, /^Linphonec/);
    assert.equal(row.transport, 'UDP');
});

test('it calls echo and hears itself', there, async () => {
    lin.call('sip:echo@tandem');
    await lin.waitText('Media streams established');
    await sleep(7000); // the greeting, then its own voice
    lin.hangup();
    await lin.waitText('ended');
    await noCalls();
    assertRecorded(await lin.heard(), LIN.hz, LIN.levelDb, 1.5);
});

test('it calls a desk phone: tones both ways, keys, hold', there, async () => {
    lin.call('sip:desk@tandem');
    await desk.waitEvent('CALL_INCOMING');
    await desk.accept();
    await lin.waitText('Media streams established');
    await sleep(1800);
    lin.press('159#');
    await waitFor(`the keys at the desk, not ${desk.keys()}`, () => desk.keys() === '159#');
    lin.hold();
    await lin.waitText('is now paused');
    await timelineHas('holds the call');
    lin.resume();
    await timelineHas('resumes the call');
    await sleep(1500);
    lin.hangup();
    await desk.waitEvent('CALL_CLOSED');
    await noCalls();
    await sleep(300);
    assertRecorded(await lin.heard(), DESK.hz, DESK.levelDb, 1.5);
    assertRecorded(desk.heard(), LIN.hz, LIN.levelDb, 1.5);
});

test('a desk phone calls it and hangs up', there, async () => {
    await desk.dial('sip:lin@tandem');
    await lin.waitText('Receiving new incoming call');
    lin.answer();
    await lin.waitText('Media streams established');
    await desk.waitEvent('CALL_ESTABLISHED');
    await sleep(2500);
    await desk.hangup();
    await lin.waitText('ended');
    await noCalls();
    await sleep(300);
    assertRecorded(await lin.heard(), DESK.hz, DESK.levelDb, 1.5);
    assertRecorded(desk.heard(), LIN.hz, LIN.levelDb, 1.5);
});
