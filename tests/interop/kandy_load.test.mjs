/** A hundred calls at once over one subscription, which is renewed in the middle: none is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, PBX_SECRET, startOffice } from './lib/kandy.mjs';
import { onlyFull, waitFor } from './lib/process.mjs';
import { startSipp } from './lib/sipp.mjs';

const CALLS = 100;
const AUDIBLE = 20; // as many as the simulator's media has the time for
const INVITE = (/** @type {string} */ more) => `<send retrans="500"><![CDATA[
INVITE sip:05012[call_number]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:3cx_trunk@tandem.test>;tag=[call_number]
To: <sip:05012[call_number]@tandem.test>
Call-ID: [call_id]
CSeq: ${more ? 2 : 1} INVITE
Contact: <sip:3cx_trunk@[local_ip]:[local_port]>
Max-Forwards: 70
${more}Content-Type: application/sdp
Content-Length: [len]

v=0
o=u 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
]]></send>`;
const IN_DIALOG = (/** @type {string} */ method, /** @type {number} */ cseq) => `<![CDATA[
${method} sip:tandem@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:3cx_trunk@tandem.test>;tag=[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Max-Forwards: 70
Content-Length: 0

]]>`;
/** INVITE with a challenge, an answer, some seconds, BYE. @param {number} seconds */
const scenario = (seconds) => `<?xml version="1.0"?><scenario name="kandy">
${INVITE('')}
<recv response="100" optional="true"/>
<recv response="407" auth="true"/>
<send>${IN_DIALOG('ACK', 1)}</send>
${INVITE(`[authentication username=3cx_trunk password=${PBX_SECRET}]\n`)}
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200"/>
<send>${IN_DIALOG('ACK', 2)}</send>
<pause milliseconds="${seconds * 1000}"/>
<send retrans="500">${IN_DIALOG('BYE', 3)}</send>
<recv response="200"/>
</scenario>`;

/** The PBX's INVITE is refused with that status; does it say when to come again? */
const refused = (/** @type {number} */ status, /** @type {boolean} */ later) => `<?xml version="1.0"?><scenario name="refused">
${INVITE('')}
<recv response="100" optional="true"/>
<recv response="407" auth="true"/>
<send>${IN_DIALOG('ACK', 1)}</send>
${INVITE(`[authentication username=3cx_trunk password=${PBX_SECRET}]\n`)}
<recv response="100" optional="true"/>
<recv response="${status}">
  <action><ereg regexp="[0-9]+" search_in="hdr" header="Retry-After:" ${later ? 'check_it' : 'check_it_inverse'}="true" assign_to="1"/></action>
</recv>
<send>${IN_DIALOG('ACK', 2)}</send>
<Reference variables="1"/>
</scenario>`;

test('what the PBX is told: 503 with Retry-After when the cloud is overloaded, without for the password', async (t) => {
    const { sim, daemon, stop } = await startOffice({ env: { KANDY_DIALECT: 'link' } });
    for (const [name, status, later] of /** @type {[string, number, boolean][]} */ ([
        ['busy', 503, true],
        ['internal', 503, true],
        ['not-enabled', 403, false],
        ['bad-password', 503, false],
    ]))
        await t.test(name, async () => {
            await sim.post('/faults', { on: 'make', name });
            const sipp = await startSipp({ scenario: refused(status, later), target: daemon.sip, timeoutS: 10 });
            assert.equal(await sipp.done(), 0, sipp.log().slice(-2000));
        });
    await stop();
});

for (const dialect of ['seed', 'link', 'uc'])
    test(`${dialect}: ${CALLS} calls, renewed in the middle`, onlyFull, async () => {
        const { sim, daemon, waitUp, stop } = await startOffice({
            dialects: dialect,
            env: { KANDY_DIALECT: dialect },
            before: (sim) => Promise.all([sim.put('/settings', { expires: 14 }), sim.put('/behaviour', { media: 'none' })]),
        });
        const sipp = await startSipp({ scenario: scenario(16), target: daemon.sip, calls: CALLS, rate: 25, args: ['-l', String(CALLS)], timeoutS: 60 });
        await waitFor('all of them', async () => (await daemon.command('calls')).filter((/** @type {any} */ row) => row.state === 'up').length === CALLS, 20000);
        const up = (await sim.get('/calls')).filter((/** @type {any} */ row) => row.state === 'connected');
        assert.equal(up.length, CALLS);
        assert.equal(await sipp.done(), 0, sipp.log().slice(-3000));
        const ended = async () => (await sim.get('/calls')).filter((/** @type {any} */ row) => row.end?.by === 'client');
        await waitFor('each to be ended by us, none by the cloud', async () => (await ended()).length === CALLS);
        await waitUp();
        const renewed = (await sim.get('/requests')).filter((/** @type {any} */ row) => ['subscribe', 'refresh'].includes(row.op));
        assert.ok(renewed.length >= 2, 'it was not renewed');
        assert.equal((await sim.get('/state')).subscriptions.filter((/** @type {any} */ row) => row.user === ACCOUNT).length <= 2, true);
        await stop();
    });

test(`${AUDIBLE} calls with sound, renewed in the middle: all keep it`, onlyFull, async () => {
    const { sim, daemon, waitUp, stop } = await startOffice({ env: { KANDY_DIALECT: 'link' }, before: (sim) => sim.put('/settings', { expires: 16 }) });
    const args = ['-l', String(AUDIBLE), '-rtp_echo']; // the PBX gives each far end its own tone back
    const sipp = await startSipp({ scenario: scenario(24), target: daemon.sip, calls: AUDIBLE, rate: 5, args, timeoutS: 60 });
    const up = async () => (await sim.get('/calls')).filter((/** @type {any} */ row) => row.state === 'connected');
    await waitFor('all of them', async () => (await up()).length === AUDIBLE, 20000);
    const heard = async (/** @type {string} */ id) => Math.abs((await sim.get(`/calls/${id}/media?ms=600`)).hz - 1000) < 5;
    const allHear = async () => {
        for (const { id } of await up()) await waitFor(`call ${id} to hear`, () => heard(id), 8000);
        return (await up()).length;
    };
    assert.equal(await allHear(), AUDIBLE);
    await sim.waitRequest('refresh', 0, 20000);
    await waitUp();
    assert.equal(await allHear(), AUDIBLE, 'after the renewal');
    assert.equal(await sipp.done(), 0, sipp.log().slice(-3000));
    await stop();
});
