/** A PBX that knows only SIP calls and is called through a Kandy cloud: both far ends real, tones both ways. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startSim } from '../kandy-sim/lib/start.mjs';
import { startBaresip } from './lib/baresip.mjs';
import { assertRecorded } from './lib/checks.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { sleep, waitFor } from './lib/process.mjs';

const ACCOUNT = 'u@test.local';
const SECRET = 'cloud-password-4711';
const PBX_SECRET = 'wonderland-4711';
const PBX = { hz: 700, levelDb: -18 };
const CLOUD = { hz: 1000, levelDb: -12 };

const users = `users: {3cx_trunk: {password: '${PBX_SECRET}', pbx: true}}\n`;

for (const dialect of ['seed', 'link']) {
    /** @type {Awaited<ReturnType<typeof startSim>>} */ let sim;
    /** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
    /** @type {Awaited<ReturnType<typeof startBaresip>>} */ let pbx;

    test(dialect, async (t) => {
        sim = await startSim({ accounts: [`${ACCOUNT}:${SECRET}`], dialects: dialect, coturn: true });
        daemon = await startDaemon({
            yaml: users,
            env: {
                KANDY_USERNAME: ACCOUNT,
                KANDY_PASSWORD: SECRET,
                KANDY_HOST: sim.ready.base.replace('https://', ''),
                KANDY_CA_FILE: sim.ready.ca,
                KANDY_ICE_SERVERS: sim.ready.ice_servers.join(','),
                KANDY_DEFAULT_DID: '97143456789',
            },
        });
        pbx = await startBaresip({ user: '3cx_trunk', domain: 'tandem.test', password: PBX_SECRET, outbound: daemon.sip, ...PBX }).catch((e) => { console.log(daemon.log()); throw e; });
        const trunk = async () => (await daemon.command('trunks')).find((row) => row.name === 'kandy');
        const call = async (state) => waitFor(`a call that is ${state}`, async () => (await sim.get('/calls')).findLast((row) => row.state === state), 8000);

        await t.test('the trunk connects with user name and password alone', async () => {
            await waitFor('the connection', async () => (await trunk()).state === 'connected').catch((error) => {
                throw new Error(`${error.message}\n${daemon.log()}`);
            });
            assert.equal((await trunk()).dialect, dialect);
        });

        await t.test('the PBX dials 0501234567: tones both ways, keys, and it hangs up', async () => {
            await pbx.dial('sip:0501234567@tandem.test');
            const there = await call('connected').catch((error) => {
                throw new Error(`${error.message}\n${daemon.log().slice(-6000)}`);
            });
            assert.equal(there.to.replace(/^sip:|@.*/g, ''), '971501234567');
            await pbx.waitEvent('CALL_ESTABLISHED');
            await sim.waitTone(there.id, PBX.hz).catch((error) => {
                throw new Error(`${error.message}\n${daemon.log().slice(-6000)}`);
            });
            await pbx.press('159#');
            await waitFor('the keys', async () => (await sim.get(`/calls/${there.id}/media?ms=800`)).digits === '159#');
            await sleep(1000);
            await pbx.hangup();
            await sim.waitCall(there.id, 'ended');
            await sleep(300);
            assertRecorded(pbx.heard(), CLOUD.hz, CLOUD.levelDb);
        });
        await t.test('the simulator saw nothing that the protocol does not allow', async () => {
            assert.deepEqual(await sim.get('/violations'), []);
        });
        await pbx.stop();
        await daemon.stop();
        await sim.stop();
    });
}
