// Draws the Mandelbrot set with the client library: one row per task, and results in the order of the rows.
//
//   node examples/picture.mjs [FILE.png]
import { writeFile } from 'node:fs/promises';
import { Sleigh, tasks } from 'sleigh';
import { HEIGHT, input, WIDTH } from './mandelbrot.mjs';
import { encodePng } from './png.mjs';

const { default: row } = tasks(new URL('./mandelbrot.mjs', import.meta.url));
const [file = 'picture.png'] = process.argv.slice(2);

const sleigh = await Sleigh.start({ workers: 2 });
const pixels = new Uint8Array(3 * WIDTH * HEIGHT);
let y = 0;
for await (const bytes of sleigh.eachElem(row, input())) pixels.set(bytes, 3 * WIDTH * y++);
await sleigh.stop();

await writeFile(file, encodePng(WIDTH, HEIGHT, pixels));
console.log(`${file}: ${WIDTH} x ${HEIGHT} pixels`);
