import type { BatchEvent } from '../../machines/pool/batch.ts';
import { BatchLife } from './batch-life.ts';
import { BatchOutcomes, inWordsOf } from './batch-outcomes.ts';
import { LeftElement } from './left-element.ts';
import type { LeftValues } from './left-values.ts';
import { StageValues } from './stage-values.ts';
import { totalOf, type BatchOptions } from '../options/batch-options.ts';
import { Condition } from '../condition.ts';
import { failed, type Outcome } from '../task/outcome.ts';
import { Pace } from './pace.ts';
import { Rate } from './rate.ts';
import { Retries } from './retries.ts';
import { SleighError } from './sleigh-error.ts';
import type { ElementOwner } from './element-owner.ts';
import type { TaskFailure } from '../task/task-metadata.ts';
import type { ChunkPart } from '../values/chunk.ts';
import { SLEIGH } from '../errors/job.ts';

/**
 * Sends the elements of an input as tasks, with a limited number under way, and returns each outcome once. Its
 * machine decides what is allowed when; see machines/pool/batch.
 */
export class Batch implements ElementOwner {
  readonly id: string;
  readonly retries: Retries | undefined;
  readonly leaves: LeftValues | undefined;
  /** Resolves when nothing of it is left on the server, or the job has ended. */
  readonly settled: Promise<void>;
  readonly #options: BatchOptions;
  readonly #life: BatchLife;
  readonly #changed = new Condition();
  readonly #outcomes: BatchOutcomes;
  readonly #stage = new StageValues();
  /** The indexes of the elements under way, oldest first. */
  readonly #unsettled = new Set<number>();
  /** The number of tasks, or parts of tasks, under way. */
  #parts = 0;
  /** The number of elements read. */
  #read = 0;
  readonly #rate: Rate;
  #done = 0;
  #failed = 0;
  /** The input, while its next element is awaited. */
  #awaited: Pick<AsyncIterator<unknown> | Iterator<unknown>, 'return'> | undefined;
  /** Why its elements are refused, if they are. */
  #refusal: TaskFailure | undefined;
  /** What the input threw. It is rethrown when all earlier elements have outcomes. */
  #inputFault: { readonly error: unknown } | undefined;
  /** What ended the batch early. */
  #fault: { readonly error: unknown } | undefined;
  #settle: () => void = () => undefined;

  constructor(options: BatchOptions) {
    this.#options = options;
    this.id = options.id;
    this.leaves = options.leaves;
    this.#outcomes = new BatchOutcomes(options.isOrdered);
    this.settled = new Promise((resolve) => (this.#settle = resolve));
    const { group, marks, id, onAbort, retry, clock } = options;
    this.#rate = new Rate(clock);
    this.retries = retry && new Retries({ policy: retry, clock, onFault: (error) => this.cancel(error) });
    this.#life = new BatchLife({
      mark: () => {
        if (this.#unsettled.size > 0) marks.set(id, onAbort);
      },
      unmark: () => marks.delete(id),
      dropUnsent: () => {
        for (const index of group.withdraw(this)) this.#unsettled.delete(index);
      },
      refuseUnsent: () => {
        for (const index of group.withdraw(this)) this.#refuseOne(index);
      },
    });
    // Promises among the elements are awaited in order, and may be rejected before their turn.
    if (Array.isArray(options.elements))
      for (const each of options.elements) if (each instanceof Promise) each.catch(() => undefined);
    void this.settled.then(() => {
      options.report?.ended();
      this.#stage.end();
    });
    void this.#feed();
  }

  /**
   * The outcomes, each once. Stopping before the end cancels the rest.
   * @throws what the input threw, when all earlier elements have outcomes; the reasons passed to `cancel` and `end`
   */
  async *outcomes(): AsyncGenerator<Outcome, void, undefined> {
    for await (const due of this.#portions()) yield* due;
  }

  /**
   * As `outcomes`, for callers that keep all of them. Outcomes that wait for an earlier one then do not count as
   * under way, and an element that failed may have another outcome later (S24.6).
   * @param take called with each outcome; if it throws, the rest is cancelled
   */
  async takeAll(take: (outcome: Outcome) => void): Promise<void> {
    this.#outcomes.keepsAll = true;
    this.#changed.give();
    for await (const due of this.#portions()) due.forEach(take);
  }

  async *#portions(): AsyncGenerator<readonly Outcome[], void, undefined> {
    try {
      for (;;) {
        if (this.#fault !== undefined) throw this.#fault.error;
        const due = this.#due();
        if (due !== undefined) yield due;
        else if (this.#life.has('over')) break;
        else await this.#changed.wait();
      }
    } finally {
      this.#leave();
    }
    if (this.#inputFault !== undefined) throw this.#inputFault.error;
    this.#options.onTaken?.();
  }

  /** Whether it was cancelled, or the job has ended. */
  get isCancelled(): boolean {
    return this.#fault !== undefined;
  }

  #leave(): void {
    if (this.#life.has('over')) return;
    this.cancel(new SleighError(SLEIGH.left(), this.unfinished));
  }

  #due(): readonly Outcome[] | undefined {
    const due = this.#outcomes.next();
    if (due === undefined) return undefined;
    this.#stage.given(due);
    this.#changed.give();
    return due;
  }

  /**
   * Calls a failed element again, and withholds its outcome until then (S24.6).
   * @returns false if it is too late: the caller has the outcome for good, or the batch is over
   */
  retry(index: number): boolean {
    if (!this.#life.has('hands-out')) return false;
    const failure = this.#outcomes.withdraw(index);
    if (failure === undefined) return false;
    this.#unsettled.add(index);
    this.#done--;
    this.#failed--;
    this.#options.report?.retried(index);
    this.#options.group.addAgain(this, index, failure);
    this.#tellProgress();
    return true;
  }

  /** The indexes of the elements under way, oldest first. */
  get unfinished(): number[] {
    return [...this.#unsettled];
  }

  get isWanted(): boolean {
    return this.#life.has('hands-out');
  }

  /**
   * Reads no more elements, and notifies the workers: queued elements are not called, and running calls are ended.
   * Their results are discarded (S23.3).
   */
  cancel(reason: unknown): void {
    if (this.#life.has('over')) return;
    this.#stop(reason);
    this.#send({ type: 'cancelled' });
  }

  /** Someone has cancelled it on the page of the server (S24.5). */
  cancelOnPage(): void {
    if (this.#life.has('over')) return;
    this.#options.onCancelledOnPage?.();
    this.cancel(new SleighError(SLEIGH.cancelledOnPage(), this.unfinished));
  }

  /** No further results will arrive (S23.5). */
  end(reason: unknown): void {
    if (this.#life.has('over')) return;
    this.#stop(reason);
    this.#unsettled.clear();
    this.#send({ type: 'job.ended' });
  }

  #stop(reason: unknown): void {
    this.#fault ??= { error: reason };
    this.#outcomes.clear();
    this.#stage.dropResults();
  }

  /** No worker can load the module (S23.4). */
  refuse(failure: TaskFailure): void {
    this.#refusal ??= failure;
    this.#send({ type: 'module.unloadable' });
  }

  /** No worker can be had any more; available results have been taken (S23.4). */
  noWorkers(failure: TaskFailure): void {
    this.#refusal ??= failure;
    this.#send({ type: 'workers.gone' });
  }

  #send(event: BatchEvent): void {
    this.#life.send(event);
    if (!this.#life.has('takes-input')) void this.#leaveAwaited();
    if (event.type !== 'emptied' && this.#unsettled.size === 0) this.#life.send({ type: 'emptied' });
    if (this.#life.has('over')) {
      this.#outcomes.close();
      this.#settle();
    }
    this.#changed.give();
  }

  /** Leaves an input that may never return its next element. */
  async #leaveAwaited(): Promise<void> {
    const awaited = this.#awaited;
    this.#awaited = undefined;
    try {
      await awaited?.return?.();
    } catch {
      // The input is not needed any more, so its error does not matter.
    }
  }

  /** Reads elements as the window allows, without waiting until each is sent. It never rejects. */
  async #feed(): Promise<void> {
    const { elements, group, clock, ratePerSecond } = this.#options;
    const pace = ratePerSecond === undefined ? undefined : new Pace(clock, ratePerSecond);
    try {
      const values =
        Symbol.asyncIterator in elements ? elements[Symbol.asyncIterator]() : elements[Symbol.iterator]();
      while (await this.#hasRoom()) {
        this.#awaited = values;
        const { done, value: next } = await values.next();
        // The input has been left because the batch needs no more elements.
        if (this.#awaited === undefined) {
          if (next instanceof LeftElement) next.release();
          return group.flush();
        }
        this.#awaited = undefined;
        if (done === true) break;
        // Elements of an array may be promises.
        const value: unknown = next instanceof Promise ? await next : next;
        // Cancelling the batch ends the wait.
        const wait = pace?.pass();
        if (wait !== undefined && !(await this.#isWantedAfter(wait))) break;
        const lending = value instanceof LeftElement ? undefined : this.#options.lend?.(value);
        const index = this.#read++;
        this.#unsettled.add(index);
        this.#stage.read(index, value);
        if (this.#refusal === undefined) group.add(this, index, value, lending);
        else this.#refuseOne(index);
      }
      if (!this.#life.has('takes-input')) await values.return?.();
    } catch (error) {
      this.#inputFault = { error };
    }
    group.flush();
    this.#send({ type: 'input.ended' });
  }

  /** @returns false as soon as the batch needs no more elements */
  async #isWantedAfter(wait: Promise<void>): Promise<boolean> {
    const state = { isOver: false };
    void wait.then(() => {
      state.isOver = true;
      this.#changed.give();
    });
    while (!state.isOver && this.#life.has('takes-input')) await this.#changed.wait();
    return this.#life.has('takes-input');
  }

  /** @returns true when one more may be sent; false if the batch needs no more elements */
  async #hasRoom(): Promise<boolean> {
    const { group } = this.#options;
    const isFull = (): boolean => {
      const waiting = this.#outcomes.keepsAll ? 0 : this.#outcomes.waiting;
      return this.#parts + waiting >= group.window && !group.isGathering(this);
    };
    while (this.#life.has('takes-input') && isFull()) await this.#changed.wait();
    return this.#life.has('takes-input');
  }

  countParts(change: number): void {
    this.#parts += change;
    if (change < 0) this.#changed.give();
  }

  /** Called when the number of workers has changed. */
  windowChanged(): void {
    this.#changed.give();
  }

  #refuseOne(index: number): void {
    if (this.#refusal !== undefined) this.settle(index, [failed(index, this.#refusal)], []);
  }

  settle(index: number, outcomes: readonly Outcome[], elements: readonly ChunkPart[]): void {
    for (const { index: each } of outcomes) {
      this.#unsettled.delete(each);
      this.retries?.withdraw(each);
    }
    const isWanted = this.#life.has('keeps-outcomes');
    this.#stage.settled(outcomes, isWanted);
    if (isWanted) this.#keep(index, inWordsOf(this.#refusal, outcomes), elements);
    if (this.#unsettled.size === 0) this.#send({ type: 'emptied' });
    this.#changed.give();
  }

  #keep(index: number, outcomes: readonly Outcome[], sent: readonly ChunkPart[]): void {
    const { report } = this.#options;
    this.#outcomes.add(index, outcomes, sent);
    this.#done += outcomes.length;
    for (const [at, outcome] of outcomes.entries()) {
      if (!('error' in outcome)) continue;
      this.#failed++;
      report?.failed(outcome, sent[at]);
    }
    this.#tellProgress();
  }

  #tellProgress(): void {
    const { elements, onProgress, report } = this.#options;
    const total = totalOf(elements);
    const progress = { done: this.#done, failed: this.#failed, read: this.#read, total };
    report?.progress(progress);
    if (onProgress === undefined) return;
    const ratePerSecond = this.#rate.at(this.#done);
    const millisecondsLeft =
      total === undefined
        ? undefined
        : (1_000 * (total - this.#done)) / Math.max(ratePerSecond, Number.MIN_VALUE);
    try {
      onProgress({ ...progress, ratePerSecond, millisecondsLeft });
    } catch (error) {
      this.cancel(error);
    }
  }
}
