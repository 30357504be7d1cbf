import Denque from 'denque';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import type { Value } from '../workspace/value.ts';
import { NullReserve, PLACE } from './null-reserve.ts';
import type { BatchRef } from './batch-ref.ts';
import type { KeptEnd } from './kept-end.ts';

/** The workers that declined a task (S19). */
export interface Declined {
  readonly ranks: ReadonlySet<number>;
  /** The last worker that declined it, and how that worker ended. */
  readonly last: { readonly rank: number; readonly end: KeptEnd | undefined };
}

/** A task, which one worker has at a time, or one worker's copy of a broadcast. */
export interface Task {
  readonly value: Value;
  /** Undefined for those without `batchId` (S7). */
  readonly batch: BatchRef;
  /** How often it has been given to a worker. */
  attempts: number;
  /** The number of attempts that it specifies itself (S19). */
  readonly maxAttempts: number | undefined;
  /** Undefined if no worker has declined it. */
  declined: Declined | undefined;
  /** The broadcast that it is a copy of. */
  readonly broadcast: Broadcast | undefined;
  /** Whether it is a copy for a worker that joined after the broadcast, for which the log does not wait (S17). */
  readonly isLate?: boolean;
}

/** The number of broadcasts that are dropped at once. Later completions of copies drop more. */
const TRIMMED_AT_ONCE = 64;

/** The workers that get a broadcast: also those that join later, or only present ones (S17). */
export type Reach = 'present' | 'all';

/** A task for every worker (S8). All copies share one value, which is kept until no copy needs it. */
export interface Broadcast {
  readonly number: number;
  readonly value: Value;
  readonly batch: BatchRef;
  /** The number of copies so far. */
  copies: number;
  /** The number of unanswered copies of the log. */
  outstanding: number;
  /** Whether workers that join later also get it, until the job ends (S17). */
  isLasting: boolean;
  /** The memory of null results: one for each copy, and one for all ranks that it does not reach (P12). */
  readonly reserve: NullReserve;
  /** Whether the group has not closed since, so that the ranks that it does not reach are not known (S6.1). */
  isOpen: boolean;
}

/** A worker's position in the broadcasts. */
export interface Reader {
  readonly rank: number;
  /** The number of the next broadcast that it gets. */
  nextBroadcast: number;
  /** Its position in the lasting broadcasts that preceded it, which come first (S17). */
  nextLasting: number;
  readonly lastingBefore: number;
  /** A copy that it must try again before all other tasks (S7.1). */
  retry: Task | undefined;
}

/**
 * The tasks that no worker has (S7, S8): a queue of tasks, and a log of broadcasts that every worker reads at its own
 * pace, so that a copy costs nothing until it is given.
 */
export class Tasks {
  readonly #queue = new Denque<Task>();
  #declined = 0;
  readonly #broadcasts = new Denque<Broadcast>();
  /** The number of the oldest broadcast in the log. */
  #oldest = 0;
  /** Whether all broadcasts are kept for workers that join later, until the group closes (S6.1). */
  #keeping: boolean;
  /**
   * The broadcasts of an elastic group for workers that join later. They are not in the log, so that it can be
   * trimmed (S17).
   */
  #lasting: Broadcast[] = [];
  readonly #accounting: StorageAccounting;

  constructor(accounting: StorageAccounting, { keeping }: { keeping: boolean }) {
    this.#accounting = accounting;
    this.#keeping = keeping;
  }

  get length(): number {
    return this.#queue.length;
  }
  /** The number of the next broadcast. */
  get nextBroadcast(): number {
    return this.#oldest + this.#broadcasts.length;
  }
  /** Broadcasts in the log, oldest first. */
  get broadcasts(): readonly Broadcast[] {
    return this.#broadcasts.toArray();
  }

  /** Some of the queued values, in order. */
  queued(from: number, count: number): readonly Value[] {
    const values: Value[] = [];
    for (let at = from; at < Math.min(from + count, this.#queue.length); at++) {
      const task = this.#queue.peekAt(at);
      if (task !== undefined) values.push(task.value);
    }
    return values;
  }

  add(value: Value, batch: BatchRef, maxAttempts?: number): void {
    this.#accounting.keep(value);
    this.#queue.push({ value, batch, attempts: 0, maxAttempts, declined: undefined, broadcast: undefined });
  }

  /** Returns a failed task to the head of the queue (S13). */
  putBack(task: Task): void {
    this.#queue.unshift(task);
    if (task.declined !== undefined) this.#declined++;
  }

  /** The number of queued tasks that a worker has declined (S19). */
  get declinedCount(): number {
    return this.#declined;
  }

  /** Removes the tasks that all these ranks have declined (S19). */
  takeDeclinedByAll(ranks: readonly number[]): Task[] {
    const taken: Task[] = [];
    for (let at = 0; at < this.#queue.length && this.#declined > 0;) {
      const by = this.#queue.peekAt(at)?.declined?.ranks;
      const task = by !== undefined && ranks.every((rank) => by.has(rank)) ? this.#takeAt(at) : undefined;
      if (task === undefined) at++;
      else taken.push(task);
    }
    return taken;
  }

  /** The position of the next task that the worker of that rank has not declined, which is usually the first one. */
  #placeFor(rank: number): number | undefined {
    for (let at = 0; at < this.#queue.length; at++)
      if (this.#queue.peekAt(at)?.declined?.ranks.has(rank) !== true) return at;
    return undefined;
  }

  #takeAt(at: number): Task | undefined {
    const task = at === 0 ? this.#queue.shift() : this.#queue.removeOne(at);
    if (task?.declined !== undefined) this.#declined--;
    return task;
  }

  addBroadcast(value: Value, batch: BatchRef, readers: number, reach: Reach): Broadcast {
    this.#accounting.keep(value);
    const number = this.nextBroadcast;
    const isLasting = reach === 'all';
    const reserve = new NullReserve(this.#accounting, value);
    const isOpen = this.#keeping;
    reserve.take(readers + (isOpen ? 1 : 0));
    const broadcast = {
      number,
      value,
      batch,
      copies: readers,
      outstanding: readers,
      isLasting,
      reserve,
      isOpen,
    };
    this.#broadcasts.push(broadcast);
    if (isLasting) this.#lasting.push(broadcast);
    this.#trim();
    return broadcast;
  }

  /**
   * The initial position of a worker: it gets every broadcast that is still kept.
   * @param first the number of the first broadcast that it may get
   */
  join(first: number): Omit<Reader, 'rank'> {
    const next = this.#keeping ? Math.max(this.#oldest, first) : this.nextBroadcast;
    for (let at = next - this.#oldest; at < this.#broadcasts.length; at++) {
      const broadcast = this.#broadcasts.peekAt(at);
      if (broadcast === undefined) continue;
      broadcast.outstanding++;
      broadcast.reserve.take(1);
    }
    for (const broadcast of this.#lasting) {
      broadcast.copies++;
      broadcast.reserve.take(1);
    }
    return {
      nextBroadcast: next,
      nextLasting: 0,
      lastingBefore: this.#lasting.length,
      retry: undefined,
    };
  }

  /** The number of copies that the worker has not had, or must try again. */
  copiesFor(reader: Reader): number {
    const { nextBroadcast, nextLasting, lastingBefore, retry } = reader;
    return this.nextBroadcast - nextBroadcast + (lastingBefore - nextLasting) + (retry === undefined ? 0 : 1);
  }

  isAvailableFor(reader: Reader): boolean {
    return this.copiesFor(reader) > 0 || this.queuedFor(reader) > 0;
  }

  /** The number of queued tasks that the worker has not declined. */
  queuedFor({ rank }: Reader): number {
    let left = this.#declined;
    let declined = 0;
    for (let at = 0; left > 0 && at < this.#queue.length; at++) {
      const by = this.#queue.peekAt(at)?.declined?.ranks;
      if (by === undefined) continue;
      left--;
      if (by.has(rank)) declined++;
    }
    return this.#queue.length - declined;
  }

  /** Returns its next task; broadcasts come before tasks (S8). */
  takeFor(reader: Reader): Task | undefined {
    const place = this.#placeFor(reader.rank);
    const task = this.#nextCopy(reader) ?? (place === undefined ? undefined : this.#takeAt(place));
    if (task !== undefined) task.attempts++;
    return task;
  }

  #nextCopy(reader: Reader): Task | undefined {
    const { retry } = reader;
    if (retry !== undefined) {
      reader.retry = undefined;
      return retry;
    }
    const lasting = reader.nextLasting < reader.lastingBefore ? this.#lasting[reader.nextLasting] : undefined;
    if (lasting !== undefined) {
      reader.nextLasting++;
      return { ...copyOf(lasting), isLate: true };
    }
    const broadcast = this.#broadcasts.peekAt(reader.nextBroadcast - this.#oldest);
    if (reader.nextBroadcast >= this.nextBroadcast || broadcast === undefined) return undefined;
    reader.nextBroadcast++;
    return copyOf(broadcast);
  }

  /**
   * Gives up the copies that a worker has not taken.
   * @param before the number of the first broadcast that it does not get
   */
  *abandon(reader: Reader, before: number): Generator<Task> {
    while (reader.nextBroadcast < before || hasOtherCopy(reader)) {
      const copy = this.#nextCopy(reader);
      if (copy === undefined) return;
      yield copy;
    }
  }

  /** The largest memory of the copies of a worker that registers now (P12). */
  get memoryOfCopies(): number {
    return ((this.#keeping ? this.#broadcasts.length : 0) + this.#lasting.length) * PLACE;
  }

  /** The task is answered or given up, so its value is released. */
  finish(task: Task): void {
    task.broadcast?.reserve.give(1);
    this.finishWithNull(task);
  }

  /** The task gets a null result, with the memory that was reserved for the copy. */
  finishWithNull(task: Task): void {
    if (task.broadcast === undefined) this.#drop(task);
    else if (task.isLate !== true) {
      task.broadcast.outstanding--;
      this.#trim();
    }
  }

  /**
   * The group is closed, or the job has ended: no further worker needs earlier broadcasts (S6.1).
   * @returns the broadcasts for which the ranks that they do not reach are now known
   */
  close(): readonly Broadcast[] {
    this.#keeping = false;
    return this.broadcasts.filter(({ isOpen }) => isOpen);
  }

  /** Drops the kept broadcasts after `close`. */
  *dropKept(): Steps {
    const lasting = this.#lasting;
    this.#lasting = [];
    yield* eachInSteps(lasting, (broadcast) => {
      broadcast.isLasting = false;
      if (broadcast.number < this.#oldest) this.#accounting.drop(broadcast.value);
    });
    while (this.#trim()) yield;
  }

  /** Drops everything that is queued. */
  *clear(): Generator<Task> {
    this.#declined = 0;
    for (let task = this.#queue.shift(); task !== undefined; task = this.#queue.shift()) {
      this.#drop(task);
      yield task;
    }
  }

  #drop({ value, declined }: Task): void {
    this.#accounting.drop(value);
    declined?.last.end?.drop();
  }

  /**
   * Drops the oldest broadcasts that no worker needs, some at a time.
   * @returns whether there may be more
   */
  #trim(): boolean {
    for (let n = 0; n < TRIMMED_AT_ONCE; n++) {
      if (this.#keeping || this.#broadcasts.peekFront()?.outstanding !== 0) return false;
      const broadcast = this.#broadcasts.shift();
      this.#oldest++;
      if (broadcast !== undefined && !broadcast.isLasting) this.#accounting.drop(broadcast.value);
    }
    return true;
  }
}

/** Whether it has a copy that is not in the log: of a lasting broadcast, or one to try again. */
const hasOtherCopy = ({ nextLasting, lastingBefore, retry }: Reader): boolean =>
  nextLasting < lastingBefore || retry !== undefined;

const copyOf = (broadcast: Broadcast): Task => ({
  value: broadcast.value,
  batch: broadcast.batch,
  attempts: 0,
  maxAttempts: undefined,
  declined: undefined,
  broadcast,
});
