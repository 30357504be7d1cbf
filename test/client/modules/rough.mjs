/** Tasks that affect their worker as faulty programs do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, threadId } from 'node:worker_threads';

export const who = () => `${process.pid} ${threadId}`;

/** Actions that have no effect beyond the element. */
const HARMLESS = {
  nothing: () => undefined,
  tellParent: () => {
    process.send?.('ready');
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have none
    parentPort?.postMessage({ type: 'idle' });
  },
  hearParent: () => {
    process.on('message', () => process.exit(9));
    parentPort?.on('message', () => process.exit(9));
  },
  disconnect: () => process.disconnect?.(),
  closeErrors: () => {
    if (isMainThread) closeSync(2);
    console.error('nobody hears this');
  },
  ignoreSignals: () => process.on('SIGTERM', () => undefined),
  moveAway: () => isMainThread && process.chdir('/'),
  fakeTimers: () => {
    globalThis.setTimeout = () => 0;
    globalThis.setImmediate = () => 0;
    globalThis.queueMicrotask = () => undefined;
    process.nextTick = () => undefined;
  },
  rejectLater: () => void Promise.reject(new Error('after its element')),
};
export const harmless = (what) => {
  HARMLESS[what]();
  return what;
};

/** Uncaught errors during an element. */
export const uncaught = async (how) => {
  if (how === 'rejects') void Promise.reject(new RangeError('nobody awaits this'));
  if (how === 'throws')
    setTimeout(() => {
      throw new RangeError('nobody catches this');
    }, 1);
  await sleep(how === 'fine' ? 0 : 10_000);
  return who();
};

/** Ends when its signal is aborted. */
export const heedful = async (log, { signal }) => {
  appendFileSync(log, 'begun\n');
  await once(signal, 'abort');
};

/** Computes, or waits, and ignores its signal. */
export const deaf = async ({ how, milliseconds, log }) => {
  appendFileSync(log, `begun ${process.pid}\n`);
  if (how === 'computes') for (const end = Date.now() + milliseconds; Date.now() < end;);
  else await sleep(milliseconds);
  return how;
};

/** Starts a program that outlives it, reports its process id, and then computes for a long time or ends its worker. */
export const parent = async ({ how, log }) => {
  const program = spawn('sleep', ['100'], { stdio: 'ignore' });
  appendFileSync(log, `program ${program.pid}\nworker ${process.pid}\n`);
  if (how === 'dies') process.kill(process.pid, 'SIGKILL');
  if (how === 'computes') for (;;);
  await sleep(100_000);
};

/** Ends its worker, with a last line of output, always or only the first time. */
export const dying = ({ log, times }) => {
  appendFileSync(log, 'died\n');
  console.error('out of memory, perhaps');
  if (times > 1 || !existsSync(`${log}.once`)) {
    appendFileSync(`${log}.once`, '');
    process.exit(7);
  }
  return 'done';
};

/** One of the elements ends the worker. */
export const poisoned = (element, { fixedArgs }) => {
  if (element === 'poison') dying({ log: fixedArgs.log, times: 9 });
  return element;
};

/** Ends the worker with this rank. */
export const dyingAt = ({ rank }, context) => {
  if (context.rank === rank) process.exit(7);
  return 'done';
};

const hoard = [];
export const hungry = (bytes) => {
  hoard.push(Buffer.alloc(bytes, 1));
  return process.pid;
};

/** Returns its attempt. The first attempt of the element `slow` lasts until the file is there. */
export const slowAtFirst = async ({ slow, file }, { attempt }) => {
  if (slow && attempt === 1) while (!existsSync(file)) await sleep(20);
  return attempt;
};
