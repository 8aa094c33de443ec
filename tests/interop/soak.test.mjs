/** The short form of `bench/run soak`: what its generator does to the packets is what the engine's counters say. */
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { onlyFull, runProcess } from './lib/process.mjs';

const bench = join(dirname(fileURLToPath(import.meta.url)), '../../bench/run');

test('twenty seconds of loss, jitter and disorder: the counters are exact', onlyFull, async () => {
    const { code, text } = await runProcess(bench, ['soak', '--seconds', '20', '--calls', '20']);
    const report = JSON.parse(text.slice(text.indexOf('{')));
    assert.ok(code === 0 && report.equal, text);
    for (const side of [report.srtp, report.rtp]) {
        assert.equal(side.counted.lost, side.injected.lost);
        assert.ok(side.injected.lost > 500, 'one in twenty');
    }
    assert.ok(report.rss_growth_kb < 10240, `${report.rss_growth_kb} KB more`);
});
