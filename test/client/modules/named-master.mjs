// A program with a job and a batch that have names: node named-master.mjs PORT FILE COUNT
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Leaves a line for each call. */
export async function slow({ n, file }) {
  appendFileSync(file, `${n}\n`);
  await sleep(30);
  return n * n;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { Sleigh, tasks } = await import('../../../dist/client/index.js');
  const [port, file, count] = process.argv.slice(2);
  const server = { host: '127.0.0.1', port: Number(port) };
  const sleigh = await Sleigh.start({ server, name: 'nightly', workers: 2 });
  const elements = Array.from({ length: Number(count) }, (_, n) => ({ n, file }));
  const results = await sleigh.eachElem(tasks(new URL(import.meta.url)).slow, elements, { name: 'squares' });
  console.log(JSON.stringify(results));
  await sleigh.stop();
}
