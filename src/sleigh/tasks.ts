import Denque from 'denque';
import type { WorkerEnd } from '../machines/worker-end.ts';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import type { Value } from '../workspace/value.ts';
import { NullReserve, PLACE } from './null-reserve.ts';
import type { BatchRef } from './batch-ref.ts';

/** Who cannot do a task (S19). */
export interface Declined {
  readonly ranks: ReadonlySet<number>;
  /** Who declined it last, and how that worker ended. */
  readonly last: { readonly rank: number; readonly end: WorkerEnd | undefined };
}

/** One piece of work, given to one worker at a time; or one worker's copy of a broadcast. */
export interface Task {
  readonly value: Value;
  /** Undefined for those without `batchId` (S7). */
  readonly batch: BatchRef;
  /** How often it has been given to a worker. */
  attempts: number;
  /** How often it may be, where it says so itself (S19). */
  readonly maxAttempts: number | undefined;
  /** Undefined while nobody has declined it. */
  declined: Declined | undefined;
  /** What it is a copy of, if so. */
  readonly broadcast: Broadcast | undefined;
  /** A copy for one who came after the broadcast: the log does not wait for it (S17). */
  readonly isLate?: boolean;
}

/** Broadcasts that are given up at once; the rest follows, as each copy that is finished gives up some. */
const TRIMMED_AT_ONCE = 64;

/** Whom a broadcast is for: all who come, or those who are there (S17). */
export type Reach = 'present' | 'all';

/** Work for every worker (S8). One value serves all copies; it is held until nobody needs it any more. */
export interface Broadcast {
  readonly number: number;
  readonly value: Value;
  readonly batch: BatchRef;
  /** Copies made so far. */
  copies: number;
  /** Copies of the log that are not answered yet. */
  outstanding: number;
  /** It is for everyone who comes later, too, for the life of the job (S17). */
  isLasting: boolean;
  /** The places of null results, one for each copy and one for all ranks that it does not reach (P12). */
  readonly reserve: NullReserve;
  /** The group has not closed since: it is not said yet whom it does not reach (S6.1). */
  isOpen: boolean;
}

/** How far a worker has come in the broadcasts. */
export interface Reader {
  readonly rank: number;
  /** The number of the next broadcast that it gets. */
  nextBroadcast: number;
  /** Its place in the lasting broadcasts that were there before it, which come first (S17). */
  nextLasting: number;
  readonly lastingBefore: number;
  /** A copy that it is to try again, before all else (S7.1). */
  retry: Task | undefined;
}

/**
 * The work that nobody has yet (S7, S8): tasks in the order in which they came, and a log of broadcasts that every
 * worker reads at its own pace, so that a copy costs nothing until it is given.
 */
export class Tasks {
  readonly #queue = new Denque<Task>();
  #declined = 0;
  readonly #broadcasts = new Denque<Broadcast>();
  /** The number of the oldest broadcast in the log. */
  #oldest = 0;
  /** All broadcasts are kept for those who join later, until the group closes (S6.1). */
  #keeping: boolean;
  /** Those of an elastic group that are for all who come: beside the log, so that it holds up nothing there (S17). */
  #lasting: Broadcast[] = [];
  readonly #holdings: StorageAccounting;

  constructor(holdings: StorageAccounting, { keeping }: { keeping: boolean }) {
    this.#holdings = holdings;
    this.#keeping = keeping;
  }

  get length(): number {
    return this.#queue.length;
  }
  /** The number that the next broadcast will have. */
  get nextBroadcast(): number {
    return this.#oldest + this.#broadcasts.length;
  }
  /** Broadcasts in the log, oldest first. */
  get broadcasts(): readonly Broadcast[] {
    return this.#broadcasts.toArray();
  }

  /** Some of the values that are queued, the next first. */
  queued(from: number, count: number): readonly Value[] {
    const values: Value[] = [];
    for (let at = from; at < Math.min(from + count, this.#queue.length); at++) {
      const task = this.#queue.peekAt(at);
      if (task !== undefined) values.push(task.value);
    }
    return values;
  }

  add(value: Value, batch: BatchRef, maxAttempts?: number): void {
    this.#holdings.keep(value);
    this.#queue.push({ value, batch, attempts: 0, maxAttempts, declined: undefined, broadcast: undefined });
  }

  /** A task that failed goes before all others (S13). */
  putBack(task: Task): void {
    this.#queue.unshift(task);
    if (task.declined !== undefined) this.#declined++;
  }

  /** How many of the queued tasks somebody has declined (S19). */
  get declinedCount(): number {
    return this.#declined;
  }

  /** Takes out the tasks that all these ranks have declined (S19). */
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

  /** Where in the queue the next task is that the worker of that rank has not declined; it is the first one mostly. */
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
    this.#holdings.keep(value);
    const number = this.nextBroadcast;
    const isLasting = reach === 'all';
    const reserve = new NullReserve(this.#holdings, value);
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

  /** A worker that registers gets every broadcast that is still kept. @param first the first that may be its own */
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

  /** The copies of broadcasts that the worker has not had, or is to try again. */
  copiesFor(reader: Reader): number {
    const { nextBroadcast, nextLasting, lastingBefore, retry } = reader;
    return this.nextBroadcast - nextBroadcast + (lastingBefore - nextLasting) + (retry === undefined ? 0 : 1);
  }

  isAvailableFor(reader: Reader): boolean {
    return this.copiesFor(reader) > 0 || this.queuedFor(reader) > 0;
  }

  /** The tasks in the queue that the worker has not declined. */
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

  /** Broadcasts before tasks (S8). */
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

  /** The copies that a worker will not take any more. @param before the number of the first broadcast that is none of its */
  *abandon(reader: Reader, before: number): Generator<Task> {
    while (reader.nextBroadcast < before || hasOtherCopy(reader)) {
      const copy = this.#nextCopy(reader);
      if (copy === undefined) return;
      yield copy;
    }
  }

  /** Bytes of memory that the copies take of a worker that registers now, at most (P12). */
  get memoryOfCopies(): number {
    return ((this.#keeping ? this.#broadcasts.length : 0) + this.#lasting.length) * PLACE;
  }

  /** It is answered or given up: its value is held no longer. */
  finish(task: Task): void {
    task.broadcast?.reserve.give(1);
    this.finishWithNull(task);
  }

  /** It is answered by a null result, whose place was taken with the copy. */
  finishWithNull(task: Task): void {
    if (task.broadcast === undefined) this.#holdings.drop(task.value);
    else if (task.isLate !== true) {
      task.broadcast.outstanding--;
      this.#trim();
    }
  }

  /**
   * The group is closed, or the job over: nobody comes who would need earlier broadcasts (S6.1).
   * @returns those that it is to be said of whom they do not reach
   */
  close(): readonly Broadcast[] {
    this.#keeping = false;
    return this.broadcasts.filter(({ isOpen }) => isOpen);
  }

  /** After that: gives up what was kept. */
  *dropKept(): Steps {
    const lasting = this.#lasting;
    this.#lasting = [];
    yield* eachInSteps(lasting, (broadcast) => {
      broadcast.isLasting = false;
      if (broadcast.number < this.#oldest) this.#holdings.drop(broadcast.value);
    });
    while (this.#trim()) yield;
  }

  /** Gives up all that is queued. */
  *clear(): Generator<Task> {
    this.#declined = 0;
    for (let task = this.#queue.shift(); task !== undefined; task = this.#queue.shift()) {
      this.#holdings.drop(task.value);
      yield task;
    }
  }

  /** Gives up the oldest broadcasts that nobody needs, some at a time. @returns whether there may be more */
  #trim(): boolean {
    for (let n = 0; n < TRIMMED_AT_ONCE; n++) {
      if (this.#keeping || this.#broadcasts.peekFront()?.outstanding !== 0) return false;
      const broadcast = this.#broadcasts.shift();
      this.#oldest++;
      if (broadcast !== undefined && !broadcast.isLasting) this.#holdings.drop(broadcast.value);
    }
    return true;
  }
}

/** One that is not in the log: of a lasting broadcast, or to be tried again. */
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
