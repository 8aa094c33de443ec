/** The registrar as phones meet it: credentials, contacts, restarts, guessers, texts and lamps. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, before, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { waitFor } from './lib/process.mjs';
import { startSipPhone } from './lib/sipphone.mjs';

const SECRET = 'correct-horse-battery-42';
const yaml = `sip: { ban_after: 4, ban: 60, max_contacts: 3 }
users:
${['alice', 'bob', 'carol'].map((name) => `  ${name}: { password: ${SECRET} }\n`).join('')}`;
/** @type {any} */ let daemon;
before(async () => void (daemon = await startDaemon({ yaml })));
after(() => daemon.stop());

const phone = (/** @type {string} */ user, more = {}) => startSipPhone({ user, password: SECRET, server: daemon.sip, ...more });
const rows = async () => (await daemon.command('registrations')).filter((/** @type {any} */ row) => row.kind === 'phone');

test('contacts: refresh, several, the oldest makes room, unregister, all at once', async () => {
    const alice = await phone('alice');
    const first = await alice.register({ params: ';q=0.5' });
    assert.equal(first.status, 200);
    assert.match(first.header('Contact'), /expires=\d+;q=0\.500/);
    assert.equal((await alice.register()).headers('Contact').length, 1);
    for (const name of ['two', 'three', 'four']) await alice.register({ value: `<sip:${name}@${alice.local}>` });
    const left = (await alice.register({ value: `<sip:four@${alice.local}>` })).headers('Contact').join();
    assert.ok(!left.includes('sip:alice@') && left.includes('sip:two@'), left);
    assert.equal((await alice.register({ value: `<sip:two@${alice.local}>`, expires: 0 })).headers('Contact').length, 2);
    assert.equal((await alice.register({ expires: 5 })).status, 423);
    assert.equal((await alice.register({ value: '*', expires: 0 })).status, 200);
    assert.deepEqual(await rows(), []);
    await alice.stop();
});

test('tandem user set: the next call of a user of the database has his codecs', async () => {
    const added = await daemon.command('user', 'add', 'dora', '--prefer', 'quality');
    const account = await daemon.command('device', 'add', '--user', 'dora');
    const dora = await phone(account.sip_username, { password: account.sip_password });
    const offer = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 40000 RTP/AVP 0 8 9', ''].join('\r\n');
    const formats = async () => {
        const call = dora.dial('sip:milliwatt@tandem', { body: offer });
        const ok = await call.answered();
        await call.bye();
        return /m=audio \d+ RTP\/AVP ([^\r]*)/.exec(ok.body)?.[1];
    };
    assert.equal(await formats(), '9 0 8', 'the widest band first');
    const row = await daemon.command('user', 'set', 'dora', '--prefer', 'list', '--codecs', 'PCMA,PCMU');
    assert.deepEqual([row.user_id, row.prefer, row.codecs], [added.user_id, 'list', 'PCMA,PCMU']);
    await waitFor('the new codecs', async () => (await formats()) === '8 0');
    await daemon.command('user', 'set', 'dora', '--prefer', 'auto', '--codecs', 'auto');
    await waitFor('what he offers, as everybody', async () => (await formats()) === '0 8 9');
    await assert.rejects(daemon.command('user', 'set', 'dora', '--codecs', 'MP3'), /PCMU, PCMA, G722 and opus/);
    await dora.stop();
});

test('nobody learns which names exist', async () => {
    const [known, unknown] = [await phone('alice', { password: 'wrong' }), await phone('nobody', { password: 'wrong' })];
    const shape = (/** @type {any} */ m) => [m.start, ...m.headers('WWW-Authenticate').map((/** @type {string} */ v) => v.replace(/nonce="[^"]*"/, ''))];
    const a = await known.register();
    assert.equal(a.status, 401);
    assert.deepEqual(shape(a), shape(await unknown.register()));
    await known.stop();
    await unknown.stop();
});

test('a guesser is banned, seen and let in again', async () => {
    const eve = await phone('alice', { password: 'wrong', host: '127.0.0.9' });
    const good = await phone('alice', { host: '127.0.0.9' });
    for (let i = 0; i < 4; i++) assert.equal((await eve.register()).status, 401);
    const refused = await good.register();
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.header('Retry-After')) > 50);
    const [ban] = await daemon.command('bans');
    assert.equal(ban.address, '127.0.0.9');
    assert.equal(ban.state, 'banned');
    assert.match(await (await fetch(`${daemon.url}/metrics`)).text(), /^tandem_sip_banned 1$/m);
    const elsewhere = await phone('alice');
    assert.equal((await elsewhere.register()).status, 200);
    await daemon.command('bans', 'lift', '127.0.0.9');
    assert.equal((await good.register()).status, 200);
    await assert.rejects(daemon.command('bans', 'lift', '127.0.0.9'), /not banned/);
    await good.register({ value: '*', expires: 0 });
    for (const one of [eve, good, elsewhere]) await one.stop();
});

test('a text goes to all phones of a user, in the name of who was proved', async () => {
    const [alice, bob, desk] = [await phone('alice'), await phone('bob'), await phone('bob', { contactUser: 'desk' })];
    for (const one of [alice, bob, desk]) assert.equal((await one.register()).status, 200);
    const text = { lines: ['Content-Type: text/plain;charset=UTF-8'], body: 'Grüße', from: '"Al" <sip:director@tandem>' };
    assert.equal((await alice.request('MESSAGE', 'sip:bob@tandem', text)).status, 200);
    for (const one of [bob, desk]) {
        const got = await one.waitRequest('MESSAGE');
        assert.equal(got.body, 'Grüße');
        assert.match(got.header('From'), /<sip:alice@tandem>/);
        assert.equal(got.header('Content-Type'), 'text/plain;charset=UTF-8');
    }
    bob.answers.MESSAGE = () => ({ status: 480 });
    desk.answers.MESSAGE = () => ({ status: 415, reason: 'Unsupported Media Type' });
    assert.equal((await alice.request('MESSAGE', 'sip:bob@tandem', text)).status, 415);
    assert.equal((await alice.request('MESSAGE', 'sip:carol@tandem', text)).status, 202, 'away: it is kept for her');
    assert.equal((await alice.ask('MESSAGE', 'sip:bob@tandem', text)).status, 407);
    for (const one of [alice, bob, desk]) {
        await one.register({ value: '*', expires: 0 });
        await one.stop();
    }
});

test('lamps: presence and dialogs of a user as his phone rings, talks and goes', async () => {
    const [alice, bob] = [await phone('alice'), await phone('bob')];
    await alice.register();
    const presence = await alice.subscribe('sip:bob@tandem', 'presence');
    assert.equal(presence.answer.status, 200);
    const first = await alice.waitRequest('NOTIFY');
    assert.match(first.header('Subscription-State'), /^active;expires=\d+/);
    assert.match(first.body, /<basic>closed</);
    await bob.register();
    assert.match((await alice.waitRequest('NOTIFY')).body, /entity="sip:bob@tandem"[^]*<basic>open</);

    const dialog = await alice.subscribe('sip:bob@tandem', 'dialog');
    assert.equal(dialog.answer.status, 200);
    assert.match((await alice.waitRequest('NOTIFY')).body, /state="full" entity="sip:bob@tandem">\s*<\/dialog-info>/);
    const states = async (/** @type {RegExp} */ wanted) => {
        for (;;) {
            const notify = await alice.waitRequest('NOTIFY');
            if (notify.header('Event') === 'dialog' && wanted.test(notify.body)) return notify;
        }
    };
    const invite = { lines: [`Contact: ${bob.contact}`, 'Content-Type: application/sdp'], body: SDP(bob.port) };
    const answered = bob.request('INVITE', 'sip:echo@tandem', { ...invite, callId: 'c1', fromTag: 'f1' });
    await states(/direction="initiator"><state>confirmed/);
    const ok = await answered;
    assert.equal(ok.status, 200);
    const target = /<([^>]+)>/.exec(ok.header('Contact'))?.[1] ?? '';
    bob.send(`ACK ${target} SIP/2.0\r\nVia: SIP/2.0/UDP ${bob.local};branch=z9hG4bKa1\r\nFrom: <sip:bob@tandem>;tag=f1\r\nTo: ${ok.header('To')}\r\nCall-ID: c1\r\nCSeq: 2 ACK\r\nContent-Length: 0\r\n\r\n`);
    assert.equal((await bob.ask('BYE', target, { callId: 'c1', fromTag: 'f1', cseq: 3, to: ok.header('To'), from: '<sip:bob@tandem>' })).status, 200);
    await states(/entity="sip:bob@tandem">\s*<\/dialog-info>/);

    assert.equal((await dialog.refresh(600)).status, 200);
    assert.equal((await dialog.end()).status, 200);
    await waitFor('the last NOTIFY', () => alice.requests.some((m) => m.method === 'NOTIFY' && /^terminated;reason=timeout/.test(m.header('Subscription-State'))));
    assert.equal((await dialog.refresh(600)).status, 481);
    for (const one of [alice, bob]) {
        await one.register({ value: '*', expires: 0 });
        await one.stop();
    }
});

const SDP = (/** @type {number} */ port) => `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;

test('subscriptions that make no sense are refused', async () => {
    const alice = await phone('alice');
    await alice.register();
    const wrong = await alice.subscribe('sip:bob@tandem', 'weather');
    assert.equal(wrong.answer.status, 489);
    assert.match(wrong.answer.header('Allow-Events'), /presence.*dialog.*message-summary/);
    assert.equal((await alice.subscribe('sip:nobody@tandem', 'presence')).answer.status, 404);
    assert.equal((await alice.subscribe('sip:bob@tandem', 'message-summary')).answer.status, 403);
    assert.equal((await alice.subscribe('sip:bob@tandem', 'presence', { expires: 5 })).answer.status, 423);
    assert.equal((await alice.subscribe('sip:bob@tandem', 'presence', { accept: 'text/html' })).answer.status, 406);
    const mail = await alice.subscribe('sip:alice@tandem', 'message-summary');
    assert.equal(mail.answer.status, 200);
    const notify = await alice.waitRequest('NOTIFY');
    assert.equal(notify.header('Content-Type'), 'application/simple-message-summary');
    assert.match(notify.body, /^Messages-Waiting: no\r\nMessage-Account: sip:alice@tandem\r\n/);
    assert.equal((await alice.subscribe('sip:alice@tandem', 'reg')).answer.status, 200);
    assert.match((await alice.waitRequest('NOTIFY')).body, /registration aor="sip:alice@tandem"[^]*<uri>sip:alice@127/);
    alice.answers.NOTIFY = () => ({ status: 481, reason: 'Gone' });
    await alice.register({ value: '*', expires: 0 });
    await alice.stop();
});

test('a phone on UDP is still registered after a restart, and is called', async () => {
    const one = await startDaemon({ yaml });
    const bob = await startSipPhone({ user: 'bob', password: SECRET, server: one.sip });
    await bob.register();
    await bob.subscribe('sip:alice@tandem', 'presence');
    assert.match(await (await fetch(`${one.url}/metrics`)).text(), /^tandem_sip_subscriptions 1$/m);
    await one.stop();
    await waitFor('the end of the subscription', () => bob.requests.some((/** @type {any} */ m) => /^terminated;reason=deactivated/.test(m.header('Subscription-State'))));
    const two = await startDaemon({ yaml, state: one.state });
    await waitFor('the binding', async () => (await two.command('registrations')).some((/** @type {any} */ row) => row.user === 'bob'));
    const alice = await startSipPhone({ user: 'alice', password: SECRET, server: two.sip });
    bob.answers.INVITE = () => ({ status: 486, reason: 'Busy Here' });
    const answer = await alice.request('INVITE', 'sip:bob@tandem', { lines: [`Contact: ${alice.contact}`, 'Content-Type: application/sdp'], body: SDP(alice.port) });
    assert.equal(answer.status, 486);
    assert.equal((await bob.waitRequest('INVITE')).uri, `sip:bob@${bob.local}`);
    await alice.stop();
    await bob.stop();
    await two.stop();
});

test('contacts ring by preference, and a GRUU rings one of them', async () => {
    const [alice, first, second] = [await phone('alice'), await phone('bob', { contactUser: 'first' }), await phone('bob', { contactUser: 'second' })];
    const instance = 'urn:uuid:00000000-0000-1000-8000-000a95a0e128';
    await first.register({ params: ';q=0.9' });
    const answer = await second.register({ params: `;q=0.3;+sip.instance="<${instance}>"`, lines: ['Supported: gruu'] });
    const gruu = /pub-gruu="([^"]+)"/.exec(answer.headers('Contact').join())?.[1];
    assert.ok(gruu, answer.headers('Contact').join());
    for (const one of [first, second]) one.answers.INVITE = () => ({ status: 486, reason: 'Busy Here' });
    const invite = { lines: [`Contact: ${alice.contact}`, 'Content-Type: application/sdp'], body: SDP(alice.port) };
    assert.equal((await alice.request('INVITE', 'sip:bob@tandem', invite)).status, 486);
    await first.waitRequest('INVITE');
    await second.waitRequest('INVITE');
    const order = (/** @type {any} */ p) => p.requests.filter((/** @type {any} */ m) => m.method === 'INVITE').length;
    first.answers.INVITE = () => ({ status: 603, reason: 'Decline' });
    assert.equal((await alice.request('INVITE', 'sip:bob@tandem', invite)).status, 603);
    assert.deepEqual([order(first), order(second)], [2, 1]); // a 6xx ends it before the less preferred
    assert.equal((await alice.request('INVITE', gruu, invite)).status, 486);
    assert.deepEqual([order(first), order(second)], [2, 2]);
    for (const one of [first, second]) await one.register({ value: '*', expires: 0 });
    for (const one of [alice, first, second]) await one.stop();
});

test('a phone behind NAT is kept reachable, and missed when it is silent', async () => {
    const one = await startDaemon({ yaml: yaml.replace('sip: {', 'sip: { keepalive: 1,') });
    const bob = await startSipPhone({ user: 'bob', password: SECRET, server: one.sip });
    await bob.register({ value: '<sip:bob@192.168.1.7:5062>' });
    const ping = await bob.waitRequest('OPTIONS');
    assert.equal(ping.uri, 'sip:bob@192.168.1.7:5062');
    const row = async () => (await one.command('registrations')).find((/** @type {any} */ r) => r.user === 'bob');
    await waitFor('its latency', async () => typeof (await row()).latency_ms === 'number');
    assert.equal((await row()).state, 'registered');
    await bob.stop();
    await waitFor('it to be missed', async () => (await row()).state === 'unreachable', 20000);
    await one.stop();
});

test('a STUN keep-alive on the SIP port is answered with the address it came from', async () => {
    const socket = createSocket('udp4');
    const [host, port] = daemon.sip.split(':');
    const answer = new Promise((done) => socket.on('message', done));
    socket.send(Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex'), Number(port), host);
    const got = /** @type {Buffer} */ (await answer);
    assert.equal(got.toString('hex', 0, 20), '0101000c2112a442b7e7a701bc34d686fa87dfae');
    assert.equal(got.readUInt16BE(26) ^ 0x2112, socket.address().port);
    socket.close();
});

test('a phone whose account is taken away is not called any more', async () => {
    await daemon.addUser('dave');
    const device = await daemon.addDevice('dave');
    const dave = await startSipPhone({ user: device.sip_username, password: device.sip_password, server: daemon.sip });
    assert.equal((await dave.register()).status, 200);
    assert.equal((await rows())[0].user, 'dave');
    await daemon.command('device', 'disable', device.device_token);
    await waitFor('the registration to go', async () => (await rows()).length === 0);
    assert.equal((await dave.register()).status, 401);
    await daemon.command('device', 'enable', device.device_token);
    assert.equal((await dave.register()).status, 200);
    await daemon.command('device', 'remove', device.device_token);
    await waitFor('the registration to go', async () => (await rows()).length === 0);
    await dave.stop();
});
