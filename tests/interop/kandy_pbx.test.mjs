/** A PBX in front of a Kandy cloud as people have them: Kamailio with its registration at tandem and extensions of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBaresip } from './lib/baresip.mjs';
import { assertRecorded } from './lib/checks.mjs';
import { startKamailio } from './lib/kamailio.mjs';
import { ACCOUNT, DID, digitsOf, PBX_SECRET, startOffice } from './lib/kandy.mjs';
import { onlyFull, sleep, waitFor } from './lib/process.mjs';

const PHONE = { hz: 700, levelDb: -18 };
const CLOUD = { hz: 1000, levelDb: -12 };

for (const dialects of ['link', 'seed'])
    test(`${dialects}: an extension behind Kamailio`, dialects === 'seed' ? onlyFull : {}, async (t) => {
        const office = await startOffice({ dialects });
        const { sim, daemon, there } = office;
        const pbx = { trunk: daemon.sip, user: '3cx_trunk', password: PBX_SECRET, realm: 'tandem', did: DID, extension: 'ext100' };
        const kamailio = await startKamailio({ users: { ext100: 'secret' }, domain: 'pbx.test', asksInvite: false, pbx });
        const phone = await startBaresip({ user: 'ext100', domain: 'pbx.test', password: 'secret', outbound: kamailio.address, ...PHONE });
        const isThere = async () => (await (await fetch(`${daemon.url}/registrations`)).json()).some((/** @type {any} */ row) => row.user === '3cx_trunk');
        await waitFor('the PBX to be registered', isThere, 15000).catch((error) => {
            throw new Error(`${error.message}\n${kamailio.log().slice(-3000)}\n${daemon.log().slice(-2000)}`);
        });
        /** Tones and keys both ways. @param {string} id */
        const hearEachOther = async (id) => {
            await sim.waitTone(id, PHONE.hz).catch((error) => {
                throw new Error(`${error.message}\n${daemon.log().slice(-6000)}`);
            });
            await phone.press('159#');
            await waitFor('the keys', async () => (await sim.get(`/calls/${id}/media?ms=800`)).digits === '159#');
            const before = phone.keys().length;
            await sim.post(`/calls/${id}/dtmf`, { digits: '42' });
            await waitFor('the keys from there', () => phone.keys().slice(before) === '42');
            await sleep(1000);
        };
        const heard = async () => {
            await sleep(300);
            assertRecorded(phone.heard(), CLOUD.hz, CLOUD.levelDb);
        };
        await t.test('it dials 0501234567, and hangs up', async () => {
            await phone.dial('sip:0501234567@pbx.test');
            await phone.waitEvent('CALL_ESTABLISHED');
            const call = await there('connected');
            assert.equal(digitsOf(call.to), '971501234567');
            await hearEachOther(call.id);
            await phone.hangup();
            await sim.waitCall(call.id, 'ended');
            assert.equal((await sim.get(`/calls/${call.id}`)).end.by, 'client');
            await heard();
        });
        await t.test('it dials, and the far side hangs up', async () => {
            phone.forget();
            await phone.dial('sip:043456789@pbx.test');
            await phone.waitEvent('CALL_ESTABLISHED');
            const call = await there('connected');
            await sim.waitTone(call.id, PHONE.hz);
            await sim.post(`/calls/${call.id}/hangup`);
            await phone.waitEvent('CALL_CLOSED');
        });
        for (const by of ['the far side', 'the extension'])
            await t.test(`its number is called, and ${by} hangs up`, async () => {
                phone.forget();
                const call = await sim.post('/calls', { user: ACCOUNT, from: '971501112222', to: DID });
                const incoming = await phone.waitEvent('CALL_INCOMING');
                assert.match(incoming.peeruri, /\+971501112222@/);
                await phone.accept();
                await sim.waitCall(call.id, 'connected');
                await hearEachOther(call.id);
                if (by === 'the far side') {
                    await sim.post(`/calls/${call.id}/hangup`);
                    await phone.waitEvent('CALL_CLOSED');
                } else {
                    await phone.hangup();
                    await sim.waitCall(call.id, 'ended');
                }
                await heard();
            });
        await t.test('it gives up while it rings; it is called and declines', async () => {
            phone.forget();
            await sim.put('/behaviour', { answer: null });
            await phone.dial('sip:0501234567@pbx.test');
            await phone.waitEvent('CALL_RINGING');
            const call = await there('ringing');
            await phone.hangup();
            await sim.waitCall(call.id, 'ended');
            phone.forget();
            const declined = await sim.post('/calls', { user: ACCOUNT, from: '971501112222', to: DID });
            await phone.waitEvent('CALL_INCOMING');
            await phone.hangup();
            await sim.waitCall(declined.id, 'ended');
        });
        await phone.stop();
        await kamailio.stop();
        await office.stop();
    });
