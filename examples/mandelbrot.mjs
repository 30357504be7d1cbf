// Draws the Mandelbrot set, one row per task, and writes it as mandelbrot.png:
//
//   npx sleigh run examples/mandelbrot.mjs
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { encodePng } from './png.mjs';

export const WIDTH = 1200;
export const HEIGHT = 800;
const LEFT = -2.3;
const TOP = 1.08;
const STEP = 3.24 / WIDTH;
const MAX_ITERATIONS = 500;
/** Sample points per pixel, for smooth edges. */
const OFFSETS = [0.25, 0.75].flatMap((y) => [0.25, 0.75].map((x) => [x, y]));

/** The inputs: the number of each row. */
export function* input() {
  for (let y = 0; y < HEIGHT; y++) yield y;
}

/** The workers compute a row of pixels, three bytes each. */
export default function row(y) {
  const pixels = new Uint8Array(3 * WIDTH);
  for (let x = 0; x < WIDTH; x++) {
    const sum = [0, 0, 0];
    for (const [dx, dy] of OFFSETS) {
      const colour = colourOf(iterations(LEFT + (x + dx) * STEP, TOP - (y + dy) * STEP));
      for (let i = 0; i < 3; i++) sum[i] += colour[i];
    }
    for (let i = 0; i < 3; i++) pixels[3 * x + i] = sum[i] / OFFSETS.length;
  }
  return pixels;
}

/** Receives the results, which arrive in the order of the inputs. */
export async function output(outcomes) {
  const started = performance.now();
  const data = new Uint8Array(3 * WIDTH * HEIGHT);
  const workers = new Set();
  for await (const { line, value, worker, error } of outcomes) {
    if (error !== undefined) continue;
    data.set(value, 3 * WIDTH * (line - 1));
    workers.add(worker);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const file = resolve('mandelbrot.png');
  const png = encodePng(WIDTH, HEIGHT, data);
  await writeFile(file, png);
  console.log(`The picture is ${file}
${WIDTH} x ${HEIGHT} pixels, ${Math.round(png.length / 1000)} kB; ${workers.size} worker(s) took ${seconds} seconds.

What to try next:
  npx sleigh run examples/mandelbrot.mjs --workers 1   how long does one worker take?
  node examples/picture.mjs                            the same from a program of your own
  npx sleigh run examples/words.mjs README.md          a line of JSON for each line of a text
  npx sleigh run --help                                your own function, for your own lines`);
}

/** How soon the point escapes, with a fraction so that colours are smooth; Infinity if it does not. */
function iterations(cx, cy) {
  let x = 0;
  let y = 0;
  for (let n = 0; n < MAX_ITERATIONS; n++) {
    const xx = x * x;
    const yy = y * y;
    if (xx + yy > 256) return n + 1 - Math.log2(Math.log(xx + yy) / 2);
    y = 2 * x * y + cy;
    x = xx - yy + cx;
  }
  return Infinity;
}

/** Colours from black over red and yellow to white. */
function colourOf(n) {
  if (n === Infinity) return [8, 6, 20];
  const warmth = Math.log(Math.max(n, 1)) / Math.log(MAX_ITERATIONS);
  return [0.7, 1.4, 2.6].map(
    (power, i) => [30, 20, 60][i] + ([255, 240, 220][i] - [30, 20, 60][i]) * warmth ** power,
  );
}
