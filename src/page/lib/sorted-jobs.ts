/** The orders in which the overview shows jobs, by the parameter of the address that selects them. */
import type { SleighSummary } from '../../views/types.ts';

type Compare = (a: SleighSummary, b: SleighSummary) => number;

interface JobOrder {
  readonly text: string;
  /** Undefined for the order of the server: jobs in trouble first, and the newest first among these and the others. */
  readonly compare: Compare | undefined;
}

const byName: Compare = (a, b) => a.title.localeCompare(b.title, undefined, { numeric: true });
const byNumber =
  (number: (job: SleighSummary) => number): Compare =>
  (a, b) =>
    number(b) - number(a) || byName(a, b);
/** The share of its work that is left; of a job that does not know, all of it. */
const left = ({ progress: { done, total } }: SleighSummary): number =>
  total === undefined ? 1 : total === 0 ? 0 : 1 - done / total;

export const JOB_ORDERS: Readonly<Record<string, JobOrder>> = {
  '': { text: 'In trouble first', compare: undefined },
  name: { text: 'By name', compare: byName },
  failed: { text: 'Most failures first', compare: byNumber(({ progress }) => progress.failed) },
  queued: { text: 'Most queued tasks first', compare: byNumber(({ queued }) => queued) },
  left: { text: 'Least done first', compare: byNumber(left) },
};

/** @param order of the address; one that is not known is that of the server */
export function inOrder<Job extends SleighSummary>(jobs: readonly Job[], order: string): readonly Job[] {
  const compare = Object.hasOwn(JOB_ORDERS, order) ? JOB_ORDERS[order]?.compare : undefined;
  return compare === undefined ? jobs : jobs.toSorted(compare);
}
