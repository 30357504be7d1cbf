/** Who owned each partition when, from the takeovers that are known. It is pure; the caller passes the time. */
import type { TakeoverView } from '../../views/cluster-types.ts';
import type { Located } from '../../views/whole-types.ts';

export type LocatedTakeover = TakeoverView & Located;

/** A time in which one server owned a partition, or nobody did. Times are milliseconds since 1970. */
export interface Ownership {
  /** Null while nobody owned it. */
  readonly owner: string | null;
  readonly from: number;
  readonly to: number;
}

export interface Period {
  readonly from: number;
  readonly to: number;
}

/** The periods that can be selected. */
export const PERIODS: readonly {
  readonly name: string;
  readonly period: string;
  /** Undefined for all that is known. */
  readonly milliseconds: number | undefined;
}[] = [
  { name: '10 min', period: 'in the last 10 minutes', milliseconds: 600_000 },
  { name: '1 h', period: 'in the last hour', milliseconds: 3_600_000 },
  { name: '1 day', period: 'in the last day', milliseconds: 86_400_000 },
  { name: 'All', period: 'are known', milliseconds: undefined },
];

/** Milliseconds of the shortest period that is shown. */
const SHORTEST = 60_000;

/** @param takeovers newest first */
export function periodOf(
  milliseconds: number | undefined,
  takeovers: readonly LocatedTakeover[],
  now: number,
): Period {
  const oldest = takeovers.at(-1)?.time ?? now;
  const length = milliseconds ?? Math.max((now - oldest) * 1.04, SHORTEST);
  return { from: now - length, to: now };
}

/**
 * @param takeovers of one partition, newest first. The first one that is known says who had owned it before
 * @param until when its last owner lost it; undefined if that one still owns it
 * @returns the parts of the period, oldest first, without gaps between them
 */
export function ownershipsOf(
  takeovers: readonly LocatedTakeover[],
  period: Period,
  until: number | undefined,
): Ownership[] {
  const all: Ownership[] = [];
  const add = (owner: string | null, from: number, to: number): void => {
    const part = { owner, from: Math.max(from, period.from), to: Math.min(to, period.to) };
    if (part.to > part.from) all.push(part);
  };
  let from = -Infinity;
  let owner: string | null = takeovers.at(-1)?.from ?? null;
  for (const takeover of takeovers.toReversed()) {
    const end = Math.max(from, takeover.time - (takeover.leaseOver ?? 0));
    add(owner, from, end);
    // Between the end of the lease and the takeover nobody had the right to commit.
    add(null, end, takeover.time);
    ({ to: owner, time: from } = takeover);
  }
  const end = Math.max(from, until ?? period.to);
  add(owner, from, end);
  add(null, end, period.to);
  return all;
}

/** @returns where a time is in a period, in percent */
export const shareOf = (time: number, { from, to }: Period): number => (100 * (time - from)) / (to - from);

/** Steps between two marks of the axis, in seconds. */
const STEPS = [
  10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000,
];

/**
 * @param most how many marks there may be
 * @returns the times of the marks of an axis, at round times of the day
 */
export function marksOf({ from, to }: Period, most: number): number[] {
  const step =
    1_000 * (STEPS.find((seconds) => (to - from) / (1_000 * seconds) <= most) ?? STEPS.at(-1) ?? 1);
  const zone = new Date(to).getTimezoneOffset() * 60_000;
  const first = Math.ceil((from - zone) / step) * step + zone;
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, i) => first + i * step);
}
