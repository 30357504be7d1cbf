import { BOUNDS } from '../wire/bounds.ts';
import type { Page } from './page.ts';

const DEFAULT_COUNT = 100;

/** The requested part of a list. */
export interface Range {
  readonly from: number;
  readonly count: number;
}

const whole = (text: string | null, fallback: number): number =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : fallback;

/**
 * `from` and `count` of a query; values that are not numbers are ignored.
 * @param prefix the prefix of both names
 */
export const rangeOf = (query: URLSearchParams): Range => ({
  from: whole(query.get('from'), 0),
  count: Math.min(whole(query.get('count'), DEFAULT_COUNT), BOUNDS.pageRows.value),
});

/** The requested part of a list that can be searched and sorted. */
export interface ListQuery extends Range {
  /** A part of the text of an item, in any case; '' for all. */
  readonly search: string;
  /** The name of a column, preceded by `-` for the descending order; '' for the order of the list. */
  readonly sort: string;
}

/** As `rangeOf`, with `search` and `sort`. */
export const listQuery = (query: URLSearchParams): ListQuery => ({
  ...rangeOf(query),
  search: query.get('search') ?? '',
  sort: query.get('sort') ?? '',
});

/** The items of a list that are searched and sorted, which takes a tenth of a second at most. */
const MOST_SEARCHED = 100_000;

/** What can be searched and sorted of the items of a list. */
export interface Columns<T> {
  readonly text: (item: T) => string;
  readonly keys: Readonly<Record<string, (item: T) => string | number>>;
}

/** As `pageOf`, of the items that are wanted, in the wanted order. */
export function listOf<T, View>(
  total: number,
  query: ListQuery,
  items: Iterable<T>,
  { text, keys }: Columns<T>,
  view: (item: T) => View,
): Page<View> {
  const { search, sort } = query;
  const name = sort.replace(/^-/, '');
  const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
  if (search === '' && key === undefined) return pageOf(total, query, items, view);
  const wanted = search.toLowerCase();
  const found: T[] = [];
  for (const item of slice(items, { from: 0, count: MOST_SEARCHED }))
    if (wanted === '' || text(item).toLowerCase().includes(wanted)) found.push(item);
  if (key !== undefined) {
    const sign = sort.startsWith('-') ? -1 : 1;
    const keyed = found.map((item) => ({ item, by: key(item) }));
    keyed.sort((a, b) => sign * order(a.by, b.by));
    return pageOf(found.length, query, keyed, ({ item }) => view(item));
  }
  return pageOf(found.length, query, found, view);
}

const collator = new Intl.Collator('en', { numeric: true });
const order = (a: string | number, b: string | number): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));

/** A range of items. Skipping an item costs some nanoseconds. */
export function* slice<T>(items: Iterable<T>, { from, count }: Range): Generator<T> {
  if (count <= 0) return;
  let at = 0;
  for (const item of items) {
    if (at++ < from) continue;
    yield item;
    if (at >= from + count) return;
  }
}

export const pageOf = <T, View>(
  total: number,
  range: Range,
  items: Iterable<T>,
  view: (item: T) => View,
): Page<View> => ({ total, from: range.from, items: Array.from(slice(items, range), view) });

/** The last `count` items of a set, newest first. */
export const newest = <T>(items: ReadonlySet<T>, count: number): T[] =>
  [...slice(items, { from: Math.max(items.size - count, 0), count })].toReversed();
