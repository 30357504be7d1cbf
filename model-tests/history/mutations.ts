import type { Operation } from '../../src/verify/history/operation.ts';
import type { Random } from '../world/random.ts';
import type { ReferenceMode } from './reference.ts';

/** What is planted into a history that is right. @returns undefined if the history has no place for it */
interface Mutation {
  readonly what: string;
  readonly modes: readonly ReferenceMode[];
  readonly clauses: readonly string[];
  readonly apply: (history: readonly Operation[], random: Random) => Operation[] | undefined;
}

const got = ({ reply, verb }: Operation): boolean => reply?.value !== undefined && verb !== 'store';
const isFetch = (one: Operation): boolean => got(one) && (one.verb === 'fetch' || one.verb === 'fetchTry');
const lastTime = (history: readonly Operation[]): number =>
  Math.max(
    ...history.map(({ invoked, replied = 0, verb }) => (verb === 'end' ? 0 : Math.max(invoked, replied))),
  );

const some = <T>(items: readonly T[], random: Random): T | undefined =>
  items[random.whole(0, items.length - 1)];

const later = (history: readonly Operation[], operation: Partial<Operation>): Operation => ({
  who: 'late client',
  verb: 'fetch',
  workspace: 'w',
  variable: 'v',
  invoked: lastTime(history) + 1,
  replied: lastTime(history) + 2,
  ...operation,
});

/** A fetched value that was stored, for certain, before another that was fetched: of a fifo, it cannot be left out. */
function fetchThatCounts(history: readonly Operation[], random: Random): Operation | undefined {
  const storeOf = (value: string | undefined): Operation | undefined =>
    history.find((one) => one.verb === 'store' && one.value === value);
  const fetches = history.filter(isFetch);
  return some(
    fetches.filter((fetch) => {
      const mine = storeOf(fetch.reply?.value);
      return fetches.some((other) => {
        const store = storeOf(other.reply?.value);
        return mine?.replied !== undefined && store !== undefined && mine.replied < store.invoked;
      });
    }),
    random,
  );
}

export const MUTATIONS: readonly Mutation[] = [
  {
    what: 'a value is delivered twice',
    modes: ['fifo', 'lifo', 'single'],
    clauses: ['V4'],
    apply: (history, random) => {
      const fetch = some(history.filter(isFetch), random);
      return fetch?.reply && [...history, later(history, { reply: fetch.reply })];
    },
  },
  {
    what: 'a value that was acknowledged is lost',
    modes: ['fifo'],
    clauses: ['V3', 'V4'],
    apply: (history, random) => {
      const fetch = fetchThatCounts(history, random);
      const { value } = fetch?.reply ?? {};
      // Nobody else saw it, either.
      return fetch && history.filter((one) => one.verb === 'store' || one.reply?.value !== value);
    },
  },
  {
    what: 'two values are delivered in the wrong order',
    modes: ['fifo'],
    clauses: ['V3', 'V4'],
    apply: (history, random) => {
      const first = fetchThatCounts(history, random);
      const storeOf = (one: Operation): Operation | undefined =>
        history.find(({ verb, value }) => verb === 'store' && value === one.reply?.value);
      const second = history
        .filter(isFetch)
        .find(
          (one) =>
            one.invoked > (first?.replied ?? Infinity) &&
            (storeOf(one)?.invoked ?? 0) >
              (first === undefined ? Infinity : (storeOf(first)?.replied ?? Infinity)),
        );
      if (first?.reply === undefined || second?.reply === undefined) return undefined;
      const { reply: one } = first;
      const { reply: other } = second;
      const others = history.filter(
        (some) =>
          some.verb === 'store' || (some.reply?.value !== one.value && some.reply?.value !== other.value),
      );
      return [...others, { ...first, reply: other }, { ...second, reply: one }];
    },
  },
  {
    what: 'a value from before a restart is delivered',
    modes: ['fifo', 'lifo', 'single'],
    clauses: ['When the server stops'],
    apply: (history, random) => {
      const fetched = new Set(history.filter(isFetch).map(({ reply }) => reply?.value));
      const store = some(
        history.filter((one) => one.verb === 'store' && one.reply !== undefined && !fetched.has(one.value)),
        random,
      );
      if (store?.value === undefined) return undefined;
      const before = lastTime(history) + 1;
      const restart: Operation = { who: '', verb: 'restart', invoked: before, replied: before + 1 };
      const reply = { status: '0000', value: store.value };
      const stale = later([...history, restart], { reply });
      return [...history.filter(({ verb }) => verb !== 'end'), restart, stale];
    },
  },
  {
    what: 'a get is never answered although there is a value',
    modes: ['fifo', 'lifo', 'single'],
    clauses: ['V4', 'V5'],
    apply: (history) => {
      const last = lastTime(history);
      const store = later(history, { verb: 'store', value: 'the last', reply: { status: '0000' } });
      const { replied, ...waiting } = later(history, { who: 'who waits', verb: 'find' });
      return replied === undefined || last === 0 ? undefined : [...history, store, waiting];
    },
  },
  {
    what: 'a value is returned that no client stored',
    modes: ['fifo', 'lifo', 'single'],
    clauses: ['V3', 'V4'],
    apply: (history) => [...history, later(history, { reply: { status: '0000', value: 'from nowhere' } })],
  },
  {
    what: 'a get finds no value although there is one',
    modes: ['fifo', 'lifo', 'single'],
    clauses: ['V3', 'V4'],
    apply: (history) => {
      const store = later(history, { verb: 'store', value: 'the last', reply: { status: '0000' } });
      const miss = { verb: 'fetchTry', reply: { status: '0001', reason: 'no value available' } };
      const before = history.filter(({ verb }) => verb !== 'end' && verb !== 'close');
      return before.some(({ reply }) => reply === undefined)
        ? undefined
        : [...before, store, later([...before, store], miss)];
    },
  },
];
