import type { Metadata } from '../wire/payload.ts';
import { foundValue, type Ask } from '../workspace/ask.ts';
import type { Holdings } from '../workspace/holdings.ts';
import type { Refusal } from '../workspace/refusal.ts';
import type { Value } from '../workspace/value.ts';
import { WaitingLine } from '../workspace/waiting-line.ts';
import { ResultQueue, type NullResults } from './result-queue.ts';

/** The batch that metadata names; undefined for the batch of those without (S7). */
export const batchOf = (metadata: Metadata): string | undefined => metadata.get('batchId');

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

/** What is known of one batch: its results that nobody has taken, who waits for one, and what is still to be done. */
class Batch {
  readonly results: ResultQueue;
  readonly waiting = new WaitingLine();
  readonly totals: Totals;
  queued = 0;
  running = 0;

  constructor(totals: Totals, holdings: Holdings) {
    this.totals = totals;
    this.results = new ResultQueue(holdings);
  }

  get isSpent(): boolean {
    return this.queued + this.running + this.results.length + this.waiting.length === 0;
  }
}

/** Pending counts the queued and the running (S10). */
export interface JobStatus {
  readonly pending: number;
  readonly running: number;
}

/** Results by batch (S7, S10). Every count is kept as it changes, so that it costs the same at any length. */
export class Batches {
  readonly #batches = new Map<string | undefined, Batch>();
  /** Of those that nothing is left of, the longest ago first. */
  readonly #spent = new Map<string | undefined, Totals>();
  readonly #holdings: Holdings;
  #queued = 0;
  #running = 0;
  #results = 0;
  #waitingToFetch = 0;
  #waitingToFind = 0;
  /** What was asked last and is still waiting: the master, as `agentStatus` sees it (S12). */
  #latest: Ask | undefined;

  constructor(holdings: Holdings) {
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

  status(id: string | undefined): JobStatus {
    const batch = this.#batches.get(id);
    return { pending: (batch?.queued ?? 0) + (batch?.running ?? 0), running: batch?.running ?? 0 };
  }

  /** Those that there is something of, then some of those that are done with. */
  *summaries(): Generator<BatchSummary> {
    for (const [id, { totals, queued, running, results }] of this.#batches)
      yield { id, totals, queued, running, results: results.length };
    for (const [id, totals] of this.#spent) yield { id, totals, queued: 0, running: 0, results: 0 };
  }

  /** Some of the results: batch by batch, the oldest of each first. */
  results(from: number, count: number): readonly Value[] {
    const values: Value[] = [];
    let skip = from;
    for (const { results } of this.#batches.values()) {
      values.push(...results.slice(skip, count - values.length));
      if (values.length >= count) break;
      skip = Math.max(skip - results.length, 0);
    }
    return values;
  }

  /** Who waits for a result. */
  *asks(): Generator<Ask> {
    for (const { waiting } of this.#batches.values()) yield* waiting;
  }

  /** There is something to be answered for the batch, or so many things. */
  accept(id: string | undefined, count = 1): void {
    this.#of(id).totals.accepted += count;
  }
  /** The copy of a broadcast that runs has not been begun after all (S18). */
  retract(id: string | undefined): void {
    this.#of(id).totals.accepted--;
  }

  /** A task of the batch is queued. */
  queue(id: string | undefined): void {
    this.#count(id, 1, 0).totals.accepted++;
  }
  /** A worker has begun a task of the batch, or a copy of a broadcast, which no queue counts. */
  start(id: string | undefined, { queued }: { queued: boolean }): void {
    this.#count(id, queued ? -1 : 0, 1);
  }
  /** A task that ran is queued again. */
  requeue(id: string | undefined): void {
    this.#count(id, 1, -1);
  }
  /** A task that ran is answered or given up. */
  finish(id: string | undefined): void {
    this.#count(id, 0, -1);
  }
  /** A queued task is given up. */
  dropQueued(id: string | undefined): void {
    this.#count(id, -1, 0);
  }

  #count(id: string | undefined, queued: number, running: number): Batch {
    const batch = this.#of(id);
    batch.queued += queued;
    batch.running += running;
    this.#queued += queued;
    this.#running += running;
    this.#forgetIfSpent(id, batch);
    return batch;
  }

  /** Goes to the master who has waited longest for one of its batch, or is kept. */
  addResult(id: string | undefined, result: Value): void {
    const batch = this.#of(id);
    batch.totals.answered++;
    if (this.#answerWaiting(batch, result)) {
      this.#holdings.release(result);
      this.#forgetIfSpent(id, batch);
    } else {
      batch.results.add(result);
      this.#results++;
    }
  }

  /** Results that say that there is none: they go to the masters who wait for one of the batch, the others are kept. */
  addNulls(id: string | undefined, nulls: NullResults): void {
    const batch = this.#of(id);
    batch.totals.answered += nulls.length;
    while (batch.waiting.length > 0) {
      const result = nulls.shift();
      if (result === undefined) break;
      this.#answerWaiting(batch, result);
    }
    this.#results += nulls.length;
    batch.results.addNulls(nulls);
    this.#forgetIfSpent(id, batch);
  }

  /** @returns whether a master has waited for it */
  #answerWaiting(batch: Batch, result: Value): boolean {
    const ask = batch.waiting.shift();
    if (ask === undefined) return false;
    this.#countWaiting(ask, -1);
    if (this.#latest === ask) this.#latest = undefined;
    ask.answer(foundValue(result));
    return true;
  }

  /** Answers the ask with the oldest result of the batch. @returns false when there is none */
  take(id: string | undefined, ask: Ask): boolean {
    const batch = this.#batches.get(id);
    const isTaken = batch?.results.take((result) => {
      this.#results--;
      this.#latest = undefined;
      ask.answer(foundValue(result, ask.origin));
    });
    if (batch === undefined || isTaken !== true) return false;
    this.#forgetIfSpent(id, batch);
    return true;
  }

  wait(id: string | undefined, ask: Ask): void {
    const batch = this.#of(id);
    this.#countWaiting(ask, 1);
    this.#latest = ask;
    batch.waiting.add(ask, () => {
      this.#countWaiting(ask, -1);
      if (this.#latest === ask) this.#latest = undefined;
      this.#forgetIfSpent(id, batch);
    });
  }

  /** Takes out and refuses everyone who waits. */
  refuseWaiting(reason: Refusal): void {
    for (const [id, batch] of this.#batches) {
      for (const ask of batch.waiting.drain()) {
        this.#countWaiting(ask, -1);
        ask.refuse(reason);
      }
      this.#forgetIfSpent(id, batch);
    }
    this.#latest = undefined;
  }

  /** Nobody can get the results any more. */
  clear(): void {
    for (const [id, batch] of this.#batches) {
      for (let n = batch.results.dropEntry(); n > 0; n = batch.results.dropEntry()) this.#results -= n;
      this.#forgetIfSpent(id, batch);
    }
  }

  #of(id: string | undefined): Batch {
    let batch = this.#batches.get(id);
    if (batch !== undefined) return batch;
    batch = new Batch(this.#spent.get(id) ?? { accepted: 0, answered: 0 }, this.#holdings);
    this.#spent.delete(id);
    this.#batches.set(id, batch);
    return batch;
  }

  #forgetIfSpent(id: string | undefined, batch: Batch): void {
    if (!batch.isSpent) return;
    this.#batches.delete(id);
    if (batch.totals.accepted === 0) return;
    this.#spent.set(id, batch.totals);
    if (this.#spent.size <= MOST_SPENT) return;
    for (const [oldest] of this.#spent) return void this.#spent.delete(oldest);
  }

  #countWaiting(ask: Ask, change: 1 | -1): void {
    if (ask.takes) this.#waitingToFetch += change;
    else this.#waitingToFind += change;
  }
}
