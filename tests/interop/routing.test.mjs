/** Where calls go and why: routes by header, addresses that are typed, tokens that a listener demands, the
 * dry run, and the public address found by STUN. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, before, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { atEnd, waitFor } from './lib/process.mjs';
import { startProvider } from './lib/provider.mjs';
import { OFFER, openSocket } from './lib/socket.mjs';

/** @type {Awaited<ReturnType<typeof startProvider>>[]} */ let providers;
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
const trunk = (/** @type {number} */ i, more = '') =>
    `{host: 127.0.0.1, port: ${providers[i].port}, register: 'no', domain: p${i}.example${more}}`;

before(async () => {
    providers = await Promise.all([0, 1, 2].map(() => startProvider()));
    daemon = await startDaemon({
        env: { TANDEM_HTTP: '' },
        yaml: `
listen:
  http:
    - 127.0.0.1:0
    - 127.0.0.1:0
    - {bind: "127.0.0.1:0", auth: required}
trunks:
  support: ${trunk(0)}
  sales: ${trunk(1, ', username: sales_user, emergency: [112], country: 971')}
  ai_assistant: ${trunk(2, ', headers: {X-Agent-Context: {user_id: "12345", language: en}}')}
routes:
  - {destination: support, to: trunk:support/100}
  - {destination: sales, to: trunk:sales/200}
  - {destination: ai_assistant, to: trunk:ai_assistant/agent_7}
  - {header: X-Team=sales, to: trunk:sales}
  - {pattern: "+1NXXNXXXXXX", to: [trunk:sales, trunk:support], order: by_weight, weights: [1, 0]}
default_destination: trunk:support/100
allow_uris: true
uri_nets: [127.0.0.0/8]
`,
    });
});
after(() => daemon.stop());

/** Dial, be answered, hang up. @param {any} offer @returns {Promise<import('./lib/provider.mjs').Message>} */
async function call(offer, provider = providers[0]) {
    const socket = await openSocket(daemon.bridgeUrl);
    const seen = provider.count('INVITE');
    socket.send({ type: 'offer', sdp: OFFER, ...offer });
    await socket.next('answer');
    await provider.waitFor('ACK');
    socket.send({ type: 'hangup' });
    await provider.waitFor('BYE');
    assert.equal(provider.count('INVITE'), seen + 1);
    socket.close();
    const invite = provider.last('INVITE');
    provider.forget();
    return invite;
}

test('each destination reaches its own provider; none and an unknown one the default', async () => {
    assert.match((await call({ destination: 'support' }, providers[0])).uri, /^sip:100@p0\.example/);
    assert.match((await call({ destination: 'sales' }, providers[1])).uri, /^sip:200@p1\.example/);
    assert.match((await call({ destination: 'ai_assistant' }, providers[2])).uri, /^sip:agent_7@p2\.example/);
    assert.match((await call({}, providers[0])).uri, /^sip:100@p0\.example/);
    assert.match((await call({ destination: 'no_such_team' }, providers[0])).uri, /^sip:100@p0\.example/);
});

test('the log has a line for each step of a trunk and of a call by it', async () => {
    await call({ destination: 'sales' }, providers[1]);
    const lines = [
        /info {2}trunk=sales start host=127\.0\.0\.1 port=\d+ transport=UDP domain=p1\.example/,
        /info {2}trunk=sales resolved host=127\.0\.0\.1 to=127\.0\.0\.1:\d+/,
        /info {2}trunk=sales alive rtt_ms=\d+/,
        /info {2}call=\w+ leg=2 INVITE uri=sip:200@p1\.example to=UDP\/127\.0\.0\.1:\d+ trunk=sales/,
        /info {2}call=\w+ leg=2 codec negotiated=PCMU/,
        /info {2}call=\w+ ended cause=hangup code=200 .* trunk=sales /,
    ];
    for (const line of lines) await waitFor(`${line}`, () => line.test(daemon.log()), 2000);
});

test('X-Agent-Context is JSON on one line, from the configuration and from the offer', async () => {
    const configured = await call({ destination: 'ai_assistant' }, providers[2]);
    assert.deepEqual(JSON.parse(configured.header('X-Agent-Context')), { user_id: '12345', language: 'en' });
    const offered = await call({ destination: 'support', headers: { 'X-Agent-Context': { user_id: '7', note: 'a "quoted" word' } } });
    assert.deepEqual(JSON.parse(offered.header('X-Agent-Context')), { user_id: '7', note: 'a "quoted" word' });
    const socket = await openSocket(daemon.bridgeUrl);
    socket.send({ type: 'offer', sdp: OFFER, destination: 'support', headers: { 'X-Evil': 'a\r\nFrom: <sip:boss@x>' } });
    assert.match((await socket.next('error')).message, /header/i);
    socket.close();
});

test('a header decides, a number as people write it, and help has its own way', async () => {
    assert.match((await call({ headers: { 'X-Team': 'sales' } }, providers[1])).uri, /^sip:sales_user@p1\.example/);
    assert.match((await call({ destination: '+1 (255) 223-4567' }, providers[1])).uri, /^sip:\+12552234567@p1\.example/);
    assert.match((await call({ destination: '112' }, providers[1])).uri, /^sip:112@p1\.example/);
});

test('a SIP address that somebody types: to where it is allowed only', async () => {
    const invite = await call({ destination: `sip:bob@127.0.0.1:${providers[2].port}` }, providers[2]);
    assert.match(invite.uri, new RegExp(`^sip:bob@127\\.0\\.0\\.1:${providers[2].port}`));
    const refused = ['sip:bob@10.1.2.3', 'sip:bob@169.254.169.254', 'sip:bob@[::1]:5060', 'sip:bob@127.0.0.1:25', 'sip:a@127.0.0.1:5060;maddr=10.0.0.1'];
    for (const destination of refused) {
        const socket = await openSocket(daemon.bridgeUrl);
        socket.send({ type: 'offer', sdp: OFFER, destination });
        const error = await socket.next('error');
        assert.ok([403, 'forbidden'].includes(error.code), `${destination}: ${error.message}`);
        socket.close();
    }
});

test('a listener that demands a token takes nothing before it', async () => {
    const url = `ws://${daemon.ready.http[2]}/bridge`;
    const token = await daemon.addUser('alice');
    const socket = await openSocket(url);
    await socket.next('session-created');
    for (const message of [{ type: 'offer', sdp: OFFER, destination: 'echo' }, { type: 'register', token }, { type: 'ping', t: 1 }]) {
        socket.send(message);
        assert.equal((await socket.next('error')).code, 'unauthorized');
    }
    socket.send({ type: 'auth', token: `${token}x` });
    assert.equal((await socket.next('error')).code, 'unauthorized');
    socket.send({ type: 'auth', token });
    assert.equal((await socket.next('authenticated')).user, 'alice');
    socket.send({ type: 'offer', sdp: OFFER, destination: 'echo' });
    await socket.next('answer');
    socket.close();
});

test('tandem route says who would be called and why', async () => {
    const ask = (/** @type {string[]} */ ...words) => daemon.command('route', ...words);
    const sales = await ask('--from', 'alice', '--to', 'sales');
    assert.equal(sales.why, 'route sales');
    assert.deepEqual(sales.targets.map((/** @type {any} */ t) => [t.kind, t.name, t.number]), [['trunk', 'sales', '200']]);
    const drawn = await ask('--to', '+12552234567');
    assert.match(drawn.why, /^route \+1NXXNXXXXXX, by weight/);
    assert.deepEqual(drawn.targets.map((/** @type {any} */ t) => t.step), [1, 2]);
    assert.equal((await ask('--to', '112')).why, 'emergency number 112');
    assert.equal((await ask('--to', 'x', '--header', 'X-Team=sales')).targets[0].name, 'sales');
    assert.match(sales.targets[0].uri, /^sip:200@p1\.example/);
    assert.equal(sales.targets[0].state, 'alive');
});

test('any answer to OPTIONS is a sign of life; a provider that refuses REGISTER is asked no more, unless it must be', async () => {
    const refuses = { OPTIONS: [405, 'Method Not Allowed'], REGISTER: [403, 'Forbidden'] };
    const grumpy = await startProvider({
        other: (request, reply) => {
            const [status, reason] = refuses[/** @type {'OPTIONS'} */ (request.method)] ?? [];
            if (status) reply(Number(status), String(reason));
            return Boolean(status);
        },
    });
    const line = (/** @type {string} */ register) => `{host: 127.0.0.1, port: ${grumpy.port}, username: u, password: a-long-enough-secret, register: '${register}'}`;
    const own = await startDaemon({ yaml: `trunks: {auto: ${line('auto')}, must: ${line('yes')}, never: ${line('no')}}\n` });
    const row = async (/** @type {string} */ name) => (await own.command('trunks')).find((/** @type {any} */ t) => t.name === name);
    for (const name of ['auto', 'must', 'never']) await waitFor(`${name} to be alive`, async () => (await row(name)).state === 'alive');
    await waitFor('both to be refused', () => grumpy.count('REGISTER') >= 2);
    await waitFor('what became of it', async () => (await row('auto')).registration === 'off' && (await row('must')).registration === 'failed');
    assert.equal((await row('never')).registration, 'none');
    assert.match(own.log(), /trunk=auto registration given up/);
    assert.match((await row('must')).last_error, /403/);
    await waitFor('the second try', () => grumpy.count('REGISTER') >= 3, 8000); // 2 s and a quarter at most
    await own.stop();
    grumpy.stop();
});

test('public_ip: auto asks STUN, and the answer stands in the SDP of an answer', async () => {
    const stun = createSocket('udp4');
    stun.on('message', (request, from) => {
        const value = Buffer.from([0, 1, 0, 0, 203, 0, 113, 77]);
        value.writeUInt16BE(4242 ^ 0x2112, 2);
        [0x21, 0x12, 0xa4, 0x42].forEach((byte, i) => (value[4 + i] ^= byte));
        const head = Buffer.from([1, 1, 0, 12]);
        stun.send(Buffer.concat([head, request.subarray(4, 20), Buffer.from([0, 0x20, 0, 8]), value]), from.port, from.address);
    });
    await new Promise((done) => stun.bind(0, '127.0.0.1', () => done(null)));
    atEnd(async () => stun.close());
    const [host, port] = [providers[0].host, String(providers[0].port)];
    const own = await startDaemon({
        env: { PUBLIC_IP: 'auto', STUN_SERVERS: `127.0.0.1:${stun.address().port}`, TANDEM_LOCAL_NETS: '192.0.2.0/24', SIP_TRUNK_HOST: host, SIP_TRUNK_PORT: port, SIP_USERNAME: 'gateway', SIP_PASSWORD: 'a-long-enough-secret', SIP_REGISTER: 'no' },
    });
    assert.match(own.log(), /public_ip found by STUN address=203\.0\.113\.77/);
    const page = await openSocket(own.bridgeUrl);
    page.send({ type: 'offer', sdp: OFFER, destination: 'echo' });
    const answer = await page.next('answer');
    assert.match(answer.sdp, /^a=candidate:\S+ 1 udp \d+ 203\.0\.113\.77 /im);
    page.close();
    await own.stop();
    const silent = createSocket('udp4');
    await new Promise((done) => silent.bind(0, '127.0.0.1', () => done(null)));
    atEnd(async () => silent.close());
    const begin = Date.now();
    const waits = await startDaemon({ env: { PUBLIC_IP: 'auto', STUN_SERVERS: `127.0.0.1:${silent.address().port}` } });
    assert.ok(Date.now() - begin > 4000, 'it was ready before the answer could come');
    await waitFor('the line', () => /no STUN server answered within 5 s/.test(waits.log()));
    await waits.stop();
});
