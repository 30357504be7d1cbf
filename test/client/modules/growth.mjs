// Runs batches of every kind, and prints the size of the heaps twice: after a number of them, and after as many again.
import { getEventListeners } from 'node:events';
import { Sleigh, tasks } from '../../../dist/client/index.js';

const { square, scaled, forever, killing, heap } = tasks(new URL('tasks.mjs', import.meta.url));
const count = Number(process.argv[2]);
const sleigh = await Sleigh.start({ workers: 2, maxAttempts: 1 });
const lasting = new AbortController();
const options = { errors: 'collect', signal: lasting.signal };

async function run(n) {
  if (n % 50 === 49) return sleigh.eachElem(killing, [1], options);
  if (n % 50 === 24) return sleigh.eachElem(forever, [1], { ...options, timeout: 20 });
  if (n % 10 === 3) {
    const stop = AbortSignal.timeout(20);
    return sleigh.eachElem(forever, [1], { ...options, signal: stop }).catch(() => undefined);
  }
  if (n % 10 === 5)
    return sleigh.eachElem(scaled, [1, 2], {
      ...options,
      fixedArgs: { factor: 2, filler: 'x'.repeat(50_000) },
    });
  if (n % 10 === 7) return sleigh.eachWorker(square, 3, options);
  return sleigh.eachElem(square, [1, 2, 3], options);
}

async function measure() {
  const heaps = await sleigh.eachElem(heap, [1, 2], { chunkSize: 1 });
  globalThis.gc();
  const variables = (await sleigh.workspace.list())
    .map(({ name }) => name)
    .filter((name) => name.startsWith('#fixedArg'));
  console.log(
    JSON.stringify({
      master: process.memoryUsage().heapUsed,
      worker: Math.min(...heaps),
      listeners: getEventListeners(lasting.signal, 'abort').length,
      variables,
    }),
  );
}

for (let round = 0; round < 2; round++) {
  for (let n = 0; n < count; n++) await run(n);
  await measure();
}
await sleigh.stop();
