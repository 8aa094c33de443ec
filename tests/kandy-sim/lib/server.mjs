/** The HTTP and WebSocket face: finds the route, lets a fault have its way, records what came and what went. */
import { createServer as createHttp, STATUS_CODES } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { readFileSync } from 'node:fs';
import { WebSocketServer } from 'ws';
import { answerOf, Refusal } from './faults.mjs';

const MAX_BODY = 1 << 20;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const pageOf = (status) => `<html><head><title>${status}</title></head><body><h1>${status} ${STATUS_CODES[status]}</h1></body></html>`;

/** @param {import('node:http').IncomingMessage} request */
async function readBody(request) {
    const parts = [];
    let size = 0;
    for await (const part of request) {
        size += part.length;
        if (size <= MAX_BODY) parts.push(part);
    }
    if (size > MAX_BODY) throw new Refusal(413, 1004, 'the body is too large');
    return Buffer.concat(parts).toString();
}

function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

/** @param {string} path */
function isEncoded(path) {
    try {
        decodeURIComponent(path);
        return true;
    } catch {
        return false;
    }
}

/** @param {string} url */
function split(url) {
    const [path, ...rest] = url.split('?');
    return { path, query: new URLSearchParams(rest.join('?')) };
}

export class Server {
    /**
     * @param {import('./cloud.mjs').Cloud} cloud @param {any[]} dialects @param {any[]} others  not served
     * @param {{cert: string, key: string} | null} tls  files, null = plain
     */
    constructor(cloud, dialects, others, tls) {
        Object.assign(this, { cloud, dialects, others });
        const answer = (request, response) => this.#serve(request, response);
        this.http = tls ? createHttps({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, answer) : createHttp(answer);
        this.acceptor = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY });
        this.http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
        this.http.on('tlsClientError', (error) => cloud.record({ kind: 'tls-error', op: '', text: error.message }));
    }

    /** @returns {Promise<import('node:net').AddressInfo>} */
    listen(host, port) {
        return new Promise((done, failed) => {
            this.http.once('error', failed);
            this.http.listen(port, host, () => done(/** @type {any} */ (this.http.address())));
        });
    }
    async close() {
        this.acceptor.close();
        this.http.closeAllConnections();
        await new Promise((done) => this.http.close(done));
    }

    #find(method, path) {
        if (!isEncoded(path)) throw new Refusal(400, 0, 'the path is not percent-encoded', { html: true });
        const routes = this.dialects
            .flatMap((dialect) => dialect.routes.map((route) => ({ dialect, route, match: route.path.exec(path) })))
            .filter(({ match }) => match);
        // to ask for another dialect is no fault: that is how a client finds out (kandy.md 0)
        const isOther = this.others.some((dialect) => dialect.routes.some((route) => route.path.test(path)));
        if (routes.length === 0) throw new Refusal(404, 0, 'no such path', { html: true, isAllowed: isOther });
        const found = routes.find(({ route }) => route.method === method);
        const Allow = [...new Set(routes.map(({ route }) => route.method))].join(', ');
        if (!found) throw new Refusal(405, 0, `${method} is not for this path`, { html: true, headers: { Allow } });
        return found;
    }

    async #serve(request, response) {
        const { path, query } = split(request.url);
        const { method, headers } = request;
        const record = this.cloud.record({ kind: 'http', op: '', method, path, query: Object.fromEntries(query), headers });
        /** @type {(() => void)[]} */
        const afterwards = [];
        const after = (action) => afterwards.push(action);
        const ctx = {
            cloud: this.cloud,
            method,
            path,
            query,
            headers,
            after,
            text: '',
            json: /** @type {any} */ (undefined),
            op: '',
            params: {},
            isJson: false,
        };
        let dialect = null;
        let answer;
        try {
            ctx.text = record.body = await readBody(request);
            const found = this.#find(method, path);
            ({ dialect } = found);
            Object.assign(ctx, { params: found.match.groups ?? {}, isJson: !!found.route.isJson, json: parse(ctx.text) });
            record.json = ctx.json;
            record.op = ctx.op = typeof found.route.op === 'function' ? found.route.op(ctx) : found.route.op;
            answer = await this.#answer(ctx, found.route, request);
        } catch (error) {
            answer = this.#refuse(ctx, dialect, error);
        }
        if (!answer) return; // the connection is gone, or stays silent
        this.#send(request, response, record, answer);
        afterwards.forEach((action) => action());
    }

    /** What the route says, unless a fault has the word. */
    async #answer(ctx, route, request) {
        const fault = this.cloud.faults.take(ctx.op);
        if (fault?.delayMs) await sleep(fault.delayMs);
        if (fault?.hang) return null;
        if (fault?.dropSocket === 'before') this.cloud.dropSockets(fault.user);
        if (fault?.reset) return (request.socket.destroy(), null);
        // only after the answer has left
        if (fault?.dropSocket === 'after') ctx.after(() => setTimeout(() => this.cloud.dropSockets(fault.user), 20));
        const said = fault && answerOf(fault);
        if (said instanceof Refusal) throw Object.assign(said, { isAllowed: true });
        if (said) return said;
        if (route.isJson) {
            if (!/^application\/json\b/.test(ctx.headers['content-type'] ?? ''))
                throw new Refusal(400, 1004, `content-type is application/json, not ${ctx.headers['content-type']}`);
            if (!ctx.json || typeof ctx.json !== 'object' || Array.isArray(ctx.json))
                throw new Refusal(400, 5, 'the body is no JSON object');
        }
        return route.run(ctx);
    }

    /** @param {any} dialect @param {any} error */
    #refuse(ctx, dialect, error) {
        const refusal = error instanceof Refusal ? error : new Refusal(500, 26, error.message);
        if (!(error instanceof Refusal)) console.error(error);
        const { status, reason, headers, html } = refusal;
        if (!refusal.isAllowed) this.cloud.violate(ctx.op || `${ctx.method} ${ctx.path}`, `${status}: ${reason}`);
        if (html || !dialect) return { status, text: pageOf(status), type: 'text/html', headers };
        return { status, headers, ...dialect.refuse(ctx, refusal) };
    }

    #send(
        request,
        response,
        record,
        { status, json, text = JSON.stringify(json), type = 'application/json', headers = {}, statusMessage },
    ) {
        Object.assign(record, { status, answer: json ?? text, answeredAt: Date.now() });
        if (request.socket.destroyed) return;
        const size = { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) };
        response.writeHead(status, statusMessage ?? STATUS_CODES[status], { ...size, ...headers });
        response.end(text);
    }

    #findChannel(path, query) {
        for (const dialect of this.dialects) {
            const subscription = dialect.upgrade?.(this.cloud, path, query);
            if (subscription) return { dialect, subscription };
        }
        throw new Refusal(404, 0, `no WebSocket is at ${path}`);
    }

    async #upgrade(request, socket, head) {
        socket.on('error', () => {});
        const { path, query } = split(request.url);
        const record = this.cloud.record({
            kind: 'ws-open',
            op: 'ws',
            method: 'GET',
            path,
            query: Object.fromEntries(query),
            headers: request.headers,
        });
        try {
            const fault = this.cloud.faults.take('ws');
            if (fault?.delayMs) await sleep(fault.delayMs);
            if (fault?.hang) return;
            if (fault?.reset) return void socket.destroy();
            const said = fault && answerOf(fault);
            if (said)
                throw said instanceof Refusal
                    ? Object.assign(said, { isAllowed: true })
                    : new Refusal(said.status, 0, said.text, { isAllowed: true });
            const { dialect, subscription } = this.#findChannel(path, query);
            this.acceptor.handleUpgrade(request, socket, head, (ws) => this.#open(dialect, subscription, ws, record));
        } catch (error) {
            this.#close(socket, record, error);
        }
    }

    #close(socket, record, error) {
        const { status = 500, reason = error.message, headers = {} } = error;
        Object.assign(record, { status, answer: reason });
        if (!error.isAllowed) this.cloud.violate('ws', `${status}: ${reason}`);
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}Content-Length: 0\r\nConnection: close\r\n\r\n`);
    }

    #open(dialect, subscription, ws, record) {
        const { cloud } = this;
        const { user } = subscription.account;
        record.status = 101;
        const socket = { ws, subscription, heardAt: Date.now(), openedAt: Date.now() };
        cloud.sockets.add(socket);
        subscription.socket = socket;
        dialect.opened(cloud, socket);
        const idle = this.#watch(socket);
        const hear = () => (socket.heardAt = Date.now());
        ws.on('ping', () => (hear(), cloud.record({ kind: 'ws-ping', op: 'ping', user })));
        ws.on('error', () => {});
        ws.on('message', (data, isBinary) => (hear(), this.#hear(dialect, socket, data.toString(), isBinary)));
        ws.on('close', (code) => {
            clearInterval(idle);
            cloud.sockets.delete(socket);
            if (subscription.socket === socket) subscription.socket = null;
            cloud.record({ kind: 'ws-close', op: 'ws-close', user, code });
        });
    }
    #watch(socket) {
        const { idleMs } = this.cloud.settings;
        if (!idleMs) return undefined;
        const look = () => Date.now() - socket.heardAt > idleMs && socket.ws.close(1001);
        return setInterval(look, Math.max(20, idleMs / 4));
    }

    async #hear(dialect, socket, text, isBinary) {
        const { cloud } = this;
        const json = parse(text);
        const op = dialect.opOf(cloud, json);
        cloud.record({ kind: 'ws-message', op, user: socket.subscription.account.user, body: text, json });
        if (isBinary) cloud.violate('ws', 'a binary message');
        if (json === undefined) cloud.violate('ws', `no JSON: ${text.slice(0, 100)}`);
        const fault = op ? cloud.faults.take(op) : null;
        if (fault?.delayMs) await sleep(fault.delayMs);
        if (fault?.hang) return;
        if (fault?.dropSocket === 'before' || fault?.reset) return void cloud.dropSockets(fault.user);
        await dialect.onMessage(cloud, socket, json, fault?.status ? fault : null);
        if (fault?.dropSocket === 'after') setTimeout(() => cloud.dropSockets(fault.user), 20);
    }
}
