import { KEY, VARIABLE } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import type { BroadcastReceiver, Dispatcher } from './dispatcher.ts';
import type { Found } from '../connection/connection.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import { Condition } from '../condition.ts';
import { answersIn, failed, failureIn, outcomeOf, type Outcome } from '../task/outcome.ts';
import type { BatchReport } from '../options/batch-options.ts';
import type { ThreadMemory } from './thread-memory.ts';
import type { ErrorHandling } from './results.ts';
import type { OnAbort, TaskFailure } from '../task/task-metadata.ts';
import { failureOfLoss, workerLossIn } from '../task/worker-loss.ts';
import { encodeValue } from '../values/values.ts';

export interface BroadcastOptions {
  readonly lines: ConnectionPool;
  readonly workspace: string;
  readonly dispatcher: Dispatcher;
  /** The batch of the broadcast. */
  readonly id: string;
  readonly onAbort: OnAbort;
  /** Whether workers that join later answer, too (S17). */
  readonly isLasting: boolean;
  readonly memory: ThreadMemory;
  /** Tells the server about it (S24). */
  readonly report: BatchReport;
  /** The call site, for the stacks of errors. */
  readonly calledFrom: string;
}

/** The answers of the workers to a broadcast, each once (S8, S17). */
export class BroadcastResults implements BroadcastReceiver {
  /** Resolves when the server holds nothing of it that is needed. */
  readonly settled: Promise<void>;
  /** Keeps the memory that the argument refers to (S36). */
  lent: unknown;
  readonly #options: BroadcastOptions;
  readonly #changed = new Condition();
  /** The outcomes of the present workers. */
  readonly #outcomes: Outcome[] = [];
  /** The number of present ranks whose process has called it for another of its ranks. */
  #uncalled = 0;
  /** Whether all of those have answered, so that further answers are from workers that joined later. */
  #isComplete = false;
  /** The ranks that have a result or a null result. */
  readonly #answered = new Set<number>();
  /** The calls that have an outcome, and the failed ones among these. */
  #called = 0;
  #failed = 0;
  #expected: number;
  #onLate: ((outcome: Outcome) => void) | undefined;
  #fault: { readonly error: unknown } | undefined;
  #isCancelled = false;
  #isOver = false;
  /** The number of results, including late ones. */
  #received = 0;
  #settle: () => void = () => undefined;

  /**
   * Stores the broadcast.
   * @param metadata the metadata of the task
   */
  static async ask(
    argument: unknown,
    metadata: Metadata,
    options: BroadcastOptions,
  ): Promise<BroadcastResults> {
    const { lines, workspace, id, dispatcher } = options;
    const lending = options.memory.lending();
    const encoded = encodeValue(argument, 'argument', lending);
    // Reading this variable fixes the number of answers (S4, S13). An elastic group returns the number itself.
    const expected = Number((await lines.main.find(workspace, VARIABLE.workerCount)).value);
    const results = new BroadcastResults(options, expected);
    results.lent = lending?.lent();
    dispatcher.addBroadcast(id, results);
    const all = new Map([...metadata, ...dispatcher.metadata(), [KEY.batchId, id]]);
    try {
      const reply = await lines.main.storeEncoded(workspace, VARIABLE.broadcast, encoded, all);
      results.#expect(copiesIn(reply, expected));
      results.#check();
    } catch (error) {
      results.#finish();
      throw error;
    }
    return results;
  }

  private constructor(options: BroadcastOptions, expected: number) {
    this.#options = options;
    this.settled = new Promise((resolve) => (this.#settle = resolve));
    void this.settled.then(() => options.report.ended());
    this.#expected = expected;
    options.dispatcher.expect(expected + (options.isLasting ? 1 : 0));
  }

  /**
   * Waits until every worker that has a copy has a result or a null result.
   * @returns the outcomes in the order of the ranks, which are the indexes
   * @throws TaskError of the first failure, unless errors are collected; the reasons passed to `cancel` and `end`
   */
  async present(errors: ErrorHandling): Promise<Outcome[]> {
    for (let seen = 0; ;) {
      if (this.#fault !== undefined) throw this.#fault.error;
      for (; seen < this.#outcomes.length; seen++) {
        const outcome = this.#outcomes[seen];
        if (outcome !== undefined && 'error' in outcome && errors === 'throw') throw outcome.error;
      }
      if (this.#isComplete) return [...this.#outcomes].sort((a, b) => a.index - b.index);
      await this.#changed.wait();
    }
  }

  /** Called with the outcomes of workers that joined after those of `present`. */
  set onLate(listener: (outcome: Outcome) => void) {
    this.#onLate = listener;
  }

  /** Queued calls are not made, running calls are ended, and later results are discarded. */
  cancel(reason: unknown): void {
    this.#fault ??= { error: reason };
    if (this.#isCancelled || (this.#isComplete && !this.#options.isLasting)) return;
    this.#isCancelled = true;
    const { dispatcher, id, onAbort } = this.#options;
    dispatcher.marks.set(id, onAbort);
    void this.settled.then(() => dispatcher.marks.delete(id));
    this.#check();
  }

  received(result: Found): void {
    const { metadata } = result;
    this.#received++;
    this.#expect(copiesIn(metadata, this.#expected));
    const rank = Number(metadata.get(KEY.workerRank));
    // Another rank of its process has the call (S22.16).
    if (metadata.get(KEY.beside) === '1') return this.#noted(rank);
    const loss = workerLossIn(metadata);
    const failure = failureIn(result);
    const [answer] = answersIn(result);
    if (loss !== undefined) this.#answer(failed(rank, failureOfLoss(loss, 1), rank));
    else if (failure !== undefined) this.#answer(failed(rank, failure, rank));
    else if (answer !== undefined) this.#answer(outcomeOf(rank, rank, answer));
  }

  #answer(outcome: Outcome): void {
    if ('error' in outcome) outcome.error.stack += this.#options.calledFrom;
    this.#answered.add(outcome.index);
    if (!this.#isComplete) this.#outcomes.push(outcome);
    else if (!this.#isCancelled) this.#onLate?.(outcome);
    this.#tell(outcome);
    this.#check();
  }

  /** That rank has answered without a call. */
  #noted(rank: number): void {
    this.#answered.add(rank);
    this.#uncalled += this.#isComplete ? 0 : 1;
    this.#tellProgress();
    this.#check();
  }

  #tell(outcome: Outcome): void {
    this.#called++;
    if ('error' in outcome) {
      this.#failed++;
      this.#options.report.failed(outcome, undefined);
    }
    this.#tellProgress();
  }

  #tellProgress(): void {
    const { report, isLasting } = this.#options;
    // Ranks that answer without a call are not counted.
    const calls = this.#expected - (this.#answered.size - this.#called);
    const total = isLasting ? undefined : calls;
    report.progress({ done: this.#called, failed: this.#failed, read: calls, total });
  }

  #expect(copies: number): void {
    this.#options.dispatcher.expect(copies - this.#expected);
    this.#expected = copies;
  }

  noWorkers(failure: TaskFailure): void {
    for (let rank = 0; rank < this.#expected; rank++)
      if (!this.#answered.has(rank)) this.#answer(failed(rank, failure));
  }

  end(error: unknown): void {
    this.#fault ??= { error };
    this.#changed.give();
    this.#finish();
  }

  #check(): void {
    this.#isComplete ||= this.#outcomes.length + this.#uncalled >= this.#expected;
    this.#changed.give();
    if (this.#isComplete && (!this.#options.isLasting || this.#isCancelled)) this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { dispatcher, id, isLasting } = this.#options;
    dispatcher.removeBroadcast(id);
    // Does not wait for results that will not arrive.
    dispatcher.expect(-(Math.max(0, this.#expected - this.#received) + (isLasting ? 1 : 0)));
    this.#settle();
  }
}

/** @returns the number of copies so far (S17), if the metadata contain it */
const copiesIn = (metadata: Metadata, otherwise: number): number =>
  Number(metadata.get(KEY.copies) ?? otherwise);
