// Functions for workers, with their types in tasks.d.mts.
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';

export const square = (n) => n * n;
export const scaled = (n, { fixedArgs }) => n * fixedArgs.factor;
export const slowAtFirst = async (n) => {
  await sleep(n === 0 ? 1_500 : 0); // Long enough on a busy machine, too.
  return n;
};
export function picky(n) {
  if (n % 3 === 2) throw new RangeError(`not ${n}`);
  return n;
}
export const whoAmI = (_, { rank }) => ({ rank, pid: process.pid, isMainThread });
export const oddResult = () => () => 1;
export const map = (entries) => new Map(entries);

/** Leaves a file for each call, and ends when it is aborted or the file `go` exists. */
export async function heedful({ folder, n }, { signal, rank }) {
  writeFileSync(`${folder}/begun ${n} ${rank} ${process.pid}`, '');
  while (!existsSync(`${folder}/go`)) {
    if (signal.aborted) {
      writeFileSync(`${folder}/aborted ${n}`, '');
      signal.throwIfAborted();
    }
    await sleep(5);
  }
  return n;
}

/** Ends when aborted, too, and leaves a line for each call, even for repeated arguments. */
export function counted(order, context) {
  appendFileSync(`${order.folder}/calls`, `${order.n}\n`);
  return heedful(order, context);
}

/** Blocks the event loop for a number of milliseconds. */
export function deep({ folder, milliseconds }, { rank }) {
  writeFileSync(`${folder}/begun ${rank} ${process.pid}`, '');
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
  return rank;
}
export const nap = (milliseconds) => sleep(milliseconds, milliseconds);
/** The memory of this worker after a collection. */
export async function heap() {
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
    import('node:v8'),
    import('node:vm'),
  ]);
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
export const forever = () => sleep(1e9);
/** Ends its worker if no earlier call has left a file. */
export function deadly({ folder, n }) {
  if (n === 3 && !existsSync(`${folder}/killed`)) {
    writeFileSync(`${folder}/killed`, '');
    process.kill(process.pid, 'SIGKILL');
  }
  return n;
}
export const killing = () => process.kill(process.pid, 'SIGKILL');
export async function sharing(n, { workspace, server }) {
  const { NetWorkSpace } = await import('../../../dist/client/index.js');
  const ws = await NetWorkSpace.use(workspace, server);
  await ws.store('shared', n);
  ws.close();
}
export const notAFunction = 1;
