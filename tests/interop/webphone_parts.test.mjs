/** Parts of the phone and of the library's package that need no browser: texts, quality, the four npm commands. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ar from '../../web/phone/src/texts/ar.js';
import en from '../../web/phone/src/texts/en.js';
import { estimateMos } from '../../web/phone/src/quality.js';
import { makeFolder, runProcess, startProcess, waitFor } from './lib/process.mjs';
import { buildWeb, libraryFolder } from './lib/provisioning.mjs';

test('every sentence is there in every language, with the same places for names', () => {
    assert.deepEqual(Object.keys(ar).sort(), Object.keys(en).sort());
    const places = (/** @type {string} */ text) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const [key, text] of Object.entries(en)) assert.deepEqual(places(/** @type {any} */ (ar)[key]), places(text), key);
});

test('quality falls with loss, jitter and delay, within the scale', () => {
    const good = estimateMos(0, 2, 20);
    assert.ok(good > 4.2 && good <= 4.4, String(good));
    assert.ok(estimateMos(3, 2, 20) < good && estimateMos(3, 2, 20) > 3);
    assert.ok(estimateMos(0, 60, 600) < good);
    assert.ok(estimateMos(20, 60, 600) < 2.5);
    assert.equal(estimateMos(100, 1000, 5000), 1);
});

test('row 20: build, start and watch work in a fresh copy', async () => {
    buildWeb();
    const folder = join(makeFolder('package'), 'provisioning');
    cpSync(libraryFolder, folder, { recursive: true, filter: (path) => !/node_modules|\/dist|\.(umd|min|esm)\.js/.test(path) });
    symlinkSync(join(libraryFolder, 'node_modules'), join(folder, 'node_modules'));
    const built = join(folder, 'Siperb-Provisioning.esm.js');
    const env = { ...process.env, npm_config_offline: 'true' };
    assert.equal(existsSync(built), false);
    const start = await runProcess('npm', ['start'], { cwd: folder, env });
    assert.equal(start.code, 0, start.text);
    assert.match(start.text, /Build complete: Siperb-Provisioning\.umd\.js \(\d+ bytes\), Siperb-Provisioning\.min\.js .*Siperb-Provisioning\.esm\.js/);
    for (const kind of ['umd', 'min', 'esm']) assert.ok(statSync(join(folder, `Siperb-Provisioning.${kind}.js.map`)).size > 1000);

    const watching = startProcess('npx', ['rollup', '-c', '-w'], { cwd: folder, env, detached: true });
    try {
        await waitFor('the first build', () => (watching.text().match(/created/g) ?? []).length >= 2, 60000);
        const source = join(folder, 'src/index.js');
        writeFileSync(source, readFileSync(source, 'utf8').replace('GetSession,\n    Login', "Hello: () => 'hello',\n    GetSession,\n    Login"));
        await waitFor('the change', () => readFileSync(built, 'utf8').includes("'hello'"), 60000);
    } finally {
        process.kill(-(watching.pid ?? 0), 'SIGTERM');
    }
});
