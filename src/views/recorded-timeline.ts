import type { Mark, TaskEnd, TaskSpan, WorkerMark } from '../sleigh/timeline.ts';
import type { Recording, Scope } from './recording.ts';
import type { RecordedTimeline } from './timeline.ts';

const BUSY = /(?:^|\.)busy$/;
/** The states of a worker that end it, and what is marked then. */
const ENDED: readonly (readonly [state: string, mark: WorkerMark])[] = [
  ['dead', 'died'],
  ['left', 'left'],
];

/** The timeline of one sleigh of a trace: its workers were busy from one step to another. */
export function timelineOf(recording: Recording, { actors, first, last }: Scope): RecordedTimeline {
  const spans: TaskSpan[] = [];
  const marks: Mark[] = [];
  const base = recording.time(first);
  for (const { id, chart, steps } of actors.values()) {
    if (chart !== 'worker') continue;
    const rank = Number(id.split('.')[1]);
    let began: number | undefined;
    for (const step of steps) {
      const { time, event, before, after } = recording.entry(step);
      if (BUSY.test(before) && began !== undefined && !(BUSY.test(after) && event !== 'result.stored')) {
        spans.push({ rank, began, ended: time, end: endBy(event, after), index: undefined });
        began = undefined;
      }
      if (BUSY.test(after)) began ??= time;
      const mark = before === after ? undefined : markOf(before, after);
      if (mark !== undefined) marks.push({ time, rank, mark });
    }
  }
  spans.sort((a, b) => a.ended - b.ended);
  marks.sort((a, b) => a.time - b.time);
  return { spans, marks, base, now: recording.time(last) };
}

function endBy(event: string, after: string): TaskEnd {
  if (event === 'result.stored') return 'done';
  return after.startsWith('left') ? 'returned' : 'lost';
}

function markOf(before: string, after: string): WorkerMark | undefined {
  if (after.startsWith('registered') && before === 'reserved') return 'joined';
  if (after.startsWith('registered') && before === 'replacing') return 'replaced';
  return ENDED.find(([state]) => after === state || after.startsWith(`${state}.`))?.[1];
}
