/** The measuring itself: a test of audio is worth what its ruler is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { makeFolder } from './lib/process.mjs';
import { cut, findKeys, findTone, levelDb, makeTone, measureTone, readWav, writeWav } from './lib/wav.mjs';

test('a tone is found with its frequency and level', () => {
    for (const [hz, level] of [[440, -12], [1004.3, -3], [700, -40]]) {
        const found = measureTone(makeTone({ hz, seconds: 1.5, rateHz: 8000, levelDb: level }));
        assert.ok(Math.abs(found.hz - hz) < 0.3, `${found.hz} Hz`);
        assert.ok(Math.abs(found.levelDb - level) < 0.3, `${found.levelDb} dB`);
        assert.ok(found.purity > 0.99);
    }
});

test('noise is no tone', () => {
    const samples = Float32Array.from({ length: 48000 }, () => Math.random() - 0.5);
    assert.ok(measureTone({ samples, rateHz: 48000 }).purity < 0.05);
    assert.ok(Math.abs(levelDb(samples) - -7.8) < 0.3);
});

test('silence is no tone', () => {
    assert.ok(measureTone({ samples: new Float32Array(8000), rateHz: 8000 }).levelDb < -100);
});

test('a file comes back as it was written', () => {
    const path = join(makeFolder('wav'), 'a.wav');
    writeWav(path, makeTone({ hz: 500, seconds: 1, rateHz: 16000 }));
    const sound = readWav(path);
    assert.equal(sound.rateHz, 16000);
    assert.equal(sound.samples.length, 16000);
    assert.ok(Math.abs(measureTone(sound).hz - 500) < 0.3);
});

test('the time of a tone and the keys of a keypad are found', () => {
    const parts = [[], [697, 1209], [], [941, 1477], []].map((hz) => makeTone({ hz, seconds: 0.2, rateHz: 8000 }));
    const samples = Float32Array.from(parts.flatMap((part) => [...part.samples]));
    const sound = { samples, rateHz: 8000 };
    assert.equal(findKeys(sound), '1#');
    const times = findTone(sound, 1477);
    assert.ok(times[0] >= 0.55 && times.at(-1) < 0.8, String(times));
    assert.equal(cut(sound, -0.2).samples.length, 1600);
});
