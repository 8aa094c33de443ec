/** WAV files and what is in them: frequency and level of tones, by arithmetic alone. */
import { readFileSync, writeFileSync } from 'node:fs';

/** @typedef {{samples: Float32Array, rateHz: number}} Sound  mono, -1 to 1 */

/**
 * A sine, or a sum of sines, each at `levelDb` (dBFS of a sine's peak).
 * @param {{hz: number | number[], seconds: number, rateHz?: number, levelDb?: number}} config @returns {Sound}
 */
export function makeTone({ hz, seconds, rateHz = 48000, levelDb = -12 }) {
    const samples = new Float32Array(Math.round(seconds * rateHz));
    const peak = 10 ** (levelDb / 20);
    for (const f of [hz].flat()) {
        const step = (2 * Math.PI * f) / rateHz;
        for (let i = 0; i < samples.length; i++) samples[i] += peak * Math.sin(step * i);
    }
    return { samples, rateHz };
}

/** 16-bit mono. @param {string} path @param {Sound} sound */
export function writeWav(path, { samples, rateHz }) {
    const data = Buffer.alloc(44 + samples.length * 2);
    data.write('RIFF', 0);
    data.writeUInt32LE(36 + samples.length * 2, 4);
    data.write('WAVEfmt ', 8);
    data.writeUInt32LE(16, 16);
    data.writeUInt16LE(1, 20); // PCM
    data.writeUInt16LE(1, 22); // channels
    data.writeUInt32LE(rateHz, 24);
    data.writeUInt32LE(rateHz * 2, 28);
    data.writeUInt16LE(2, 32);
    data.writeUInt16LE(16, 34);
    data.write('data', 36);
    data.writeUInt32LE(samples.length * 2, 40);
    samples.forEach((v, i) => data.writeInt16LE(Math.round(Math.max(-1, Math.min(1, v)) * 32767), 44 + i * 2));
    writeFileSync(path, data);
}

/**
 * 16-bit PCM, its first channel. A file whose writer never came to fix the sizes is read to its end.
 * @param {string | Buffer} path  or what is in it @returns {Sound}
 */
export function readWav(path, channel = 0) {
    const data = Buffer.isBuffer(path) ? path : readFileSync(path);
    let rateHz = 0;
    let channels = 1;
    for (let at = 12; at + 8 <= data.length; ) {
        const id = data.toString('latin1', at, at + 4);
        const size = data.readUInt32LE(at + 4);
        const body = at + 8;
        if (id === 'fmt ') {
            channels = data.readUInt16LE(body + 2);
            rateHz = data.readUInt32LE(body + 4);
        }
        if (id === 'data') {
            const end = size === 0 || body + size > data.length ? data.length : body + size;
            const samples = new Float32Array(Math.floor((end - body) / 2 / channels));
            for (let i = 0; i < samples.length; i++) samples[i] = data.readInt16LE(body + (i * channels + channel) * 2) / 32768;
            return { samples, rateHz };
        }
        at = body + size + (size % 2);
    }
    throw new Error(`${path}: no sound in it`);
}

/** A recording that is served. @param {string} url */
export const fetchWav = async (url) => readWav(Buffer.from(await (await fetch(url)).arrayBuffer()));

/** dBFS of a sine's peak: a full-scale sine is 0. @param {Float32Array} samples */
export function levelDb(samples) {
    let power = 0;
    for (const v of samples) power += v * v;
    return 10 * Math.log10((2 * power) / Math.max(1, samples.length) + 1e-12);
}

/** Power at one frequency, in dBFS of a sine's peak (Goertzel, Hann window). */
export function levelAtDb({ samples, rateHz }, hz) {
    const step = (2 * Math.PI * hz) / rateHz;
    const coefficient = 2 * Math.cos(step);
    const n = samples.length;
    let s1 = 0;
    let s2 = 0;
    for (let i = 0; i < n; i++) {
        const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / n);
        const s0 = samples[i] * window + coefficient * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    const power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
    return 10 * Math.log10((16 * Math.max(power, 0)) / (n * n) + 1e-12); // Hann halves the amplitude
}

/** In place, length a power of two. @param {Float64Array} re @param {Float64Array} im */
function fft(re, im) {
    const n = re.length;
    for (let i = 1, j = 0; i < n; i++) {
        let bit = n >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            [re[i], re[j]] = [re[j], re[i]];
            [im[i], im[j]] = [im[j], im[i]];
        }
    }
    for (let size = 2; size <= n; size *= 2) {
        for (let k = 0; k < size / 2; k++) {
            const c = Math.cos((-2 * Math.PI * k) / size);
            const s = Math.sin((-2 * Math.PI * k) / size);
            for (let i = k; i < n; i += size) {
                const j = i + size / 2;
                const r = re[j] * c - im[j] * s;
                const m = re[j] * s + im[j] * c;
                re[j] = re[i] - r;
                im[j] = im[i] - m;
                re[i] += r;
                im[i] += m;
            }
        }
    }
}

/**
 * The loudest frequency of a sound: `hz` (better than 1 Hz for half a second), `levelDb` of that tone alone,
 * and `purity`, its share of all power: 1 is a clean tone, noise is near 0.
 * @param {Sound} sound
 */
export function measureTone({ samples, rateHz }) {
    let n = 1;
    while (n * 2 <= samples.length && n < 65536) n *= 2;
    if (n < 1024) return { hz: 0, levelDb: -120, purity: 0 };
    const first = Math.floor((samples.length - n) / 2);
    const part = samples.subarray(first, first + n);
    const re = new Float64Array(n);
    const im = new Float64Array(n);
    part.forEach((v, i) => (re[i] = v * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / n))));
    fft(re, im);
    const power = (/** @type {number} */ i) => re[i] * re[i] + im[i] * im[i];
    let peak = 1;
    let all = 0;
    for (let i = 1; i < n / 2; i++) {
        all += power(i);
        if (power(i) > power(peak)) peak = i;
    }
    // the peak of the parabola through three logarithms
    const [a, b, c] = [peak - 1, peak, peak + 1].map((i) => Math.log(power(i) + 1e-30));
    const off = a + c === 2 * b ? 0 : (a - c) / (2 * (a - 2 * b + c));
    const hz = ((peak + off) * rateHz) / n;
    let near = 0;
    for (let i = Math.max(1, peak - 3); i <= Math.min(n / 2 - 1, peak + 3); i++) near += power(i);
    return { hz, levelDb: levelAtDb({ samples: part, rateHz }, hz), purity: all ? near / all : 0 };
}

/** From `fromS` on, `seconds` long; negative `fromS` counts from the end. @param {Sound} sound */
export function cut({ samples, rateHz }, fromS, seconds = Infinity) {
    const start = Math.max(0, Math.round((fromS < 0 ? samples.length / rateHz + fromS : fromS) * rateHz));
    return { samples: samples.subarray(start, Math.min(samples.length, start + seconds * rateHz)), rateHz };
}

/** The times (s) at which a tone of `hz` is louder than `overDb`, in windows of 50 ms. @param {Sound} sound */
export function findTone(sound, hz, overDb = -40) {
    const times = [];
    const windowS = 0.05;
    for (let at = 0; (at + windowS) * sound.rateHz <= sound.samples.length; at += windowS)
        if (levelAtDb(cut(sound, at, windowS), hz) > overDb) times.push(at);
    return times;
}

const ROWS_HZ = [697, 770, 852, 941];
const COLUMNS_HZ = [1209, 1336, 1477, 1633];
const PAD = ['123A', '456B', '789C', '*0#D'];

/** The keys heard as tones (DTMF), in order. @param {Sound} sound */
export function findKeys(sound) {
    let keys = '';
    let last = '';
    for (let at = 0; (at + 0.03) * sound.rateHz <= sound.samples.length; at += 0.015) {
        const part = cut(sound, at, 0.03);
        const loudest = (/** @type {number[]} */ list) => {
            const levels = list.map((hz) => levelAtDb(part, hz));
            const i = levels.indexOf(Math.max(...levels));
            return levels.every((v, j) => j === i || v < levels[i] - 8) && levels[i] > -35 ? i : -1;
        };
        const [row, column] = [loudest(ROWS_HZ), loudest(COLUMNS_HZ)];
        const key = row >= 0 && column >= 0 ? PAD[row][column] : '';
        if (key && key !== last) keys += key;
        last = key;
    }
    return keys;
}
