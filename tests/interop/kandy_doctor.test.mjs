/** tandem doctor on a Kandy trunk: the account, forms of the user name, each server of media, the letter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSim } from '../kandy-sim/lib/start.mjs';
import { program } from './lib/daemon.mjs';
import { ACCOUNT, kandyVariables, SECRET, startOffice } from './lib/kandy.mjs';
import { makeFolder, onlyFull, runProcess } from './lib/process.mjs';

/** Without a daemon, from the variables alone. @param {any} sim @param {Record<string, string>} env @param {string[]} words */
async function examine(sim, env = {}, ...words) {
    const cwd = makeFolder('doctor');
    const vars = { PATH: process.env.PATH ?? '', HOME: cwd, ...kandyVariables(sim, env) };
    const { code, text } = await runProcess(program, ['doctor', 'kandy', ...words], { cwd, env: vars });
    assert.ok(!text.includes(SECRET), text);
    return { code, text };
}

for (const dialects of ['seed', 'link', 'uc'])
    test(`${dialects}: all is well`, async () => {
        const sim = await startSim({ accounts: [`${ACCOUNT}:${SECRET}`], dialects, coturn: true });
        const { code, text } = await examine(sim, dialects === 'uc' ? { KANDY_DIALECT: 'uc' } : {});
        assert.equal(code, 0, text);
        assert.match(text, new RegExp(`subscribed, dialect ${dialects}`));
        assert.match(text, /stun:.* it sees us at 127\.0\.0\.1:/);
        assert.match(text, /turns:.* relays for us at 127\.0\.0\.1:/);
        assert.match(text, /ucaas-support@emircom\.com/);
        await sim.stop();
    });

test('a wrong password, then the forms of the user name: in order, once each', onlyFull, async () => {
    const sim = await startSim({ accounts: [`u@etisalat.ae:${SECRET}`], dialects: 'seed' });
    const wrong = await examine(sim);
    assert.equal(wrong.code, 1);
    assert.match(wrong.text, /401 - Invalid credentials/);
    assert.match(wrong.text, /ct-portal\.etisalat\.ae/);
    assert.match(wrong.text, /Last error: 401 - Invalid credentials/);
    await sim.delete('/requests');
    const began = Date.now();
    const forms = await examine(sim, {}, '--try-forms');
    const tried = (await sim.get('/requests?op=subscribe')).map((/** @type {any} */ row) => row.json.username);
    assert.deepEqual(tried, ['u@test.local', 'u', 'u@etisalat.ae']); // and stops at the first success
    assert.ok(Date.now() - began > 3900, 'two seconds between the tries');
    assert.match(forms.text, /set the user name to u@etisalat\.ae/);
    await sim.post('/faults', { on: 'subscribe', name: 'locked', times: 0 });
    await sim.delete('/requests');
    await examine(sim, {}, '--try-forms');
    assert.equal((await sim.get('/requests?op=subscribe')).length, 1, 'a locked account is left alone');
    await sim.delete('/faults');
    await sim.delete('/requests');
    await examine(sim, { KANDY_PASSWORD: 'not-that-one-4711' }, '--try-forms');
    const all = (await sim.get('/requests?op=subscribe')).map((/** @type {any} */ row) => row.json.username);
    assert.deepEqual(all, ['u@test.local', 'u', 'u@etisalat.ae', 'test/u']);
    await sim.delete('/requests');
    const same = await examine(sim, { KANDY_USERNAME: 'u@etisalat.ae', KANDY_PASSWORD: 'not-that-one-4711' }, '--try-forms');
    const distinct = (await sim.get('/requests?op=subscribe')).map((/** @type {any} */ row) => row.json.username);
    assert.deepEqual(distinct, ['u@etisalat.ae', 'u', 'etisalat/u']); // none of them twice
    assert.match(same.text, /Account: u@etisalat\.ae/);
    assert.match(same.text, /Last error: 401 - Invalid credentials/);
    await sim.stop();
});

test('inside the daemon: a trunk that works goes on', async () => {
    const { sim, daemon, trunk, stop } = await startOffice({ dialects: 'seed', coturn: true });
    const report = await daemon.command('doctor', 'kandy');
    assert.equal(report.ok, true, JSON.stringify(report));
    assert.deepEqual([...new Set(report.steps.map((/** @type {any} */ step) => step.step))], ['resolve', 'subscribe', 'websocket', 'media', 'support']);
    assert.match(report.support, /Purpose: SIP trunk of our PBX/);
    const detail = (/** @type {string} */ name) => report.steps.filter((/** @type {any} */ step) => step.step === name).map((/** @type {any} */ step) => step.detail).join('; ');
    assert.match(detail('websocket'), /wss:\/\/127\.0\.0\.1\/\?subscriptionId=… of dialect seed: the daemon's own is open/);
    assert.match(detail('media'), /stun:.* it sees us at/);
    assert.equal((await trunk()).state, 'connected');
    assert.equal((await sim.get('/requests?kind=ws-open')).length, 1);
    await stop();
});
