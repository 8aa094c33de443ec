/** Asterisk out of a tree: Debian 12 has none. ASTERISK_ROOT names one that has it
 * (debootstrap --include=asterisk,asterisk-modules bullseye TREE). */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { findPorts, runProcess, startProcess, waitFor } from './process.mjs';

const root = process.env.ASTERISK_ROOT ?? '';
/** Debian moved its modules between releases. */
const modules = ['/usr/lib/x86_64-linux-gnu/asterisk/modules', '/usr/lib/asterisk/modules'].find((path) => existsSync(join(root, path)));
/** Why not, for a test's options; false: it is there. */
export const noAsterisk = existsSync(join(root, 'usr/sbin/asterisk')) && root ? false : 'no Asterisk: ASTERISK_ROOT';
export const SECRET = 'SecurePassword123';

/** @param {number} port @param {number} rtp @param {string} endpoint more of its lines @param {string} extensions */
const files = (port, rtp, endpoint, extensions) => ({
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
${endpoint}[webrtc_bridge]
type=auth
auth_type=userpass
username=webrtc_bridge
password=${SECRET}
[webrtc_bridge]
type=aor
max_contacts=1
`,
    'extensions.conf': `[from-webrtc]
${extensions}`,
    'rtp.conf': `[general]\nrtpstart=${rtp}\nrtpend=${rtp + 18}\n`,
    'modules.conf': `[modules]\nautoload=yes\nnoload => chan_sip.so\nnoload => chan_skinny.so\nnoload => chan_iax2.so\nnoload => chan_unistim.so\nnoload => chan_mgcp.so\nnoload => pbx_dundi.so\nnoload => res_hep.so\n`,
    'logger.conf': '[logfiles]\nconsole => notice,warning,error\n',
});

/**
 * With an account that tandem registers with, and what it dials. `folder` is the test's, `inside` the same for Asterisk.
 * @param {{endpoint?: string, extensions: (inside: string) => string}} config
 */
export async function startAsterisk({ endpoint = '', extensions }) {
    const port = await findPorts(1);
    const folder = mkdtempSync(join(root, 'tmp', 'tandem-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    const inside = `/tmp/${basename(folder)}`;
    const places = ['etc', 'run', 'log', 'spool', 'db'];
    for (const name of places) mkdirSync(join(folder, name));
    for (const [name, text] of Object.entries(files(port, await findPorts(20), endpoint, extensions(inside)))) writeFileSync(join(folder, 'etc', name), text);
    writeFileSync(
        join(folder, 'etc/asterisk.conf'),
        `[directories]\nastetcdir => ${inside}/etc\nastmoddir => ${modules}\nastvarlibdir => /usr/share/asterisk\nastdbdir => ${inside}/db\nastdatadir => /usr/share/asterisk\nastrundir => ${inside}/run\nastlogdir => ${inside}/log\nastspooldir => ${inside}/spool\n`,
    );
    const conf = `${inside}/etc/asterisk.conf`;
    const started = startProcess('chroot', [root, '/usr/sbin/asterisk', '-f', '-C', conf]);
    const run = (/** @type {string} */ line) => runProcess('chroot', [root, '/usr/sbin/asterisk', '-C', conf, '-rx', line]);
    await waitFor('Asterisk', async () => /webrtc_bridge/.test((await run('pjsip show endpoints')).text), 40000).catch((error) => {
        throw new Error(`${error.message}\n${started.text().slice(-3000)}`);
    });
    const env = { SIP_PROVIDER: 'asterisk', SIP_TRUNK_HOST: '127.0.0.1', SIP_TRUNK_PORT: String(port), SIP_USERNAME: 'webrtc_bridge', SIP_PASSWORD: SECRET, SIP_DOMAIN: 'asterisk.local', SIP_CALLED: '100' };
    return { port, folder, inside, run, stop: started.stop, log: started.text, env };
}
