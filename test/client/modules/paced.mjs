// Functions that report how often they are called, with their types in paced.d.mts.
import { setTimeout as sleep } from 'node:timers/promises';

let calls = 0;

/** Takes this many milliseconds. */
export async function paced({ n, milliseconds = 0 }, { rank }) {
  const call = ++calls;
  if (milliseconds > 0) await sleep(milliseconds);
  return { n, rank, call };
}
/** Kills its worker for one element. */
export function deadly(n) {
  if (n === 150) process.kill(process.pid, 'SIGKILL');
  return n;
}
/** Returns a value for one element that cannot be sent. */
export function odd(n) {
  calls++;
  return n === 150 ? () => n : { n, call: calls };
}
export const sizeOf = (text) => text.length;
