import { setTimeout as sleep } from 'node:timers/promises';

let running = 0;

/** @returns the number of calls of this process at the same time, and the rank */
export async function together(milliseconds, { rank }) {
  running++;
  await sleep(milliseconds);
  const seen = running;
  running--;
  return { rank, seen, pid: process.pid };
}

/** Ends the process for the given numbers. */
export async function poison(n, { fixedArgs, attempt }) {
  await sleep(10 + (n % 7));
  if (fixedArgs.includes(n)) process.exit(3);
  await sleep(30);
  return attempt;
}

/** Blocks the event loop for the given number. */
export async function block(n, { fixedArgs, attempt }) {
  await sleep(20);
  if (n === fixedArgs) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  await sleep(20);
  return attempt;
}

/** Errors that nobody handles. */
export async function unhandled(n) {
  await sleep(10);
  if (n === 3) void Promise.reject(new Error('rejected'));
  if (n === 5)
    setTimeout(() => {
      throw new Error('thrown');
    }, 5);
  await sleep(40);
  return n;
}

/** Waits longer than anybody, whatever its signal says. */
export const deaf = () => sleep(60_000, undefined, { ref: false });

/** @returns the first random number of the element */
export const random = async (_n, { random: next }) => {
  await sleep(5);
  return next();
};

export const shared = (n, { fixedArgs }) => fixedArgs.length + n;
export const pid = () => process.pid;
