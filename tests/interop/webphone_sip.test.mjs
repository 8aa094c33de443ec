/** JsSIP and SIP.js with what the library gives them: our documentation's examples, and the original's JsSIP one, as
 * they are written. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { openPage, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { waitFor } from './lib/process.mjs';
import { buildWeb, startProvisioning } from './lib/provisioning.mjs';
import { startOffice } from './lib/webphone.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {any} */ let office;
/** A customer's site. @type {Awaited<ReturnType<typeof startProvisioning>>} */ let site;
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => {
    buildWeb();
    daemon = await startDaemon();
    const https = new URL(daemon.httpsUrl).host;
    // the examples name port 443, which a test cannot have
    browser = await startChromium({ more: [`--host-resolver-rules=MAP 127.0.0.1:443 ${https}`] });
    [office, site] = await Promise.all([startOffice(daemon, ['anna']), startProvisioning()]);
});
after(async () => {
    await browser?.close();
    await site?.stop();
    await daemon?.stop();
});

/** JavaScript blocks of a page of documentation. @param {string} file @returns {string[]} */
const blocksOf = (file) => (readFileSync(file, 'utf8').match(/```js\n[\s\S]*?```/g) ?? []).map((block) => block.slice(6, -3));

/** @param {RegExp} sought @returns {string | undefined} */
function seedBlock(sought) {
    const folder = join(root, '../shared/seeds');
    if (!existsSync(folder)) return undefined;
    return readdirSync(folder).flatMap((name) => blocksOf(join(folder, name))).find((block) => sought.test(block));
}

/**
 * Run a module in a page that has Siperb, session and provisioning; the SIP messages of its socket.
 * @param {string} source
 */
async function runExample(source) {
    const library = `${daemon.url}/lib/Siperb-Provisioning/Siperb-Provisioning`;
    const ours = { name: 'ours', setup: (/** @type {any} */ b) => b.onResolve({ filter: /Siperb-Provisioning\.esm\.js$/ }, () => ({ path: `${library}.esm.js`, external: true })) };
    const stdin = { contents: source, resolveDir: here };
    const built = await build({ stdin, bundle: true, format: 'esm', write: false, plugins: [ours], logLevel: 'error' });
    const page = await openPage(browser);
    /** @type {string[]} */
    const sent = [];
    /** @type {string[]} */
    const received = [];
    page.on('websocket', (/** @type {any} */ socket) => {
        socket.on('framesent', (/** @type {any} */ frame) => sent.push(String(frame.payload)));
        socket.on('framereceived', (/** @type {any} */ frame) => received.push(String(frame.payload)));
    });
    site.pages['/example'] = `<!doctype html><title>e</title><link rel="icon" href="data:,"><script src="${library}.min.js"></script>`;
    await page.goto(`${site.url}/example`);
    const provisioning = await page.evaluate(async (token) => {
        const { Siperb } = /** @type {any} */ (window);
        const session = await Siperb.Login(token);
        const [device] = await Siperb.GetDevices(session);
        Object.assign(window, { session, provisioning: await Siperb.GetProvisioning({ ...session, DeviceToken: device.DeviceToken }) });
        return /** @type {any} */ (window).provisioning;
    }, office.tokens.anna);
    await page.addScriptTag({ type: 'module', content: built.outputFiles[0].text });
    const find = (/** @type {string[]} */ list, /** @type {RegExp} */ sought) =>
        waitFor(String(sought), () => list.find((text) => sought.test(text)), 10000).catch((error) => {
            throw new Error([error.message, ...page.errors, ...sent, ...received].join('\n--\n').slice(0, 6000));
        });
    return { page, sent, received, provisioning, find };
}

/** @param {string | undefined} source @param {{callsEcho: boolean, hasRegisterHeaders: boolean}} expected */
async function checkExample(source, { callsEcho, hasRegisterHeaders }) {
    const { page, sent, received, provisioning, find } = await runExample(String(source));
    await find(received, /^SIP\/2\.0 200 [\s\S]*CSeq: \d+ REGISTER/i);
    const register = await find(sent, /^REGISTER /);
    assert.match(register, new RegExp(`Contact: [^\\n]*sip:${provisioning.ContactUserName}@`, 'i'));
    if (hasRegisterHeaders) assert.match(register, /X-Siperb-Sid: \S[\s\S]*Authorization: Bearer \S/);
    const invite = await find(sent, /^INVITE /);
    assert.match(invite, /X-Siperb-Sid: \S/);
    assert.match(invite, new RegExp(`X-Siperb-Uid: ${provisioning.UserId ?? '\\S'}`));
    const answered = await find(received, /^SIP\/2\.0 ([2-6]\d\d(?<!407|401)) [\s\S]*CSeq: \d+ INVITE/i);
    if (callsEcho) assert.match(answered, /^SIP\/2\.0 200/);
    const rows = await daemon.command('registrations');
    assert.equal(rows.filter((/** @type {any} */ row) => row.user === 'anna').length, 1, JSON.stringify(rows));
    assert.equal(sent.some((text) => /^INVITE /.test(text)), true);
    await page.context().close();
}

const ours = blocksOf(join(root, 'docs/web-phone.md'));
test('row 21: SIP.js as our documentation says registers and calls', () =>
    checkExample(ours.find((block) => block.includes('new Inviter')), { callsEcho: true, hasRegisterHeaders: true }));
test('JsSIP as our documentation says registers and calls', () =>
    checkExample(`import JsSIP from 'jssip';\n${ours.find((block) => block.includes('JsSipConfig'))}`, { callsEcho: true, hasRegisterHeaders: true }));

for (const [stack, library, mark] of [['SIP.js', '', 'new Inviter'], ['JsSIP', "import JsSIP from 'jssip';\n", 'JsSipConfig']])
    test(`row 30: a SipJwt out of date: ${stack} is challenged, and digest does`, () =>
        checkExample(`${library}${ours.find((block) => block.includes(mark))}`.replace(/^(?!import)/m, "provisioning.SipJwt = 'out.of.date';\n"), { callsEcho: true, hasRegisterHeaders: true }));

const seed = seedBlock(/import JsSIP/);
test("rows 22, 23, 24: the original documentation's JsSIP example, unedited", { skip: seed ? false : 'without ../shared' }, () =>
    checkExample(`${seed}\nmain();`, { callsEcho: false, hasRegisterHeaders: false }));
