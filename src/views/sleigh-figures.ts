import type { BatchSummary } from '../sleigh/batch.ts';
import type { Sleigh } from '../sleigh/sleigh.ts';
import { History } from './history.ts';
import { batches } from './batches.ts';
import { JobWatch } from './job-watch.ts';
import { ProgressRate } from './progress.ts';
import { sleighCounts } from './sleigh-counts.ts';

/** The number of samples, one a second, that determine the rate of a batch. */
const RATE_PERIOD_S = 30;

interface Sample {
  readonly time: number;
  readonly answered: number;
}

/** The metrics of one sleigh over time. */
export class SleighFigures {
  readonly history = new History(['queued', 'running', 'results', 'busy', 'completed a second']);
  readonly rate = new ProgressRate();
  readonly watch = new JobWatch();
  readonly #samples = new WeakMap<BatchSummary['totals'], Sample[]>();
  #last: { readonly time: number; readonly completed: number } | undefined;

  sample(sleigh: Sleigh, time: number): void {
    const { work } = sleigh;
    this.rate.sample(sleigh, time);
    this.watch.sample(sleigh, sleighCounts(sleigh), time);
    const { completed } = work;
    const seconds = this.#last === undefined ? 0 : (time - this.#last.time) / 1000;
    const pace = this.#last === undefined || seconds <= 0 ? 0 : (completed - this.#last.completed) / seconds;
    this.#last = { time, completed };
    const busy = sleigh.countsOf('worker').in('registered.busy');
    this.history.add(time, [
      work.tasks.length,
      work.batches.all.running,
      work.batches.counts.values,
      busy,
      pace,
    ]);
    for (const { totals } of batches(sleigh)) this.#samplesOf(totals, { time, answered: totals.answered });
  }

  #samplesOf(totals: BatchSummary['totals'], sample: Sample): void {
    let samples = this.#samples.get(totals);
    if (samples === undefined) this.#samples.set(totals, (samples = []));
    samples.push(sample);
    if (samples.length > RATE_PERIOD_S + 1) samples.shift();
  }

  /** Estimated milliseconds until all pending tasks are answered, at the rate of the last half minute. */
  remaining({ totals, queued, running }: BatchSummary): number | undefined {
    const pending = queued + running;
    if (pending === 0) return 0;
    const samples = this.#samples.get(totals);
    const [first, last] = [samples?.[0], samples?.at(-1)];
    if (first === undefined || last === undefined || last.answered <= first.answered) return undefined;
    return Math.round((pending * (last.time - first.time)) / (last.answered - first.answered));
  }
}
