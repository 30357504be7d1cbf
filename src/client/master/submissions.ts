import type { BatchReport } from '../options/batch-options.ts';
import { checkOptions } from '../options/checked-options.ts';
import { checkTask, SUBMIT } from '../options/option-rules.ts';
import type { SubmitOptions } from '../options/sleigh-options.ts';
import type { Outcome } from '../task/outcome.ts';
import { lazyCallSite } from '../task/stacks.ts';
import type { ChunkPart } from '../values/chunk.ts';
import { addToDispatcher, groupOf } from './each-elem.ts';
import type { FunctionName } from './fixed-arguments.ts';
import { forgetWhenSettled, listenTo, metadataOf, type MasterJob } from './master-job.ts';
import { Submission } from './submission.ts';

/** The calls of `submit` of one function. On the page they are one batch, which is open until the job ends. */
class OpenBatch {
  readonly id: string;
  readonly #report: BatchReport;
  #read = 0;
  #done = 0;
  #failed = 0;

  constructor(id: string, report: BatchReport) {
    this.id = id;
    this.#report = report;
  }

  /** @returns the number of the next call */
  next(): number {
    return this.#read++;
  }

  settled(outcome: Outcome, sent: ChunkPart | undefined): void {
    this.#done++;
    if ('error' in outcome) {
      this.#failed++;
      this.#report.failed(outcome, sent);
    }
    this.#report.progress({ done: this.#done, failed: this.#failed, read: this.#read, total: undefined });
  }
}

/** The calls of `submit`. */
export class Submissions {
  readonly #job: MasterJob;
  /** By module and function. */
  readonly #open = new Map<string, OpenBatch>();

  constructor(job: MasterJob) {
    this.#job = job;
  }

  /** @returns the result */
  async submit(
    task: FunctionName,
    element: unknown,
    options: SubmitOptions & { readonly fixedArgs?: unknown } = {},
  ): Promise<unknown> {
    const calledFrom = lazyCallSite();
    checkTask(task);
    checkOptions('submit', options, SUBMIT);
    const { signal, onAbort = 'ask' } = options;
    signal?.throwIfAborted();
    const job = this.#job;
    const value = await element;
    signal?.throwIfAborted();
    const metadata = await metadataOf(job, task, options);
    job.end.throwIfDecided();
    const batch = this.#openBatch(task);
    return new Promise((resolve, reject) => {
      const submission = new Submission({
        batch: batch.id,
        index: batch.next(),
        element: value,
        group: groupOf(job, metadata),
        marks: job.dispatcher.marks,
        onAbort,
        retry: options.retry,
        clock: job.lines.platform.clock,
        onOutcome: (outcome, sent) => {
          batch.settled(outcome, sent);
          if (!('error' in outcome)) return resolve(outcome.value);
          outcome.error.stack += calledFrom();
          reject(outcome.error);
        },
        onFault: reject,
      });
      addToDispatcher(job, submission);
      listenTo(job, submission, options);
      forgetWhenSettled(job, submission, metadata, signal);
    });
  }

  #openBatch(task: FunctionName): OpenBatch {
    const key = JSON.stringify([task.language, task.module, task.name]);
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const id = this.#job.nextBatch();
    const batch = new OpenBatch(id, this.#job.dispatcher.reports.begin(id, task));
    this.#open.set(key, batch);
    return batch;
  }
}
