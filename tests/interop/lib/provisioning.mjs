/**
 * A small, strict provisioning server for tests of the library and the phone: it answers as the page on provisioning
 * says and refuses what that does not allow. SIP over WebSocket goes on to a real daemon.
 */
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { existsSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd } from './process.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
export const libraryFolder = join(root, 'web/provisioning');
const phoneFolder = join(root, 'web/phone/dist');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png' };

/** The library and the phone, as npm builds them. */
export function buildWeb() {
    execFileSync(join(root, 'tools/build-web'), ['--strict'], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** @param {string} path @returns {string | null} the file that is shown there */
function fileOf(path) {
    if (path === '/phone' || path === '/phone/') return join(phoneFolder, 'index.html');
    if (path.startsWith('/phone/')) return join(phoneFolder, path.slice(7));
    const name = /^\/lib\/Siperb-Provisioning\/([\w.-]+)$/.exec(path)?.[1];
    return name ? join(libraryFolder, 'dist', name) : null;
}

/**
 * @typedef {object} Account
 * @property {string} token  of access @property {string} userId @property {string} sessionToken
 * @property {any[]} devices  list items; provisioning is `settings` by DeviceToken
 * @property {Record<string, any>} settings
 */

/**
 * Start it. May be set later: `fault`, (request, response) => true when it dealt with the request itself; `delayMs`.
 * @param {{accounts?: Account[], sip?: string, pages?: Record<string, string>}} config  sip: host:port of a daemon's
 *   WebSocket; pages: HTML of one's own by path
 */
export async function startProvisioning({ accounts = [], sip = '', pages = {} } = {}) {
    /** @type {{method: string, path: string, headers: any}[]} */
    const asked = [];
    const self = { asked, accounts, url: '', pages, delayMs: 0, fault: /** @type {any} */ (null), stop: async () => {} };
    const cors = { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'no-store' };
    const json = (/** @type {any} */ response, /** @type {number} */ status, /** @type {any} */ body) =>
        response.writeHead(status, { ...cors, 'Content-Type': 'application/json' }).end(JSON.stringify(body));

    /** @param {any} request @param {any} response @param {URL} url */
    function answerApi(request, response, url) {
        const deny = (/** @type {number} */ status) => json(response, status, { error: 'no', message: 'no' });
        if (url.pathname === '/Login') {
            if (!['GET', 'POST'].includes(request.method)) return deny(405);
            const account = accounts.find((each) => request.headers.authorization === `Bearer ${each.token}`);
            return account ? json(response, 200, { UserId: account.userId, SessionToken: account.sessionToken, More: 'kept' }) : deny(401);
        }
        const [, user, device] = /^\/Users\/([^/]*)\/Devices(?:\/([^/]*))?\/?$/.exec(url.pathname) ?? [];
        if (user === undefined) return deny(404);
        const account = accounts.find((each) => request.headers['x-api-key'] === each.sessionToken);
        if (!account) return deny(401);
        if (account.userId !== decodeURIComponent(user)) return deny(403);
        if (!device) return json(response, 200, account.devices);
        const settings = account.settings[decodeURIComponent(device)];
        if (!settings) return deny(404);
        const item = account.devices.find((each) => each.DeviceToken === decodeURIComponent(device));
        const { SipPassword, SIPPassword, ...rest } = settings;
        const full = url.searchParams.get('password') === 'yes' ? settings : rest;
        return json(response, 200, url.searchParams.get('settings_json') === 'yes' ? { ...item, Settings_json: full } : item);
    }

    const server = createServer((request, response) => {
        const url = new URL(request.url ?? '/', 'http://x');
        if (self.fault?.(request, response)) return;
        if (request.method === 'OPTIONS') {
            response.writeHead(204, { ...cors, 'Access-Control-Allow-Methods': 'GET, POST', 'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-Api-Key' }).end();
            return;
        }
        asked.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers });
        if (self.pages[url.pathname] !== undefined) {
            response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(self.pages[url.pathname]);
            return;
        }
        const file = fileOf(url.pathname);
        if (file && existsSync(file)) {
            const type = /** @type {any} */ (TYPES)[extname(file)] ?? 'application/octet-stream';
            response.writeHead(200, { 'Content-Type': type, 'Access-Control-Allow-Origin': '*' }).end(readFileSync(file));
            return;
        }
        setTimeout(() => answerApi(request, response, url), self.delayMs);
    });
    server.on('upgrade', (request, socket, head) => {
        const [host, port] = sip.split(':');
        const far = connect(Number(port), host, () => {
            const lines = [`${request.method} ${request.url} HTTP/1.1`];
            for (let i = 0; i < request.rawHeaders.length; i += 2) lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
            far.write(`${lines.join('\r\n')}\r\n\r\n`);
            far.write(head);
            socket.pipe(far).pipe(socket);
        });
        far.on('error', () => socket.destroy());
        socket.on('error', () => far.destroy());
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', () => done(null)));
    self.url = `http://127.0.0.1:${/** @type {any} */ (server.address()).port}`;
    self.stop = async () => {
        server.closeAllConnections();
        await new Promise((done) => server.close(() => done(null)));
    };
    atEnd(async () => server.closeAllConnections());
    return self;
}

/** Settings_json of a device as the server gives it, both generations' names. @param {any} device  of `device add` */
export function settingsOf(device, name = 'Reception', more = {}) {
    const both = (/** @type {string} */ a, /** @type {string} */ b, /** @type {any} */ value) => ({ [a]: value, [b]: value });
    return {
        ...both('SipUsername', 'SIPUsername', device.sip_username),
        ...both('SipPassword', 'SIPPassword', device.sip_password),
        SipDomain: device.sip_domain,
        ...both('SipWssServer', 'wssServer', '127.0.0.1'),
        ...both('SipWebsocketPort', 'WebSocketPort', '443'),
        ...both('SipServerPath', 'ServerPath', '/ws'),
        ...both('SipContact', 'ContactUserName', device.contact ?? 'c0123456789abcdef01234567'),
        ...both('profileName', 'ProfileUserName', name),
        RegistrationMode: 'Proxy',
        ...more,
    };
}
