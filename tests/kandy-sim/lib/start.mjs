/** The simulator as a test's own: a process with free ports that ends with the test. */
import { fileURLToPath } from 'node:url';
import { sleep, startProcess, waitFor } from '../../interop/lib/process.mjs';

const program = fileURLToPath(new URL('../kandy-sim.mjs', import.meta.url));

/**
 * @param {{accounts?: string[], dialects?: string, authName?: string, plain?: boolean, coturn?: boolean, relay?: boolean}} [config]
 */
export async function startSim({ accounts = [], dialects, authName, plain, coturn, relay } = {}) {
    const flags = Object.entries({ plain, coturn, relay }).filter(([, isSet]) => isSet);
    const args = [
        ...accounts.flatMap((account) => ['--account', account]),
        ...(dialects ? ['--dialects', dialects] : []),
        ...(authName ? ['--auth-name', authName] : []),
        ...flags.map(([name]) => `--${name}`),
    ];
    const started = startProcess(process.execPath, [program, ...args]);
    const readReady = () => {
        if (started.exit() !== null) throw new Error(`the simulator ended (${started.exit()}): ${started.text()}`);
        const line = started
            .text()
            .split('\n')
            .slice(0, -1)
            .find((text) => text.startsWith('{"ready"'));
        return line && JSON.parse(line);
    };
    const ready = await waitFor('the simulator', readReady, 20000);

    /** @param {string} method @param {string} path @param {object} [body] */
    async function ask(method, path, body) {
        const response = await fetch(ready.control + path, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
        const answer = await response.json();
        if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.error}`);
        return answer;
    }
    /** The first record that fits, once there is one. @param {string} op */
    const waitRequest = (op, since = 0, timeoutMs = 5000) =>
        waitFor(`a request ${op}`, async () => (await ask('GET', `/requests?op=${op}&since=${since}`))[0], timeoutMs);
    const waitCall = (id, state, timeoutMs = 5000) =>
        waitFor(`call ${id} to be ${state}`, async () => (await ask('GET', `/calls/${id}`)).state === state, timeoutMs);
    /**
     * What a far end hears, once that tone (and, if it is told, that loud) is there for 800 ms on end.
     * @param {string} id @param {number} hz @param {number} [timeoutMs] @param {number} [level] @returns {Promise<any>}
     */
    async function waitTone(id, hz, timeoutMs = 8000, level) {
        let heard;
        const isThere = async () => {
            heard = await ask('GET', `/calls/${id}/media?ms=800`);
            const isLoud = level === undefined || Math.abs(heard.level - level) < 1.5;
            const isRight = Math.abs(heard.hz - hz) < 3 && heard.purity > 0.9 && isLoud;
            if (!isRight) await sleep(100); // to measure takes time, in which the far end is silent
            return isRight;
        };
        await waitFor(`${hz} Hz`, isThere, timeoutMs).catch((error) => {
            throw new Error(`${error.message}; heard ${JSON.stringify(heard)}`);
        });
        return heard;
    }
    return {
        ready,
        stop: started.stop,
        log: started.text,
        get: (path) => ask('GET', path),
        post: (path, body = {}) => ask('POST', path, body),
        put: (path, body) => ask('PUT', path, body),
        delete: (path) => ask('DELETE', path),
        waitRequest,
        waitCall,
        waitTone,
    };
}
