import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import terser from '@rollup/plugin-terser';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const NAME = 'Siperb-Provisioning';
const umd = { format: 'umd', name: 'Siperb', exports: 'default', sourcemap: true };
const esm = { format: 'es', sourcemap: true };
const small = () => terser({ ecma: 2020, compress: { passes: 2 } });

/** dist/ is what a server shows under /lib/Siperb-Provisioning/: both generations' names, with and without version. */
const served = (/** @type {object} */ output, /** @type {string[]} */ endings) =>
    ['', `-${version}`].flatMap((v) => endings.map((ending) => ({ ...output, file: `dist/${NAME}${v}.${ending}` })));

/** dist/integrity.json: what a page puts into integrity= of its script tag. */
const integrity = {
    name: 'integrity',
    writeBundle() {
        const hashes = readdirSync('dist')
            .filter((name) => name.endsWith('.js'))
            .map((name) => [name, `sha384-${createHash('sha384').update(readFileSync(`dist/${name}`)).digest('base64')}`]);
        writeFileSync('dist/integrity.json', `${JSON.stringify(Object.fromEntries(hashes), null, 2)}\n`);
    },
};

/** TypeScript wants to be told apart which types are those of an ES module. */
const types = { name: 'types', writeBundle: () => copyFileSync(`${NAME}.d.ts`, `dist/${NAME}.d.mts`) };

export default [
    {
        input: 'src/umd.js',
        plugins: [integrity],
        output: [
            { ...umd, file: `${NAME}.umd.js` },
            { ...umd, file: `${NAME}.min.js`, plugins: [small()] },
            ...served(umd, ['umd.js']),
            ...served({ ...umd, plugins: [small()] }, ['min.js', 'umd.min.js']),
        ],
    },
    {
        input: 'src/esm.js',
        plugins: [integrity, types],
        output: [
            { ...esm, file: `${NAME}.esm.js` },
            { ...esm, sourcemap: false, file: `dist/${NAME}.mjs` },
            ...served(esm, ['esm.js']),
            ...served({ ...esm, plugins: [small()] }, ['esm.min.js']),
        ],
    },
];
