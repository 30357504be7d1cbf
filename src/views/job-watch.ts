import type { Sleigh } from '../sleigh/sleigh.ts';
import { noticesOf, type JobFacts, type Notice, type Trouble } from './notices.ts';
import type { NoticeView } from './progress-types.ts';
import type { SleighCounts } from './sleigh-counts.ts';

/** What is said of a job, and since when each of it holds. */
export class JobWatch {
  /** When each notice that holds was first seen, by its text without numbers. */
  #since = new Map<string, number>();
  #completed = 0;
  #lastCompletedAt: number | undefined;
  #tasks: Pick<JobFacts, 'usualMs' | 'longest'> = { usualMs: undefined, longest: undefined };

  /** Called once a second. */
  sample(sleigh: Sleigh, summary: SleighCounts, now: number): void {
    const { completed } = sleigh.work;
    if (completed > this.#completed) this.#lastCompletedAt = now;
    this.#completed = completed;
    this.#tasks = tasksOf(sleigh, now);
    const held = this.#since;
    this.#since = new Map();
    for (const notice of noticesOf(this.#facts(sleigh, summary, now)))
      this.#since.set(keyOf(notice), held.get(keyOf(notice)) ?? now);
  }

  /** Those that hold for as long as they must, troubles first. */
  notices(sleigh: Sleigh, summary: SleighCounts, now: number): NoticeView[] {
    const views: NoticeView[] = [];
    for (const notice of noticesOf(this.#facts(sleigh, summary, now))) {
      const since = this.#sinceOf(notice, now);
      if (since === undefined) continue;
      const { text, trouble, deadline } = notice;
      views.push({ kind: trouble === undefined ? 'hint' : 'trouble', text, since, deadline });
    }
    return views.sort((a, b) => Number(a.kind === 'hint') - Number(b.kind === 'hint'));
  }

  /** The troubles that hold for as long as they must. */
  *troubles(sleigh: Sleigh, summary: SleighCounts, now: number): Generator<Trouble> {
    for (const notice of noticesOf(this.#facts(sleigh, summary, now)))
      if (notice.trouble !== undefined && this.#sinceOf(notice, now) !== undefined) yield notice.trouble;
  }

  /** @returns since when it holds; undefined if that is not long enough to be shown */
  #sinceOf(notice: Notice, now: number): number | undefined {
    const since = notice.began ?? this.#since.get(keyOf(notice)) ?? now;
    return now - since >= (notice.after ?? 0) ? since : undefined;
  }

  #facts(sleigh: Sleigh, summary: SleighCounts, now: number): JobFacts {
    const { work, joining, deadlines } = sleigh;
    const { accepted, answered } = work.batches.totals.overall;
    const { forStatus, forNumber } = joining.waiting;
    return {
      ...summary,
      now,
      masterWaits: work.batches.counts.fetchers + work.batches.counts.finders > 0,
      registered: joining.context.registered,
      expected: Math.max(joining.context.maximum, joining.context.ranksGiven),
      waitForGroup: sizeOf(forStatus) + sizeOf(forNumber),
      lastCompletedAt: this.#lastCompletedAt,
      ...this.#tasks,
      unanswered: accepted - answered,
      deadlines: {
        joining: deadlines.next('joining'),
        grace: deadlines.next('grace'),
        drain: deadlines.next('drain'),
        returning: deadlines.next('return of worker'),
      },
    };
  }
}

/** How long tasks take, and the one that has run longest. It looks at every worker. */
function tasksOf({ crew, work }: Sleigh, now: number): Pick<JobFacts, 'usualMs' | 'longest'> {
  let busyTime = 0;
  let longest: JobFacts['longest'];
  for (const { rank, task, busySince, busyTime: before } of crew.everyWorker) {
    busyTime += before;
    const milliseconds = task === undefined ? 0 : now - busySince;
    if (milliseconds > (longest?.milliseconds ?? 0)) longest = { rank, milliseconds };
  }
  return { usualMs: work.completed === 0 ? undefined : busyTime / work.completed, longest };
}

/** The same condition with other numbers is the same notice. */
const keyOf = ({ text }: Notice): string => text.replaceAll(/[\d.,]+/g, '#');

function sizeOf(items: Iterable<unknown>): number {
  let size = 0;
  for (const _ of items) size++;
  return size;
}
