// Writes docs/charts out of the machines. `npm run charts` builds first.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chartPages } from '../dist/charts/pages.js';

const root = new URL('../', import.meta.url);
const folder = new URL('docs/charts/', root);
mkdirSync(folder, { recursive: true });

const pages = chartPages((name) => readFileSync(new URL(`src/machines/${name}.ts`, root), 'utf8'));
for (const [name, text] of pages) writeFileSync(new URL(name, folder), text);
console.log(`wrote ${pages.size} pages to docs/charts`);
