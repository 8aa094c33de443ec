/** SIPp: odd and heavy signalling, from its own scenarios or from one given as text. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPorts, isFree, makeFolder, startProcess, waitFor } from './process.mjs';

/**
 * Start it. `scenario`: the name of a built-in one, or XML. `target`: "127.0.0.1:5060" for those that call.
 * `done()` resolves to its exit code (0: all calls as the scenario wants them), `log()` has its words.
 * @param {{scenario: string, target?: string, calls?: number, rate?: number, args?: string[], timeoutS?: number,
 *   host?: string}} config  host: the address it speaks from
 */
export async function startSipp({ scenario, target, calls = 1, rate = 10, args = [], timeoutS = 30, host = '127.0.0.1' }) {
    const folder = makeFolder('sipp');
    const port = await findPorts(4);
    const file = join(folder, 'scenario.xml');
    const isXml = scenario.trimStart().startsWith('<');
    if (isXml) writeFileSync(file, scenario);
    const started = startProcess(
        'sipp',
        [
            ...(isXml ? ['-sf', file] : ['-sn', scenario]),
            ...['-i', host, '-mi', host, '-p', String(port), '-mp', String(port + 2)],
            ...['-m', String(calls), '-r', String(rate), '-timeout', String(timeoutS), '-timeout_error'],
            ...['-nostdin', '-trace_err', '-error_file', join(folder, 'errors.log')],
            ...args,
            ...(target ? [target] : []),
        ],
        { cwd: folder, env: { ...process.env, TERM: 'dumb' } },
    );
    if (!target) await waitFor('SIPp', async () => !(await isFree(port)), 5000);
    return { port, address: `${host}:${port}`, done: () => started.ended, stop: () => started.stop(2000), log: started.text };
}
