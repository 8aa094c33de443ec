/** A second SIP phone of other makers: linphonec, told what to do on its standard input, its ears recorded. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPorts, makeFolder, startProcess, waitFor } from './process.mjs';
import { makeTone, readWav, writeWav } from './wav.mjs';

/** Whether it is on this machine. */
export const hasLinphone = existsSync('/usr/bin/linphonec');

/**
 * @typedef {object} LinphoneConfig
 * @property {string} user @property {string} password @property {string} domain
 * @property {string} server  "127.0.0.1:5060" @property {number} [hz]  what it says @property {number} [levelDb]
 */
/** @param {LinphoneConfig} config @param {number} port */
const configText = ({ user, password, domain, server }, port) =>
    `[sip]
sip_port=${port}
sip_tcp_port=-1
use_ipv6=0
[net]
bind_address=127.0.0.1
[rtp]
audio_rtp_port=${port + 2}
[proxy_0]
reg_proxy=<sip:${server};transport=udp>
reg_route=<sip:${server};transport=udp;lr>
reg_identity=<sip:${user}@${domain}>
reg_expires=600
reg_sendregister=1
[auth_info_0]
username=${user}
passwd=${password}
realm=${domain}
domain=${domain}
`;

/** Registered when this returns. @param {LinphoneConfig} config */
export async function startLinphone(config) {
    const folder = makeFolder(`linphone-${config.user}`);
    // without these its core ends quietly
    for (const name of ['.local/share/linphone', '.config/linphone']) mkdirSync(join(folder, name), { recursive: true });
    const port = await findPorts(8);
    writeFileSync(join(folder, 'rc'), configText(config, port));
    writeWav(join(folder, 'says.wav'), makeTone({ hz: config.hz ?? 700, seconds: 60, rateHz: 48000, levelDb: config.levelDb ?? -12 }));
    const env = { ...process.env, HOME: folder };
    const started = startProcess('linphonec', ['-c', join(folder, 'rc'), '-d', '0', '-S'], { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
    let seen = 0;
    let files = 0;
    const say = (/** @type {string} */ line) => void started.child.stdin?.write(`${line}\n`);
    /** It prints that, after what was waited for before. @param {string} words */
    async function waitText(words, timeoutMs = 10000) {
        const at = await waitFor(`${config.user}'s "${words}"`, () => started.text().indexOf(words, seen) + 1, timeoutMs).catch((error) => {
            throw new Error(`${error.message}; it printed\n${started.text().slice(-2000)}`);
        });
        seen = at + words.length - 1;
    }
    /** Both are of one call; a hold ends what is played. */
    const nextFiles = () => {
        say(`play ${join(folder, 'says.wav')}`);
        say(`record ${join(folder, `heard-${(files += 1)}.wav`)}`);
    };
    await waitText('linphonec>');
    say('soundcard use files');
    nextFiles();
    return {
        say,
        waitText,
        text: started.text,
        uri: `sip:${config.user}@127.0.0.1:${port}`,
        call: (/** @type {string} */ uri) => say(`call ${uri}`),
        answer: () => say('answer'),
        hold: () => say('pause'),
        resume: () => say('resume'),
        /** RFC 4733: what is typed begins with a key. */
        press: (/** @type {string} */ keys) => say(keys),
        hangup: () => say('terminate'),
        /** What it heard in the call that has just ended. @returns {Promise<import('./wav.mjs').Sound>} */
        async heard() {
            const path = join(folder, `heard-${files}.wav`);
            nextFiles();
            return waitFor('its recording', () => existsSync(path) && readWav(path));
        },
        async stop() {
            say('quit');
            await Promise.race([started.ended, new Promise((done) => setTimeout(done, 3000).unref())]);
            await started.stop(2000);
        },
    };
}
