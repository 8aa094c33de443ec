/** Both directions through a Kandy cloud, relayed by TURN over TLS: every way a call goes, in every dialect. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startSim } from '../kandy-sim/lib/start.mjs';
import { startBaresip } from './lib/baresip.mjs';
import { assertRecorded } from './lib/checks.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { sleep, waitFor } from './lib/process.mjs';

const ACCOUNT = { user: 'u@test.local', password: 'kandy-secret-1' };
const DID = '97143456789';
const FAR = { hz: 1000, level: -12 };
const PBX_SECRET = 'wonderland-4711';
const USERS = `users: {3cx_trunk: {password: '${PBX_SECRET}', pbx: true}}\n`;
const PBX = { hz: 700, levelDb: -18 };

const environment = (sim, dialect, more = {}) => ({
    KANDY_USERNAME: ACCOUNT.user,
    KANDY_PASSWORD: ACCOUNT.password,
    KANDY_HOST: sim.ready.host,
    KANDY_DIALECT: dialect,
    KANDY_CA_FILE: sim.ready.ca,
    KANDY_ICE_SERVERS: sim.ready.ice_servers.join(','),
    KANDY_DEFAULT_DID: DID,
    ...more,
});

/** A second account takes calls to the DID: a baresip answers 404 to names that are not its own. */
const MORE = `\n<sip:${DID}@tandem.test>;regint=0;audio_codecs=pcmu,pcma`;
const startPbx = (daemon) =>
    startBaresip({ user: '3cx_trunk', domain: 'tandem.test', password: PBX_SECRET, outbound: daemon.sip, more: MORE, ...PBX });
const hasConnected = (daemon) =>
    waitFor(
        'the trunk to be connected',
        async () => (await daemon.command('trunks')).some((trunk) => trunk.name === 'kandy' && trunk.state === 'connected'),
        10000,
    );

for (const dialect of ['seed', 'link', 'uc'])
    test(`the ${dialect} dialect`, async (t) => {
        const sim = await startSim({ accounts: [`${ACCOUNT.user}:${ACCOUNT.password}`], dialects: dialect, coturn: true, relay: true });
        const daemon = await startDaemon({ yaml: USERS, env: environment(sim, dialect) });
        after(() => sim.stop());
        await hasConnected(daemon);
        const pbx = await startPbx(daemon);
        const currentCall = () => waitFor('a call there', async () => (await sim.get('/calls')).findLast((call) => call.state !== 'ended'));
        const hearEachOther = async (id) => {
            const heard = await sim.waitTone(id, PBX.hz, 15000, PBX.levelDb);
            assert.equal(heard.pair.local, 'relay');
            await pbx.press('159#');
            await waitFor('the keys there', async () => (await sim.get(`/calls/${id}/media`)).digits === '159#');
            await sim.post(`/calls/${id}/dtmf`, { digits: '07' });
            await waitFor(`the keys here, not ${pbx.keys()}`, () => pbx.keys().endsWith('07'));
        };
        const heardFar = () => assertRecorded(pbx.heard(), FAR.hz, FAR.level, 1.5);
        await sim.put('/behaviour', { ring: 50, answer: 800, tone: FAR });

        await t.test('the PBX dials, both hear each other, the PBX hangs up', async () => {
            await pbx.dial(`sip:0501234567@tandem.test`);
            await pbx.waitEvent('CALL_RINGING');
            await pbx.waitEvent('CALL_ESTABLISHED');
            const call = await currentCall();
            assert.equal(call.to, '971501234567');
            await hearEachOther(call.id);
            await pbx.hangup();
            await sim.waitCall(call.id, 'ended');
            assert.deepEqual((await sim.get(`/calls/${call.id}`)).end, { by: 'client' });
            heardFar();
        });
        await t.test('the far end hangs up', async () => {
            pbx.forget();
            await pbx.dial(`sip:0501234567@tandem.test`);
            await pbx.waitEvent('CALL_ESTABLISHED');
            const { id } = await currentCall();
            await sim.waitTone(id, PBX.hz);
            await sim.post(`/calls/${id}/hangup`);
            await pbx.waitEvent('CALL_CLOSED');
        });
        await t.test('the far end is busy; the PBX gives up while it rings', async () => {
            pbx.forget();
            await sim.put('/behaviour/97142222222', { reject: { after: 50, status: 486, reason: 'Busy Here' }, endAs: 'error' });
            await pbx.dial(`sip:042222222@tandem.test`);
            assert.match(await pbx.closed(), /486/);
            await sim.put('/behaviour/97143333333', { answer: null });
            pbx.forget();
            await pbx.dial(`sip:043333333@tandem.test`);
            await pbx.waitEvent('CALL_RINGING');
            const { id } = await currentCall();
            await pbx.hangup();
            await sim.waitCall(id, 'ended');
        });
        await t.test('the far end calls: answered and hung up there, declined here', async () => {
            pbx.forget();
            const { id } = await sim.post('/calls', { from: '971509999999', to: DID, tone: FAR });
            const incoming = await pbx.waitEvent('CALL_INCOMING');
            assert.match(incoming.peeruri, /\+971509999999@/);
            await pbx.accept();
            await sim.waitCall(id, 'connected');
            await hearEachOther(id);
            await sim.post(`/calls/${id}/hangup`);
            await pbx.waitEvent('CALL_CLOSED');
            heardFar();
            const declined = await sim.post('/calls', { to: DID });
            await pbx.waitEvent('CALL_INCOMING');
            await pbx.hangup();
            await sim.waitCall(declined.id, 'ended');
        });
        await t.test('nothing was said that the protocol does not allow, no secret was logged', async () => {
            assert.deepEqual(await sim.get('/violations'), []);
            const { subscriptions } = await sim.get('/state');
            assert.equal(subscriptions.length, 1, 'one subscription for all calls');
            for (const secret of [ACCOUNT.password, subscriptions[0].id, sim.ready.turn.password])
                assert.ok(!daemon.log().includes(secret));
            const paths = (await sim.get('/requests')).map((request) => request.path);
            assert.ok(!paths.some((path) => /oauth/.test(path)));
        });
        await pbx.stop();
        await daemon.stop();
    });

test('a wrong password: 503 to the PBX, no WebSocket, no second try', async (t) => {
    const sim = await startSim({ accounts: [`${ACCOUNT.user}:${ACCOUNT.password}`], dialects: 'seed' });
    after(() => sim.stop());
    const daemon = await startDaemon({ yaml: USERS, env: environment(sim, 'seed', { KANDY_PASSWORD: 'wrong', KANDY_ICE_SERVERS: '' }) });
    await waitFor('auth_failed', async () =>
        (await daemon.command('trunks')).some((trunk) => trunk.name === 'kandy' && trunk.state === 'auth_failed'),
    );
    const pbx = await startPbx(daemon);
    await pbx.dial(`sip:0501234567@tandem.test`);
    assert.match(await pbx.closed(), /503/);
    await sleep(1000);
    assert.equal((await sim.get('/requests?op=subscribe')).length, 1);
    assert.equal((await sim.get('/requests?op=ws')).length, 0);
    await daemon.logged(/Subscription failed: 401 - Invalid credentials/);
    await pbx.stop();
    await daemon.stop();
});
