import { foundValue, type PendingGet } from '../workspace/pending-get.ts';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import type { Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import type { Value } from '../workspace/value.ts';
import { WaitingLine } from '../workspace/waiting-line.ts';
import { batchesIn, batchOf, isMail, memoryOfBatch, type BatchRef } from './batch-ref.ts';
import { ResultQueue, type NullResults } from './result-queue.ts';

/** Batches that nothing is left of, and whose totals are kept. */
const MOST_SPENT = 100;

/** What a batch came to so far. */
export interface Totals {
  /** Tasks, and copies of broadcasts that were given or answered. */
  accepted: number;
  /** Results, those that say that there is none included. */
  answered: number;
}

export interface BatchSummary {
  /** Undefined for tasks without one. */
  readonly id: string | undefined;
  readonly totals: Readonly<Totals>;
  readonly queued: number;
  readonly running: number;
  readonly results: number;
}

/** The results of a batch or of a mailbox that nobody has taken, and who waits for one. */
class Inbox {
  readonly results: ResultQueue;
  readonly waiting = new WaitingLine();

  constructor(holdings: StorageAccounting) {
    this.results = new ResultQueue(holdings);
  }

  get isEmpty(): boolean {
    return this.results.length + this.waiting.length === 0;
  }
}

/** What is known of one batch. */
class Batch {
  /** Of its tasks without a mailbox. */
  readonly inbox: Inbox;
  readonly totals: Totals;
  queued = 0;
  running = 0;
  /** Results that nobody has taken, those in mailboxes included. */
  results = 0;

  constructor(totals: Totals, holdings: StorageAccounting) {
    this.totals = totals;
    this.inbox = new Inbox(holdings);
  }

  get isSpent(): boolean {
    return this.queued + this.running + this.results === 0 && this.inbox.isEmpty;
  }
}

/** Pending counts the queued and the running (S10). */
export interface JobStatus {
  readonly pending: number;
  readonly running: number;
}

/** Results by batch and by mailbox (S7, S10, S21). Every count is kept as it changes, so that it costs the same at any length. */
export class Batches {
  readonly #batches = new Map<string | undefined, Batch>();
  /** Those that hold results, or in which somebody waits. */
  readonly #mailboxes = new Map<string, Inbox>();
  /** Of those that nothing is left of, the longest ago first. */
  readonly #spent = new Map<string | undefined, Totals>();
  readonly #holdings: StorageAccounting;
  #queued = 0;
  #running = 0;
  #results = 0;
  #waitingToFetch = 0;
  #waitingToFind = 0;
  /** What was asked last and is still waiting: the master, as `agentStatus` sees it (S12). */
  #latest: PendingGet | undefined;

  constructor(holdings: StorageAccounting) {
    this.#holdings = holdings;
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

  /** @param ref of several batches together, where it names several */
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

  /** Those that there is something of, then some of those that are done with. */
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

  /** Who waits for a result. */
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

  /** There is something to be answered for the batch, or so many things. */
  accept(ref: BatchRef, count = 1): void {
    for (const id of batchesIn(ref)) this.#of(id).totals.accepted += count;
  }
  /** The copy of a broadcast that runs has not been begun after all (S18). */
  retract(ref: BatchRef): void {
    for (const id of batchesIn(ref)) this.#of(id).totals.accepted--;
  }

  /** A task of the batch is queued. */
  queue(ref: BatchRef): void {
    this.accept(ref);
    this.#count(ref, 1, 0);
  }
  /** A worker has begun a task of the batch, or a copy of a broadcast, which no queue counts. */
  start(ref: BatchRef, { queued }: { queued: boolean }): void {
    this.#count(ref, queued ? -1 : 0, 1);
  }
  /** A task that ran is queued again. */
  requeue(ref: BatchRef): void {
    this.#count(ref, 1, -1);
  }
  /** A task that ran is answered or given up. */
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

  /** Goes to the master who has waited longest for one of its batch or mailbox, or is kept. */
  addResult(ref: BatchRef, result: Value): void {
    for (const id of batchesIn(ref)) this.#of(id).totals.answered++;
    const inbox = this.#inboxOf(ref);
    if (this.#answerWaiting(inbox, result)) {
      this.#holdings.release(result);
      this.#forgetIfEmpty(ref);
    } else {
      inbox.results.add(result);
      this.#countResults(ref, 1);
    }
  }

  /** Results that say that there is none: they go to the masters who wait for one of them, the others are kept. */
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

  /** @returns whether a master has waited for it */
  #answerWaiting(inbox: Inbox, result: Value): boolean {
    const ask = inbox.waiting.shift();
    if (ask === undefined) return false;
    this.#countWaiting(ask, -1);
    if (this.#latest === ask) this.#latest = undefined;
    ask.answer(foundValue(result));
    return true;
  }

  /** Answers the ask with the oldest result of the batch or mailbox. @returns false when there is none */
  take(ref: BatchRef, ask: PendingGet): boolean {
    const inbox = isMail(ref) ? this.#mailboxes.get(ref.mailbox) : this.#batches.get(ref)?.inbox;
    const isTaken = inbox?.results.take((result) => {
      // A result says itself which batches it is one of.
      this.#countResults(batchOf(result.metadata), -1);
      this.#latest = undefined;
      ask.answer(foundValue(result, ask.origin));
    });
    if (isTaken !== true) return false;
    this.#forgetIfEmpty(ref);
    return true;
  }

  wait(ref: BatchRef, ask: PendingGet): void {
    this.#countWaiting(ask, 1);
    this.#latest = ask;
    this.#inboxOf(ref).waiting.add(ask, () => {
      this.#countWaiting(ask, -1);
      if (this.#latest === ask) this.#latest = undefined;
      this.#forgetIfEmpty(ref);
    });
  }

  /** Takes out and refuses everyone who waits, when nobody comes any more. */
  *refuseWaiting(reason: Refusal): Steps {
    this.#latest = undefined;
    yield* eachInSteps(
      this.#all(({ waiting }) => waiting.drain()),
      (ask) => {
        if (ask === undefined) return;
        this.#countWaiting(ask, -1);
        ask.refuse(reason);
      },
    );
    yield* this.#forgetAllEmpty();
  }

  /** Nobody can get the results any more. */
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
    this.#mailboxes.set(ref.mailbox, (inbox = new Inbox(this.#holdings)));
    this.#holdings.take('batches', memoryOfBatch(ref.mailbox));
    return inbox;
  }

  #countResults(ref: BatchRef, change: number): void {
    this.#results += change;
    for (const id of batchesIn(ref)) {
      this.#of(id).results += change;
      this.#forgetIfSpent(id);
    }
  }

  /** Of the inbox from which somebody, or something, has gone. */
  #forgetIfEmpty(ref: BatchRef): void {
    for (const id of batchesIn(ref)) this.#forgetIfSpent(id);
    if (isMail(ref)) this.#forgetMailboxIfEmpty(ref.mailbox);
  }

  #forgetMailboxIfEmpty(mailbox: string): void {
    if (this.#mailboxes.get(mailbox)?.isEmpty !== true) return;
    this.#mailboxes.delete(mailbox);
    this.#holdings.give('batches', memoryOfBatch(mailbox));
  }

  *#forgetAllEmpty(): Steps {
    yield* eachInSteps(this.#batches.keys(), (id) => this.#forgetIfSpent(id));
    yield* eachInSteps(this.#mailboxes.keys(), (mailbox) => this.#forgetMailboxIfEmpty(mailbox));
  }

  /** The job is no more. */
  forgetSpent(): void {
    for (const id of this.#spent.keys()) this.#forgetSpent(id);
  }

  #of(id: string | undefined): Batch {
    let batch = this.#batches.get(id);
    if (batch !== undefined) return batch;
    batch = new Batch(this.#spent.get(id) ?? { accepted: 0, answered: 0 }, this.#holdings);
    if (!this.#spent.delete(id)) this.#holdings.take('batches', memoryOfBatch(id));
    this.#batches.set(id, batch);
    return batch;
  }

  #forgetIfSpent(id: string | undefined): void {
    const batch = this.#batches.get(id);
    if (batch?.isSpent !== true) return;
    this.#batches.delete(id);
    if (batch.totals.accepted > 0) this.#spent.set(id, batch.totals);
    else this.#holdings.give('batches', memoryOfBatch(id));
    if (this.#spent.size > MOST_SPENT) for (const [oldest] of this.#spent) return this.#forgetSpent(oldest);
  }

  #forgetSpent(id: string | undefined): void {
    if (this.#spent.delete(id)) this.#holdings.give('batches', memoryOfBatch(id));
  }

  #countWaiting(ask: PendingGet, change: 1 | -1): void {
    if (ask.takes) this.#waitingToFetch += change;
    else this.#waitingToFind += change;
  }
}
