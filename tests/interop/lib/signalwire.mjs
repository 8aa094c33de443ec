/** What tests of the SignalWire-compatible API share: a project with a token, requests over HTTPS, the vendor's schemas. */
import { existsSync, readFileSync } from 'node:fs';
import { Agent, globalAgent, request } from 'node:https';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import { parse } from 'yaml';

const specs = ['signalwire-rest', 'compatibility-laml'].map((name) => fileURLToPath(new URL(`../../../../shared/spec-data/signalwire/openapi/${name}.openapi.yaml`, import.meta.url)));
const laml = /^(\/api\/laml)?\/2010-04-01/;

/** The vendor's OpenAPI when it is there (its licence keeps it out of the project): check(method, path, status, json) is what is wrong. @param {string} spec */
function makeCheck(spec) {
    const api = parse(readFileSync(spec, 'utf8'));
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    ajv.addSchema(api, 'api');
    const paths = Object.keys(api.paths).map((path) => ({ path, pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`) }));
    return (/** @type {string} */ method, /** @type {string} */ target, /** @type {number} */ status, /** @type {any} */ json) => {
        const bare = target.split('?')[0].replace(laml, '').replace(/\.json$/, '');
        const found = paths.filter(({ pattern }) => pattern.test(bare)).sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
        if (!found) return 'no such path in the specification';
        const response = api.paths[found.path][method.toLowerCase()]?.responses?.[String(status)];
        if (!response) return `status ${status} of ${method} ${found.path} is not in the specification`;
        if (!response.content) return json === null ? '' : 'a body where there is none';
        const escape = (/** @type {string} */ part) => part.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D');
        const pointer = ['paths', found.path, method.toLowerCase(), 'responses', String(status), 'content', 'application/json', 'schema'].map(escape).join('/');
        const validate = ajv.getSchema(`api#/${pointer}`);
        if (!validate) return `no schema at ${pointer}`;
        return validate(json) ? '' : ajv.errorsText(validate.errors?.slice(0, 6));
    };
}
const checks = specs.every(existsSync) ? specs.map(makeCheck) : null;
/** What is wrong with an answer, '' for nothing or without the description. @param {string} method @param {string} path @param {number} status @param {any} json */
export const checkAnswer = (method, path, status, json) => checks?.[laml.test(path) ? 1 : 0](method, path, status, json) ?? '';
/** Is the vendor's description there? */
export const hasSpecification = checks !== null;

/**
 * A client of one project: ask('POST', '/api/…', body) -> {status, headers, json, text}. Every answer is held against the
 * vendor's schema unless `free` says that the endpoint or the status is ours.
 * @param {{httpsUrl: string}} daemon @param {string} project @param {string} token
 */
export function makeClient(daemon, project, token) {
    const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
    /** @param {string} method @param {string} path @param {any} [body] @param {{free?: boolean, headers?: Record<string, string>}} [options] @returns {Promise<any>} */
    function ask(method, path, body = undefined, { free = false, headers = {} } = {}) {
        const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
        return new Promise((done, failed) => {
            const options = { method, agent, auth: `${project}:${token}`, headers: { ...(text ? { 'Content-Type': 'application/json' } : {}), ...headers } };
            const sent = request(daemon.httpsUrl + path, options, (response) => {
                let got = '';
                response.on('data', (data) => (got += data));
                response.on('end', () => {
                    const json = got && /json/.test(response.headers['content-type'] ?? '') ? JSON.parse(got) : null;
                    const wrong = free ? '' : checkAnswer(method, path, response.statusCode ?? 0, json);
                    if (wrong) failed(new Error(`${method} ${path} ${response.statusCode}: ${wrong}\n${got}`));
                    else done({ status: response.statusCode, headers: response.headers, text: got, json });
                });
            });
            sent.on('error', failed);
            sent.end(text);
        });
    }
    return { ask, project, token, stop: () => agent.destroy() };
}

/** A project made by command, with a token for everything. @param {any} daemon @param {string} name */
export async function addProject(daemon, name, scopes = 'calling,messaging,numbers,management,video,fax,chat') {
    const { project_id, signing_key } = await daemon.command('project', 'add', name);
    const { token } = await daemon.command('token', 'add', '--project', project_id, '--scopes', scopes);
    return { ...makeClient(daemon, project_id, token), signingKey: signing_key };
}

/**
 * The compatibility SDK, unmodified, for a project; what of its answers is not as the vendor's schema has it goes into `wrong`.
 * @param {any} daemon @param {any} project @param {string[]} wrong
 */
export function makeSdk(daemon, project, wrong) {
    const { RestClient } = createRequire(import.meta.url)('@signalwire/compatibility-api');
    globalAgent.options.rejectUnauthorized = false; // the daemon's certificate is of its own making
    const made = RestClient(project.project, project.token, { signalwireSpaceUrl: daemon.httpsUrl.slice('https://'.length) });
    const request = made.httpClient.request.bind(made.httpClient);
    made.httpClient.request = (/** @type {any} */ options) =>
        request(options).then((/** @type {any} */ answer) => {
            const path = new URL(options.uri).pathname;
            const fault = checkAnswer(options.method, path, answer.statusCode, answer.body === '' ? null : answer.body);
            if (fault) wrong.push(`${options.method} ${path} ${answer.statusCode}: ${fault}`);
            return answer;
        });
    return made;
}
