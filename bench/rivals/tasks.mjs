// The functions that the workers of all systems run.
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Does nothing, which leaves the cost of submitting a task and receiving its result. */
export const noop = (n) => n;

/** Ends the process, or the thread, in one of ten calls. */
export function crashing(n) {
  if (n % 10 === 9) process.exit(3);
  return n;
}

/** Records when it runs, and ends its process on request. */
export function crashOrTell(crashes) {
  if (crashes) process.exit(3);
  return Date.now();
}

/** Records in a file that it runs, where and since when; the first call never ends by itself. */
export async function survive(file) {
  appendFileSync(file, `${process.pid} ${Date.now()}\n`);
  if (runsIn(file).length === 1) await sleep(1e9);
}

/** @returns where it ran, and since when, in the order of the starts */
export const runsIn = (file) =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').map(Number))
    .map(([pid, since]) => ({ pid, since }));
