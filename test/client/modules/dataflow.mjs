// Functions whose arguments come from elsewhere, with their types in dataflow.d.mts.
import { setTimeout as sleep } from 'node:timers/promises';

const seen = new Map();

/** Notes each object that comes as fixed arguments. */
export function times(n, { fixedArgs }) {
  const { factor } = fixedArgs;
  seen.set(factor, (seen.get(factor) ?? new Set()).add(fixedArgs));
  return n * factor;
}

/** The number of different objects with that factor. */
export const copiesOf = (factor) => seen.get(factor)?.size ?? 0;

export async function slowly(n, context) {
  await sleep(100);
  return times(n, context);
}

export const add = (n) => n + 1;
export const text = String;

export function fail() {
  throw new Error('never');
}
