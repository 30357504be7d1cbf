import { foundValue, type PendingGet } from '../workspace/pending-get.ts';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import type { Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import type { Value } from '../workspace/value.ts';
import { WaitingLine } from '../workspace/waiting-line.ts';
import { batchesIn, batchOf, isMail, memoryOfBatch, type BatchRef } from './batch-ref.ts';
import { ResultQueue, type NullResults } from './result-queue.ts';

/** The number of empty batches whose totals are kept. */
const MAX_SPENT = 100;

/** The totals of a batch. */
export interface Totals {
  /** Tasks, and copies of broadcasts that were given or answered. */
  accepted: number;
  /** Results, including null results. */
  answered: number;
}

export interface BatchSummary {
  /** Undefined for tasks without a batch. */
  readonly id: string | undefined;
  readonly totals: Readonly<Totals>;
  readonly queued: number;
  readonly running: number;
  readonly results: number;
}

/** The available results of a batch or of a mailbox, and the gets that wait for one. */
class Inbox {
  readonly results: ResultQueue;
  readonly waiting = new WaitingLine();

  constructor(accounting: StorageAccounting) {
    this.results = new ResultQueue(accounting);
  }

  get isEmpty(): boolean {
    return this.results.length + this.waiting.length === 0;
  }
}

/** The data of one batch. */
class Batch {
  /** For its tasks without a mailbox. */
  readonly inbox: Inbox;
  readonly totals: Totals;
  queued = 0;
  running = 0;
  /** Available results, including those in mailboxes. */
  results = 0;

  constructor(totals: Totals, accounting: StorageAccounting) {
    this.totals = totals;
    this.inbox = new Inbox(accounting);
  }

  get isSpent(): boolean {
    return this.queued + this.running + this.results === 0 && this.inbox.isEmpty;
  }
}

/** `pending` counts queued and running tasks (S10). */
export interface JobStatus {
  readonly pending: number;
  readonly running: number;
}

/**
 * Results by batch and by mailbox (S7, S10, S21). Every count is updated when it changes, so reading it takes
 * constant time.
 */
export class Batches {
  readonly #batches = new Map<string | undefined, Batch>();
  /** Mailboxes that hold results or waiting gets. */
  readonly #mailboxes = new Map<string, Inbox>();
  /** The totals of empty batches, oldest first. */
  readonly #spent = new Map<string | undefined, Totals>();
  readonly #accounting: StorageAccounting;
  #queued = 0;
  #running = 0;
  #results = 0;
  #waitingToFetch = 0;
  #waitingToFind = 0;
  /** The last get of a result that still waits. `agentStatus` takes its client for the master (S12). */
  #latest: PendingGet | undefined;

  constructor(accounting: StorageAccounting) {
    this.#accounting = accounting;
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
    for (const [id, totals] of this.#spent) yield { id, totals, queued: 0, running: 0, results: 0 };
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
    for (const id of batchesIn(ref)) this.#of(id).totals.accepted += count;
  }
  /** The running copy of a broadcast was not begun after all (S18). */
  retract(ref: BatchRef): void {
    for (const id of batchesIn(ref)) this.#of(id).totals.accepted--;
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

  /** Gives the result to the get that has waited longest for one of its batch or mailbox, or keeps it. */
  addResult(ref: BatchRef, result: Value): void {
    for (const id of batchesIn(ref)) this.#of(id).totals.answered++;
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
    for (const id of batchesIn(ref)) this.#of(id).totals.answered += nulls.length;
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

  #inboxOf(ref: BatchRef): Inbox {
    if (!isMail(ref)) return this.#of(ref).inbox;
    let inbox = this.#mailboxes.get(ref.mailbox);
    if (inbox !== undefined) return inbox;
    this.#mailboxes.set(ref.mailbox, (inbox = new Inbox(this.#accounting)));
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
    for (const id of this.#spent.keys()) this.#forgetSpent(id);
  }

  #of(id: string | undefined): Batch {
    let batch = this.#batches.get(id);
    if (batch !== undefined) return batch;
    batch = new Batch(this.#spent.get(id) ?? { accepted: 0, answered: 0 }, this.#accounting);
    if (!this.#spent.delete(id)) this.#accounting.take('batches', memoryOfBatch(id));
    this.#batches.set(id, batch);
    return batch;
  }

  #forgetIfSpent(id: string | undefined): void {
    const batch = this.#batches.get(id);
    if (batch?.isSpent !== true) return;
    this.#batches.delete(id);
    if (batch.totals.accepted > 0) this.#spent.set(id, batch.totals);
    else this.#accounting.give('batches', memoryOfBatch(id));
    if (this.#spent.size > MAX_SPENT) for (const [oldest] of this.#spent) return this.#forgetSpent(oldest);
  }

  #forgetSpent(id: string | undefined): void {
    if (this.#spent.delete(id)) this.#accounting.give('batches', memoryOfBatch(id));
  }

  #countWaiting(get: PendingGet, change: 1 | -1): void {
    if (get.takes) this.#waitingToFetch += change;
    else this.#waitingToFind += change;
  }
}
