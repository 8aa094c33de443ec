/** The files of recordings: listed with their calls, shown, deleted, and gone when they are old. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertRecorded } from './lib/checks.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startPhone } from './lib/office.mjs';
import { makeFolder, sleep, waitFor } from './lib/process.mjs';
import { addProject, makeClient } from './lib/signalwire.mjs';
import { readWav } from './lib/wav.mjs';

const ID = '3b1c3c1e-6e4f-4f5e-9d7a-2f7f0f3a9c11';

test('the command lists, shows and deletes them', async () => {
    const daemon = await startDaemon();
    assert.deepEqual(await daemon.command('recordings'), []);
    writeFileSync(join(daemon.state, 'recordings', `${ID}.wav`), 'RIFF');
    writeFileSync(join(daemon.state, 'recordings', `${ID}.part.wav`), 'RIFF');
    const [row, ...more] = await daemon.command('recordings', 'list');
    assert.equal(more.length, 0);
    assert.equal(row.id, ID);
    assert.equal(row.bytes, 4);
    assert.equal((await daemon.command('recordings', 'show', ID)).file, `${ID}.wav`);
    await assert.rejects(daemon.command('recordings', 'show', 'nothing'), /no recording/);
    assert.equal((await daemon.command('recordings', 'delete', ID)).removed, ID);
    await assert.rejects(daemon.command('recordings', 'delete', ID), /no recording/);
    assert.deepEqual(readdirSync(join(daemon.state, 'recordings')), [`${ID}.part.wav`]);
    await daemon.stop();
});

test('recordings.keep_days: older ones go, the others stay', async () => {
    const state = join(makeFolder('recordings'), 'state');
    const folder = join(state, 'recordings');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const [name, days] of /** @type {[string, number][]} */ ([['old', 8], ['new', 6]])) {
        writeFileSync(join(folder, `${name}.wav`), 'RIFF');
        utimesSync(join(folder, `${name}.wav`), Date.now() / 1000 - days * 86400, Date.now() / 1000 - days * 86400);
    }
    const daemon = await startDaemon({ state, yaml: 'recordings: {keep_days: 7}\n' });
    await waitFor('the old one to go', () => !existsSync(join(folder, 'old.wav')));
    assert.ok(existsSync(join(folder, 'new.wav')));
    await daemon.stop();
});

test('a power cut during recordings: the next start completes them, rows and files', async () => {
    const daemon = await startDaemon();
    const acme = await addProject(daemon, 'acme');
    const [ann, bob] = await Promise.all([startPhone(daemon, 'ann', { hz: 700 }), startPhone(daemon, 'bob', { hz: 700 })]);
    const main = (/** @type {any[]} */ ...steps) => ({ version: '1.0.0', sections: { main: steps } });
    const dial = async (/** @type {any} */ phone, /** @type {string} */ user, /** @type {any} */ swml) => {
        await acme.ask('POST', '/api/calling/calls', { command: 'dial', params: { from: '+15551230000', to: `user:${user}`, swml } });
        await phone.waitEvent('CALL_INCOMING');
        await phone.accept();
        await phone.waitEvent('CALL_ESTABLISHED');
    };
    await dial(ann, 'ann', main({ record_call: { direction: 'speak' } }, { sleep: 60000 }));
    await dial(bob, 'bob', main({ join_conference: { name: 'room', beep: false, record: 'record-from-start' } }));
    const rows = async (/** @type {any} */ client) => (await client.ask('GET', '/api/relay/rest/recordings')).json.data;
    await waitFor('both', async () => (await rows(acme)).length === 2);
    await sleep(2000);
    assert.deepEqual((await rows(acme)).map((/** @type {any} */ row) => row.status), ['in-progress', 'in-progress']);
    await daemon.crash();
    acme.stop();
    await Promise.all([ann.stop(), bob.stop()]);
    const folder = join(daemon.state, 'recordings');
    assert.equal(readdirSync(folder).filter((name) => name.endsWith('.part.wav')).length, 2);

    const again = await startDaemon({ state: daemon.state });
    const client = makeClient(again, acme.project, acme.token);
    const done = await waitFor('both to be complete', async () => {
        const list = await rows(client);
        return list.every((/** @type {any} */ row) => row.status === 'completed') && list;
    });
    for (const row of done) {
        assert.ok(row.duration_in_seconds >= 1 && row.duration_in_seconds <= 4, `${row.duration_in_seconds} s`);
        const got = await fetch(`${again.url}/recordings/${row.id}.wav`);
        assert.equal(got.status, 200);
        const bytes = Buffer.from(await got.arrayBuffer());
        assert.equal(bytes.length, row.byte_size);
        assert.equal(bytes.readUInt32LE(4), bytes.length - 8, 'its header says how long it is');
        assert.equal(bytes.readUInt16LE(22), 1, 'one channel, as it was asked for');
        assertRecorded(readWav(bytes), 700, -12);
    }
    assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith('.part.wav')), []);
    client.stop();
    await again.stop();
});
