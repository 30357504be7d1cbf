// Large data and threads: memory that all workers share, memory that is moved to one of them without a copy, and a value that
// goes from one call to the next without passing through this program.
//
//   node examples/memory/main.mjs
import { Sleigh, tasks, threads } from 'sleigh';

const { drawRow, sum, load } = tasks(new URL('tasks.mjs', import.meta.url));
const sleigh = await Sleigh.start({ workers: 2, launch: threads() });

const [width, height] = [256, 256];
const pixels = new SharedArrayBuffer(width * height);
const rows = Array.from({ length: height }, (_, row) => ({ pixels, width, row }));
await sleigh.eachElem(drawRow, rows);
console.log(
  `shared: ${new Uint8Array(pixels).reduce((total, pixel) => total + pixel, 0) / 2 ** 16} is the mean`,
);

const bytes = new Uint8Array(2 ** 20).fill(2);
const total = await sleigh.submit(sum, bytes, { transfer: [bytes.buffer] });
console.log('moved: the sum is', total, 'and the bytes that are left here', bytes.length);

const block = sleigh.submit(load, 4);
console.log('passed on: the sum is', await sleigh.submit(sum, block));
await sleigh.stop();
