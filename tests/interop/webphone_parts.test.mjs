/** Parts of the phone and of the library's package that need no browser: texts, quality, the four npm commands. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import ar from '../../web/phone/src/texts/ar.js';
import en from '../../web/phone/src/texts/en.js';
import { when } from '../../web/phone/src/i18n.js';
import { estimateMos } from '../../web/phone/src/quality.js';
import { makeFolder, onlyFull, runProcess, startProcess, waitFor } from './lib/process.mjs';
import { buildWeb, libraryFolder } from './lib/provisioning.mjs';

const here = dirname(fileURLToPath(import.meta.url));

test('every sentence is there in every language, with the same places for names', () => {
    assert.deepEqual(Object.keys(ar).sort(), Object.keys(en).sort());
    const places = (/** @type {string} */ text) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const [key, text] of Object.entries(en)) assert.deepEqual(places(/** @type {any} */ (ar)[key]), places(text), key);
});

test('times as the page around us wants them', () => {
    const at = new Date(2026, 0, 31, 15, 4, 9).getTime();
    assert.equal(when(at, { DisplayDateFormat: 'YYYY-MM-DD', DisplayTimeFormat: 'h:mm:ss A' }), '2026-01-31, 3:04:09 PM');
    assert.equal(when(at, { DisplayDateFormat: 'ddd D MMM YY [at]', DisplayTimeFormat: 'HH:mm' }), 'Sat 31 Jan 26 at, 15:04');
    assert.match(when(Date.now(), { DisplayDateFormat: 'YYYY', DisplayTimeFormat: 'H' }), /^\d{1,2}$/);
});

test('quality falls with loss, jitter and delay, within the scale', () => {
    const good = estimateMos(0, 2, 20);
    assert.ok(good > 4.2 && good <= 4.4, String(good));
    assert.ok(estimateMos(3, 2, 20) < good && estimateMos(3, 2, 20) > 3);
    assert.ok(estimateMos(0, 60, 600) < good);
    assert.ok(estimateMos(20, 60, 600) < 2.5);
    assert.equal(estimateMos(100, 1000, 5000), 1);
});

test('row 25: the types are those of the functions', async () => {
    buildWeb();
    const folder = makeFolder('types');
    writeFileSync(join(folder, 'page.ts'), `
import Siperb, { GetSession, type Session, type Provisioning } from 'siperb-provisioning';
async function main(frame: HTMLIFrameElement): Promise<void> {
    const session: Session = await GetSession('token', { BaseUrl: 'https://tandem.example', Timeout: 5000 });
    const devices = await Siperb.GetDevices({ ...session, EnableCache: true, SessionKey: 'SiperbDevices' });
    const provisioning: Provisioning | null = await Siperb.GetProvisioning({ ...session, DeviceToken: devices[0].DeviceToken, EnableCache: true, ProvisioningKey: 'SiperbProvisioning', OnUpdate: (now) => now.SipUsername });
    if (!provisioning) return;
    await Siperb.LoadBrowserPhone(frame);
    const phone = await Siperb.ProvisionPhone({ Provisioning: provisioning, PhoneFrame: frame, OnLoad: (loaded) => void loaded.Dial('echo'), Language: 'ar', DisplayTimeFormat: 'HH:mm' });
    const id: string = await phone.Dial('echo');
    phone.OnCall = (call) => console.log(call.state === 'up', id);
    const [first]: string[] = Siperb.SipHeaders(provisioning, session);
    window.SiperbAPI.USER_ID = first;
    Siperb.extend('More', () => 1).More();
}
void main;
`);
    writeFileSync(join(folder, 'wrong.ts'), `
import { GetSession, BuildWsUrl } from 'siperb-provisioning';
export const token: number = await GetSession('x');
export const url = BuildWsUrl(7);
`);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(libraryFolder, join(folder, 'node_modules/siperb-provisioning'));
    const files = ['page.ts', 'wrong.ts'].map((file) => join(folder, file));
    const compiled = await runProcess('npx', ['tsc', '--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom', '--module', 'nodenext', ...files], { cwd: here });
    const errors = compiled.text.match(/\w+\.ts\(\d+,\d+\): error TS\d+/g);
    assert.deepEqual(errors, ['wrong.ts(3,14): error TS2322', 'wrong.ts(4,31): error TS2345'], compiled.text);
});

test('row 20: npm install, then build, offline from then on', onlyFull, async () => {
    const folder = join(makeFolder('install'), 'provisioning');
    cpSync(libraryFolder, folder, { recursive: true, filter: (path) => !/node_modules|\/dist|\.(umd|min|esm)\.js/.test(path) });
    const installed = await runProcess('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder });
    assert.equal(installed.code, 0, installed.text);
    const built = await runProcess('npm', ['run', 'build'], { cwd: folder, env: { ...process.env, npm_config_offline: 'true' } });
    assert.equal(built.code, 0, built.text);
    for (const name of ['umd.js', 'min.js', 'esm.js']) assert.ok(existsSync(join(folder, `Siperb-Provisioning.${name}`)), name);
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
