/** A tandem of the test's own: free ports, a state directory that goes away, its log kept. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd, makeFolder, runProcess, startProcess, waitFor } from './process.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
export const program = resolve(process.env.TANDEM ?? join(root, 'out/tandem'));

/** Any free port everywhere, one media thread: what a test's daemon needs and no more. */
const PORTS = {
    TANDEM_HTTP: '127.0.0.1:0, 127.0.0.1:0',
    TANDEM_HTTPS: '127.0.0.1:0',
    SIP_LISTEN: '127.0.0.1:0',
    RTP_PORTS: '0',
    WEBRTC_PORT: '0',
    EGRESS_ALLOW: '127.0.0.0/8',
    TANDEM_MEDIA_HOST: '127.0.0.1',
    LOG_LEVEL: 'debug',
};
const REPORTS = /(ERROR: AddressSanitizer|ERROR: LeakSanitizer|WARNING: ThreadSanitizer|runtime error:|BUG_IF|assertion)/i;

/**
 * @typedef {object} Ready  the ready file
 * @property {number} pid @property {string[]} http @property {string[]} https
 * @property {{udp: string[], tcp: string[], tls: string[]}} sip @property {string} version
 */

/**
 * Start `tandem serve`. `env` are more variables, `yaml` the text of a tandem.yaml, `dotenv` that of a .env,
 * `state` the directory of one before.
 * @param {{env?: Record<string, string>, yaml?: string, dotenv?: string, state?: string}} [config]
 */
export async function startDaemon({ env = {}, yaml = '', dotenv = '', state: givenState = '' } = {}) {
    if (!existsSync(program)) throw new Error(`${program} is not there: run make first`);
    const folder = makeFolder('daemon');
    const state = givenState || join(folder, 'state');
    const readyFile = join(folder, 'ready.json');
    const configFile = join(folder, 'tandem.yaml');
    writeFileSync(configFile, yaml);
    if (dotenv) writeFileSync(join(folder, '.env'), dotenv);
    const vars = {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0',
        UBSAN_OPTIONS: 'print_stacktrace=1',
        TSAN_OPTIONS: 'halt_on_error=0',
        ...PORTS,
        ...env,
    };
    const args = ['serve', '--config', configFile, '--state', state, '--ready-file', readyFile];
    const started = startProcess(program, args, { cwd: folder, env: vars });
    const readReady = () => {
        if (started.exit() !== null) throw new Error(`tandem ended (${started.exit()}):\n${started.text()}`);
        return existsSync(readyFile) && JSON.parse(readFileSync(readyFile, 'utf8'));
    };
    /** @type {Ready} */
    const ready = await waitFor('the ready file', readReady, 20000).catch((error) => {
        throw new Error(`${error.message}\n${started.text()}`);
    });

    /** Another `tandem` command against this one: its JSON. @param {string[]} words */
    async function command(...words) {
        const { code, text } = await runProcess(program, [...words, '--json', '--state', state], { cwd: folder, env: vars });
        if (code !== 0) throw new Error(`tandem ${words.join(' ')}: exit ${code}: ${text}`);
        return JSON.parse(text);
    }

    let isKilled = false;
    /** Ends it as a power cut would. */
    async function crash() {
        isKilled = true;
        started.child.kill('SIGKILL');
        await waitFor('the crash', () => started.exit() !== null || started.child.signalCode !== null, 5000);
    }
    /** Ends it as a person would; throws when it does not end well or a sanitizer had something to say. */
    async function stop() {
        if (isKilled) return;
        const code = await started.stop(20000);
        const report = REPORTS.exec(started.text());
        if (report) throw new Error(`the daemon's own report:\n${started.text().slice(report.index, report.index + 6000)}`);
        if (code !== 0) throw new Error(`tandem ended with ${code}:\n${started.text().slice(-4000)}`);
    }

    atEnd(stop);
    const url = `http://${ready.http[0]}`;
    return {
        ready,
        state,
        folder,
        pid: ready.pid,
        /** Built for finding faults: slow, and memory is not given back. */
        isSanitized: /\/(asan|tsan)\//.test(program),
        command,
        stop,
        crash,
        reload: () => started.child.kill('SIGHUP'),
        log: started.text,
        /** Its log comes through a pipe: later than the answer it goes with. */
        logged: (/** @type {RegExp} */ line) => waitFor(`${line} in the log`, () => line.test(started.text())),
        url,
        /** The port of pages that expect the bridge on a bare path: 3000 unless tests say otherwise. */
        referenceUrl: `ws://${ready.http[1]}/`,
        bridgeUrl: `ws://${ready.http[0]}/bridge`,
        httpsUrl: `https://${ready.https[0]}`,
        sip: ready.sip.udp[0],
        /** A user who can be called at a page. @returns {Promise<string>} the page's token */
        async addUser(/** @type {string} */ name) {
            await command('user', 'add', name);
            return (await command('pat', 'add', '--user', name)).access_token;
        },
        /** A phone's account for a user that exists. */
        addDevice: (/** @type {string} */ name) => command('device', 'add', '--user', name),
    };
}
