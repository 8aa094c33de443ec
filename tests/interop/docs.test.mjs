/** What the documentation says can be followed: its links lead somewhere, its commands exist with the options it
 * gives them, its tandem.yaml is accepted, and docs/tandem.yaml has every key. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { program } from './lib/daemon.mjs';
import { makeFolder } from './lib/process.mjs';

const root = join(import.meta.dirname, '../..');
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs.map((name) => `docs/${name}`)]
    .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));
const folder = makeFolder('docs');

/** tandem's answer to `args`, with the variables `env` alone. */
function tandem(/** @type {string[]} */ args, env = {}) {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { HOME: folder, ...env } });
    return { status, stdout, said: stdout + stderr };
}

/** The names under which a page's headings can be linked to. */
const anchors = (/** @type {string} */ text) =>
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
        title.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));

test('links lead to files and headings that are there', () => {
    const dead = pages.flatMap(({ name, text }) =>
        [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link)
            .filter((link) => !/^[a-z]+:/.test(link))
            .filter((link) => {
                const [file, anchor] = link.split('#');
                const path = file ? join(root, dirname(name), file) : join(root, name);
                return !existsSync(path) || (anchor && !anchors(readFileSync(path, 'utf8')).includes(anchor));
            })
            .map((link) => `${name}: ${link}`));
    assert.deepEqual(dead, []);
});

test('commands exist, and take the options they are given', () => {
    /* in a code span or on a line of their own, up to a comment */
    const commands = pages.flatMap(({ name, text }) =>
        [...text.matchAll(/(?:`|^ *)(?:out\/)?tandem ([a-z]+)([^`#\n]*)/gm)]
            .filter(([whole]) => whole.startsWith('`') || / {4}|^out/.test(whole))
            .map(([whole, command, rest]) => ({ at: `${name}: ${whole}`, command, rest })));
    assert.ok(commands.length > 60, `${commands.length} commands`);
    const wrong = commands.filter(({ command, rest }) => {
        const help = tandem(['help', command]);
        return help.status !== 0 || [...rest.matchAll(/--[a-z-]+/g)].some(([option]) => !help.said.includes(option));
    });
    assert.deepEqual(wrong.map(({ at }) => at), []);
});

const sample = tandem(['help', 'config']).stdout;

test('docs/tandem.yaml has every key, as `tandem help config` prints them', () => {
    assert.ok(sample.length > 5000);
    const text = readFileSync(join(root, 'docs/tandem.yaml'), 'utf8');
    assert.equal(text, sample, 'run `out/tandem help config > docs/tandem.yaml`');
});

test('every piece of tandem.yaml is accepted', () => {
    const keys = new Set([...sample.matchAll(/^(?:# )?([a-z_]+):/gm)].map(([, key]) => key));
    const blocks = pages.flatMap(({ name, text }) =>
        [...text.matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, yaml]) => ({ name, yaml })));
    const ours = blocks.filter(({ yaml }) => keys.has(/^([a-z_]+):/m.exec(yaml)?.[1] ?? ''));
    assert.ok(ours.length >= 9, `${ours.length} pieces`);
    const script = blocks.find(({ yaml }) => yaml.includes('sections:'))?.yaml ?? '';
    writeFileSync(join(folder, 'ivr.yaml'), script);
    writeFileSync(join(folder, 'provider.password'), 'a secret\n');
    const refused = ours.map(({ name, yaml }) => {
        const file = join(folder, 'tandem.yaml');
        writeFileSync(file, yaml.replaceAll('/etc/tandem/', `${folder}/`));
        const env = Object.fromEntries([...yaml.matchAll(/\$\{(\w+)\}/g)].map(([, variable]) => [variable, 'secret']));
        const { status, said } = tandem(['check', '--config', file], env);
        return status ? `${name}: ${said}` : '';
    });
    assert.deepEqual(refused.filter(Boolean), []);
});
