/** The far side of a Kandy trunk as a program: see README.md. */
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeCertificates } from './lib/cert.mjs';
import { Cloud } from './lib/cloud.mjs';
import { startControl } from './lib/control.mjs';
import { startCoturn } from './lib/coturn.mjs';
import { link } from './lib/dialect_link.mjs';
import { seed } from './lib/dialect_seed.mjs';
import { uc } from './lib/dialect_uc.mjs';
import { Server } from './lib/server.mjs';

const DIALECTS = { seed, link, uc };

function readOptions() {
    const text = { type: /** @type {const} */ ('string') };
    const flag = { type: /** @type {const} */ ('boolean'), default: false };
    const { values } = parseArgs({
        options: {
            dialects: { ...text, default: 'seed,link,uc' },
            account: { ...text, multiple: true, default: ['u@test.local:secret'] },
            'auth-name': text,
            plain: flag,
            host: { ...text, default: '127.0.0.1' },
            port: { ...text, default: '0' },
            'control-port': { ...text, default: '0' },
            dir: text,
            coturn: flag,
            relay: flag,
        },
    });
    const dialects = values.dialects.split(',');
    const unknown = dialects.find((name) => !DIALECTS[name]);
    if (unknown !== undefined) throw new Error(`there is no dialect ${unknown}`);
    if (values.relay && !values.coturn) throw new Error('--relay needs --coturn');
    const accounts = values.account.map((given) => {
        const [, user, password] = /^(.+?):(.+)$/.exec(given) ?? [];
        if (!user) throw new Error('--account is USER:PASSWORD');
        return { user, password, authName: values['auth-name'] ?? user };
    });
    return { ...values, dialects, accounts };
}

async function main() {
    const options = readOptions();
    const isOwnDir = !options.dir;
    const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'kandy-sim-'));
    mkdirSync(dir, { recursive: true });
    const files = options.plain && !options.coturn ? null : makeCertificates(dir);
    const turn = options.coturn ? await startCoturn(dir, files) : null;
    const { dialects, accounts, relay, plain, host } = options;
    const cloud = new Cloud({ accounts, dialects, turn, relay, protocols: { seed, link } });
    // uc is link behind a token
    const served = Object.keys(DIALECTS).filter((name) => dialects.includes(name) || (name === 'link' && dialects.includes('uc')));
    const dialectsOf = (isServed) =>
        Object.keys(DIALECTS)
            .filter((name) => served.includes(name) === isServed)
            .map((name) => DIALECTS[name]);
    const server = new Server(cloud, dialectsOf(true), dialectsOf(false), plain ? null : files);
    const { port } = await server.listen(host, Number(options.port));
    const control = await startControl(cloud, host, Number(options['control-port']));

    const stop = async () => {
        await Promise.all([server.close(), control.close(), cloud.close(), turn?.stop()]);
        if (isOwnDir) rmSync(dir, { recursive: true, force: true });
        process.exit(0);
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
    const ready = {
        ready: true,
        pid: process.pid,
        host: `${host}:${port}`,
        base: `${plain ? 'http' : 'https'}://${host}:${port}`,
        control: control.url,
        ca: files?.ca ?? null,
        accounts: accounts.map(({ user }) => user),
        ice_servers: turn?.urls ?? [],
        turn: turn && { username: turn.username, password: turn.password },
        dir,
    };
    process.stdout.write(`${JSON.stringify(ready)}\n`);
}

main().catch((error) => {
    process.stderr.write(`kandy-sim: ${error.message}\n`);
    process.exit(1);
});
