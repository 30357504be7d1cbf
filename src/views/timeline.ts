import type { Sleigh } from '../sleigh/sleigh.ts';
import { ENDS, type Mark, type TaskSpan } from '../sleigh/timeline.ts';
import { named } from './names.ts';
import { slice } from './paging.ts';
import type { TimelineView } from './timeline-types.ts';

/** The number of tasks and of marks in one part. */
const PART = 20_000;

/** Which part to show. */
export interface TimelineQuery {
  readonly tasks: number;
  readonly marks: number;
}

/** `tasks` and `marks` of a query; values that are not numbers are ignored. */
export function timelineQuery(query: URLSearchParams): TimelineQuery {
  const whole = (name: string): number => {
    const text = query.get(name) ?? '';
    return /^\d{1,15}$/.test(text) ? Number(text) : 0;
  };
  return { tasks: whole('tasks'), marks: whole('marks') };
}

/** @returns undefined if the server keeps no timelines, because it has no page */
export function timelineView(sleigh: Sleigh, query: TimelineQuery, now: number): TimelineView | undefined {
  const { crew, startedAt } = sleigh;
  const { timeline } = crew;
  if (timeline === undefined) return undefined;
  const from = Math.max(query.tasks, timeline.first);
  const running: [rank: number, began: number][] = [];
  for (const { rank, task, busySince } of crew.everyWorker)
    if (task !== undefined) running.push([rank, Math.round(busySince - startedAt)]);
  const marks = timeline.marksFrom(query.marks);
  return {
    sleigh: named(sleigh.workspace.name),
    now: Math.floor(now),
    base: startedAt,
    tasks: {
      ...columnsOf([...slice(timeline.tasksFrom(from), { from: 0, count: PART })], startedAt),
      from,
      next: Math.min(from + PART, timeline.next),
      total: timeline.next,
    },
    ends: ENDS,
    running,
    marks: { next: timeline.nextMark, items: itemsOf(marks, startedAt) },
  };
}

/** What a trace has of it: the spans of time in which workers were busy. */
export function recordedTimeline(
  name: string,
  { spans, marks, base, now }: RecordedTimeline,
  query: TimelineQuery,
): TimelineView {
  const part = spans.slice(query.tasks, query.tasks + PART);
  return {
    sleigh: named(name),
    now,
    base,
    tasks: {
      ...columnsOf(part, base),
      from: query.tasks,
      next: query.tasks + part.length,
      total: spans.length,
    },
    ends: ENDS,
    running: [],
    marks: { next: marks.length, items: itemsOf(marks.slice(query.marks), base) },
  };
}

export interface RecordedTimeline {
  readonly spans: readonly TaskSpan[];
  readonly marks: readonly Mark[];
  readonly base: number;
  /** The end of the trace. */
  readonly now: number;
}

type Columns = Pick<TimelineView['tasks'], 'ranks' | 'began' | 'ended' | 'end' | 'indexes'>;

const columnsOf = (spans: readonly TaskSpan[], base: number): Columns => ({
  ranks: spans.map(({ rank }) => rank),
  began: spans.map(({ began }) => Math.round(began - base)),
  ended: spans.map(({ ended }) => Math.round(ended - base)),
  end: spans.map(({ end }) => ENDS.indexOf(end)),
  indexes: spans.map(({ index = -1 }) => index),
});

const itemsOf = (marks: readonly Mark[], base: number): TimelineView['marks']['items'] =>
  marks.map(({ time, rank, mark }) => [Math.round(time - base), rank, mark]);
