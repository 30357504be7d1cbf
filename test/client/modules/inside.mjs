// Functions that use what their context offers, with their types in inside.d.mts.
import { setTimeout as sleep } from 'node:timers/promises';

/** Says its progress, each time after longer than it is held back. */
export async function counting(count, { progress, signal }) {
  for (let step = 1; step <= count; step++) {
    progress({ step });
    await sleep(80, undefined, { signal });
  }
  return count;
}

export async function busy(count, { progress }) {
  for (let n = 0; n < count; n++) {
    progress(n);
    if (n % 50 === 0) await sleep(1);
  }
}

export function talking(name, { log }) {
  log('at', name, { n: 1 });
}

export function unsendable(_, { progress }) {
  progress(() => 1);
}

export const waiting = (milliseconds) => sleep(milliseconds, milliseconds);
export const flags = () => process.execArgv;

export async function hungry() {
  for (const kept = []; ; await sleep(0)) kept.push(Array.from({ length: 100_000 }, (_, n) => ({ n })));
}
