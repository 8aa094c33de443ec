/** Figures for Prometheus: a call moves them, and what the dashboard and the documentation name exists. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { openPhonePage, startPhone } from './lib/office.mjs';
import { waitFor } from './lib/process.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {import('playwright-core').Browser} */ let browser;
const yaml = 'trunks:\n  far:\n    host: 127.0.0.1\n    port: 9\n    register: false\n';
before(async () => {
    [daemon, browser] = await Promise.all([
        startDaemon({ yaml, env: { TANDEM_HTTP: '127.0.0.1:0, 0.0.0.0:0' } }),
        startChromium(),
    ]);
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
});

const port = () => daemon.ready.http[1].split(':').at(-1);
const url = (host = '127.0.0.1') => `http://${host}:${port()}/metrics`;

/** A scraper's view: samples by name and sorted labels, families by name. Refuses what is not in the format. */
function parse(/** @type {string} */ text) {
    /** @type {Map<string, number>} */ const samples = new Map();
    /** @type {Map<string, {type?: string, help?: string}>} */ const families = new Map();
    assert.ok(text.endsWith('\n'));
    let current = '';
    for (const line of text.trimEnd().split('\n')) {
        const comment = /^# (HELP|TYPE) ([a-z_:][a-z0-9_:]*) (.+)$/.exec(line);
        if (comment) {
            const family = families.get(comment[2]) ?? {};
            if (comment[1] === 'HELP') assert.equal(families.has(comment[2]), false, `${comment[2]} comes twice`);
            family[comment[1] === 'HELP' ? 'help' : 'type'] = comment[3];
            families.set((current = comment[2]), family);
            continue;
        }
        const sample = /^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (\S+)$/.exec(line);
        assert.ok(sample, `no sample: ${line}`);
        assert.equal(sample[1], current, 'samples stand under their family');
        const key = sample[1] + (sample[2] ? `{${sample[2]}}` : '');
        assert.equal(samples.has(key), false, `${key} comes twice`);
        assert.ok(Number.isFinite(Number(sample[3])), line);
        samples.set(key, Number(sample[3]));
    }
    return { samples, families };
}

async function scrape() {
    const response = await fetch(url());
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    return parse(await response.text());
}
const read = async (/** @type {string} */ name) => (await scrape()).samples.get(name) ?? 0;

test('every family has a help line, a type and a fitting name', async () => {
    const { families, samples } = await scrape();
    for (const [name, { type, help }] of families) {
        assert.ok(help && help.endsWith('.'), name);
        assert.equal(type, name.endsWith('_total') ? 'counter' : 'gauge', name);
    }
    assert.equal(samples.get(`tandem_build_info{version="${daemon.ready.version}"}`), 1);
    assert.ok(samples.get('process_resident_memory_bytes') > 1e6);
    assert.ok(samples.get('process_open_fds') > 3);
    assert.ok(Math.abs(samples.get('process_start_time_seconds') - Date.now() / 1000) < 120);
    assert.ok(samples.has('tandem_mailbox_depth{thread="control"}'));
    assert.ok(samples.has('tandem_loop_lag_seconds'));
});

test('only this machine, or the admin token', async () => {
    assert.equal((await fetch(url(), { headers: { 'X-Forwarded-For': '192.0.2.1' } })).status, 401);
    const token = readFileSync(join(daemon.state, 'admin.token'), 'utf8').trim();
    const forwarded = { 'X-Forwarded-For': '192.0.2.1', Authorization: `Bearer ${token}` };
    assert.equal((await fetch(url(), { headers: forwarded })).status, 200);
    forwarded.Authorization = 'Bearer wrong';
    assert.equal((await fetch(url(), { headers: forwarded })).status, 401);
    const own = Object.values(networkInterfaces()).flat().find((one) => one?.family === 'IPv4' && !one.internal);
    if (own) assert.equal((await fetch(url(own.address))).status, 401); // this machine, but by its public side
});

test('a call moves the figures', async () => {
    const bob = await startPhone(daemon, 'bob', { hz: 600 });
    const { page, phone, close } = await openPhonePage(browser, daemon);
    assert.equal(await read('tandem_registrations{kind="phone"}'), 1);
    await phone.dial('bob');
    await bob.waitEvent('CALL_INCOMING');
    await bob.accept();
    await phone.waitState('up');
    await page.waitForTimeout(2500);
    const during = (await scrape()).samples;
    assert.equal(during.get('tandem_calls{face="bridge",direction="internal"}'), 1);
    assert.equal(during.get('tandem_call_attempts_total{face="bridge",direction="internal"}'), 1);
    assert.equal(during.get('tandem_legs{kind="bridge",state="up"}'), 1);
    assert.equal(during.get('tandem_legs{kind="sip",state="up"}'), 1);
    assert.ok(during.get('tandem_bridge_sockets') >= 1);
    assert.ok(during.get('tandem_rtp_packets_total{direction="received"}') > 100);
    assert.ok(during.get('tandem_rtp_mos{over="mean"}') > 3);
    assert.equal(during.get('tandem_sip_sessions'), 1);
    assert.ok(during.get('tandem_sip_requests_total{direction="out",method="INVITE"}') >= 1);
    assert.ok(during.get('tandem_sip_requests_total{direction="in",method="REGISTER"}') >= 1);
    await phone.hangup();
    await waitFor('the call to be over', async () => (await daemon.command('calls')).length === 0);
    const after = (await scrape()).samples;
    assert.equal(after.get('tandem_calls{face="bridge",direction="internal"}') ?? 0, 0);
    assert.equal(after.get('tandem_call_results_total{cause="hangup",trunk=""}'), 1);
    assert.equal(after.get('tandem_call_answered_total'), 1);
    assert.ok(after.get('tandem_call_talk_seconds_total') >= 2);
    for (const [name, value] of during) // what counts never goes back
        if (/_total(\{|$)/.test(name)) assert.ok((after.get(name) ?? 0) >= value, name);
    await bob.stop();
    await close();
});

test('a trunk that is away', async () => {
    await waitFor('the trunk to be known as down', async () => (await scrape()).samples.get('tandem_trunk_up{trunk="far"}') === 0, 40000);
    assert.equal((await scrape()).samples.get('tandem_trunk_calls_total{trunk="far"}'), 0);
});

const NAME = /\b(?:tandem|process)_[a-z_]+\b/g;

test('the Grafana dashboard asks for what exists', async () => {
    const { families } = await scrape();
    const dashboard = JSON.parse(readFileSync(join(root, 'packaging/grafana/tandem.json'), 'utf8'));
    const exprs = dashboard.panels.flatMap((/** @type {any} */ panel) => (panel.targets ?? []).map((/** @type {any} */ t) => t.expr));
    const queries = dashboard.templating.list.map((/** @type {any} */ one) => one.query?.query ?? '');
    assert.ok(exprs.length > 20);
    const asked = new Set();
    for (const expr of [...exprs, ...queries]) for (const name of expr.match(NAME) ?? []) asked.add(name);
    for (const name of asked) assert.ok(families.has(name), `${name} is in the dashboard only`);
    for (const name of families.keys()) assert.ok(asked.has(name), `${name} is not in the dashboard`);
});

test('every figure is documented, and no other', async () => {
    const { families } = await scrape();
    const text = readFileSync(join(root, 'docs/metrics.md'), 'utf8');
    const rows = new Map([...text.matchAll(/^\| `([a-z_]+)` \| (counter|gauge) \|.*\| (.+) \|$/gm)].map((m) => [m[1], m]));
    for (const [name, { type, help }] of families) {
        assert.equal(rows.get(name)?.[2], type, name);
        assert.equal(rows.get(name)?.[3], help, name);
    }
    assert.equal(rows.size, families.size);
});
