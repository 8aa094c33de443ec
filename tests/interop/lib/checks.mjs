/** What several tests assert, in the words of a listener. */
import assert from 'node:assert/strict';
import { listen } from './chromium.mjs';
import { cut, levelDb, measureTone } from './wav.mjs';

/**
 * A clean tone of that pitch and loudness is heard. Half a decibel is what G.711 and resampling may change;
 * Opus gets a whole one.
 * @param {import('./wav.mjs').Sound} sound @param {number} hz @param {number} level  dBFS of the peak
 */
export function assertTone(sound, hz, level, toleranceDb = 1) {
    const tone = measureTone(sound);
    const found = `${tone.hz.toFixed(1)} Hz at ${tone.levelDb.toFixed(1)} dB, purity ${tone.purity.toFixed(3)}`;
    assert.ok(Math.abs(tone.hz - hz) < 2, `heard ${found}, not ${hz} Hz`);
    assert.ok(Math.abs(tone.levelDb - level) <= toleranceDb, `heard ${found}, not ${level} dB`);
    assert.ok(tone.purity > 0.9, `heard ${found}: not a clean tone`);
}

/**
 * The page hears that tone for a second on end. A busy machine may tear a hole into one second, not into
 * three of them. @param {import('playwright-core').Page} page @param {number} hz @param {number} level
 */
export async function assertPageHears(page, hz, level, toleranceDb = 1) {
    for (let tries = 3; ; tries--) {
        try {
            assertTone(await listen(page, 1.2), hz, level, toleranceDb);
            return;
        } catch (error) {
            if (tries === 1) throw error;
        }
    }
}

/**
 * The same of a recording: one second on end of it is that tone, clean.
 * @param {import('./wav.mjs').Sound} sound @param {number} hz @param {number} level
 */
export function assertRecorded(sound, hz, level, toleranceDb = 1) {
    for (let fromS = 0; ; fromS += 0.25) {
        const isLast = (fromS + 1.25) * sound.rateHz > sound.samples.length;
        try {
            assertTone(cut(sound, fromS, 1), hz, level, toleranceDb);
            return;
        } catch (error) {
            if (isLast) throw error;
        }
    }
}

/** Something is heard that is no steady tone, as loud as a voice. @param {import('./wav.mjs').Sound} sound */
export function assertSpeech(sound) {
    const tone = measureTone(sound);
    const level = levelDb(sound.samples);
    assert.ok(level > -40, `heard ${level.toFixed(1)} dB: silence`);
    assert.ok(tone.purity < 0.8, `heard one tone of ${tone.hz.toFixed(1)} Hz, no voice`);
}

/** @param {import('./wav.mjs').Sound} sound */
export function assertSilence(sound) {
    const level = levelDb(sound.samples);
    assert.ok(level < -60, `heard ${level.toFixed(1)} dB, not silence`);
}
