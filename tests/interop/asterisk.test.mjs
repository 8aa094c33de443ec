/** tandem as an account of a PBX: Asterisk with the recipe of docs/connect-a-provider.md. Debian 12 has no Asterisk:
 * ASTERISK_ROOT names a tree that has one (debootstrap --include=asterisk,asterisk-modules bullseye TREE). */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertPageHears } from './lib/checks.mjs';
import { startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { openPhonePage } from './lib/office.mjs';
import { findPorts, runProcess, sleep, startProcess, waitFor } from './lib/process.mjs';

const root = process.env.ASTERISK_ROOT ?? '';
/** Debian moved its modules between releases. */
const modules = ['/usr/lib/x86_64-linux-gnu/asterisk/modules', '/usr/lib/asterisk/modules'].find((path) => existsSync(join(root, path)));
const skip = existsSync(join(root, 'usr/sbin/asterisk')) && root ? false : 'no Asterisk: ASTERISK_ROOT';
const SECRET = 'SecurePassword123';

/** @param {number} port @param {number} rtp */
const files = (port, rtp) => ({
    'pjsip.conf': `[transport-udp]
type=transport
protocol=udp
bind=127.0.0.1:${port}
[webrtc_bridge]
type=endpoint
context=from-webrtc
disallow=all
allow=ulaw,alaw
auth=webrtc_bridge
aors=webrtc_bridge
[webrtc_bridge]
type=auth
auth_type=userpass
username=webrtc_bridge
password=${SECRET}
[webrtc_bridge]
type=aor
max_contacts=1
`,
    'extensions.conf': `[from-webrtc]
exten => _X.,1,NoOp(Call from WebRTC Bridge)
exten => _X.,n,Answer()
exten => _X.,n,Milliwatt()
exten => _X.,n,Hangup()
`,
    'rtp.conf': `[general]\nrtpstart=${rtp}\nrtpend=${rtp + 18}\n`,
    'modules.conf': `[modules]\nautoload=yes\nnoload => chan_sip.so\nnoload => chan_skinny.so\nnoload => chan_iax2.so\nnoload => chan_unistim.so\nnoload => chan_mgcp.so\nnoload => pbx_dundi.so\nnoload => res_hep.so\n`,
    'logger.conf': '[logfiles]\nconsole => notice,warning,error\n',
});

const trunkTo = (/** @type {number} */ port) => ({ SIP_PROVIDER: 'asterisk', SIP_TRUNK_HOST: '127.0.0.1', SIP_TRUNK_PORT: String(port), SIP_USERNAME: 'webrtc_bridge', SIP_PASSWORD: SECRET, SIP_DOMAIN: 'asterisk.local', SIP_CALLED: '100' });
/** @type {any} */ let asterisk;
/** @type {any} */ let daemon;
/** @type {any} */ let browser;
before(async () => {
    if (skip) return;
    const port = await findPorts(1);
    const folder = mkdtempSync(join(root, 'tmp', 'tandem-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    const inside = `/tmp/${basename(folder)}`;
    const places = ['etc', 'run', 'log', 'spool', 'db'];
    for (const name of places) mkdirSync(join(folder, name));
    for (const [name, text] of Object.entries(files(port, await findPorts(20)))) writeFileSync(join(folder, 'etc', name), text);
    writeFileSync(
        join(folder, 'etc/asterisk.conf'),
        `[directories]\nastetcdir => ${inside}/etc\nastmoddir => ${modules}\nastvarlibdir => /usr/share/asterisk\nastdbdir => ${inside}/db\nastdatadir => /usr/share/asterisk\nastrundir => ${inside}/run\nastlogdir => ${inside}/log\nastspooldir => ${inside}/spool\n`,
    );
    const conf = `${inside}/etc/asterisk.conf`;
    const started = startProcess('chroot', [root, '/usr/sbin/asterisk', '-f', '-C', conf]);
    const run = (/** @type {string} */ line) => runProcess('chroot', [root, '/usr/sbin/asterisk', '-C', conf, '-rx', line]);
    asterisk = { port, run, stop: started.stop };
    await waitFor('Asterisk', async () => /webrtc_bridge/.test((await run('pjsip show endpoints')).text), 40000).catch((error) => {
        throw new Error(`${error.message}\n${started.text().slice(-3000)}`);
    });
    [daemon, browser] = await Promise.all([startDaemon({ env: trunkTo(port) }), startChromium()]);
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
    await asterisk?.stop();
});

test('tandem registers, and Asterisk knows where', { skip }, async () => {
    await waitFor('the registration', async () => (await daemon.command('trunks'))[0].registration === 'registered');
    assert.match((await asterisk.run('pjsip show contacts')).text, /webrtc_bridge\/sip:webrtc_bridge@/); // cut to its column
});

test('a page hears the milliwatt of the dial plan', { skip }, async () => {
    const { page, phone, close } = await openPhonePage(browser, daemon);
    await phone.dial('100');
    await phone.waitState('up');
    await page.waitForTimeout(800);
    await assertPageHears(page, 1004, -3, 6);
    await phone.hangup();
    await close();
});

test('Asterisk calls the page', { skip }, async () => {
    const token = await daemon.addUser('alice');
    await daemon.command('number', 'add', 'webrtc_bridge', '--to', 'user:alice');
    const { page, phone, close } = await openPhonePage(browser, daemon);
    await phone.register(token);
    await asterisk.run('channel originate PJSIP/webrtc_bridge application Milliwatt');
    await phone.waitState('incoming');
    await page.click('text=Answer');
    await phone.waitState('up');
    await page.waitForTimeout(800);
    await assertPageHears(page, 1004, -3, 6);
    await phone.hangup();
    await close();
});

test('rtp: shared: two calls at once, each on the one port', { skip }, async () => {
    const here = await startDaemon({ env: trunkTo(asterisk.port), yaml: 'trunks: {default: {rtp: shared}}\n' });
    const offices = [await openPhonePage(browser, here), await openPhonePage(browser, here)];
    for (const { phone } of offices) {
        await phone.dial('100');
        await phone.waitState('up');
    }
    await sleep(800);
    for (const { page } of offices) await assertPageHears(page, 1004, -3, 6);
    const ports = await Promise.all((await here.command('calls')).map(async (/** @type {any} */ call) => (await here.command('calls', call.id)).legs.find((/** @type {any} */ leg) => leg.kind === 'sip').media.remote));
    assert.equal(new Set(ports).size, 2, `Asterisk has a port for each call: ${ports}`);
    assert.doesNotMatch(here.log(), /does not suit its far end/);
    for (const { phone, close } of offices) {
        await phone.hangup();
        await close();
    }
    await here.stop();
});
