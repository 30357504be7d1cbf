import type { Entity } from '../store/change.ts';
import type { RecordReader } from '../store/record.ts';
import { foundValue, type PendingGet } from '../workspace/pending-get.ts';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import type { Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import type { Value } from '../workspace/value.ts';
import { batchesIn, batchOf, isMail, memoryOfBatch, type BatchRef } from './batch-ref.ts';
import { Batch, Inbox, type BatchSummary, type JobStatus } from './batch.ts';
import type { JobChanges } from './job-changes.ts';
import { NullResults } from './null-results.ts';
import { isFailure } from './results.ts';
import { TotalsOfBatches, type Totals } from './totals.ts';

/**
 * Results by batch and by mailbox (S7, S10, S21). Every count is updated when it changes, so reading it takes
 * constant time.
 */
export class Batches {
  readonly #batches = new Map<string | undefined, Batch>();
  /** Mailboxes that hold results or waiting gets. */
  readonly #mailboxes = new Map<string, Inbox>();
  readonly totals: TotalsOfBatches;
  readonly #accounting: StorageAccounting;
  readonly #changes: JobChanges;
  #queued = 0;
  #running = 0;
  #results = 0;
  #waitingToFetch = 0;
  #waitingToFind = 0;
  /** The last get of a result that still waits. `agentStatus` takes its client for the master (S12). */
  #latest: PendingGet | undefined;

  constructor(accounting: StorageAccounting, changes: JobChanges) {
    this.#accounting = accounting;
    this.#changes = changes;
    this.totals = new TotalsOfBatches(accounting, changes);
  }

  /** Totals and results, as a store must have them. */
  *entities(): Generator<Entity> {
    yield* this.totals.entities(Array.from(this.#batches.values(), ({ totals }) => totals));
    for (const { results } of this.#inboxes()) yield* results.entities();
  }

  /** Takes up the totals of a batch of before a restart. Empty batches come in the order in which they became empty. */
  restoreTotals(number: number, record: RecordReader): void {
    const totals = this.totals.restore(number, record);
    if (totals.spentAt === undefined) this.#batches.set(totals.id, this.#batchOf(totals));
  }

  /** Takes up a task of before a restart that is queued or that a worker has. */
  restoreTask(ref: BatchRef, { queued }: { queued: boolean }): void {
    this.#count(ref, queued ? 1 : 0, queued ? 0 : 1);
  }

  /**
   * Takes up a result of before a restart, the oldest of each inbox first.
   * @param inbox the number of the batch or mailbox
   * @param number that of the result in the inbox
   */
  restoreResult(inbox: number, number: number, entry: Value | NullResults): void {
    const isNull = entry instanceof NullResults;
    const ref = batchOf(isNull ? entry.value.metadata : entry.metadata);
    this.#inboxOf(ref, inbox).results.restore(number, entry);
    this.#countResults(ref, isNull ? entry.length : 1);
  }

  /** The gets that waited before a restart have ended: batches that had only these are empty. */
  forgetGets(): Steps {
    return this.#forgetAllEmpty();
  }

  #batchOf(totals: Totals): Batch {
    return new Batch(totals, this.#accounting, this.#changes);
  }

  get counts() {
    return { values: this.#results, fetchers: this.#waitingToFetch, finders: this.#waitingToFind };
  }
  get all(): JobStatus {
    return { pending: this.#queued + this.#running, running: this.#running };
  }
  get latestMasterWaits(): boolean {
    return this.#latest !== undefined;
  }

  /** @param ref a batch, or several batches together */
  status(ref: BatchRef): JobStatus {
    let pending = 0;
    let running = 0;
    for (const id of batchesIn(ref)) {
      const batch = this.#batches.get(id);
      pending += (batch?.queued ?? 0) + (batch?.running ?? 0);
      running += batch?.running ?? 0;
    }
    return { pending, running };
  }

  /** The batches that are not empty, then some of the empty ones. */
  *summaries(): Generator<BatchSummary> {
    for (const [id, { totals, queued, running, results }] of this.#batches)
      yield { id, totals, queued, running, results };
    for (const totals of this.totals.spent)
      yield { id: totals.id, totals, queued: 0, running: 0, results: 0 };
  }

  /** Some of the results: inbox by inbox, the oldest of each first. */
  results(from: number, count: number): readonly Value[] {
    const values: Value[] = [];
    let skip = from;
    for (const { results } of this.#inboxes()) {
      values.push(...results.slice(skip, count - values.length));
      if (values.length >= count) break;
      skip = Math.max(skip - results.length, 0);
    }
    return values;
  }

  /** The gets that wait for a result. */
  *asks(): Generator<PendingGet> {
    for (const { waiting } of this.#inboxes()) yield* waiting;
  }

  *#inboxes(): Generator<Inbox> {
    for (const { inbox } of this.#batches.values()) yield inbox;
    yield* this.#mailboxes.values();
  }

  /** What is in the inboxes, and undefined for each of them: one that is empty takes time as well (P14). */
  *#all<Item>(of: (inbox: Inbox) => Iterable<Item>): Generator<Item | undefined> {
    for (const inbox of this.#inboxes()) {
      yield undefined;
      yield* of(inbox);
    }
  }

  /** Counts further tasks or copies of the batch. */
  accept(ref: BatchRef, count = 1): void {
    for (const id of batchesIn(ref)) this.#countTotals(id, count, 0);
  }
  /** The running copy of a broadcast was not begun after all (S18). */
  retract(ref: BatchRef): void {
    for (const id of batchesIn(ref)) this.#countTotals(id, -1, 0);
  }

  #countTotals(id: string | undefined, accepted: number, answered: number, failed = 0): void {
    this.totals.count(this.#of(id).totals, { accepted, answered, failed });
  }

  /** A task of the batch is queued. */
  queue(ref: BatchRef): void {
    this.accept(ref);
    this.#count(ref, 1, 0);
  }
  /** A worker has begun a task of the batch, or a copy of a broadcast, which is not counted as queued. */
  start(ref: BatchRef, { queued }: { queued: boolean }): void {
    this.#count(ref, queued ? -1 : 0, 1);
  }
  /** A task that ran is queued again. */
  requeue(ref: BatchRef): void {
    this.#count(ref, 1, -1);
  }
  /** A running task is answered or given up. */
  finish(ref: BatchRef): void {
    this.#count(ref, 0, -1);
  }
  /** A queued task is given up. */
  dropQueued(ref: BatchRef): void {
    this.#count(ref, -1, 0);
  }

  #count(ref: BatchRef, queued: number, running: number): void {
    this.#queued += queued;
    this.#running += running;
    for (const id of batchesIn(ref)) {
      const batch = this.#of(id);
      batch.queued += queued;
      batch.running += running;
      this.#forgetIfSpent(id);
    }
  }

  /**
   * Gives the result to the get that has waited longest for one of its batch or mailbox, or keeps it.
   * @param elsewhere takes it instead (S28)
   */
  addResult(ref: BatchRef, result: Value, elsewhere?: (result: Value) => void): void {
    for (const id of batchesIn(ref)) this.#countTotals(id, 0, 1, isFailure(result.metadata) ? 1 : 0);
    if (elsewhere !== undefined) {
      elsewhere(result);
      return this.#forgetIfEmpty(ref);
    }
    const inbox = this.#inboxOf(ref);
    if (this.#answerWaiting(inbox, result)) {
      this.#accounting.release(result);
      this.#forgetIfEmpty(ref);
    } else {
      inbox.results.add(result);
      this.#countResults(ref, 1);
    }
  }

  /** Gives null results to waiting gets, and keeps the others. */
  addNulls(ref: BatchRef, nulls: NullResults): void {
    for (const id of batchesIn(ref)) this.#countTotals(id, 0, nulls.length, nulls.length);
    const inbox = this.#inboxOf(ref);
    while (inbox.waiting.length > 0) {
      const result = nulls.shift();
      if (result === undefined) break;
      this.#answerWaiting(inbox, result);
    }
    this.#countResults(ref, nulls.length);
    inbox.results.addNulls(nulls);
    this.#forgetIfEmpty(ref);
  }

  /** @returns whether a get has waited for it */
  #answerWaiting(inbox: Inbox, result: Value): boolean {
    const get = inbox.waiting.shift();
    if (get === undefined) return false;
    this.#countWaiting(get, -1);
    if (this.#latest === get) this.#latest = undefined;
    get.answer(foundValue(result));
    return true;
  }

  /** How many results of the batch or mailbox nobody has taken. */
  available(ref: BatchRef): number {
    const inbox = isMail(ref) ? this.#mailboxes.get(ref.mailbox) : this.#batches.get(ref)?.inbox;
    return inbox?.results.length ?? 0;
  }

  /** Answers the ask with the oldest result of the batch or mailbox. @returns false when there is none */
  take(ref: BatchRef, get: PendingGet): boolean {
    const inbox = isMail(ref) ? this.#mailboxes.get(ref.mailbox) : this.#batches.get(ref)?.inbox;
    const isTaken = inbox?.results.take((result) => {
      // The metadata of a result name its batches.
      this.#countResults(batchOf(result.metadata), -1);
      this.#latest = undefined;
      get.answer(foundValue(result, get.origin));
    });
    if (isTaken !== true) return false;
    this.#forgetIfEmpty(ref);
    return true;
  }

  wait(ref: BatchRef, get: PendingGet): void {
    this.#countWaiting(get, 1);
    this.#latest = get;
    this.#inboxOf(ref).waiting.add(get, () => {
      this.#countWaiting(get, -1);
      if (this.#latest === get) this.#latest = undefined;
      this.#forgetIfEmpty(ref);
    });
  }

  /** Refuses all waiting gets, when no result can come any more. */
  *refuseWaiting(reason: Refusal): Steps {
    this.#latest = undefined;
    yield* eachInSteps(
      this.#all(({ waiting }) => waiting.drain()),
      (get) => {
        if (get === undefined) return;
        this.#countWaiting(get, -1);
        get.refuse(reason);
      },
    );
    yield* this.#forgetAllEmpty();
  }

  /** Drops the results, which no client can get any more. */
  *clear(): Steps {
    yield* eachInSteps(
      this.#all(({ results }) => results.dropped()),
      (count = 0) => void (this.#results -= count),
    );
    yield* eachInSteps(this.#batches.values(), (batch) => void (batch.results = 0));
    yield* this.#forgetAllEmpty();
  }

  /** @param number of a mailbox of before a restart */
  #inboxOf(ref: BatchRef, number?: number): Inbox {
    if (!isMail(ref)) return this.#of(ref).inbox;
    let inbox = this.#mailboxes.get(ref.mailbox);
    if (inbox !== undefined) return inbox;
    inbox = new Inbox(this.totals.newNumber(number), this.#accounting, this.#changes);
    this.#mailboxes.set(ref.mailbox, inbox);
    this.#accounting.take('batches', memoryOfBatch(ref.mailbox));
    return inbox;
  }

  #countResults(ref: BatchRef, change: number): void {
    this.#results += change;
    for (const id of batchesIn(ref)) {
      this.#of(id).results += change;
      this.#forgetIfSpent(id);
    }
  }

  /** Called after something was removed from the inbox of a batch. */
  #forgetIfEmpty(ref: BatchRef): void {
    for (const id of batchesIn(ref)) this.#forgetIfSpent(id);
    if (isMail(ref)) this.#forgetMailboxIfEmpty(ref.mailbox);
  }

  #forgetMailboxIfEmpty(mailbox: string): void {
    if (this.#mailboxes.get(mailbox)?.isEmpty !== true) return;
    this.#mailboxes.delete(mailbox);
    this.#accounting.give('batches', memoryOfBatch(mailbox));
  }

  *#forgetAllEmpty(): Steps {
    yield* eachInSteps(this.#batches.keys(), (id) => this.#forgetIfSpent(id));
    yield* eachInSteps(this.#mailboxes.keys(), (mailbox) => this.#forgetMailboxIfEmpty(mailbox));
  }

  /** Called when the job has been deleted. */
  forgetSpent(): void {
    this.totals.forgetSpent();
  }

  #of(id: string | undefined): Batch {
    let batch = this.#batches.get(id);
    if (batch !== undefined) return batch;
    batch = this.#batchOf(this.totals.begin(id));
    this.#batches.set(id, batch);
    return batch;
  }

  #forgetIfSpent(id: string | undefined): void {
    const batch = this.#batches.get(id);
    if (batch?.isSpent !== true) return;
    this.#batches.delete(id);
    this.totals.end(batch.totals);
  }

  #countWaiting(get: PendingGet, change: 1 | -1): void {
    if (get.takes) this.#waitingToFetch += change;
    else this.#waitingToFind += change;
  }
}
