/** Debian's Chromium with a microphone of our making, and ears for what its pages hear. */
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { atEnd, makeFolder } from './process.mjs';
import { makeTone, writeWav } from './wav.mjs';

/**
 * A browser whose microphone is an endless tone. Loopback candidates only: nothing leaves the machine.
 * @param {{hz?: number, levelDb?: number, path?: string, more?: string[]}} [config]  more: command line arguments
 */
export async function startChromium({ hz = 440, levelDb = -12, path = process.env.CHROMIUM ?? '/usr/bin/chromium', more = [] } = {}) {
    const wav = join(makeFolder('chromium'), 'microphone.wav');
    writeWav(wav, makeTone({ hz, seconds: 10, levelDb })); // a whole number of periods: it loops without a click
    const browser = await chromium.launch({
        executablePath: path,
        headless: true,
        args: [
            '--no-sandbox',
            '--use-fake-ui-for-media-stream',
            '--use-fake-device-for-media-stream',
            `--use-file-for-fake-audio-capture=${wav}`,
            '--autoplay-policy=no-user-gesture-required',
            '--allow-loopback-in-peer-connection',
            '--disable-quic',
            '--disable-component-update',
            '--disable-sync',
            '--no-first-run',
            '--host-resolver-rules=MAP phone.test 127.0.0.1', // a name that is no secure context
            ...more,
        ],
    });
    atEnd(() => browser.close());
    return browser;
}

/**
 * A page that records all it hears, whichever script opens its peer connections.
 * @param {import('playwright-core').Browser} browser @param {object} [contextOptions]
 */
export async function openPage(browser, contextOptions = {}) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, permissions: ['microphone'], ...contextOptions });
    const page = await context.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.addInitScript(installEars);
    return Object.assign(page, { errors });
}

/** Runs in the page. */
function installEars() {
    const Original = window.RTCPeerConnection;
    const ears = { peers: [], pcm: [], tracks: new Set(), rateHz: 48000 };
    Object.assign(window, { ears });
    class Heard extends Original {
        constructor(config) {
            super(config);
            ears.peers.push(this);
            this.addEventListener('track', (event) => {
                if (event.track.kind !== 'audio' || ears.tracks.has(event.track)) return; // again after hold
                ears.tracks.add(event.track);
                const stream = event.streams[0] ?? new MediaStream([event.track]);
                const audio = new AudioContext({ sampleRate: ears.rateHz });
                const element = new Audio(); // without one Chromium gives silence
                element.srcObject = stream;
                element.play().catch(() => {});
                const source = audio.createMediaStreamSource(stream);
                const tap = audio.createScriptProcessor(4096, 1, 1);
                tap.onaudioprocess = (e) => {
                    if (this.signalingState === 'closed') audio.close().catch(() => {}); // a call of before
                    else ears.pcm.push(new Float32Array(e.inputBuffer.getChannelData(0)));
                };
                source.connect(tap);
                tap.connect(audio.destination);
            });
        }
    }
    window.RTCPeerConnection = /** @type {any} */ (Heard);
}

/**
 * What the page heard since the last time this was asked, or since its call began.
 * @param {import('playwright-core').Page} page @returns {Promise<import('./wav.mjs').Sound>}
 */
export async function takeHeard(page) {
    const heard = await page.evaluate(() => {
        const { ears } = /** @type {any} */ (window);
        const blocks = ears.pcm.splice(0);
        const bytes = new Uint8Array(blocks.length * 4096 * 2);
        const view = new DataView(bytes.buffer);
        blocks.forEach((block, b) =>
            block.forEach((v, i) => view.setInt16((b * 4096 + i) * 2, Math.max(-1, Math.min(1, v)) * 32767, true)),
        );
        let text = '';
        for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
        return { rateHz: ears.rateHz, base64: btoa(text) };
    });
    const data = Buffer.from(heard.base64, 'base64');
    const samples = new Float32Array(data.length / 2);
    for (let i = 0; i < samples.length; i++) samples[i] = data.readInt16LE(i * 2) / 32768;
    return { samples, rateHz: heard.rateHz };
}

/** Listen for so long from now on. @param {import('playwright-core').Page} page @param {number} seconds */
export async function listen(page, seconds) {
    await takeHeard(page);
    await page.waitForTimeout(seconds * 1000 + 100);
    return takeHeard(page);
}

/** Rows of getStats() of the newest peer connection. @param {import('playwright-core').Page} page */
export function readStats(page) {
    return page.evaluate(async () => {
        const { ears } = /** @type {any} */ (window);
        const report = await ears.peers.at(-1).getStats();
        return [...report.values()];
    });
}

/** The codec a page sends or receives now ("opus", "PCMU"). @param {import('playwright-core').Page} page */
export async function codecOf(page, type = 'inbound-rtp') {
    const rows = await readStats(page);
    const stream = rows.find((row) => row.type === type && row.kind === 'audio');
    const codec = rows.find((row) => row.id === stream?.codecId);
    return codec?.mimeType.replace('audio/', '') ?? '';
}

/** The page's phone (web/page/): what a person does and sees there. @param {import('playwright-core').Page} page */
export function phoneOf(page) {
    const state = () => page.evaluate(() => document.body.dataset.state);
    const waitState = (/** @type {string} */ name, timeout = 15000) =>
        page.waitForSelector(`body[data-state="${name}"]`, { timeout }).catch(async () => {
            throw new Error(`the page shows "${await page.textContent('#status')}" (${await state()}), not ${name}:\n${await events()}`);
        });
    const events = () => page.evaluate(() => [...document.querySelectorAll('#logs li > span')].map((item) => item.textContent).join('\n'));
    return {
        state,
        waitState,
        events,
        status: () => page.textContent('#status'),
        /** @param {string} url the daemon's; `?processing=off`: tones are not voices */
        async open(url, query = '') {
            await page.goto(`${url}/?processing=off${query && `&${query}`}`);
            await waitState('ready');
        },
        async dial(/** @type {string} */ destination) {
            await page.fill('#destination', destination);
            await page.click('text=Start Call');
        },
        hangup: () => page.click('text=Hang Up'),
        async register(/** @type {string} */ token) {
            await page.click('#settings > summary');
            await page.fill('#token', token);
            await page.click('#registerBtn');
            await page.waitForFunction(() => document.getElementById('registerBtn')?.textContent === 'Stop');
            await page.click('#settings > summary');
        },
        async press(/** @type {string} */ keys) {
            if ((await page.getAttribute('#keypadBtn', 'aria-expanded')) !== 'true') await page.click('#keypadBtn');
            for (const key of keys) {
                await page.click(`#keypad [data-key="${key}"]`);
                await page.waitForTimeout(250);
            }
        },
    };
}
