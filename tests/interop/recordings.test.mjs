/** The files of recordings: listed with their calls, shown, deleted, and gone when they are old. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { makeFolder, waitFor } from './lib/process.mjs';

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
