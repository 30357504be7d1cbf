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
