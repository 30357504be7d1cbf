import type { ActorOf } from '../actors/actor.ts';
import type { RecoveryMachine } from '../machines/policies/recovery.ts';
import type { Entity, Fields } from '../store/change.ts';
import { recordOfValue } from '../workspace/value-record.ts';
import { recordedStateOf } from './agents.ts';
import type { JobChanges } from './job-changes.ts';
import { recordOfTask } from './task-records.ts';
import type { Task } from './task.ts';

/** A task that waits before it is dealt with, because a policy said so (S30.3). */
export interface WaitingTask {
  readonly task: Task;
  /** The worker that had it. */
  readonly rank: number;
  /** The name of the machine that decides about it. */
  readonly machine: string;
  /** After a restart without that machine: what the store has of its actor. */
  readonly actor: ActorOf<RecoveryMachine> | { readonly kept: Fields };
}

/** The tasks that wait. They count as queued (S10), and no worker gets one of them. */
export class WaitingTasks {
  readonly #waiting = new Map<number, WaitingTask>();
  readonly #changes: JobChanges;

  constructor(changes: JobChanges) {
    this.#changes = changes;
  }

  find(number: number): WaitingTask | undefined {
    return this.#waiting.get(number);
  }

  /** The numbers of the tasks. */
  numbers(): Iterable<number> {
    return this.#waiting.keys();
  }

  [Symbol.iterator](): Iterator<WaitingTask> {
    return this.#waiting.values();
  }

  add(waiting: WaitingTask): void {
    const { number } = waiting.task;
    this.restore(waiting);
    if (this.#changes.isRecorded) this.#changes.touch(['place', number], () => recordOf(waiting));
  }

  /** Takes up a task of before a restart. */
  restore(waiting: WaitingTask): void {
    this.#waiting.set(waiting.task.number, waiting);
  }

  /** Removes the task of that number. */
  take(number: number): WaitingTask | undefined {
    const waiting = this.#waiting.get(number);
    if (this.#waiting.delete(number) && this.#changes.isRecorded) this.#changes.delete(['place', number]);
    return waiting;
  }

  *takeAll(): Generator<Task> {
    for (const { task } of this.#waiting.values()) {
      this.take(task.number);
      yield task;
    }
  }

  /** These tasks and their places, as a store must have them. */
  *entities(): Generator<Entity> {
    for (const waiting of this.#waiting.values()) {
      const { number, value } = waiting.task;
      yield { key: this.#changes.keyOf(['task', number]), fields: recordOfValue(value) };
      yield { key: this.#changes.keyOf(['place', number]), fields: recordOf(waiting) };
    }
  }
}

const recordOf = ({ task, rank, machine, actor }: WaitingTask): Fields => ({
  ...recordOfTask(task),
  place: task.place,
  waiting: { rank, machine, actor: 'kept' in actor ? actor.kept : recordedStateOf({ actor }) },
});
