import type { Entity, Fields } from '../store/change.ts';
import { RecordReader } from '../store/record.ts';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import type { Value } from '../workspace/value.ts';
import { recordOfValue } from '../workspace/value-record.ts';
import { batchOf } from './batch-ref.ts';
import { endIn, recordOfEnd } from './end-record.ts';
import { KeptEnd } from './kept-end.ts';
import type { JobChanges } from './job-changes.ts';
import { NO_SHARE, readTaskOptions } from './task-options.ts';
import { copyOf, type Broadcast, type Declined, type Task } from './task.ts';

/** How a task has fared so far. A copy of a broadcast says so, and the others name the entity of their value. */
export const recordOfTask = ({ number, attempts, declined, broadcast, isLate, isSettled }: Task): Fields => ({
  task: broadcast === undefined ? number : undefined,
  broadcast: broadcast?.number,
  attempts,
  declined: declined && recordOfDeclined(declined),
  isLate,
  isSettled: isSettled ? true : undefined,
});

const recordOfDeclined = ({ ranks, last }: Declined): Fields => ({
  ranks: [...ranks],
  last: last.rank,
  end: recordOfEnd(last.end?.end),
});

/** What is known of the tasks and broadcasts of before a restart. */
export interface KnownTasks {
  /** By their numbers. */
  readonly values: ReadonlyMap<number, Value>;
  readonly broadcasts: ReadonlyMap<number, Broadcast>;
  readonly accounting: StorageAccounting;
}

/** @returns undefined for a copy of a broadcast that is not kept, because the job is over */
export function taskIn(record: RecordReader | undefined, known: KnownTasks): Task | undefined {
  if (record === undefined) return undefined;
  const number = record.optionalNumber('task');
  const broadcast = known.broadcasts.get(record.optionalNumber('broadcast') ?? -1);
  const attempts = record.number('attempts');
  const isSettled = record.has('isSettled');
  if (number === undefined)
    return (
      broadcast && {
        ...copyOf(broadcast),
        attempts,
        isSettled,
        ...(record.has('isLate') && { isLate: true }),
      }
    );
  const value = known.values.get(number);
  if (value === undefined) throw new Error(`The value of task ${number} is not in the store.`);
  const declined = record.optional('declined');
  const options = readTaskOptions(value.metadata);
  return {
    number,
    value,
    batch: batchOf(value.metadata),
    attempts,
    place: record.optionalNumber('place') ?? 0,
    maxAttempts: 'share' in options ? options.maxAttempts : undefined,
    share: 'share' in options ? options.share : NO_SHARE,
    declined: declined && declinedIn(declined, known.accounting),
    onHost: undefined,
    isSettled,
    broadcast: undefined,
  };
}

function declinedIn(record: RecordReader, accounting: StorageAccounting): Declined {
  const end = endIn(record.optional('end'));
  return {
    ranks: new Set(record.numbers('ranks')),
    last: { rank: record.number('last'), end: end && new KeptEnd(accounting, end) },
  };
}

/** Records tasks, their places in the queue, and broadcasts. */
export class TaskRecords {
  readonly #changes: JobChanges;

  constructor(changes: JobChanges) {
    this.#changes = changes;
  }

  /** A task or a broadcast is kept. Its value is written once, however often it is given to a worker. */
  kept(number: number, value: Value): void {
    if (this.#changes.isRecorded) this.#changes.put(['task', number], recordOfValue(value));
  }

  /** The value of a task or of a broadcast is not kept any more. */
  dropped(number: number): void {
    if (this.#changes.isRecorded) this.#changes.delete(['task', number]);
  }

  queued(task: Task): void {
    if (this.#changes.isRecorded) this.#changes.put(['place', task.number], recordOfPlace(task));
  }

  /** The task is not in the queue any more. */
  taken({ number }: Task): void {
    if (this.#changes.isRecorded) this.#changes.delete(['place', number]);
  }

  /** A broadcast is kept, or something about it has changed. */
  broadcast(broadcast: Broadcast): void {
    if (this.#changes.isRecorded)
      this.#changes.touch(['broadcast', broadcast.number], () => recordOfBroadcast(broadcast));
  }

  /** A broadcast is not kept any more. */
  dropBroadcast({ number, task }: Broadcast): void {
    this.dropped(task);
    if (this.#changes.isRecorded) this.#changes.delete(['broadcast', number]);
  }

  *ofQueue(queue: Iterable<Task>): Generator<Entity> {
    for (const task of queue) {
      yield this.ofValue(task);
      yield { key: this.#changes.keyOf(['place', task.number]), fields: recordOfPlace(task) };
    }
  }

  ofValue({ number, value }: Pick<Task, 'number' | 'value'>): Entity {
    return { key: this.#changes.keyOf(['task', number]), fields: recordOfValue(value) };
  }

  *ofBroadcasts(broadcasts: Iterable<Broadcast>): Generator<Entity> {
    for (const broadcast of broadcasts) {
      const { number, task, value } = broadcast;
      yield this.ofValue({ number: task, value });
      yield { key: this.#changes.keyOf(['broadcast', number]), fields: recordOfBroadcast(broadcast) };
    }
  }
}

const recordOfPlace = (task: Task): Fields => ({ ...recordOfTask(task), place: task.place });

const recordOfBroadcast = ({ task, copies, isLasting, isOpen }: Broadcast): Fields => ({
  task,
  copies,
  isLasting,
  isOpen,
});
