/** A trunk over TCP and over TLS: Kamailio with digest and Record-Route in the way, tones measured at both ends; with
 * an rtpengine carrying the sound; and certificates that are not to be trusted. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startBaresip } from './lib/baresip.mjs';
import { assertPageHears, assertRecorded } from './lib/checks.mjs';
import { startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startKamailio } from './lib/kamailio.mjs';
import { answerAtPage, assertPeerHeard, openPhonePage } from './lib/office.mjs';
import { findPorts, makeFolder, onlyFull, sleep, startProcess, waitFor } from './lib/process.mjs';
import { OFFER, openSocket } from './lib/socket.mjs';

const PAGE = { hz: 440, levelDb: -12 };
const PHONE = { hz: 700, levelDb: -18 };
const SECRET = 'correct-horse-battery-42';
/** @type {import('playwright-core').Browser} */ let browser;
before(async () => (browser = await startChromium(PAGE)));
after(() => browser.close());

/** @param {any} kamailio @param {Record<string, string>} env */
const fiveValues = (kamailio, env) => ({
    SIP_TRUNK_HOST: kamailio.host,
    SIP_TRUNK_PORT: String(kamailio.port),
    SIP_USERNAME: 'gateway',
    SIP_PASSWORD: SECRET,
    SIP_DOMAIN: kamailio.domain,
    ...env,
});

/** An rtpengine of the test's own; its ng port. */
async function startRtpengine() {
    const [ng, low] = [await findPorts(1), await findPorts(40)];
    const folder = makeFolder('rtpengine');
    const args = ['--table=-1', '--interface=127.0.0.1', `--listen-ng=127.0.0.1:${ng}`, `--port-min=${low}`, `--port-max=${low + 39}`];
    const started = startProcess('rtpengine', [...args, '--foreground', '--log-stderr', '--config-file=none', `--pidfile=${folder}/pid`]);
    await sleep(500);
    assert.equal(started.exit(), null, started.text());
    return { ng, low, high: low + 39, stop: () => started.stop(3000) };
}

const WAYS = /** @type {const} */ ([
    { name: 'TCP', transport: 'tcp', tls: false, relay: false },
    { name: 'TLS, its certificate verified by SIP_TLS_CA_FILE', transport: 'tls', tls: true, relay: false },
    { name: 'UDP with rtpengine in the path of the sound', transport: 'udp', tls: false, relay: true },
    { name: 'the same, rtp: shared', transport: 'udp', tls: false, relay: true, shared: true },
]);
for (const way of WAYS)
    describe(way.name, way.tls ? {} : onlyFull, () => {
        /** @type {any} */ let kamailio, daemon, bob, relay;
        before(async () => {
            relay = way.relay ? await startRtpengine() : null;
            kamailio = await startKamailio({ users: { gateway: SECRET, bob: 'secret' }, tls: way.tls, relay: relay?.ng });
            const more = way.tls ? { SIP_TRUNK_HOST: 'localhost', SIP_TRUNK_PORT: String(kamailio.tlsPort), SIP_TLS_CA_FILE: kamailio.certFile } : {};
            daemon = await startDaemon({ env: fiveValues(kamailio, { SIP_TRANSPORT: way.transport, ...more }), yaml: `trunks: {default: {rtp: ${'shared' in way ? 'shared' : 'own'}}}\n` });
            bob = await startBaresip({ user: 'bob', domain: kamailio.domain, password: 'secret', outbound: kamailio.address, ...PHONE });
        });
        after(async () => {
            await bob.stop();
            await daemon.stop();
            await kamailio.stop();
            await relay?.stop();
        });
        beforeEach(() => bob.forget());
        const isRegistered = async () => (await daemon.command('trunks')).some((/** @type {any} */ t) => t.registration === 'registered');

        test('registered; out: 407, tones at both ends, keys, hung up by the page', async () => {
            await waitFor('the registration', isRegistered);
            const { page, phone, close } = await openPhonePage(browser, daemon);
            await phone.dial('bob');
            await bob.waitEvent('CALL_INCOMING');
            await bob.accept();
            await phone.waitState('up');
            await page.waitForTimeout(1200);
            await assertPageHears(page, PHONE.hz, PHONE.levelDb);
            await phone.press('12');
            await waitFor('the keys', () => bob.keys() === '12');
            if (relay) {
                const [{ id }] = await daemon.command('calls');
                const { legs } = await daemon.command('calls', id);
                const port = Number(legs.find((/** @type {any} */ leg) => leg.kind === 'sip').media.remote.split(':')[1]);
                assert.ok(port >= relay.low && port <= relay.high, `the sound goes to ${port}, not through rtpengine`);
            }
            assert.doesNotMatch(daemon.log(), /does not suit its far end/);
            await sleep(1500);
            await phone.hangup();
            await assertPeerHeard(bob, PAGE);
            await close();
        });

        test('in: rings at the page, tones, hung up by the provider', async () => {
            const { phone, close } = await answerAtPage(browser, daemon, bob, `sip:gateway@${kamailio.domain}`, PHONE);
            await bob.hangup();
            await phone.waitState('ended');
            await sleep(300);
            assertRecorded(bob.heard(), PAGE.hz, PAGE.levelDb);
            await close();
        });
    });

test('sips: every URI of ours is one, registered and called so, through a proxy that keeps TLS to the end', async () => {
    const kamailio = await startKamailio({ users: { gateway: SECRET, bob: SECRET }, tls: true });
    const here = { SIP_TRUNK_HOST: 'localhost', SIP_TRUNK_PORT: String(kamailio.tlsPort), SIP_TLS_CA_FILE: kamailio.certFile, SIP_TRANSPORT: 'tls', SIP_SIPS: 'yes' };
    const daemon = await startDaemon({ env: fiveValues(kamailio, here) });
    const far = await startDaemon({ env: fiveValues(kamailio, { ...here, SIP_USERNAME: 'bob' }), yaml: "routes: [{from_trunk: default, to: 'builtin:milliwatt'}]\n" });
    for (const one of [daemon, far]) await waitFor('the registration', async () => { const [row] = await one.command('trunks'); return row.registration === 'registered' && row.state === 'alive'; });
    const socket = await openSocket(daemon.bridgeUrl);
    socket.send({ type: 'offer', sdp: OFFER, destination: 'bob' });
    await socket.next('answer');
    await waitFor('the call there', async () => (await far.command('calls'))[0]?.state === 'up');
    socket.send({ type: 'hangup' });
    await waitFor('the end there', async () => (await far.command('calls')).length === 0);
    const passed = async (/** @type {any} */ one, /** @type {string} */ way) => {
        const headers = { Authorization: `Bearer ${readFileSync(join(one.state, 'admin.token'), 'utf8').trim()}` };
        const { messages } = await (await fetch(`${one.url}/admin/api/trace?after=0`, { headers })).json();
        return messages.filter((/** @type {any} */ m) => m.direction === way);
    };
    const sent = await passed(daemon, 'out');
    for (const method of ['REGISTER', 'OPTIONS', 'INVITE', 'ACK', 'BYE']) {
        const request = sent.find((/** @type {any} */ m) => m.text.startsWith(`${method} `))?.text;
        assert.ok(request, `no ${method} in ${sent.length} messages`);
        assert.match(request, /^[A-Z]+ sips:/);
        assert.match(request, /^From: <sips:/m);
        assert.doesNotMatch(request, /^Contact: <sip:/m);
    }
    const got = (await passed(far, 'in')).find((/** @type {any} */ m) => m.text.startsWith('INVITE '));
    assert.match(got.text, /^INVITE sips:bob@127\.0\.0\.1:\d+;line=/);
    assert.match(got.text, /^Record-Route: <sips?:[^>]*>/m);
    await far.stop();
    await daemon.stop();
    await kamailio.stop();
});

for (const [what, tls, words] of /** @type {[string, any, RegExp][]} */ ([
    ['made by nobody we know', true, /certificate|self-signed|self signed/i],
    ['for another name', { name: 'other.example', alt: 'DNS:other.example' }, /certificate|name|host/i],
]))
    test(`a certificate ${what}: no call, and the error says so`, async () => {
        const kamailio = await startKamailio({ users: { gateway: SECRET }, tls });
        const ca = typeof tls === 'object' ? { SIP_TLS_CA_FILE: kamailio.certFile } : {};
        const daemon = await startDaemon({ env: fiveValues(kamailio, { SIP_TRANSPORT: 'tls', SIP_TRUNK_HOST: 'localhost', SIP_TRUNK_PORT: String(kamailio.tlsPort), SIP_REGISTER: 'no', ...ca }) });
        const socket = await openSocket(daemon.bridgeUrl);
        socket.send({ type: 'offer', sdp: OFFER, destination: '100' });
        const error = await socket.next('error', 15000);
        assert.match(error.message, words);
        await daemon.stop();
        await kamailio.stop();
    });
