import type { BatchEvent } from '../../machines/pool/batch.ts';
import type { ChunkPart } from '../values/chunk.ts';
import type { OnAbort, TaskFailure } from '../task/task-metadata.ts';
import { failed, type Outcome } from '../task/outcome.ts';
import type { Lending } from '../values/lending.ts';
import { BatchLife } from './batch-life.ts';
import type { Clock } from '../clock.ts';
import type { Retry } from '../options/retry.ts';
import { Retries } from './retries.ts';
import type { CancelMarks } from './cancel-marks.ts';
import type { ElementOwner } from './element-owner.ts';
import type { TaskGroup } from './task-group.ts';

export interface SubmissionOptions {
  /** The id of its open batch. */
  readonly batch: string;
  /** Its number in that batch. */
  readonly index: number;
  readonly element: unknown;
  /** Names the memory that is shared or moved (S36). */
  readonly lending: Lending | undefined;
  readonly group: TaskGroup;
  readonly marks: CancelMarks;
  readonly onAbort: OnAbort;
  /** How it is tried again when it has failed. */
  readonly retry: Retry | undefined;
  readonly clock: Clock;
  readonly onOutcome: (outcome: Outcome, sent: ChunkPart | undefined) => void;
  /** Called, before it has an outcome, with the reason why it gets none. */
  readonly onFault: (reason: unknown) => void;
}

/**
 * One call of `submit`: one element of an open batch, which can be cancelled by itself. Its input has ended from the
 * beginning; otherwise its machine is that of a batch.
 */
export class Submission implements ElementOwner {
  readonly id: string;
  readonly settled: Promise<void>;
  readonly retries: Retries | undefined;
  readonly #options: SubmissionOptions;
  readonly #life: BatchLife;
  #isUnsettled = true;
  #refusal: TaskFailure | undefined;
  #settle: () => void = () => undefined;

  constructor(options: SubmissionOptions) {
    const { batch, index, element, lending, group, marks, onAbort, retry, clock } = options;
    this.#options = options;
    this.retries = retry && new Retries({ policy: retry, clock, onFault: (error) => this.cancel(error) });
    this.id = `${batch}.${index}`;
    this.settled = new Promise((resolve) => (this.#settle = resolve));
    this.#life = new BatchLife({
      mark: () => {
        if (this.#isUnsettled) marks.set(this.id, onAbort);
      },
      unmark: () => marks.delete(this.id),
      dropUnsent: () => {
        if (group.withdraw(this).length > 0) this.#isUnsettled = false;
      },
      refuseUnsent: () => {
        if (group.withdraw(this).length > 0) this.#refuse();
      },
    });
    this.#life.send({ type: 'input.ended' });
    group.add(this, index, element, lending);
  }

  get unfinished(): number[] {
    return this.#isUnsettled ? [this.#options.index] : [];
  }

  get isWanted(): boolean {
    return this.#life.has('hands-out');
  }

  countParts(): void {
    // It has one element, so no window bounds it.
  }

  windowChanged(): void {
    // As above.
  }

  cancel(reason: unknown): void {
    if (this.#life.has('over')) return;
    this.#options.onFault(reason);
    this.#send({ type: 'cancelled' });
  }

  end(reason: unknown): void {
    if (this.#life.has('over')) return;
    this.#options.onFault(reason);
    this.#isUnsettled = false;
    this.#send({ type: 'job.ended' });
  }

  refuse(failure: TaskFailure): void {
    this.#refusal ??= failure;
    this.#send({ type: 'module.unloadable' });
  }

  noWorkers(failure: TaskFailure): void {
    this.#refusal ??= failure;
    this.#send({ type: 'workers.gone' });
  }

  settle(_index: number, [outcome]: readonly Outcome[], [sent]: readonly ChunkPart[]): void {
    this.#isUnsettled = false;
    this.retries?.withdraw(this.#options.index);
    if (outcome !== undefined && this.#life.has('keeps-outcomes')) this.#keep(outcome, sent);
    this.#send({ type: 'emptied' });
  }

  #keep(outcome: Outcome, sent: ChunkPart | undefined): void {
    const isOfRefusal = 'error' in outcome && outcome.error.code === 'cancelled';
    if (this.#refusal !== undefined && isOfRefusal) this.#refuse();
    else this.#options.onOutcome(outcome, sent);
  }

  #refuse(): void {
    this.#isUnsettled = false;
    if (this.#refusal !== undefined)
      this.#options.onOutcome(failed(this.#options.index, this.#refusal), undefined);
  }

  #send(event: BatchEvent): void {
    this.#life.send(event);
    if (event.type !== 'emptied' && !this.#isUnsettled) this.#life.send({ type: 'emptied' });
    if (this.#life.has('over')) this.#settle();
  }
}
