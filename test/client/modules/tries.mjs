// Functions that fail at first, or depend on their context, with their types in tries.d.mts.
import { appendFileSync } from 'node:fs';

/** Fails for elements that `every` divides, in each attempt before that number. */
export function failing(n, { attempt, fixedArgs: { folder, until, every } }) {
  appendFileSync(`${folder}/log`, `${n} ${attempt}\n`);
  if (n % every === 0 && attempt < until) throw new Error(`attempt ${attempt}`);
  return n;
}

export function hopeless() {
  throw Object.assign(new Error('never'), { name: 'UnrecoverableError' });
}

/** Ends its worker in the first attempt. */
export function dying(_, { attempt }) {
  if (attempt === 1) process.exit(1);
  return attempt;
}

export const drawn = (_, { index, random }) => [index, random(), random()];

export function drawnAgain(n, context) {
  if (context.attempt === 1) throw new Error(`not yet: ${context.random()}`);
  return drawn(n, context);
}
