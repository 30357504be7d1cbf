// worker_threads by hand: tasks are distributed to the threads in turn, and results are matched by number. Both sides
// are in this module.
/* oxlint-disable unicorn/require-post-message-target-origin -- threads have none */
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { closedLoop } from './closed-loop.mjs';
import { noop } from './tasks.mjs';

if (!isMainThread) parentPort.on('message', (n) => parentPort.postMessage({ n, result: noop(n) }));

export async function start({ workers }) {
  const waiting = new Map();
  const threads = Array.from({ length: workers }, () => new Worker(new URL(import.meta.url)));
  for (const thread of threads) {
    thread.on('message', ({ n, result }) => {
      waiting.get(n)(result);
      waiting.delete(n);
    });
  }
  const call = (n) =>
    new Promise((resolve) => {
      waiting.set(n, resolve);
      threads[n % workers].postMessage(n);
    });
  return {
    run: (count, window) => closedLoop(call, count, window),
    stop: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}
