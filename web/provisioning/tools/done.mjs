/** The closing line of `npm start`. */
import { statSync } from 'node:fs';

const files = ['umd', 'min', 'esm'].map((kind) => `Siperb-Provisioning.${kind}.js`);
console.log(`Build complete: ${files.map((file) => `${file} (${statSync(file).size} bytes)`).join(', ')}`);
