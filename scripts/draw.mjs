// Draws the diagrams when the machines are compiled: the layout library (elkjs) is large, and is not needed afterwards.
import { writeFileSync } from 'node:fs';
import Elk from 'elkjs';
import { chartFiles } from '../dist/charts/files.js';

const elk = new Elk();
const files = await chartFiles((graph) => elk.layout(graph));
for (const [name, text] of files) writeFileSync(new URL(`../dist/charts/${name}`, import.meta.url), text);
