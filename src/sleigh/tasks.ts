import Denque from 'denque';
import type { Entity } from '../store/change.ts';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import type { Value } from '../workspace/value.ts';
import { NullReserve, PLACE } from './null-reserve.ts';
import type { BatchRef } from './batch-ref.ts';
import type { KeptResults } from './kept-results.ts';
import { FairQueue } from './fair-queue.ts';
import type { TaskOptions } from './task-options.ts';
import { WaitingTasks } from './waiting-tasks.ts';
import { TaskRecords } from './task-records.ts';
import { copyOf, hasOtherCopy, newTask, TRIMMED_AT_ONCE } from './task.ts';
import type { Broadcast, Reach, Reader, Task, TasksOptions, TasksState } from './task.ts';

/**
 * The tasks that no worker has (S7, S8): a queue of tasks, and a log of broadcasts that every worker reads at its own
 * pace, so that a copy costs nothing until it is given.
 */
export class Tasks {
  readonly #queue = new FairQueue();
  /** What of the queue concerns no records. */
  readonly queue: Pick<FairQueue, 'openCount' | 'declinedCount' | 'move' | typeof Symbol.iterator> =
    this.#queue;
  /** The lowest and the highest place of the tasks so far. */
  #firstPlace = 1;
  #lastPlace = 0;
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
  readonly #records: TaskRecords;
  readonly #kept: KeptResults;
  /** Those that a policy lets wait (S30.3). */
  readonly waiting: WaitingTasks;
  /** Called when `state` has changed. */
  readonly #changed: () => void;
  /** The number of the last task or broadcast. */
  #numbers = 0;

  constructor(accounting: StorageAccounting, { keeping, changes, changed, kept }: TasksOptions) {
    this.#accounting = accounting;
    this.#keeping = keeping;
    this.#records = new TaskRecords(changes);
    this.waiting = new WaitingTasks(changes);
    this.#changed = changed;
    this.#kept = kept;
  }

  /** What survives the server, beside the tasks and the broadcasts. */
  get state(): TasksState {
    return { oldest: this.#oldest, isKeeping: this.#keeping };
  }

  /** Queued tasks and broadcasts, as a store must have them. */
  *entities(): Generator<Entity> {
    yield* this.#records.ofQueue(this.#queue);
    yield* this.waiting.entities();
    yield* this.#records.ofBroadcasts(new Set([...this.#lasting, ...this.broadcasts]));
  }

  /** The entity of the value of a task that a worker has. */
  entityOf(task: Task): Entity {
    return this.#records.ofValue(task);
  }

  /**
   * Takes up what was kept before a restart.
   * @param queue in order
   * @param broadcasts oldest first
   */
  restore(state: TasksState, queue: readonly Task[], broadcasts: readonly Broadcast[]): void {
    this.#oldest = state.oldest;
    this.#keeping = state.isKeeping;
    for (const task of queue) {
      this.restoreTask(task);
      this.#queue.push(task);
      this.#firstPlace = Math.min(this.#firstPlace, task.place);
      this.#lastPlace = Math.max(this.#lastPlace, task.place);
    }
    for (const broadcast of broadcasts) {
      this.restoreValue({ number: broadcast.task, value: broadcast.value, declined: undefined });
      if (broadcast.number >= this.#oldest) this.#broadcasts.push(broadcast);
      if (broadcast.isLasting) this.#lasting.push(broadcast);
    }
  }

  /** Takes up a task that is queued, or that a worker has. */
  restoreTask(task: Task): void {
    this.restoreValue(task);
    this.#kept.began(task.value.metadata);
  }

  /** Takes up the value of a task or a broadcast. */
  restoreValue({ number, value, declined }: Pick<Task, 'number' | 'value' | 'declined'>): void {
    this.#numbers = Math.max(this.#numbers, number);
    this.#accounting.keep(value);
    declined?.last.end?.keep();
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
    return this.#queue.some(from, count).map(({ value }) => value);
  }

  /** Makes a task, which is not queued yet. */
  accept(value: Value, batch: BatchRef, options: TaskOptions): Task {
    this.#accounting.keep(value);
    const task = newTask({ value, batch, number: ++this.#numbers, place: ++this.#lastPlace }, options);
    this.#records.kept(task.number, value);
    this.#kept.began(value.metadata);
    return task;
  }

  /** Queues a task that was just accepted. */
  add(task: Task): void {
    this.#queue.push(task);
    this.#records.queued(task);
  }

  /** Returns a failed task to the head of its share in the queue (S13, S28). */
  putBack(task: Task): void {
    task.place = --this.#firstPlace;
    this.#queue.unshift(task);
    this.#records.queued(task);
  }

  /** Removes the tasks that all these ranks have declined (S19). */
  takeDeclinedByAll(ranks: readonly number[]): Task[] {
    const taken = this.#queue.takeDeclinedByAll(ranks);
    for (const task of taken) this.#records.taken(task);
    return taken;
  }

  addBroadcast(value: Value, batch: BatchRef, readers: number, reach: Reach): Broadcast {
    this.#accounting.keep(value);
    const number = this.nextBroadcast;
    const isLasting = reach === 'all';
    const reserve = new NullReserve(this.#accounting, value, number);
    const isOpen = this.#keeping;
    reserve.take(readers + (isOpen ? 1 : 0));
    const broadcast = {
      number,
      task: ++this.#numbers,
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
    this.#records.kept(broadcast.task, value);
    this.#records.broadcast(broadcast);
    this.#trim();
    return broadcast;
  }

  /**
   * The initial position of a worker: it gets every broadcast that is still kept.
   * @param first the number of the first broadcast that it may get
   */
  join(first: number): Omit<Reader, 'rank' | 'host'> {
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
      this.#records.broadcast(broadcast);
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

  /** The number of queued tasks that the worker may take. */
  queuedFor(reader: Reader): number {
    return this.#queue.countFor(reader);
  }

  /** Returns its next task; broadcasts come before tasks (S8). */
  takeFor(reader: Reader, now: number): Task | undefined {
    const task = this.#nextCopy(reader) ?? this.#queue.takeFor(reader, now);
    if (task === undefined) return undefined;
    if (task.broadcast === undefined) this.#records.taken(task);
    task.attempts++;
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
    this.#changed();
    return this.broadcasts.filter(({ isOpen }) => isOpen);
  }

  /** The ranks that a broadcast does not reach are known. */
  settle(broadcast: Broadcast): void {
    broadcast.isOpen = false;
    this.#records.broadcast(broadcast);
  }

  /** Drops the kept broadcasts after `close`. */
  *dropKept(): Steps {
    const lasting = this.#lasting;
    this.#lasting = [];
    yield* eachInSteps(lasting, (broadcast) => {
      broadcast.isLasting = false;
      if (broadcast.number < this.#oldest) this.#dropBroadcast(broadcast);
      else this.#records.broadcast(broadcast);
    });
    while (this.#trim()) yield;
  }

  /** Drops everything that is queued or waits. */
  *clear(): Generator<Task> {
    for (let task = this.#queue.take(); task !== undefined; task = this.#queue.take()) {
      this.#records.taken(task);
      this.#drop(task);
      yield task;
    }
    for (const task of this.waiting.takeAll()) {
      this.#drop(task);
      yield task;
    }
  }

  #drop({ number, value, declined }: Task): void {
    this.#accounting.drop(value);
    this.#kept.ended(value.metadata);
    declined?.last.end?.drop();
    this.#records.dropped(number);
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
      this.#changed();
      if (broadcast !== undefined && !broadcast.isLasting) this.#dropBroadcast(broadcast);
    }
    return true;
  }

  #dropBroadcast(broadcast: Broadcast): void {
    this.#accounting.drop(broadcast.value);
    this.#records.dropBroadcast(broadcast);
  }
}
