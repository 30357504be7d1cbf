import { typeError } from '../../wire/error-kind.ts';
import { KEY } from '../../wire/names.ts';
import type { BatchReport } from '../options/batch-options.ts';
import { USAGE } from '../errors/usage.ts';
import { checkOptions } from '../options/checked-options.ts';
import { checkTask, SUBMIT } from '../options/option-rules.ts';
import type { SubmitOptions } from '../options/sleigh-options.ts';
import { LeftBytes, type Outcome } from '../task/outcome.ts';
import { lazyCallSite } from '../task/stacks.ts';
import type { ChunkPart } from '../values/chunk.ts';
import { CallValue, type CallElement } from './call-value.ts';
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
  submit(
    task: FunctionName,
    element: unknown,
    options: SubmitOptions & { readonly fixedArgs?: unknown } = {},
  ): Promise<unknown> {
    const value = new CallValue(this.#job.left);
    this.#call(task, element, options, value).catch((error: unknown) => value.reject(error));
    return value.promise;
  }

  async #call(
    task: FunctionName,
    element: unknown,
    options: SubmitOptions & { readonly fixedArgs?: unknown },
    value: CallValue,
  ): Promise<void> {
    const calledFrom = lazyCallSite();
    checkTask(task);
    checkOptions('submit', options, SUBMIT);
    if (options.transfer !== undefined && options.retry !== undefined) throw typeError(USAGE.transferOnce());
    options.signal?.throwIfAborted();
    const source = CallValue.of(element, this.#job.left);
    try {
      const given = source === undefined ? { value: await element } : await source.take();
      const submission = await this.#send(task, given, options, { value, calledFrom });
      await submission.settled;
    } finally {
      source?.release();
    }
  }

  async #send(
    task: FunctionName,
    element: CallElement,
    options: SubmitOptions & { readonly fixedArgs?: unknown },
    { value, calledFrom }: { readonly value: CallValue; readonly calledFrom: () => string },
  ): Promise<Submission> {
    const { signal, onAbort = 'ask', retry, transfer } = options;
    signal?.throwIfAborted();
    const job = this.#job;
    const metadata = await metadataOf(job, task, options);
    job.end.throwIfDecided();
    const batch = this.#openBatch(task);
    const index = batch.next();
    const leaveIn = value.sent(index);
    if (leaveIn !== undefined) metadata.set(KEY.leaveIn, leaveIn);
    if ('left' in element) metadata.set(KEY.elementIn, element.left.variable);
    // Elements and values that are at the server travel with no others, and neither does memory that is moved.
    const isAlone = leaveIn !== undefined || 'left' in element || transfer !== undefined;
    const submission = new Submission({
      batch: batch.id,
      index,
      element: 'value' in element ? element.value : null,
      lending: job.memory.lending(transfer),
      group: groupOf(job, metadata, { chunkSize: isAlone ? 1 : undefined }),
      marks: job.dispatcher.marks,
      onAbort,
      retry,
      clock: job.lines.platform.clock,
      onOutcome: (outcome, sent) => {
        batch.settled(outcome, sent);
        if ('error' in outcome) {
          outcome.error.stack += calledFrom();
          value.reject(outcome.error);
        } else if (outcome.value instanceof LeftBytes) value.left(outcome.value.bytes);
        else value.resolve(outcome.value);
      },
      onFault: (reason) => value.reject(reason),
    });
    addToDispatcher(job, submission);
    listenTo(job, submission, options);
    forgetWhenSettled(job, submission, metadata, signal);
    return submission;
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
