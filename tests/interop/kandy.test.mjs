/** A PBX that knows only SIP calls and is called through a Kandy cloud: both far ends real, tones both ways. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBaresip } from './lib/baresip.mjs';
import { assertRecorded } from './lib/checks.mjs';
import { ACCOUNT, DID, digitsOf, PBX_SECRET, SECRET, startOffice } from './lib/kandy.mjs';
import { onlyFull, sleep, waitFor } from './lib/process.mjs';

const PBX = { hz: 700, levelDb: -18 };
const CLOUD = { hz: 1000, levelDb: -12 };

for (const dialect of ['seed', 'link', 'uc'])
    test(dialect, dialect === 'uc' ? onlyFull : {}, async (t) => {
        /** @type {Record<string, string>} */ const env = dialect === 'uc' ? { KANDY_DIALECT: 'uc' } : {}; // auto finds the others
        const office = await startOffice({ dialects: dialect, coturn: true, env });
        const { sim, daemon, trunk, there: call } = office;
        const pbx = await startBaresip({ user: '3cx_trunk', domain: 'tandem.test', password: PBX_SECRET, outbound: daemon.sip, ...PBX });

        /** The cloud knows that the PBX rings, where the dialect can say so. @param {string} id */
        const told = async (id) => dialect !== 'seed' && sim.waitCall(id, 'ringing');

        await t.test('the trunk connects with user name and password alone', async () => {
            assert.equal((await trunk()).dialect, dialect);
        });

        await t.test('the PBX dials 0501234567: tones both ways, keys, and it hangs up', async () => {
            await pbx.dial('sip:0501234567@tandem.test');
            const there = await call('connected');
            assert.equal(digitsOf(there.to), '971501234567');
            await pbx.waitEvent('CALL_ESTABLISHED');
            await sim.waitTone(there.id, PBX.hz).catch((error) => {
                throw new Error(`${error.message}\n${daemon.log().slice(-6000)}`);
            });
            const view = async (/** @type {string} */ path) => (await fetch(daemon.url + path)).json();
            assert.deepEqual((await view('/calls')).map((/** @type {any} */ row) => [row.from, row.to, row.state]), [['3cx_trunk', '0501234567', 'established']]);
            const [registered] = await view('/registrations');
            assert.deepEqual(Object.keys(registered), ['user', 'contact', 'expires', 'address', 'registeredAt']);
            assert.equal(registered.user, '3cx_trunk');
            const status = await view('/status');
            assert.deepEqual([status.status, status.registrations, status.activeCalls], ['online', 1, 1]);
            await pbx.press('159#');
            await waitFor('the keys', async () => (await sim.get(`/calls/${there.id}/media?ms=800`)).digits === '159#');
            await sim.post(`/calls/${there.id}/dtmf`, { digits: '42' });
            await waitFor('the keys from there', () => pbx.keys().endsWith('42'));
            await sleep(1000);
            await pbx.hangup();
            await sim.waitCall(there.id, 'ended');
            await sleep(300);
            assertRecorded(pbx.heard(), CLOUD.hz, CLOUD.levelDb);
        });
        await t.test('the far side hangs up', async () => {
            pbx.forget();
            await pbx.dial('sip:043456789@tandem.test');
            const there = await call('connected');
            assert.equal(digitsOf(there.to), '97143456789');
            await pbx.waitEvent('CALL_ESTABLISHED');
            await sim.post(`/calls/${there.id}/hangup`);
            await pbx.waitEvent('CALL_CLOSED');
        });

        await t.test('an emergency number goes out as dialled', async () => {
            pbx.forget();
            await pbx.dial('sip:999@tandem.test');
            const there = await call('connected');
            assert.equal(digitsOf(there.to), '999');
            await pbx.waitEvent('CALL_ESTABLISHED');
            await pbx.hangup();
            await sim.waitCall(there.id, 'ended');
        });

        await t.test('the PBX gives up while it rings', async () => {
            pbx.forget();
            await sim.put('/behaviour', { answer: null });
            await pbx.dial('sip:0501234567@tandem.test');
            const there = await call('ringing');
            await pbx.waitEvent('CALL_RINGING');
            await pbx.hangup();
            await sim.waitCall(there.id, 'ended');
            await sim.put('/behaviour', { answer: 100 });
        });

        await t.test('the cloud calls: by its number, in the name of +971…, ringing, answer, tones', async () => {
            pbx.forget();
            await pbx.run('uanew', `<sip:${DID}@127.0.0.1>;regint=0;audio_codecs=pcmu,pcma`); // a PBX knows its numbers
            const there = await sim.post('/calls', { user: ACCOUNT, from: '971501112222', name: 'Ali', to: DID });
            await pbx.waitEvent('CALL_INCOMING');
            await daemon.logged(/INVITE uri=sip:97143456789@127\.0\.0\.1/);
            const [live] = await daemon.command('calls');
            assert.equal(live.from, '+971501112222');
            assert.equal(live.trunk, 'kandy');
            await told(there.id);
            await pbx.accept();
            await sim.waitCall(there.id, 'connected');
            await sim.waitTone(there.id, PBX.hz);
            await sleep(1200);
            await sim.post(`/calls/${there.id}/hangup`);
            await pbx.waitEvent('CALL_CLOSED');
            await sleep(300);
            assertRecorded(pbx.heard(), CLOUD.hz, CLOUD.levelDb);
        });

        await t.test('an incoming call is refused, another given up', async () => {
            pbx.forget();
            const refused = await sim.post('/calls', { user: ACCOUNT, from: '971501112222', to: DID });
            await pbx.waitEvent('CALL_INCOMING');
            await told(refused.id);
            await pbx.hangup();
            await sim.waitCall(refused.id, 'ended');
            pbx.forget();
            const gone = await sim.post('/calls', { user: ACCOUNT, from: '971501112222', to: DID });
            await pbx.waitEvent('CALL_INCOMING');
            await told(gone.id);
            await sim.post(`/calls/${gone.id}/cancel`);
            await pbx.waitEvent('CALL_CLOSED');
        });

        await t.test('the log has the lines of the page, and no secret', async () => {
            const lines = [
                '[INFO] Authenticating with Kandy',
                '[INFO] Kandy subscription successful { subscriptionId: "',
                '[INFO] Connected to Kandy WebSocket',
                '[INFO] Initiating Kandy call to: 971501234567',
                '[INFO] Call established',
            ];
            let at = 0;
            for (const line of lines) {
                at = daemon.log().indexOf(line, at);
                assert.ok(at >= 0, `${line} is missing, or too early`);
            }
            assert.ok(!daemon.log().includes(SECRET), 'the log has the password');
            for (const { id } of (await sim.get('/state')).subscriptions) assert.ok(!id || !daemon.log().includes(id), 'the log has the subscription');
        });

        await t.test('the simulator saw nothing that the protocol does not allow', async () => {
            const wrong = (await sim.get('/violations')).filter((row) => !(dialect === 'link' && row.op === 'POST /v2.0/subscription'));
            assert.deepEqual(wrong, []); // but for the question of `auto` whether there is a seed API
        });
        await pbx.stop();
        await office.stop();
    });
