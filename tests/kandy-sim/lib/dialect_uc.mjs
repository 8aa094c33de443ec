/** Dialect C (kandy.md 5): a token first; with it everything of Kandy Link. */
import { randomBytes } from 'node:crypto';
import { Refusal } from './faults.mjs';

const DEFAULT_EXPIRES = 3600;

const refuse = (_, refusal) => ({ json: { error: { human: refusal.reason } }, statusMessage: refusal.reason });

function grant(cloud, account, query, hasRefresh) {
    const expires = cloud.settings.expires ?? Number(query.get('expires') ?? DEFAULT_EXPIRES);
    if (!(expires > 0)) throw new Refusal(400, 1004, 'expires is a number of seconds');
    const token = (kind) => {
        const text = `${randomBytes(24).toString('base64')}+/=`; // to be percent-encoded in a URL
        // the refresh token lives on: it is what an expired access token is replaced by
        cloud.tokens.set(text, { account, kind, expiresAt: Date.now() + (kind === 'access' ? expires * 1000 : 86400000) });
        return text;
    };
    const tokens = { access_token: token('access'), ...(hasRefresh ? { refresh_token: token('refresh') } : {}) };
    return { status: 200, json: { success: { ...tokens, expires: expires } } };
}

function makeToken({ cloud, headers, query }) {
    const [, value] = /^basic +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
    const [, name, password] = /^([^:]*):([\s\S]*)$/.exec(Buffer.from(value ?? '', 'base64').toString()) ?? [];
    const account = [...cloud.accounts.values()].find((a) => a.authName === name && a.password === password);
    if (!account) throw new Refusal(401, 61, 'Login Please');
    if (query.get('refresh') !== 'y') throw new Refusal(400, 1004, 'refresh is y');
    return grant(cloud, account, query, true);
}
function refreshToken({ cloud, query }) {
    const known = cloud.tokens.get(query.get('token') ?? '');
    if (known?.kind !== 'refresh' || known.expiresAt < Date.now()) throw new Refusal(401, 61, 'Login Please');
    cloud.tokens.delete(query.get('token'));
    return grant(cloud, known.account, query, true);
}

export const uc = {
    name: 'uc',
    routes: [
        { op: 'token', method: 'GET', path: /^\/v2\.0\/auth\/mk_token$/, run: makeToken },
        { op: 'tokenRefresh', method: 'GET', path: /^\/v2\.0\/auth\/refresh_token$/, run: refreshToken },
    ],
    refuse,
};
