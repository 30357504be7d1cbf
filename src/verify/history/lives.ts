import { VERB } from '../../wire/names.ts';
import type { Interval, Life, Read } from './life.ts';
import { CLOSE, RESTART, type Cookie, type Operation } from './operation.ts';
import { finding, type Finding } from './violation.ts';
import { isSuccess, type VariableHistory } from './variable-history.ts';

const REMOVING: ReadonlySet<string> = new Set([VERB.fetch, VERB.fetchTry, VERB.ifetch, VERB.ifetchTry]);
const READING: ReadonlySet<string> = new Set([VERB.find, VERB.findTry, VERB.ifind, VERB.ifindTry]);
const NONE = 'no value available';

export const isRemoving = ({ verb }: Operation): boolean => REMOVING.has(verb);
export const isReading = ({ verb }: Operation): boolean => READING.has(verb);
/** Whether it continues an iteration, and so may look past the head (V10). */
const isIterating = ({ verb, after }: Operation): boolean =>
  (verb === VERB.ifind || verb === VERB.ifindTry) && after !== undefined;

/** The values of a variable, and what found none. */
export interface Lives {
  readonly lives: readonly Life[];
  readonly misses: readonly Read[];
  /** What may have removed values that nobody got: gets without a reply, and deletions. */
  readonly unseen: readonly Interval[];
}

/** Values that were stored more than once, so that gets cannot be told apart. */
export function repeatedIn({ operations }: VariableHistory): string[] {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const operation of operations) {
    if (!mayHaveStored(operation)) continue;
    const { value = '' } = operation;
    if (seen.has(value)) repeated.add(value);
    seen.add(value);
  }
  return [...repeated];
}

/** A refused store has changed nothing (P9). One without a reply may have been carried out. */
export const mayHaveStored = (operation: Operation): boolean =>
  operation.verb === VERB.store && (operation.reply === undefined || isSuccess(operation));

interface Draft {
  readonly store: Operation;
  readonly reads: Operation[];
  readonly others: Operation[];
  readonly fetches: Operation[];
}

/** @returns the values of a variable whose values are distinct, or what is wrong with one of them by itself */
export function livesIn(history: VariableHistory): Lives | Finding {
  const { operations, deletions, intervalOf, mode } = history;
  const drafts = new Map<string, Draft>();
  for (const store of operations)
    if (mayHaveStored(store)) drafts.set(store.value ?? '', { store, reads: [], others: [], fetches: [] });
  const misses: Read[] = [];
  const unseen: Operation[] = [...deletions];
  for (const operation of operations) {
    const { reply } = operation;
    if (!isRemoving(operation) && !isReading(operation)) continue;
    if (reply === undefined) {
      if (isRemoving(operation)) unseen.push(operation);
    } else if (isSuccess(operation)) {
      const draft = drafts.get(reply.value ?? '');
      if (draft === undefined) return fromNowhere(operation, history);
      if (isRemoving(operation)) draft.fetches.push(operation);
      else if (mode === 'fifo' && isIterating(operation)) draft.others.push(operation);
      else draft.reads.push(operation);
    } else if (reply.reason === NONE && operation.after === undefined)
      misses.push({ ...intervalOf(operation), operation });
  }
  const lives: Life[] = [];
  const removals = unseen.map(intervalOf);
  const hasNumbers = mode !== 'lifo' && idsIn(operations).size === 1;
  for (const [value, draft] of drafts) {
    const life = lifeOf(value, draft, history, removals, hasNumbers);
    if ('what' in life) return life;
    // A store without a reply whose value nobody saw need not have happened.
    if (life.operations.length > 1 || draft.store.replied !== undefined) lives.push(life);
  }
  return { lives, misses, unseen: removals };
}

function fromNowhere(operation: Operation, { operations }: VariableHistory): Finding {
  const value = operation.reply?.value ?? '';
  const refused = operations.filter((one) => one.verb === VERB.store && one.value === value);
  return refused.length === 0
    ? finding(['V3', 'V4'], `"${value}" was returned and never stored`, [operation])
    : finding(['P9'], `"${value}" was returned, although its store was refused`, [...refused, operation]);
}

const cookiesIn = (operations: readonly Operation[]): Cookie[] =>
  operations.flatMap((one) => (one.reply?.cookie === undefined || !isSuccess(one) ? [] : [one.reply.cookie]));

/** A variable that was deleted and created again has another id, and its numbers begin again (V9). */
const idsIn = (operations: readonly Operation[]): Set<string> =>
  new Set(cookiesIn(operations).map(({ id }) => id));

const numbersIn = (operations: readonly Operation[]): Set<number> =>
  new Set(cookiesIn(operations).map(({ index }) => index));

/** After everything: for values that nothing can have removed. */
const AFTER_THE_END = Number.MAX_SAFE_INTEGER;

function lifeOf(
  value: string,
  { store, reads, others, fetches }: Draft,
  { intervalOf, deletions }: VariableHistory,
  unseen: readonly Interval[],
  hasNumbers: boolean,
): Life | Finding {
  const [first, second] = fetches;
  if (first !== undefined && second !== undefined)
    return finding(['V4'], `"${value}" was stored once and fetched twice`, [store, first, second]);
  const gets = [...reads, ...others, ...fetches];
  const all = [store, ...gets];
  const early = gets.find((get) => intervalOf(get).replied < intervalOf(store).invoked);
  if (early !== undefined)
    return finding(['V3', 'V4'], `"${value}" was returned before it was stored`, [early, store]);
  const late = first && gets.find((get) => intervalOf(get).invoked > intervalOf(first).replied);
  if (first !== undefined && late !== undefined)
    return finding(['V4'], `"${value}" was returned after it had been fetched`, [store, first, late]);
  for (const deletion of deletions) {
    const { invoked, replied } = intervalOf(deletion);
    const stale = gets.find((get) => intervalOf(get).invoked > replied);
    if (stale === undefined || intervalOf(store).replied > invoked) continue;
    const what = `"${value}" was returned after ${nameOf(deletion)}, before which it was stored`;
    return finding(clausesOf(deletion), what, [store, deletion, stale]);
  }
  const numbers = hasNumbers ? numbersIn(all) : new Set<number>();
  const [number] = numbers;
  if (numbers.size > 1)
    return finding(['V10'], `"${value}" has the numbers ${[...numbers].join(' and ')}`, all);
  const removal: Interval =
    first === undefined
      ? { invoked: Math.min(AFTER_THE_END, ...unseen.map(({ invoked }) => invoked)), replied: Infinity }
      : intervalOf(first);
  const intervals = [intervalOf(store), ...gets.map(intervalOf), removal];
  const begun = intervalOf(store).invoked;
  const lastRequest = Math.max(...intervals.map(({ invoked }) => invoked));
  return {
    value,
    store: { invoked: begun, replied: Math.min(...intervals.map(({ replied }) => replied)) },
    reads: reads.map((operation) => ({
      operation,
      invoked: Math.max(begun, intervalOf(operation).invoked),
      replied: Math.min(removal.replied, intervalOf(operation).replied),
    })),
    fetch: { invoked: lastRequest, replied: removal.replied },
    isFetched: first !== undefined,
    number,
    operations: all,
  };
}

const nameOf = ({ verb }: Operation): string =>
  verb === CLOSE ? 'the end of its owner' : verb === RESTART ? 'a restart' : `"${verb}"`;

const clausesOf = ({ verb }: Operation): readonly string[] =>
  verb === VERB.deleteVar ? ['V7'] : verb === VERB.deleteWs ? ['W7'] : ['When the server stops'];
