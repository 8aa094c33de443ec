/** One tandem sends a fax to another, as scripts of two calls: pages and pixels arrive. Real time: half a minute. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noAsterisk, startAsterisk } from './lib/asterisk.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { makeFolder, onlyFull, waitFor } from './lib/process.mjs';
import { addProject, makeSdk } from './lib/signalwire.mjs';
import { createRequire } from 'node:module';

const { RestClient } = createRequire(import.meta.url)('@signalwire/compatibility-api');

const WIDTH = 1728;
const ROWS = 300;
/** Two pages of black and white, uncompressed, as any program writes them. @returns {{tiff: Buffer, pages: Buffer[]}} */
function makeTiff() {
    const pages = [0, 1].map((page) => {
        const rows = Buffer.alloc((WIDTH / 8) * ROWS);
        for (let i = 0; i < rows.length; i++) {
            const y = Math.floor(i / (WIDTH / 8));
            rows[i] = (Math.floor((i % 216) / 24) + Math.floor(y / 32) + page) % 3 ? 0 : 0xf0 >> page;
        }
        return rows;
    });
    const chunks = [Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0])];
    let at = 8;
    pages.forEach((rows, i) => {
        const entries = 12;
        const size = 2 + entries * 12 + 4 + 16;
        const ifd = Buffer.alloc(size);
        const rational = at + 2 + entries * 12 + 4;
        let n = 2;
        ifd.writeUInt16LE(entries, 0);
        const put = (/** @type {number} */ tag, /** @type {number} */ type, /** @type {number} */ value) => {
            ifd.writeUInt16LE(tag, n);
            ifd.writeUInt16LE(type, n + 2);
            ifd.writeUInt32LE(1, n + 4);
            ifd.writeUInt32LE(value, n + 8);
            n += 12;
        };
        const [SHORT, LONG, RATIONAL] = [3, 4, 5];
        put(256, LONG, WIDTH);
        put(257, LONG, ROWS);
        put(258, SHORT, 1);
        put(259, SHORT, 1);
        put(262, SHORT, 0); // white is zero
        put(273, LONG, at + size);
        put(277, SHORT, 1);
        put(278, LONG, ROWS);
        put(279, LONG, rows.length);
        put(282, RATIONAL, rational);
        put(283, RATIONAL, rational + 8);
        put(296, SHORT, 2);
        ifd.writeUInt32LE(i + 1 < pages.length ? at + size + rows.length : 0, n);
        [204, 1, 196, 1].forEach((value, k) => ifd.writeUInt32LE(value, n + 4 + 4 * k));
        chunks.push(ifd, rows);
        at += size + rows.length;
    });
    return { tiff: Buffer.concat(chunks), pages };
}

/** The pixels of each page, by libtiff's own tool. @param {Buffer} tiff @param {number} count */
function readTiff(tiff, count) {
    const folder = makeFolder('fax');
    writeFileSync(join(folder, 'got.tif'), tiff);
    return Array.from({ length: count }, (_, i) => {
        execFileSync('tiffcp', ['-c', 'none', '-f', 'msb2lsb', '-r', '10000', `${join(folder, 'got.tif')},${i}`, join(folder, 'page.tif')]);
        const page = readFileSync(join(folder, 'page.tif'));
        return page.subarray(8, 8 + (WIDTH / 8) * ROWS);
    });
}

/** @typedef {{wide: number, high: number, black: number[][]}} Sheet sides in points, black rectangles: x, y from the top, width, height */
/** A PDF as any program writes it. @param {Sheet[]} sheets */
function makePdf(sheets) {
    const objects = ['<< /Type /Catalog /Pages 2 0 R >>', `<< /Type /Pages /Count ${sheets.length} /Kids [${sheets.map((_, i) => `${3 + 2 * i} 0 R`).join(' ')}] >>`];
    for (const { wide, high, black } of sheets) {
        const drawn = `0 g ${black.map(([x, y, w, h]) => `${x} ${high - y - h} ${w} ${h} re f`).join(' ')}`;
        objects.push(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${wide} ${high}] /Contents ${objects.length + 2} 0 R >>`);
        objects.push(`<< /Length ${drawn.length} >>\nstream\n${drawn}\nendstream`);
    }
    return joinPdf(objects);
}
/** @param {string[]} objects the first is the catalog */
function joinPdf(objects) {
    let pdf = '%PDF-1.4\n';
    const table = objects.map((object, i) => {
        const at = pdf.length;
        pdf += `${i + 1} 0 obj\n${object}\nendobj\n`;
        return `${String(at).padStart(10, '0')} 00000 n \n`;
    });
    return Buffer.from(`${pdf}xref\n0 ${table.length + 1}\n0000000000 65535 f \n${table.join('')}trailer\n<< /Size ${table.length + 1} /Root 1 0 R >>\nstartxref\n${pdf.length}\n%%EOF\n`);
}
/** Each page drawn with a dot a point, by poppler; `grey(x, y)` is 0 to 255. @param {Buffer} pdf */
function readPdf(pdf) {
    let rest = execFileSync('pdftoppm', ['-gray', '-r', '72', '-'], { input: pdf, maxBuffer: 1 << 28 });
    const pages = [];
    while (rest.length) {
        const header = /** @type {RegExpExecArray} */ (/^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(rest.subarray(0, 40).toString('latin1')));
        const [wide, high] = [Number(header[1]), Number(header[2])];
        const dots = rest.subarray(header[0].length, header[0].length + wide * high);
        pages.push({ wide, high, grey: (/** @type {number} */ x, /** @type {number} */ y) => dots[Math.round(y) * wide + Math.round(x)] });
        rest = rest.subarray(header[0].length + wide * high);
    }
    return pages;
}
/** The dots of each page of a fax: its image, decoded by poppler. @param {Buffer} pdf @param {number} count */
function readDots(pdf, count) {
    const folder = makeFolder('fax');
    writeFileSync(join(folder, 'got.pdf'), pdf);
    execFileSync('pdfimages', [join(folder, 'got.pdf'), join(folder, 'page')]);
    return Array.from({ length: count }, (_, i) => readFileSync(join(folder, `page-00${i}.pbm`)).subarray(`P4\n${WIDTH} ${ROWS}\n`.length));
}
/** What lies at a daemon under a URL that names its public address. @param {any} daemon @param {string} url */
const fetchFrom = (daemon, url) => fetch(url.replace(/^https?:\/\/[^/]+/, daemon.url));
/** @param {Response} response */
const bytesOf = async (response) => Buffer.from(await response.arrayBuffer());
/** @param {string} url */
const tiffOf = (url) => url.replace(/\.pdf$/, '.tif');

test('the compatibility SDK sends a fax: delivered, told, listed on both sides; what was received is fetched and deleted', { ...onlyFull, timeout: 150000 }, async (t) => {
    const { tiff, pages } = makeTiff();
    const [near, far, hook] = await Promise.all([startDaemon({ yaml: 'allow_uris: true\nuri_nets: [127.0.0.0/8]\n' }), startDaemon(), startHook({ '/fax.tif': tiff, '/told': 200 })]);
    const [sender, receiver, other] = await Promise.all([addProject(near, 'sender'), addProject(far, 'receiver'), addProject(near, 'other')]);
    t.after(async () => {
        for (const project of [sender, receiver, other]) project.stop();
        await Promise.all([near.stop(), far.stop()]);
    });
    hook.routes['/receive'] = { sections: { main: [{ receive_fax: {} }, { sleep: 5 }] } };
    const number = await receiver.ask('POST', '/api/relay/rest/phone_numbers', { number: '+15557001' });
    assert.equal((await receiver.ask('PUT', `/api/relay/rest/phone_numbers/${number.json.id}`, { call_handler: 'relay_script', call_relay_script_url: `${hook.url}/receive` })).status, 200);
    await far.command('user', 'add', 'near');
    const device = await far.addDevice('near');
    /** @type {string[]} */ const wrong = [];
    const client = makeSdk(near, sender, wrong);
    const fax = await client.fax.faxes.create({
        to: `sip:+15557001@${far.sip}`,
        from: device.sip_username,
        mediaUrl: `http://me:secret@${hook.host}/fax.tif`,
        quality: 'fine',
        statusCallback: `${hook.url}/told`,
        sipAuthUsername: device.sip_username,
        sipAuthPassword: device.sip_password,
    });
    assert.equal(fax.direction, 'outbound');
    await assert.rejects(client.fax.faxes(fax.sid).remove(), (/** @type {any} */ error) => error.status === 409);
    const told = await hook.request('/told', 1, 120000);
    const fields = Object.fromEntries(new URLSearchParams(told.body));
    assert.deepEqual([fields.FaxSid, fields.AccountSid, fields.FaxStatus, fields.NumPages, fields.OriginalMediaUrl], [fax.sid, sender.project, 'delivered', '2', `${hook.url}/fax.tif`], told.body);
    assert.ok(RestClient.validateRequest(sender.signingKey, told.headers['x-signalwire-signature'], `${hook.url}/told`, fields));
    const sent = await client.fax.faxes(fax.sid).fetch();
    assert.deepEqual([sent.status, sent.numPages, sent.quality, sent.mediaUrl], ['delivered', 2, 'fine', `${hook.url}/fax.tif`]);
    assert.deepEqual((await client.fax.faxes.list({ to: sent.to })).map((/** @type {any} */ one) => one.sid), [fax.sid]);
    assert.deepEqual(await makeSdk(near, other, wrong).fax.faxes.list(), []);
    const log = (await sender.ask('GET', `/api/fax/logs/${fax.sid}`)).json;
    assert.deepEqual([log.status, log.direction, log.number_of_pages], ['completed', 'outbound-api', 2]);
    const got = await waitFor('the row of what was received', async () => (await receiver.ask('GET', '/api/fax/logs')).json.data.find((/** @type {any} */ one) => one.status === 'completed'));
    assert.deepEqual([got.direction, got.to, got.number_of_pages, log.remote_station], ['inbound', '+15557001', 2, null]);
    const received = makeSdk(far, receiver, wrong);
    const row = await received.fax.faxes(got.id).fetch();
    const media = await fetchFrom(far, row.mediaUrl);
    assert.deepEqual([media.status, media.headers.get('content-type')], [200, 'application/pdf']);
    assert.equal(readPdf(await bytesOf(media)).length, 2);
    const arrived = readTiff(await bytesOf(await fetchFrom(far, tiffOf(row.mediaUrl))), 2);
    pages.forEach((page, i) => assert.ok(page.equals(arrived[i]), `page ${i + 1} is what was sent`));
    assert.equal((await received.fax.faxes(got.id).media(row.mediaSid).fetch()).contentType, 'application/pdf');
    assert.equal(await received.fax.faxes(got.id).media(row.mediaSid).remove(), true);
    for (const url of [row.mediaUrl, tiffOf(row.mediaUrl)]) assert.equal((await fetchFrom(far, url)).status, 404);
    assert.equal(await client.fax.faxes(fax.sid).remove(), true);
    assert.deepEqual(wrong, []);
});
/** The last of a fax's events. @param {any} hook @param {string} path */
const lastOf = (hook, path) =>
    waitFor(`the last event at ${path}`, () => hook.events(path).map((/** @type {any} */ event) => event.params.fax).find((/** @type {any} */ fax) => fax.type === 'finished')?.params, 120000);

test('send_fax and receive_fax: two pages arrive as they were by T.38, both tell how it went', { timeout: 150000 }, async (t) => {
    const { tiff, pages } = makeTiff();
    const yaml = 'allow_uris: true\nuri_nets: [127.0.0.0/8]\n';
    const [near, far, hook] = await Promise.all([startDaemon({ yaml }), startDaemon(), startHook({ '/fax.tif': tiff })]);
    const project = await addProject(near, 'faxes');
    t.after(async () => {
        project.stop();
        await Promise.all([near.stop(), far.stop()]);
    });
    const tell = (/** @type {string} */ verb) => ({
        request: {
            url: `${hook.url}/${verb}`,
            method: 'POST',
            body: Object.fromEntries(['result', 'result_text', 'pages', 'identity', 'remote_identity', 'document'].map((name) => [name, `\${${verb}_${name}}`])),
        },
    });
    hook.routes['/receive'] = { sections: { main: [{ receive_fax: { status_url: `${hook.url}/events` } }, { sleep: 5 }] } };
    await far.command('number', 'add', '7001', '--to', `swml:${hook.url}/receive`);
    await far.command('user', 'add', 'near');
    const device = await far.addDevice('near');
    await waitFor('the number to be routed', async () => (await far.command('route', '7001').catch(() => null)) || true);
    const swml = {
        version: '1.0.0',
        sections: { main: [{ send_fax: { document: `${hook.url}/fax.tif`, identity: '+15550001', header_info: '', status_url: `${hook.url}/sending` } }, tell('send_fax'), { hangup: {} }] },
    };
    const params = { from: device.sip_username, to: `sip:7001@${far.sip}`, username: device.sip_username, password: device.sip_password, swml };
    const { status, text } = await project.ask('POST', '/api/calling/calls', { command: 'dial', params });
    assert.equal(status, 200, text);
    const [sent, got] = await Promise.all(['/sending', '/events'].map((path) => lastOf(hook, path)));
    assert.equal(sent.success, true, sent.result_text);
    assert.deepEqual([sent.t38, got.t38], [true, true], 'the receiver offered T.38, the sender took it');
    assert.equal(sent.pages, 2);
    assert.equal(sent.document, `${hook.url}/fax.tif`);
    const said = (await hook.request('/send_fax')).json;
    assert.deepEqual([said.result, String(said.pages), said.identity], ['success', '2', '+15550001']);
    assert.deepEqual(hook.events('/events').map((event) => event.params.fax).filter((fax) => fax.type === 'page').map((fax) => fax.params), [
        { direction: 'receive', number: 1 },
        { direction: 'receive', number: 2 },
    ]);
    assert.equal(got.success, true, got.result_text);
    assert.equal(got.pages, 2);
    assert.equal(got.remote_identity, '+15550001');
    assert.deepEqual([sent.format, got.format, /\/recordings\/[-0-9a-f]+\.pdf$/.test(got.document)], ['tiff', 'pdf', true], got.document);
    const pdf = await bytesOf(await fetchFrom(far, got.document));
    assert.equal(pdf.length, got.size);
    const dots = readDots(pdf, 2);
    const arrived = readTiff(await bytesOf(await fetchFrom(far, tiffOf(got.document))), 2);
    assert.deepEqual(
        readPdf(pdf).map(({ wide, high }) => [wide, high]),
        Array(2).fill([Math.ceil((WIDTH / 204) * 72), Math.ceil((ROWS / 196) * 72)]),
    );
    pages.forEach((page, i) => {
        assert.ok(page.equals(arrived[i]), `page ${i + 1} is what was sent`);
        assert.ok(page.equals(dots[i]), `page ${i + 1} of the PDF is what was sent`);
    });
});

test('a PDF is faxed and arrives as PDF: as many pages, as large, black where it was', { ...onlyFull, timeout: 200000 }, async (t) => {
    const letter = { wide: 612, high: 792, black: [[72, 72, 144, 36], [300, 600, 200, 100]] };
    const landscape = { wide: 792, high: 612, black: [[396, 306, 200, 100]] };
    const hook = await startHook({ '/letter': makePdf([letter, landscape]) });
    const [near, far] = await Promise.all([startDaemon({ yaml: 'allow_uris: true\nuri_nets: [127.0.0.0/8]\n' }), startDaemon()]);
    const project = await addProject(near, 'faxes');
    t.after(async () => {
        project.stop();
        await Promise.all([near.stop(), far.stop()]);
    });
    hook.routes['/receive'] = { sections: { main: [{ receive_fax: { status_url: `${hook.url}/receiving` } }, { sleep: 5 }] } };
    await far.command('number', 'add', '7003', '--to', `swml:${hook.url}/receive`);
    await far.command('user', 'add', 'near');
    const device = await far.addDevice('near');
    const swml = { version: '1.0.0', sections: { main: [{ send_fax: { document: `${hook.url}/letter`, status_url: `${hook.url}/sending` } }, { hangup: {} }] } };
    const params = { from: device.sip_username, to: `sip:7003@${far.sip}`, username: device.sip_username, password: device.sip_password, swml };
    const { status, text } = await project.ask('POST', '/api/calling/calls', { command: 'dial', params });
    assert.equal(status, 200, text);
    const [sent, got] = await Promise.all(['/sending', '/receiving'].map((path) => lastOf(hook, path)));
    assert.deepEqual([sent.success, sent.pages, sent.format], [true, 2, 'pdf'], sent.result_text);
    assert.deepEqual([got.success, got.pages, got.format], [true, 2, 'pdf'], got.result_text);
    const drawn = readPdf(await bytesOf(await fetchFrom(far, got.document)));
    assert.equal(drawn.length, 2);
    const paper = (1728 / 204) * 72;
    [letter, landscape].forEach(({ wide, high, black }, i) => {
        const page = drawn[i];
        const scale = wide > 620 ? paper / wide : 1;
        const left = wide > 620 ? 0 : (paper - wide) / 2;
        assert.ok(Math.abs(page.wide - paper) < 2 && Math.abs(page.high - high * scale) < 3, `page ${i + 1} is ${page.wide} x ${page.high}`);
        for (const [x, y, w, h] of black) {
            const grey = (/** @type {number} */ dx, /** @type {number} */ dy) => page.grey(left + (x + dx) * scale, (y + dy) * scale);
            for (const [dx, dy] of [[5, 5], [w - 5, 5], [5, h - 5], [w - 5, h - 5]]) assert.ok(grey(dx, dy) < 64, `page ${i + 1} is black at ${x + dx}, ${y + dy}`);
            for (const [dx, dy] of [[-5, 5], [w + 5, 5], [5, -5], [5, h + 5]]) assert.ok(grey(dx, dy) > 192, `page ${i + 1} is white at ${x + dx}, ${y + dy}`);
        }
    });
});

/** A fax to Asterisk and one from it. @param {any} t @param {boolean} t38 has Asterisk got it? @param {string} yaml of ours */
async function exchangeWithAsterisk(t, t38, yaml = '') {
    const { tiff, pages } = makeTiff();
    const hook = await startHook({ '/fax.tif': tiff });
    const asterisk = await startAsterisk({
        endpoint: t38 ? 't38_udptl=yes\nt38_udptl_ec=redundancy\n' : '',
        extensions: (inside) => `exten => 600,1,Answer()\nexten => 600,n,ReceiveFAX(${inside}/got.tif,f)\nexten => 600,n,Hangup()\n`,
    });
    const daemon = await startDaemon({ env: asterisk.env, yaml });
    const project = await addProject(daemon, 'faxes');
    t.after(async () => {
        project.stop();
        await daemon.stop();
        await asterisk.stop();
    });
    await waitFor('the registration', async () => (await daemon.command('trunks'))[0].registration === 'registered');
    const swml = { version: '1.0.0', sections: { main: [{ send_fax: { document: `${hook.url}/fax.tif`, status_url: `${hook.url}/sending` } }, { hangup: {} }] } };
    const { status, text } = await project.ask('POST', '/api/calling/calls', { command: 'dial', params: { from: '15550001', to: '600', swml } });
    assert.equal(status, 200, text);
    const sent = await lastOf(hook, '/sending');
    assert.equal(sent.success, true, `${sent.result_text}\n${asterisk.log().slice(-2000)}`);
    assert.equal(sent.pages, 2);
    const there = join(asterisk.folder, 'got.tif');
    const arrived = await waitFor('the file', () => existsSync(there) && readTiff(readFileSync(there), 2));
    pages.forEach((page, i) => assert.ok(page.equals(arrived[i]), `page ${i + 1} is what was sent`));

    writeFileSync(join(asterisk.folder, 'fax.tif'), tiff);
    hook.routes['/receive'] = { sections: { main: [{ receive_fax: { status_url: `${hook.url}/receiving` } }, { sleep: 5 }] } };
    await daemon.command('number', 'add', 'webrtc_bridge', '--to', `swml:${hook.url}/receive`);
    await asterisk.run(`channel originate PJSIP/webrtc_bridge application SendFAX ${asterisk.inside}/fax.tif,f`);
    const got = await lastOf(hook, '/receiving');
    assert.equal(got.success, true, `${got.result_text}\n${asterisk.log().slice(-2000)}`);
    assert.equal(got.pages, 2);
    readTiff(await bytesOf(await fetchFrom(daemon, tiffOf(got.document))), 2).forEach((page, i) => assert.ok(page.equals(pages[i]), `page ${i + 1} is what Asterisk sent`));
    return [sent.t38, got.t38];
}
const withAsterisk = { skip: noAsterisk || onlyFull.skip, timeout: 300000 };

test('Asterisk: a fax to it and one from it, by T.38', withAsterisk, async (t) => {
    assert.deepEqual(await exchangeWithAsterisk(t, true), [true, true]);
});

test('Asterisk: a fax to it and one from it, in audio, with T.38 offered and refused', withAsterisk, async (t) => {
    assert.deepEqual(await exchangeWithAsterisk(t, true, 't38: false\n'), [false, false], 'we refuse');
    assert.deepEqual(await exchangeWithAsterisk(t, false), [false, false], 'Asterisk does');
});

/** A small PDF that takes for ever to draw: forms that draw forms. */
function makeHardPdf() {
    const depth = 12;
    const objects = ['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Count 1 /Kids [3 0 R] >>', '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >> >>', '<< /Length 5 >>\nstream\n/F Do\nendstream'];
    for (let i = 0; i < depth; i++) {
        const drawn = i + 1 < depth ? '/F Do '.repeat(10) : '0 g 72 72 72 72 re f ';
        const inner = i + 1 < depth ? `/Resources << /XObject << /F ${6 + i} 0 R >> >>` : '';
        objects.push(`<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] ${inner} /Length ${drawn.length} >>\nstream\n${drawn}\nendstream`);
    }
    return joinPdf(objects);
}
/** The programs that a daemon runs. @param {number} pid */
const childrenOf = (pid) =>
    readdirSync('/proc').filter((name) => {
        try {
            return /^\d+$/.test(name) && new RegExp(`^PPid:\\s+${pid}$`, 'm').test(readFileSync(`/proc/${name}/status`, 'utf8'));
        } catch {
            return false; // it ended meanwhile
        }
    });

test('a document that takes too long is given up with its call', { timeout: 60000 }, async (t) => {
    const hook = await startHook({ '/hard.pdf': makeHardPdf() });
    const daemon = await startDaemon();
    const project = await addProject(daemon, 'faxes');
    t.after(async () => {
        project.stop();
        await daemon.stop();
    });
    await daemon.command('number', 'add', '7004', '--to', 'builtin:echo');
    const swml = { version: '1.0.0', sections: { main: [{ send_fax: { document: `${hook.url}/hard.pdf`, status_url: `${hook.url}/hard` } }] } };
    const { status, text, json } = await project.ask('POST', '/api/calling/calls', { command: 'dial', params: { from: '15550001', to: '7004', swml } });
    assert.equal(status, 200, text);
    await waitFor('the program that draws', () => childrenOf(daemon.ready.pid).length === 1 || null);
    assert.equal((await project.ask('POST', '/api/calling/calls', { id: json.id, command: 'calling.end' })).status, 200);
    const told = await lastOf(hook, '/hard');
    assert.deepEqual([told.success, told.result_text, told.format], [false, 'it was stopped', 'pdf']);
    assert.deepEqual(childrenOf(daemon.ready.pid), []);
    assert.deepEqual(readdirSync(daemon.state, { recursive: true }).filter((name) => /\.part|\.pdf/.test(String(name))), []);
});

test('a fax that cannot be is told: a broken PDF, no such document, a call without audio', { timeout: 60000 }, async (t) => {
    const { tiff } = makeTiff();
    const hook = await startHook({ '/fax.tif': tiff, '/fax.pdf': '%PDF-1.7' });
    const daemon = await startDaemon();
    const project = await addProject(daemon, 'faxes');
    t.after(async () => {
        project.stop();
        await daemon.stop();
    });
    await daemon.command('number', 'add', '7002', '--to', 'builtin:echo');
    const send = async (/** @type {string} */ name, /** @type {string} */ document) => {
        const swml = { version: '1.0.0', sections: { main: [{ send_fax: { document: hook.url + document, status_url: `${hook.url}/${name}` } }, { request: { url: `${hook.url}/${name}-result`, method: 'POST', body: { result: '${send_fax_result}', text: '${send_fax_result_text}' } } }] } };
        const params = { from: '15550001', to: '7002', swml };
        const { status, text } = await project.ask('POST', '/api/calling/calls', { command: 'dial', params });
        assert.equal(status, 200, text);
    };
    await send('pdf', '/fax.pdf');
    assert.match((await lastOf(hook, '/pdf')).result_text, /the PDF cannot be faxed: Couldn't /);
    assert.equal((await hook.request('/pdf-result')).json.result, 'failed');
    await send('none', '/none.tif');
    assert.match((await lastOf(hook, '/none')).result_text, /did not answer 200/);
    await send('deaf', '/fax.tif');
    assert.match((await lastOf(hook, '/deaf')).result_text, /this call has no audio/);
});
