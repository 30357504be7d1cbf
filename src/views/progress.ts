import type { Sleigh } from '../sleigh/sleigh.ts';
import { BOUNDS } from '../wire/bounds.ts';
import type { JobReport } from '../wire/job-report.ts';
import { jobReport } from './job-report.ts';
import type { ProgressView } from './progress-types.ts';

interface Sample {
  readonly time: number;
  readonly done: number;
}

/** The elements or tasks of a job, counted. */
type Counts = Pick<ProgressView, 'unit' | 'done' | 'failed' | 'total' | 'soFar'>;

/** The rate at which a job progresses, from samples. */
export class ProgressRate {
  #samples: Sample[] = [];

  sample(sleigh: Sleigh, time: number): void {
    const { done } = countsOf(sleigh);
    const last = this.#samples.at(-1);
    // The count falls a little when failed elements are called again, and much when another master begins to report.
    if (last !== undefined && done < last.done / 2) this.#samples = [];
    this.#samples.push({ time, done });
    while ((this.#samples[0]?.time ?? time) < time - BOUNDS.rateMs.value) this.#samples.shift();
  }

  /** The number a second. */
  get perSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.time <= first.time) return 0;
    return (1_000 * Math.max(0, last.done - first.done)) / (last.time - first.time);
  }
}

/** Of a job of which only the steps of its actors are known. */
export const NO_PROGRESS: ProgressView = {
  unit: 'tasks',
  done: 0,
  failed: 0,
  total: undefined,
  soFar: 0,
  rate: 0,
  remaining: undefined,
};

/** @param rate undefined if none is known */
export function progressView(sleigh: Sleigh, rate: ProgressRate | undefined): ProgressView {
  const counts = countsOf(sleigh);
  const perSecond = rate?.perSecond ?? 0;
  const left = counts.total === undefined ? undefined : counts.total - counts.done;
  const remaining =
    left === 0 ? 0 : perSecond > 0 && left !== undefined ? (1_000 * left) / perSecond : undefined;
  return { ...counts, rate: perSecond, remaining: remaining && Math.round(remaining) };
}

function countsOf(sleigh: Sleigh): Counts {
  return countsIn(jobReport(sleigh), sleigh.work.batches.totals.overall);
}

/**
 * @param report what the master tells, if it does (S24)
 * @param tasks the totals of the tasks
 */
export function countsIn(
  report: JobReport | undefined,
  { accepted, answered, failed }: { accepted: number; answered: number; failed: number },
): Counts {
  if (report !== undefined) {
    const running = report.batches.filter(({ ended }) => ended === undefined);
    const doneNow = running.reduce((sum, { done }) => sum + done, 0);
    const totals = running.map(({ total }) => total);
    // Batches that have ended are done; the others say how many they have.
    const total = totals.reduce<number | undefined>(
      (sum, each) => (sum === undefined || each === undefined ? undefined : sum + each),
      report.done - doneNow,
    );
    const read = running.reduce((sum, batch) => sum + batch.read, 0);
    const soFar = report.done - doneNow + read;
    return { unit: 'elements', done: report.done, failed: report.failed, total, soFar };
  }
  return { unit: 'tasks', done: answered, failed, total: undefined, soFar: accepted };
}
