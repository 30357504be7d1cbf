import { mayWait } from '../../wire/names.ts';
import type { Life } from './life.ts';
import { isReading, isRemoving, type Lives } from './lives.ts';
import type { Operation } from './operation.ts';
import type { VariableHistory } from './variable-history.ts';
import { finding, type Finding } from './violation.ts';

/** The minimum age of a value in milliseconds for which a waiting get is reported as forgotten. */
const GRACE_MS = 1_000;

/**
 * A get that was never answered although a value was there at the end (V4, V5). This can be told only of a history that
 * says when its recording ended.
 */
export function forgottenIn(history: VariableHistory, { lives }: Lives): Finding | undefined {
  const { end, operations, closes } = history;
  if (end === undefined) return undefined;
  const hasLeft = ({ who, invoked }: Operation): boolean =>
    closes.some((close) => close.who === who && close.invoked >= invoked);
  const unanswered = operations.filter(
    (one) => one.replied === undefined && (isRemoving(one) || isReading(one)),
  );
  const waiting = unanswered.find(
    (one) => mayWait(one.verb) && one.after === undefined && !hasLeft(one) && one.invoked <= end - GRACE_MS,
  );
  if (waiting === undefined) return undefined;
  // Each get of a client that has left may have taken one value with it.
  const taken = unanswered.filter((one) => isRemoving(one) && hasLeft(one)).length;
  const isOld = ({ operations: [store] }: Life): boolean => (store?.replied ?? Infinity) <= end - GRACE_MS;
  const left = valuesLeft(history, lives).filter(isOld);
  if (left.length <= taken) return undefined;
  const names = left.map(({ value }) => `"${value}"`).slice(0, 3);
  return finding(
    ['V4', 'V5'],
    `a ${waiting.verb} was never answered, although ${names.join(', ')} ${names.length === 1 ? 'was' : 'were'} there`,
    [...left.slice(0, 3).flatMap((life) => life.operations), waiting],
  );
}

/** Values that nobody fetched, and that no deletion can have removed. */
function valuesLeft(
  { mode, deletions, intervalOf, operations }: VariableHistory,
  lives: readonly Life[],
): Life[] {
  const lastDeletion = Math.max(-1, ...deletions.map((deletion) => intervalOf(deletion).replied));
  const left = lives.filter(({ store, isFetched }) => !isFetched && store.invoked > lastDeletion);
  if (mode !== 'single') return left;
  // A value of a single may have been replaced by one that was fetched.
  const lastFetch = Math.max(
    -1,
    ...operations
      .filter(isRemoving)
      .map((one) => (one.reply?.status === '0000' ? intervalOf(one).replied : -1)),
  );
  const after = left.filter(({ store }) => store.invoked > lastFetch);
  return after.slice(-1);
}
