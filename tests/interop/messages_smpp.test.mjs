/** Texts by SMPP 3.4: submitted, in parts, receipts, a centre that goes away, texts that come in. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, after, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { makeCertificate } from './lib/kamailio.mjs';
import { waitFor } from './lib/process.mjs';
import { addProject } from './lib/signalwire.mjs';
import { startSipPhone } from './lib/sipphone.mjs';
import { startCentre } from './lib/smpp.mjs';

/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {Awaited<ReturnType<typeof startCentre>>} */ let smpp;
let authorization = '';

before(async () => {
    smpp = await startCentre();
    daemon = await startDaemon({
        yaml: `messages: {to: smpp, rate: 100, smpp: {host: 127.0.0.1, port: ${smpp.port}, system_id: me, password: pw}}\nusers: {ann: {password: ann-password-1}}\n`,
    });
    const { project_id: id } = await daemon.command('project', 'add', 'shop');
    const { token } = await daemon.command('token', 'add', '--project', id, '--scopes', 'messaging');
    authorization = `Basic ${Buffer.from(`${id}:${token}`).toString('base64')}`;
    await waitFor('the bind', () => smpp.centre.binds === 1);
});
after(async () => daemon.stop());

async function send(/** @type {string} */ body) {
    const headers = { authorization, 'content-type': 'application/json' };
    const answer = await fetch(`${daemon.url}/api/messaging/messages`, { method: 'POST', headers, body: JSON.stringify({ from: '+15551110000', to: '+15557654321', body }) });
    assert.equal(answer.status, 201);
    return /** @type {any} */ (await answer.json());
}
const logged = (/** @type {string} */ id, /** @type {string} */ status) =>
    waitFor(`message ${status}`, async () => {
        const log = /** @type {any} */ (await (await fetch(`${daemon.url}/api/messaging/logs/${id}`, { headers: { authorization } })).json());
        return log.status === status && log;
    }, 15000);

test('a text is submitted, and its receipt makes it delivered', async () => {
    const { id } = await send('hi @ you');
    const got = await smpp.waitText(1);
    assert.deepEqual([got.from, got.to, got.esm, got.coding], ['15551110000', '15557654321', 0, 0]);
    assert.equal(got.text.toString('latin1'), 'hi \0 you', 'GSM 7-bit: @ is 0');
    await logged(id, 'sent');
    smpp.deliver({ esm: 4, text: Buffer.from(`id:${got.id} sub:001 dlvrd:001 stat:DELIVRD err:000 text:hi`) });
    await logged(id, 'delivered');
});

test('a long text goes in parts that belong together, UCS-2 where it must', async () => {
    const { id, number_of_segments: n } = await send('ж'.repeat(80));
    assert.equal(n, 2);
    const parts = [await smpp.waitText(2), await smpp.waitText(3)];
    assert.deepEqual(parts.map((p) => [p.esm, p.coding, p.text[4], p.text[5]]), [[0x40, 8, 2, 1], [0x40, 8, 2, 2]]);
    assert.equal(parts[0].text[3], parts[1].text[3], 'one reference');
    assert.equal(Buffer.concat(parts.map((p) => p.text.subarray(6))).swap16().toString('utf16le'), 'ж'.repeat(80));
    await logged(id, 'sent');
    smpp.deliver({ esm: 4, text: Buffer.from(`id:${parts[1].id} stat:UNDELIV err:001`) });
    await logged(id, 'undelivered');
});

test('throttled, it is tried again; refused, it is over; without the centre it waits', async () => {
    smpp.centre.status = 0x58;
    const throttled = await send('slow down');
    await new Promise((done) => setTimeout(done, 300));
    smpp.centre.status = 0;
    await logged(throttled.id, 'sent');
    smpp.centre.status = 0x0b;
    const refused = await send('bad address');
    assert.equal((await logged(refused.id, 'failed')).error_code, 'smpp-b');
    smpp.centre.status = 0;
    smpp.drop();
    const waiting = await send('while you were away');
    await logged(waiting.id, 'sent');
    assert.equal(smpp.centre.binds, 2);
});

test("a text that comes in is a MESSAGE to the number's user", async () => {
    const ann = await startSipPhone({ user: 'ann', password: 'ann-password-1', server: daemon.sip });
    assert.equal((await ann.register()).status, 200);
    await daemon.command('number', 'add', '15552220000', '--to', 'user:ann');
    await waitFor('the number to be routed', async () => (await daemon.command('route', '--to', '15552220000')).targets?.[0]?.kind === 'user');
    smpp.deliver({ from: '15559998888', to: '15552220000', coding: 8, text: Buffer.from('grüße', 'utf16le').swap16() });
    const got = await ann.waitRequest('MESSAGE');
    assert.equal(got.body, 'grüße');
    assert.match(got.header('From'), /15559998888/);
    await ann.stop();
});

test('the parts of a long text are one, in any order; its number runs its program', async () => {
    const hook = await startHook({ '/text': '<Response><Message>Thank you</Message></Response>' });
    const acme = await addProject(daemon, 'acme');
    const number = '+15552221111', customer = '+15559990000';
    const { json } = await acme.ask('POST', '/api/relay/rest/phone_numbers', { number });
    await acme.ask('PUT', `/api/relay/rest/phone_numbers/${json.id}`, { message_handler: 'laml_webhooks', message_request_url: `${hook.url}/text` });
    const bodies = async (/** @type {number} */ n) => Object.fromEntries(new URLSearchParams((await hook.request('/text', n)).body));
    const udh = (/** @type {number[]} */ header, /** @type {string} */ text) => Buffer.concat([Buffer.from([header.length, ...header]), Buffer.from(text)]);
    const from = customer.slice(1), to = number.slice(1); // international numbers have no plus here
    smpp.deliver({ from, to, esm: 0x40, text: udh([0, 3, 9, 2, 2], 'the end') });
    smpp.deliver({ from, to, esm: 0x40, text: udh([8, 4, 1, 9, 2, 1], 'sixteen ') });
    smpp.deliver({ from, to, esm: 0x40, text: udh([8, 4, 1, 9, 2, 2], 'bits') });
    assert.deepEqual([(await bodies(1)).Body, (await bodies(1)).From, (await bodies(1)).To], ['sixteen bits', customer, number]);
    smpp.deliver({ from, to, esm: 0x40, text: udh([0, 3, 9, 2, 1], 'the beginning, ') });
    assert.equal((await bodies(2)).Body, 'the beginning, the end');
    const sar = (/** @type {number} */ n) => Buffer.from([2, 0x0c, 0, 2, 0, 5, 2, 0x0e, 0, 1, 2, 2, 0x0f, 0, 1, n]);
    smpp.deliver({ from, to, coding: 3, text: Buffer.from('caf\u00e9 ', 'latin1'), fields: sar(1) });
    smpp.deliver({ from, to, coding: 3, text: Buffer.from('au lait', 'latin1'), fields: sar(2) });
    assert.equal((await bodies(3)).Body, 'caf\u00e9 au lait');
    const answer = await waitFor('the answer', () => smpp.submitted.find((one) => one.text.toString() === 'Thank you'));
    assert.deepEqual([answer.from, answer.to], [number.slice(1), customer.slice(1)]);
    acme.stop();
});

test('a centre with TLS: bound when its certificate is trusted, told nothing otherwise', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-smpp-'));
    const { key, cert } = makeCertificate(folder);
    const tls = { key: readFileSync(key), cert: readFileSync(cert) };
    const secure = await startCentre({ tls });
    const yaml = (/** @type {string} */ more) => `messages: {to: smpp, smpp: {host: 127.0.0.1, port: ${secure.port}, system_id: me, password: pw, tls: on${more}}}\n`;
    const wary = await startDaemon({ yaml: yaml('') });
    await waitFor('its reason', () => /smpp closed reason=.*certificate/.test(wary.log()));
    assert.equal(secure.centre.binds, 0);
    await wary.stop();
    const trusting = await startDaemon({ yaml: yaml(`, ca_file: ${cert}`) });
    await waitFor('the bind', () => secure.centre.binds === 1);
    await waitFor('its answer', () => /smpp bound/.test(trusting.log()));
    await trusting.stop();
    await assert.rejects(startDaemon({ yaml: yaml(`, ca_file: ${key}`) }), /certificate/);
    rmSync(folder, { recursive: true });
});
