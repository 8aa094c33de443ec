/** What a caller says, in flite's voice. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { makeFolder } from './process.mjs';
import { readWav } from './wav.mjs';

/** Silence, then these words at their times (s), a minute in all. @param {[number, string][]} words */
export function makeTalk(words) {
    const folder = makeFolder('talk');
    const rateHz = 8000; // as the phones' codec has it
    const samples = new Float32Array(60 * rateHz);
    words.forEach(([at, text], i) => {
        const wide = join(folder, `${i}-wide.wav`);
        const narrow = join(folder, `${i}.wav`);
        execFileSync('flite', ['-voice', 'slt', '-t', text, '-o', wide]);
        execFileSync('sox', [wide, '-r', String(rateHz), '-b', '16', narrow]);
        samples.set(readWav(narrow).samples, Math.round(at * rateHz));
    });
    return { samples, rateHz };
}
