/** tandem as an account of a FreeSWITCH, whose sofia profile is played by a script (Debian has no package of it):
 * its headers and its habits, with the recipe of docs/connect-a-provider.md. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { sleep, waitFor } from './lib/process.mjs';
import { checkDigest, startProvider, tagOf } from './lib/provider.mjs';
import { OFFER, openSocket } from './lib/socket.mjs';

const ACCOUNT = { user: 'webrtc_bridge', password: 'SecurePassword123', realm: 'freeswitch.your-domain.example' };
const AGENT = 'User-Agent: FreeSWITCH-mod_sofia/1.10.12-release~64bit';
const ALWAYS = [
    AGENT,
    'Accept: application/sdp',
    'Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REGISTER, REFER, NOTIFY, PUBLISH, SUBSCRIBE',
    'Supported: timer, path, replaces',
    'Allow-Events: talk, hold, conference, presence, as-feature-event, dialog, line-seize, call-info, sla, include-session-description, presence.winfo, message-summary, refer',
];
const SHOWN = ['Content-Disposition: session', 'Remote-Party-ID: "100" <sip:100@freeswitch.your-domain.example>;party=calling;privacy=off;screen=no', 'X-FS-Support: update_display,send_info'];

/** Its description: the o= line counts up with each new one. */
let version = 1700000000;
const sdp = (/** @type {number} */ port, /** @type {string} */ direction = '') =>
    [
        'v=0',
        `o=FreeSWITCH 1699990000 ${(version += 1)} IN IP4 127.0.0.1`,
        's=FreeSWITCH',
        'c=IN IP4 127.0.0.1',
        't=0 0',
        `m=audio ${port} RTP/AVP 0 101 13`,
        'a=rtpmap:0 PCMU/8000',
        'a=rtpmap:101 telephone-event/8000',
        'a=fmtp:101 0-15',
        'a=rtpmap:13 CN/8000',
        ...(direction ? [`a=${direction}`] : []),
        'a=ptime:20',
        `a=rtcp:${port + 1} IN IP4 127.0.0.1`,
        '',
    ].join('\r\n');

/** Digest as mod_sofia asks for it: a fresh nonce for each request without credentials. */
const challenge = () => `Digest realm="${ACCOUNT.realm}", nonce="${randomUUID()}", algorithm=MD5, qop="auth"`;

/** @type {Awaited<ReturnType<typeof startProvider>>} */ let fs;
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
const contacts = /** @type {string[]} */ ([]);
before(async () => {
    fs = await startProvider({
        // Via gets received and rport filled in, whether asked for or not
        spell: (text) => (text.startsWith('SIP/2.0') ? text.replace(/^(Via: [^\r]*?);rport(?=[;\r])/m, '$1;received=127.0.0.1;rport=5060') : text),
        other: (request, reply) => {
            if (request.method === 'REGISTER') {
                if (!checkDigest(request, ACCOUNT, 'Authorization')) return reply(401, 'Unauthorized', [...ALWAYS, `WWW-Authenticate: ${challenge()}`]), true;
                contacts.push(request.header('contact'));
                const [uri] = /<[^>]+>/.exec(request.header('contact')) ?? [''];
                reply(200, 'OK', [`Contact: ${uri};expires=3600`, `Date: ${new Date().toUTCString()}`, ...ALWAYS]);
                return true;
            }
            if (request.method === 'OPTIONS') return reply(200, 'OK', ALWAYS), true;
            return false;
        },
        invite: async (call, request) => {
            const digest = checkDigest(request, ACCOUNT);
            if (!digest || !digest.ok) return call.reply(407, 'Proxy Authentication Required', [...ALWAYS, `Proxy-Authenticate: ${challenge()}`]);
            call.reply(100, 'Trying', [AGENT]);
            call.reply(183, 'Session Progress', [...ALWAYS, ...SHOWN], sdp(fs.rtpPort));
            await sleep(150);
            call.answer([...ALWAYS, 'Require: timer', 'Session-Expires: 1800;refresher=uac', 'Min-SE: 120', ...SHOWN], sdp(fs.rtpPort));
        },
    });
    const env = { SIP_PROVIDER: 'freeswitch', SIP_TRUNK_HOST: '127.0.0.1', SIP_TRUNK_PORT: String(fs.port), SIP_USERNAME: ACCOUNT.user, SIP_PASSWORD: ACCOUNT.password, SIP_DOMAIN: ACCOUNT.realm };
    daemon = await startDaemon({ env });
});
after(() => daemon.stop());

/** A page's call to 9196, answered; then the body. @param {(socket: any) => Promise<void>} body */
async function withCall(body) {
    const socket = await openSocket(daemon.bridgeUrl);
    fs.forget();
    socket.send({ type: 'offer', sdp: OFFER, destination: '9196' });
    await socket.next('answer', 10000);
    await fs.waitFor('ACK');
    fs.forget();
    await body(socket);
    socket.close?.();
    await waitFor('no call', async () => (await daemon.command('calls')).length === 0);
}
const answered = (/** @type {string} */ method) =>
    waitFor(`our answer to its ${method}`, () => fs.responses().find((m) => m.status >= 200 && m.header('cseq').endsWith(` ${method}`)));

test('it registers by digest, and the contact can be called', async () => {
    const trunk = async () => (await daemon.command('trunks'))[0];
    await waitFor('the registration', async () => (await trunk()).registration === 'registered');
    assert.match(contacts[0], /<sip:[^>]+>/);
});

test('a call: 407, early media, session timer; nothing private in the second INVITE', async () => {
    const socket = await openSocket(daemon.bridgeUrl);
    fs.forget();
    socket.send({ type: 'offer', sdp: OFFER, destination: '9196' });
    await socket.next('progress', 10000);
    await socket.next('answer', 10000);
    const invite = fs.last('INVITE');
    assert.equal(fs.count('INVITE'), 2);
    assert.equal(invite.uri, `sip:9196@${ACCOUNT.realm}`);
    assert.match(invite.header('via'), /;rport/);
    assert.match(invite.header('supported'), /timer/);
    assert.ok(!invite.text.includes(ACCOUNT.password));
    socket.send({ type: 'hangup' });
    await fs.waitFor('BYE');
    await waitFor('no call', async () => (await daemon.command('calls')).length === 0);
});

test('its hold, its resume and the refresh of its timer by re-INVITE', () =>
    withCall(async (socket) => {
        for (const [direction, ours] of [['sendonly', 'recvonly'], ['', 'sendrecv'], ['', 'sendrecv']]) {
            fs.forget();
            fs.lastCall().request('INVITE', [...ALWAYS, 'Session-Expires: 1800;refresher=uac', 'Min-SE: 120', ...SHOWN], sdp(fs.rtpPort, direction));
            const answer = await answered('INVITE');
            fs.lastCall().ack();
            assert.equal(answer.status, 200);
            assert.match(answer.body, new RegExp(`a=${ours}`));
            assert.match(answer.header('session-expires'), /^\d+;\s*refresher=uac/);
        }
        socket.send({ type: 'hangup' });
        await fs.waitFor('BYE');
    }));

test('a delayed offer, as when it bridges the call elsewhere, and its name updates', () =>
    withCall(async (socket) => {
        fs.lastCall().request('INVITE', [...ALWAYS, ...SHOWN]);
        const offer = await answered('INVITE');
        assert.match(offer.body, /m=audio \d+ RTP\/AVP/);
        fs.lastCall().ack();
        fs.forget();
        // a display update has no SDP and must not change the session (RFC 3311 §5.1)
        fs.lastCall().request('UPDATE', [...ALWAYS, 'X-FS-Display-Name: Support', 'X-FS-Display-Number: 9196']);
        assert.equal((await answered('UPDATE')).status, 200);
        fs.forget();
        fs.lastCall().request('INFO', [...ALWAYS, 'Content-Type: message/update_display'], '');
        const info = await answered('INFO');
        assert.ok(info.status === 200 || info.status === 415, `INFO ${info.status}`);
        assert.equal((await daemon.command('calls')).length, 1);
        socket.send({ type: 'hangup' });
        await fs.waitFor('BYE');
    }));

test('it hangs up with Q.850: the page learns why', () =>
    withCall(async (socket) => {
        fs.lastCall().request('BYE', [...ALWAYS, 'Reason: Q.850;cause=16;text="NORMAL_CLEARING"']);
        const hangup = await socket.next('hangup');
        assert.equal(hangup.by, 'remote');
        assert.equal((await answered('BYE')).status, 200);
    }));

test('it calls us at the contact that we registered', async () => {
    const [, contact] = /<([^>]+)>/.exec(contacts[0]) ?? [];
    const [, host, port] = /@([\d.]+):(\d+)/.exec(contact) ?? [];
    await daemon.command('number', 'add', ACCOUNT.user, '--to', 'builtin:echo');
    fs.forget();
    const call = {
        uri: `${contact};fs_nat=yes`,
        tag: randomUUID(),
        id: randomUUID(),
        from: `"Extension 1000" <sip:1000@${ACCOUNT.realm}>`,
    };
    const request = (/** @type {string} */ method, /** @type {number} */ cseq, /** @type {string} */ to, /** @type {string[]} */ lines, body = '') =>
        fs.send([`${method} ${call.uri} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${fs.port};rport;branch=z9hG4bK${randomUUID()}`, 'Max-Forwards: 69', `From: ${call.from};tag=${call.tag}`, `To: ${to}`, `Call-ID: ${call.id}`, `CSeq: ${cseq} ${method}`, `Contact: <sip:mod_sofia@127.0.0.1:${fs.port}>`, ...lines], body, { address: host, port: Number(port) });
    request('INVITE', 100, `<${contact}>`, [...ALWAYS, 'Session-Expires: 1800', 'Min-SE: 120', ...SHOWN], sdp(fs.rtpPort));
    const ok = await answered('INVITE');
    assert.equal(ok.status, 200);
    assert.match(ok.body, /m=audio \d+ RTP\/AVP 0 101/);
    assert.ok(tagOf(ok.header('to')));
    request('ACK', 100, ok.header('to'), []);
    request('BYE', 101, ok.header('to'), [...ALWAYS, 'Reason: Q.850;cause=16;text="NORMAL_CLEARING"']);
    assert.equal((await answered('BYE')).status, 200);
});

test('its OPTIONS pings are answered with what we can do', async () => {
    const [, host, port] = /@([\d.]+):(\d+)/.exec(contacts[0]) ?? [];
    fs.forget();
    fs.send(
        [`OPTIONS sip:${ACCOUNT.user}@${host}:${port};transport=udp SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${fs.port};rport;branch=z9hG4bK${randomUUID()}`, 'Max-Forwards: 70', `From: <sip:mod_sofia@127.0.0.1:${fs.port}>;tag=${randomUUID()}`, `To: <sip:${ACCOUNT.user}@${host}:${port}>`, `Call-ID: ${randomUUID()}`, 'CSeq: 4711 OPTIONS', `Contact: <sip:mod_sofia@127.0.0.1:${fs.port}>`, ...ALWAYS],
        '',
        { address: host, port: Number(port) },
    );
    const answer = await answered('OPTIONS');
    assert.equal(answer.status, 200);
    assert.match(answer.header('allow'), /INVITE/);
});
