/** The tasks of a job by worker, as they arrive in parts. Pure. Times are milliseconds after the begin of the job. */
import type { TimelineView } from '../../views/timeline-types.ts';

/** The tasks of one worker, in the order of time. They do not overlap. */
export interface TimelineRow {
  readonly rank: number;
  readonly began: number[];
  readonly ended: number[];
  /** Positions in `ends`. */
  readonly end: number[];
  readonly index: number[];
  readonly marks: { readonly time: number; readonly mark: string }[];
  /** When the task began that it has now. */
  runningSince: number | undefined;
}

export interface Task {
  readonly rank: number;
  readonly began: number;
  /** Undefined while it runs. */
  readonly ended: number | undefined;
  readonly end: string;
  /** -1 if it is not known. */
  readonly index: number;
}

export class TimelineData {
  /** By rank. */
  rows: TimelineRow[] = [];
  readonly #byRank = new Map<number, TimelineRow>();
  base = 0;
  /** The time at the server, and when that was, by `performance.now()`. */
  now = 0;
  at = 0;
  ends: readonly string[] = [];
  nextTask = 0;
  nextMark = 0;
  total = 0;

  /**
   * @param at when it arrived, by `performance.now()`
   * @returns whether there is more to ask for
   */
  take(view: TimelineView, at: number): boolean {
    const { tasks, marks } = view;
    if (view.base !== this.base || tasks.next < this.nextTask) this.#clear(view.base);
    this.ends = view.ends;
    this.now = view.now - view.base;
    this.at = at;
    for (const [i, rank] of tasks.ranks.entries()) {
      const row = this.#row(rank);
      row.began.push(tasks.began[i] ?? 0);
      row.ended.push(tasks.ended[i] ?? 0);
      row.end.push(tasks.end[i] ?? 0);
      row.index.push(tasks.indexes[i] ?? -1);
    }
    for (const [time, rank, mark] of marks.items) this.#row(rank).marks.push({ time, mark });
    for (const row of this.rows) row.runningSince = undefined;
    for (const [rank, began] of view.running) this.#row(rank).runningSince = began;
    this.nextTask = tasks.next;
    this.nextMark = marks.next;
    this.total = tasks.total;
    return tasks.next < tasks.total;
  }

  #clear(base: number): void {
    this.rows = [];
    this.#byRank.clear();
    this.base = base;
    this.nextTask = 0;
    this.nextMark = 0;
  }

  #row(rank: number): TimelineRow {
    const known = this.#byRank.get(rank);
    if (known !== undefined) return known;
    const row: TimelineRow = {
      rank,
      began: [],
      ended: [],
      end: [],
      index: [],
      marks: [],
      runningSince: undefined,
    };
    this.#byRank.set(rank, row);
    this.rows.push(row);
    this.rows.sort((a, b) => a.rank - b.rank);
    return row;
  }

  /** The task of a worker at a time; the next one within a tolerance if there is none. */
  taskAt(row: TimelineRow, time: number, tolerance: number): Task | undefined {
    const { rank, runningSince } = row;
    if (runningSince !== undefined && time >= runningSince - tolerance)
      return { rank, began: runningSince, ended: undefined, end: 'running', index: -1 };
    const i = firstEndedFrom(row, time - tolerance);
    const [began, ended] = [row.began[i], row.ended[i]];
    if (began === undefined || ended === undefined || began > time + tolerance) return undefined;
    return { rank, began, ended, end: this.ends[row.end[i] ?? 0] ?? '', index: row.index[i] ?? -1 };
  }
}

/** @returns the position of the first task that ended at that time or later */
export function firstEndedFrom({ ended }: TimelineRow, time: number): number {
  let [least, most] = [0, ended.length];
  while (least < most) {
    const middle = (least + most) >> 1;
    if ((ended[middle] ?? 0) < time) least = middle + 1;
    else most = middle;
  }
  return least;
}

/** What is shown: from one time to another. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const SHORTEST_MS = 20;

/** @param at the time that stays where it is */
export function zoomed({ from, to }: Span, factor: number, at: number): Span {
  const length = Math.max((to - from) * factor, SHORTEST_MS);
  const share = (at - from) / (to - from);
  return { from: at - share * length, to: at + (1 - share) * length };
}

export const moved = ({ from, to }: Span, by: number): Span => ({ from: from + by, to: to + by });

const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
  600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000,
];

/** Times for the labels of an axis, at round times of the clock, at most so many. */
export function ticks({ from, to }: Span, base: number, most: number): { times: number[]; step: number } {
  const step =
    STEPS_MS.find((one) => (to - from) / one <= most) ??
    86_400_000 * Math.ceil((to - from) / 86_400_000 / most);
  const times: number[] = [];
  for (let time = Math.ceil((base + from) / step) * step; time <= base + to; time += step)
    times.push(time - base);
  return { times, step };
}
