/** docs/promises.md names a test for each promise: the test is there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);
const text = (/** @type {string} */ file) => readFileSync(new URL(file, root), 'utf8');
/** Of each heading the rows of its tables: [, label, file, title]. */
const sections = text('docs/promises.md')
    .split(/^# /m)
    .map((section) => section.split('\n').map((line) => /^\| ([\w. ]+) \|.*\| `([^`]+)`: "([^"]+)" \|$/.exec(line)).filter((row) => row !== null));

for (const [at, name] of /** @type {[number, string][]} */ ([[1, 'of the project'], [2, 'of provisioning']]))
    test(`all 30 promises ${name} have a row`, () => {
        const numbers = new Set(sections[at].map((row) => Number(row[1])).filter(Boolean));
        assert.deepEqual([...numbers].sort((a, b) => a - b), Array.from({ length: 30 }, (_, i) => i + 1));
    });

test('the checks of the guides have their rows', () => assert.ok(sections.flat().filter(([, label]) => /^\d+\.\d+$/.test(label)).length > 45));

test('every method that docs/swml.md says runs has its row', () => {
    const shown = sections.flat().map(([, label]) => label);
    const runs = [...text('docs/swml.md').matchAll(/^\| `(\w+)` \| yes \|/gm)].map(([, name]) => name);
    assert.ok(runs.length > 30);
    assert.deepEqual(runs.filter((name) => !shown.includes(name)), []);
});

for (const [, label, file, title] of sections.flat())
    test(`${label}: ${file} has "${title}"`, () => {
        assert.ok(text(file).includes(title), `${file} has no test "${title}"`);
    });
