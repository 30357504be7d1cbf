// Writes docs/charts from the machines. `npm run charts` builds first, which draws the pictures.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileOf } from '../dist/charts/files.js';
import { CHARTS, chartPages } from '../dist/charts/pages.js';

const root = new URL('../', import.meta.url);
const folder = new URL('docs/charts/', root);
mkdirSync(folder, { recursive: true });

const pages = chartPages((path) => readFileSync(new URL(path, root), 'utf8'));
for (const [name, text] of pages) writeFileSync(new URL(name, folder), text);
const drawn = CHARTS.flatMap(({ name }) => [fileOf(name, 'svg'), fileOf(name, 'json')]);
for (const file of drawn) copyFileSync(new URL(`dist/charts/${file}`, root), new URL(file, folder));
// The client for Python runs some of these machines from their JSON.
const copies = new URL('clients/python/src/sleigh/charts/', root);
for (const name of readdirSync(copies).filter((file) => file.endsWith('.json')))
  copyFileSync(new URL(name, folder), new URL(name, copies));
console.log(`wrote ${pages.size + drawn.length} files to docs/charts`);
