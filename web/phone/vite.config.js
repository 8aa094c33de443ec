import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { defineConfig } from 'vite';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** sw.js knows the names of the files of this build, and is itself new when one of them is. */
const serviceWorker = () => ({
    name: 'service-worker',
    generateBundle(/** @type {any} */ _, /** @type {any} */ bundle) {
        const files = ['./', ...Object.keys(bundle), ...readdirSync('public')].filter((name) => name !== 'index.html');
        const hash = createHash('sha256');
        for (const item of Object.values(bundle)) hash.update(/** @type {any} */ (item).code ?? /** @type {any} */ (item).source);
        const source = readFileSync('src/sw.js', 'utf8')
            .replace("'BUILD'", JSON.stringify(`${version}-${hash.digest('hex').slice(0, 12)}`))
            .replace("['FILES']", JSON.stringify(files));
        /** @type {any} */ (this).emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
});

export default defineConfig({
    base: '/phone/',
    esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
    define: { 'import.meta.env.VERSION': JSON.stringify(version) },
    plugins: [serviceWorker()],
    build: { target: 'es2020', modulePreload: false, assetsInlineLimit: 0, assetsDir: 'assets' },
});
