// A task that leaves a line for each call.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** @param {{ n: number, file: string, milliseconds: number }} element */
export async function answer({ n, file, milliseconds }) {
  appendFileSync(file, `${n}\n`);
  await sleep(milliseconds);
  return n;
}
