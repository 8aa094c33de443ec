/** A scripted SIP phone: baresip in a folder of its own, driven over its control socket, its ears recorded. */
import { createConnection } from 'node:net';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPorts, makeFolder, startProcess, waitFor } from './process.mjs';
import { makeTone, readWav, writeWav } from './wav.mjs';

const MODULES = '/usr/lib/baresip/modules';

/**
 * @typedef {object} PhoneConfig
 * @property {string} user  user part of its address @property {string} domain
 * @property {string} [password] @property {string} [authUser]
 * @property {string} [outbound]  "127.0.0.1:5060": where all its requests go
 * @property {string} [transport] udp (default), tcp, tls
 * @property {boolean} [isRegistered]  register there (default: when there is a password)
 * @property {'manual' | 'auto'} [answers] @property {string} [codecs]  default pcmu,pcma
 * @property {import('./wav.mjs').Sound} [says]  what it says; `hz` without it
 * @property {number} [hz]  what it says, all the time @property {number} [levelDb]
 * @property {string} [pem]  certificate and key in one file: it takes TLS on the port above
 * @property {string} [more]  more parameters of the account, each with its semicolon
 */

/** @param {PhoneConfig} config @param {Record<string, number>} ports @param {string} folder */
function configText(config, ports, folder) {
    const modules = ['g711', 'opus', 'g722', 'aufile', 'sndfile', 'srtp', 'dtls_srtp'];
    const apps = ['account', 'menu', 'ctrl_tcp'];
    return [
        `sip_listen 127.0.0.1:${ports.sip}`,
        ...(config.pem ? [`sip_certificate ${config.pem}`] : []),
        `audio_source aufile,${folder}/says.wav`,
        'audio_player aufile,/dev/null',
        'audio_alert aufile,/dev/null',
        'ausrc_srate 8000',
        'auplay_srate 8000',
        'ausrc_channels 1',
        'auplay_channels 1',
        'rtcp_mux no',
        `rtp_ports ${ports.rtp}-${ports.rtp + 20}`,
        'net_interface 127.0.0.1',
        `module_path ${MODULES}`,
        ...modules.map((name) => `module ${name}.so`),
        ...apps.map((name) => `module_app ${name}.so`),
        `ctrl_tcp_listen 127.0.0.1:${ports.control}`,
        `snd_path ${folder}/heard`,
        '',
    ].join('\n');
}

/** @param {PhoneConfig} config */
function accountText(config) {
    const { user, domain, password, outbound, transport = 'udp', answers = 'manual', codecs = 'pcmu,pcma', more = '' } = config;
    const isRegistered = config.isRegistered ?? !!password;
    const parts = [
        `<sip:${user}@${domain}>`,
        `auth_user=${config.authUser ?? user}`,
        ...(password ? [`auth_pass=${password}`] : []),
        ...(outbound ? [`outbound="sip:${outbound};transport=${transport}"`] : []),
        `regint=${isRegistered ? 300 : 0}`,
        `answermode=${answers}`,
        `audio_codecs=${codecs}`,
    ];
    return `${parts.join(';')}${more}\n`;
}

/** Netstrings of JSON: LEN:{…}, @param {(value: any) => void} onValue */
function createReader(onValue) {
    let rest = '';
    return (/** @type {Buffer} */ data) => {
        rest += data.toString();
        for (;;) {
            const colon = rest.indexOf(':');
            const length = Number(rest.slice(0, colon));
            if (colon < 0 || rest.length < colon + length + 2) return;
            onValue(JSON.parse(rest.slice(colon + 1, colon + 1 + length)));
            rest = rest.slice(colon + length + 2);
        }
    };
}

/** @param {PhoneConfig} config */
export async function startBaresip(config) {
    const folder = makeFolder(`baresip-${config.user}`);
    const first = await findPorts(24);
    const ports = { sip: first, control: first + 2, rtp: first + 3 + (first % 2 ? 0 : 1) };
    mkdirSync(join(folder, 'heard'));
    writeFileSync(join(folder, 'config'), configText(config, ports, folder));
    writeFileSync(join(folder, 'accounts'), accountText(config));
    writeFileSync(join(folder, 'contacts'), '');
    writeWav(
        join(folder, 'says.wav'),
        config.says ?? makeTone({ hz: config.hz ?? 700, seconds: 90, rateHz: 8000, levelDb: config.levelDb ?? -12 }),
    );
    const started = startProcess('baresip', ['-4', '-f', folder], { cwd: folder });

    /** @type {any[]} */
    const events = [];
    const connect = () =>
        new Promise((done) => {
            const tried = createConnection(ports.control, '127.0.0.1', () => done(tried));
            tried.on('error', () => done(null));
        });
    /** @type {import('node:net').Socket} */
    const control = await waitFor(`baresip's control port\n${started.text()}`, connect);
    control.on('data', createReader((value) => events.push(value)));
    control.on('error', () => {});

    let nextToken = 1;
    /** @param {string} command @param {string} [params] */
    async function run(command, params = '') {
        const token = `t${nextToken++}`;
        const text = JSON.stringify({ command, params, token });
        control.write(`${Buffer.byteLength(text)}:${text},`);
        const reply = await waitFor(`baresip's reply to ${command}`, () => events.find((e) => e.response && e.token === token));
        if (!reply.ok) throw new Error(`baresip: ${command} ${params}: ${reply.data}`);
        return reply.data;
    }
    /** The first event of that type that was not asked for before. @param {string} type */
    async function waitEvent(type, timeoutMs = 10000) {
        const isIt = (/** @type {any} */ e) => e.type === type && !e.seen;
        const found = await waitFor(`${config.user}'s ${type}`, () => events.find(isIt), timeoutMs).catch((error) => {
            const types = events.map((e) => e.type ?? e.data).join(' ');
            throw new Error(`${error.message}; there were: ${types}\n${started.text().slice(-3000)}`);
        });
        found.seen = true;
        return found;
    }
    /** What it heard in call number `index`, the newest one unless told. @returns {import('./wav.mjs').Sound} */
    function heard(index = -1) {
        const files = readdirSync(join(folder, 'heard')).filter((name) => name.endsWith('-dec.wav')).sort();
        const name = files.at(index);
        if (!name) throw new Error(`${config.user} recorded nothing`);
        return readWav(join(folder, 'heard', name));
    }
    async function stop() {
        control.destroy();
        await started.stop(3000);
    }

    // its event may have come before we were connected
    const isRegistered = () => /200 OK .*binding/.test(started.text());
    if (config.isRegistered ?? config.password)
        await waitFor(`the registration of ${config.user}`, isRegistered).catch((error) => {
            throw new Error(`${error.message}\n${started.text().slice(-2000)}`);
        });
    return {
        run,
        folder,
        waitEvent,
        heard,
        stop,
        events,
        log: started.text,
        address: `127.0.0.1:${ports.sip}`,
        port: ports.sip,
        uri: `sip:${config.user}@127.0.0.1:${ports.sip}`,
        dial: (/** @type {string} */ uri) => run('dial', uri),
        accept: () => run('accept'),
        hangup: () => run('hangup'),
        /** Why its last call ended, as it says. */
        closed: async () => (await waitEvent('CALL_CLOSED')).param,
        /** What happened so far belongs to the past: waitEvent() waits for what comes. */
        forget: () => events.forEach((e) => (e.seen = true)),
        /** The keys it was sent (RFC 4733 or INFO). */
        keys: () => events.filter((e) => e.type === 'CALL_DTMF_START').map((e) => e.param).join(''),
        press: async (/** @type {string} */ keys) => {
            for (const key of keys) await run('sndcode', key);
        },
    };
}
