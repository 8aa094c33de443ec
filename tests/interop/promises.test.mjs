/** docs/promises.md names a test for each promise: the test is there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);
const rows = readFileSync(new URL('docs/promises.md', root), 'utf8')
    .split('\n')
    .map((line) => /^\| (\d+) \|.*\| `([^`]+)`: "([^"]+)" \|$/.exec(line))
    .filter((row) => row !== null);

test('all 30 promises have a row', () => {
    const numbers = new Set(rows.map((row) => Number(row[1])));
    assert.deepEqual([...numbers].sort((a, b) => a - b), Array.from({ length: 30 }, (_, i) => i + 1));
});

for (const [, number, file, title] of rows)
    test(`promise ${number}: ${file} has "${title}"`, () => {
        assert.ok(readFileSync(new URL(file, root), 'utf8').includes(title), `${file} has no test "${title}"`);
    });
