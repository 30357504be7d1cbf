import type { Life } from './life.ts';
import { isReading, isRemoving, type Lives } from './lives.ts';
import type { Operation } from './operation.ts';
import { isSuccess, type VariableHistory } from './variable-history.ts';
import { finding, type Finding } from './violation.ts';

/** Whether the numbers of values, and the gets that go by them, are right (V10). The values are of a fifo or a single. */
export function wrongIteration(history: VariableHistory, { lives }: Lives): Finding | undefined {
  const numbered = lives.filter(({ number }) => number !== undefined);
  numbered.sort((one, other) => numberOf(one) - numberOf(other));
  return disorderIn(numbered) ?? skippedIn(history, lives, numbered);
}

const numberOf = ({ number }: Life): number => number ?? Infinity;

/** Two values with one number, or numbers against the order of stores. */
function disorderIn(numbered: readonly Life[]): Finding | undefined {
  let latest: Life | undefined;
  for (const [n, life] of numbered.entries()) {
    const before = numbered[n - 1];
    if (before !== undefined && numberOf(before) === numberOf(life))
      return finding(
        ['V10'],
        `"${before.value}" and "${life.value}" have the same number, ${numberOf(life)}`,
        [...before.operations, ...life.operations],
      );
    if (latest !== undefined && life.store.replied < latest.store.invoked)
      return finding(
        ['V10'],
        `"${life.value}" was stored before "${latest.value}" and has the number ${numberOf(life)}, after ${numberOf(latest)}`,
        [...life.operations, ...latest.operations],
      );
    if (latest === undefined || life.store.invoked > latest.store.invoked) latest = life;
  }
  return undefined;
}

/** An iterated get that did not go forward, or left out a value that was there. */
function skippedIn(
  { operations, intervalOf, mode }: VariableHistory,
  lives: readonly Life[],
  numbered: readonly Life[],
): Finding | undefined {
  const byValue = new Map(lives.map((life) => [life.value, life]));
  for (const get of operations) {
    const { after, reply } = get;
    if (after === undefined || reply === undefined || !(isReading(get) || isRemoving(get))) continue;
    const isMiss = reply.status === '0001' && reply.reason === 'no value available';
    if (!isSuccess(get) && !isMiss) continue;
    if (reply.cookie !== undefined && isSuccess(get) && reply.cookie.id !== after.id)
      return finding(['V10'], `a get with the id ${after.id} was answered by ${reply.cookie.id}`, [get]);
    const found = isSuccess(get) ? byValue.get(reply.value ?? '') : undefined;
    const reached = found === undefined ? Infinity : numberOf(found);
    const source = numbered.find(({ number }) => number === after.index);
    if (reached <= after.index && source !== undefined)
      return finding(
        mode === 'single' ? ['V10.2'] : ['V10'],
        `a get after the number ${after.index} returned the number ${reached}`,
        operationsOf(get, found, source),
      );
    if (mode === 'single') continue;
    const { invoked, replied } = intervalOf(get);
    const skipped = numbered.find(
      (life) =>
        numberOf(life) > after.index &&
        numberOf(life) < reached &&
        life.store.replied < invoked &&
        life.fetch.invoked > replied,
    );
    if (skipped !== undefined)
      return finding(
        ['V10'],
        `a get after the number ${after.index} left out "${skipped.value}", which has the number ${numberOf(skipped)}`,
        operationsOf(get, found, skipped),
      );
  }
  return undefined;
}

const operationsOf = (get: Operation, ...lives: (Life | undefined)[]): Operation[] => [
  ...new Set([get, ...lives.flatMap((life) => life?.operations ?? [])]),
];
