/** A web server of the test's: it keeps what it gets, and answers from a table of functions. */
import { createServer } from 'node:http';
import { atEnd, waitFor } from './process.mjs';

/**
 * `routes`: path -> what to answer: a text, an object (JSON), a number (status), a Buffer, or a function of the
 * request that gives one of these; {redirect: URL} is a 302, {contentType, text} a text of that kind. @param {Record<string, any>} routes
 */
export async function startHook(routes = {}, host = '127.0.0.1') {
    /** @type {{method: string, path: string, query: URLSearchParams, headers: any, body: string, json: any}[]} */
    const requests = [];
    const server = createServer((request, response) => {
        const chunks = [];
        request.on('data', (chunk) => chunks.push(chunk));
        request.on('end', async () => {
            const url = new URL(request.url ?? '/', 'http://hook');
            const body = Buffer.concat(chunks).toString();
            let json;
            try {
                json = JSON.parse(body);
            } catch {
                json = undefined;
            }
            const got = { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, body, json };
            requests.push(got);
            let answer = routes[url.pathname] ?? 404;
            if (typeof answer === 'function') answer = await answer(got);
            if (typeof answer === 'number') response.writeHead(answer).end();
            else if (answer.redirect) response.writeHead(302, { location: answer.redirect }).end();
            else if (answer.contentType) response.writeHead(200, { 'content-type': answer.contentType }).end(answer.text);
            else if (Buffer.isBuffer(answer)) response.writeHead(200, { 'content-type': 'audio/wav' }).end(answer);
            else if (typeof answer === 'string') response.writeHead(200, { 'content-type': 'text/plain' }).end(answer);
            else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
        });
    });
    await new Promise((done) => server.listen(0, host, () => done(undefined)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const stop = async () => {
        server.closeAllConnections();
        server.close();
    };
    atEnd(stop);
    return {
        url: `http://${host}:${port}`,
        host: `${host}:${port}`,
        requests,
        routes,
        stop,
        /** The n-th request (1 is the first) for that path. */
        request: (/** @type {string} */ path, n = 1, timeoutMs = 10000) =>
            waitFor(`request ${n} for ${path}; there were ${requests.map((r) => r.path)}`, () => requests.filter((r) => r.path === path)[n - 1], timeoutMs),
        /** Bodies of the status callbacks for that path. */
        events: (/** @type {string} */ path) => requests.filter((r) => r.path === path).map((r) => r.json),
    };
}
