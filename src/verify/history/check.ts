import { shrink } from '../shrink.ts';
import { wrongAtBarrier } from './barrier.ts';
import { fifoAdmits } from './fifo.ts';
import { wrongIteration } from './iteration.ts';
import type { Admits, Life, Read } from './life.ts';
import { lifoAdmits } from './lifo.ts';
import { isRemoving, livesIn, mayHaveStored, repeatedIn, type Lives } from './lives.ts';
import type { Operation } from './operation.ts';
import { singleAdmits } from './single.ts';
import { isSuccess, variablesIn, type VariableHistory } from './variable-history.ts';
import { finding, type Finding, type HistoryViolation } from './violation.ts';
import { forgottenIn } from './waiting.ts';

/** What a history was found to be. */
export interface HistoryReport {
  readonly operations: number;
  readonly variables: number;
  /** Variables of each mode whose operations were judged. */
  readonly judged: Readonly<Record<string, number>>;
  /** Variables that could not be judged completely, with the reason. */
  readonly undecided: readonly string[];
  /** The first violation of each variable. */
  readonly violations: readonly HistoryViolation[];
}

/** Checks what clients saw of a server against the clauses V1 to V12, variable by variable. */
export function checkHistory(operations: readonly Operation[]): HistoryReport {
  const variables = variablesIn(operations);
  const judged: Record<string, number> = {};
  const undecided: string[] = [];
  const violations: HistoryViolation[] = [];
  for (const history of variables) {
    const { workspace, variable, mode } = history;
    const where = `"${variable}" of "${workspace}"`;
    if (mode === undefined) {
      undecided.push(`${where}: its mode is unknown, or has changed`);
      continue;
    }
    judged[mode] = (judged[mode] ?? 0) + 1;
    const repeated = mode === 'barrier' || mode === 'bag' ? [] : repeatedIn(history);
    if (repeated.length > 0)
      undecided.push(`${where}: "${repeated[0]}" was stored more than once, so values were only counted`);
    const found = judge(history, mode, repeated.length > 0);
    if (found !== undefined) violations.push({ workspace, variable, mode, ...found });
  }
  return { operations: operations.length, variables: variables.length, judged, undecided, violations };
}

function judge(
  history: VariableHistory,
  mode: NonNullable<VariableHistory['mode']>,
  isRepeated: boolean,
): Finding | undefined {
  if (mode === 'barrier') return wrongAtBarrier(history);
  if (mode === 'bag' || isRepeated) return wrongCount(history);
  const lives = livesIn(history);
  if ('what' in lives) return lives;
  const admits: Admits =
    mode === 'fifo'
      ? fifoAdmits
      : mode === 'lifo'
        ? lifoAdmits
        : (some, misses) => singleAdmits(some, misses, lives.unseen);
  return (
    disorder(mode, admits, lives) ??
    (mode === 'lifo' ? undefined : wrongIteration(history, lives)) ??
    forgottenIn(history, lives)
  );
}

/** A value was got more often than it was stored. Results of tasks that ran again may be stored again. */
function wrongCount({ operations, variable, mode }: VariableHistory): Finding | undefined {
  const stores = new Map<string, Operation[]>();
  const gets = new Map<string, Operation[]>();
  for (const operation of operations) {
    const [map, value] = mayHaveStored(operation)
      ? [stores, operation.value ?? '']
      : isRemoving(operation) && isSuccess(operation)
        ? [gets, operation.reply?.value ?? '']
        : [undefined, ''];
    map?.set(value, [...(map.get(value) ?? []), operation]);
  }
  for (const [value, some] of gets) {
    const stored = stores.get(value) ?? [];
    // A task may run again, and a null result was stored by nobody (S13).
    const mayComeAgain = mode === 'bag' && (variable === 'task' || value === '');
    if (some.length <= stored.length || (mayComeAgain && (stored.length > 0 || value === ''))) continue;
    return finding(
      mode === 'bag' ? ['S7'] : ['V4'],
      `"${value}" was stored ${stored.length} times and fetched ${some.length} times`,
      [...stored, ...some],
    );
  }
  return undefined;
}

type Item = { readonly life: Life } | { readonly miss: Read };

/** No order of the operations is one of this mode: finds the fewest values and misses of which that is true. */
function disorder(mode: string, admits: Admits, { lives, misses }: Lives): Finding | undefined {
  if (admits(lives, misses)) return undefined;
  const items: Item[] = [...lives.map((life) => ({ life })), ...misses.map((miss) => ({ miss }))];
  const fewest = shrink(items, (some) => !admits(livesOf(some), missesOf(some)));
  const values = livesOf(fewest);
  const without = missesOf(fewest);
  const operations = [
    ...values.flatMap((life) => life.operations),
    ...without.map(({ operation }) => operation),
  ];
  return finding(['V3', 'V4'], describe(mode, values, without), operations);
}

const livesOf = (items: readonly Item[]): Life[] =>
  items.flatMap((item) => ('life' in item ? [item.life] : []));
const missesOf = (items: readonly Item[]): Read[] =>
  items.flatMap((item) => ('miss' in item ? [item.miss] : []));

function describe(mode: string, lives: readonly Life[], misses: readonly Read[]): string {
  const names = lives.map(({ value }) => `"${value}"`).join(', ');
  const [miss] = misses;
  if (miss !== undefined)
    return `a ${miss.operation.verb} of ${miss.operation.who} found no value, although ${names} ${lives.length === 1 ? 'was' : 'were'} there`;
  const lost = lives.find(({ isFetched }) => !isFetched);
  if (mode === 'fifo' && lives.length === 2 && lost !== undefined) {
    const other = lives.find((life) => life !== lost);
    if (other?.isFetched === true && lost.store.replied < other.store.invoked)
      return `"${lost.value}" was lost: it was stored before "${other.value}", which was fetched, and nobody got it`;
  }
  return `${names} came in an order that no ${mode} allows`;
}
