import type { Entity, JobKind, Key, Kind } from '../store/change.ts';
import { RecordError, recordOf } from '../store/failure.ts';
import { RecordReader } from '../store/record.ts';
import type { Client } from '../workspace/pending-get.ts';
import { valueIn } from '../workspace/value-record.ts';
import type { Value } from '../workspace/value.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { actorStateIn } from './actor-record.ts';
import {
  hasEnded,
  isConnected,
  isRegistered,
  newSentinel,
  newWorker,
  type Former,
  type Sentinel,
  type Worker,
} from './agents.ts';
import { batchOf } from './batch-ref.ts';
import type { Crew } from './crew.ts';
import type { Deadlines } from './deadlines.ts';
import { endIn } from './end-record.ts';
import { formerClient } from './former-client.ts';
import type { JobChanges } from './job-changes.ts';
import type { Recovery } from './recovery.ts';
import type { Registrations } from './registrations.ts';
import { Reserves } from './result-record.ts';
import { taskIn, type KnownTasks } from './task-records.ts';
import type { Broadcast, Task, TasksState } from './task.ts';
import type { Work } from './work.ts';

/** The parts of a job that take up what was in them before a restart. */
interface LoadedJob {
  readonly workspace: Workspace;
  readonly changes: JobChanges;
  readonly crew: Crew;
  readonly work: Work;
  readonly registrations: Registrations;
  readonly deadlines: Deadlines;
  readonly recovery: Recovery;
}

/** No client sends this: bytes of metadata are below U+0100. */
const UNKNOWN_SESSION = '\uffff';

/**
 * Builds the parts of a job from its entities, of which there are none in them yet. Nothing is decided here: what the
 * entities say is true. What follows from it is computed: counts of tasks and results, positions, and memory.
 */
export class JobLoader {
  readonly #job: LoadedJob;
  readonly #entities = new Map<Kind, Entity[]>();
  readonly #reserves: Reserves;
  readonly #values = new Map<number, Value>();
  readonly #broadcasts = new Map<number, Broadcast>();
  readonly #known: KnownTasks;
  /** The tasks that workers have, by their numbers. */
  readonly #running = new Map<number, Task>();
  /** Connections that had not closed before the restart. That of a worker and that of a sentinel may be the same. */
  readonly #clients = new Map<number, Client>();

  constructor(job: LoadedJob, entities: Iterable<Entity>) {
    this.#job = job;
    const { accounting } = job.workspace;
    this.#known = { values: this.#values, broadcasts: this.#broadcasts, accounting };
    this.#reserves = new Reserves(job.workspace.accounting);
    for (const entity of entities) {
      const ofKind = this.#entities.get(entity.key[0]);
      if (ofKind === undefined) this.#entities.set(entity.key[0], [entity]);
      else ofKind.push(entity);
    }
  }

  #of(kind: JobKind): readonly Entity[] {
    return this.#entities.get(kind) ?? [];
  }

  /** @throws RecordError that names the record that cannot be taken up */
  #each(kind: JobKind, take: (entity: Entity) => void): void {
    for (const entity of this.#of(kind)) attributed(entity.key, () => take(entity));
  }

  /**
   * Takes up the record of the job, and all else.
   * @throws RecordError that names the record that cannot be taken up, or that of the job if no other one is the reason
   */
  taking<Result>(take: (record: RecordReader) => Result): Result {
    return attributed(['job', this.#job.workspace.number], () => take(this.#record));
  }

  get #record(): RecordReader {
    const [job] = this.#of('job');
    if (job === undefined) throw new Error(`The job in ${this.#job.workspace.name} is not in the store.`);
    return RecordReader.of(job);
  }

  load(state: TasksState): void {
    this.#loadTotals();
    this.#each('task', (entity) =>
      this.#values.set(entity.key[2] ?? 0, valueIn(RecordReader.of(entity), this.#restoreFile)),
    );
    this.#each('broadcast', (entity) => this.#loadBroadcast(entity));
    this.#each('sentinel', (entity) => this.#loadSentinel(entity));
    this.#each('worker', (entity) => this.#loadWorker(entity));
    this.#each('formerWorker', (entity) => this.#loadFormerWorker(entity));
    this.#loadQueue(state);
    this.#loadResults();
    this.#each('deadline', (entity) => this.#job.deadlines.restore(entity));
  }

  readonly #restoreFile: Parameters<typeof valueIn>[1] = (file) => this.#job.workspace.host.restoreFile(file);

  #loadTotals(): void {
    const records: { entity: Entity; record: RecordReader; spentAt: number }[] = [];
    this.#each('batch', (entity) => {
      const record = RecordReader.of(entity);
      records.push({ entity, record, spentAt: record.optionalNumber('spentAt') ?? 0 });
    });
    // Empty batches are forgotten in the order in which they became empty.
    records.sort((a, b) => a.spentAt - b.spentAt);
    for (const { entity, record } of records)
      attributed(entity.key, () => this.#job.work.batches.restoreTotals(entity.key[2] ?? 0, record));
  }

  #loadBroadcast(entity: Entity): void {
    const record = RecordReader.of(entity);
    const [, , number = 0] = entity.key;
    const task = record.number('task');
    const value = this.#values.get(task);
    if (value === undefined) throw new Error(`The value of broadcast ${number} is not in the store.`);
    const isOpen = record.flag('isOpen');
    const reserve = this.#reserves.of(number, value);
    if (isOpen) reserve.take(1);
    this.#broadcasts.set(number, {
      number,
      task,
      value,
      batch: batchOf(value.metadata),
      copies: record.number('copies'),
      outstanding: 0,
      isLasting: record.flag('isLasting'),
      reserve,
      isOpen,
    });
  }

  /**
   * @param isOpen whether the connection had not closed before the restart. Otherwise it may be of an earlier run of the
   *   server, in which another connection had the same number.
   */
  #clientIn(record: RecordReader, isOpen: boolean): Client {
    const id = record.number('connection');
    const session = this.#job.workspace.host.clientOf?.(id);
    if (session !== undefined) return session;
    const client = (isOpen ? this.#clients.get(id) : undefined) ?? formerClient(id, record.text('peer'));
    if (isOpen) this.#clients.set(id, client);
    return client;
  }

  #loadSentinel(entity: Entity): void {
    const record = RecordReader.of(entity);
    const [, , id = 0] = entity.key;
    const session = record.optionalText('session');
    const actor = this.#job.crew.actors.sentinel({ id, rank: 0 }, actorStateIn(record, 'actor'));
    const client = this.#clientIn(record, !hasEnded({ actor }));
    const sentinel = newSentinel(id, { client, actor, session });
    sentinel.since = record.number('since');
    this.#job.crew.adoptSentinel(sentinel);
  }

  #loadWorker(entity: Entity): void {
    const record = RecordReader.of(entity);
    const [, , rank = 0] = entity.key;
    const { crew, registrations } = this.#job;
    const state = actorStateIn(record, 'actor');
    const sentinel =
      crew.findSentinel(record.number('sentinel')) ??
      this.#forgottenSentinel(record.number('sentinel'), state.context['isSupervised'] === true);
    const former = record.optional('former');
    const worker: Worker = {
      ...newWorker(rank, sentinel, crew.actors.worker(rank, sentinel, state)),
      session: record.optionalText('session'),
      host: record.text('host'),
      registeredAt: record.number('registeredAt'),
      completed: record.number('completed'),
      busyTime: record.number('busyTime'),
      busySince: record.number('busySince'),
      taskNumber: record.number('taskNumber'),
      since: record.number('since'),
      firstBroadcast: record.number('firstBroadcast'),
      endedAt: record.optionalNumber('endedAt') ?? Number.POSITIVE_INFINITY,
      end: endIn(record.optional('end')),
      former: former && formerIn(former),
      ...this.#readingIn(record.optional('reading')),
    };
    if (record.has('connection')) worker.client = this.#clientIn(record, isConnected(worker));
    crew.adoptWorker(worker);
    this.#loadTask(worker, taskIn(record.optional('task'), this.#known));
    if (isRegistered(worker)) this.#countCopies(worker);
    registrations.adopt(worker);
  }

  /** A session whose worker has ended. The job may not have learned before the restart that the session has ended. */
  #loadFormerWorker(entity: Entity): void {
    const { changes, crew, workspace } = this.#job;
    const [, , id = 0] = entity.key;
    const rank = RecordReader.of(entity).number('rank');
    const client = workspace.host.clientOf?.(id);
    if (client === undefined) changes.delete(['formerWorker', id]);
    else crew.connections.adoptFormer(client, rank, crew.find(rank));
  }

  /** A sentinel that has ended and is not kept; a worker is kept longer. */
  #forgottenSentinel(id: number, isSupervised: boolean): Sentinel {
    const actor = this.#job.crew.actors.sentinel(
      { id, rank: 0 },
      { value: 'left', context: { id, lastRank: 0 } },
    );
    const session = isSupervised ? UNKNOWN_SESSION : undefined;
    return newSentinel(id, { client: formerClient(0, ''), actor, session });
  }

  #readingIn(reading: RecordReader | undefined) {
    if (reading === undefined) return {};
    return {
      nextBroadcast: reading.number('nextBroadcast'),
      nextLasting: reading.number('nextLasting'),
      lastingBefore: reading.number('lastingBefore'),
      retry: taskIn(reading.optional('retry'), this.#known),
    };
  }

  /** The task that a worker has. Another one may have it, too (S31): then both have the same object. */
  #loadTask(worker: Worker, task: Task | undefined): void {
    const { batches, stragglers, tasks } = this.#job.work;
    if (task === undefined) return;
    const isCopy = task.broadcast !== undefined;
    const known = isCopy ? undefined : this.#running.get(task.number);
    worker.task = known ?? task;
    if (!isCopy) stragglers.restore(worker.task, worker.rank);
    if (known !== undefined) return;
    if (!task.isSettled) batches.restoreTask(task.batch, { queued: false });
    if (isCopy) return;
    tasks.restoreTask(task);
    this.#running.set(task.number, task);
  }

  /** The copies that a worker has, or has not had yet. */
  #countCopies({ task, retry, nextBroadcast, nextLasting, lastingBefore }: Worker): void {
    for (const copy of [task, retry])
      if (copy?.broadcast !== undefined) owe(copy.broadcast, copy.isLate === true);
    for (const broadcast of this.#broadcasts.values())
      if (broadcast.number >= nextBroadcast) owe(broadcast, false);
    const lasting = [...this.#broadcasts.values()].filter(({ isLasting }) => isLasting);
    for (const broadcast of lasting.slice(nextLasting, lastingBefore)) owe(broadcast, true);
  }

  #loadQueue(state: TasksState): void {
    const queue: Task[] = [];
    this.#each('place', (entity) => {
      const record = RecordReader.of(entity);
      const task = taskIn(record, this.#known);
      const waiting = record.optional('waiting');
      if (task === undefined) return;
      if (waiting === undefined) queue.push(task);
      else this.#loadWaiting(task, waiting);
    });
    queue.sort((a, b) => a.place - b.place);
    this.#job.work.tasks.restore(state, queue, [...this.#broadcasts.values()]);
    for (const { batch } of queue) this.#job.work.batches.restoreTask(batch, { queued: true });
  }

  #loadWaiting(task: Task, record: RecordReader): void {
    const { recovery, work } = this.#job;
    recovery.unfinished.restore(task, record);
    work.tasks.restoreTask(task);
    work.batches.restoreTask(task.batch, { queued: true });
  }

  #loadResults(): void {
    const cursors = new Map<number | undefined, number>();
    this.#each('cursor', (entity) => cursors.set(entity.key[2], RecordReader.of(entity).number('rank')));
    this.#each('result', (entity) => {
      const [, , inbox = 0, number = 0] = entity.key;
      // The cursor is that of the oldest entry.
      const cursor = cursors.get(inbox);
      cursors.delete(inbox);
      const result = this.#reserves.resultIn(RecordReader.of(entity), this.#restoreFile, cursor);
      this.#job.work.batches.restoreResult(inbox, number, result);
    });
  }
}

/** @throws RecordError of that key, unless the reason is another record */
function attributed<Result>(key: Key, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw recordOf(error) === undefined ? new RecordError(key, error) : error;
  }
}

/** A worker has a copy that it has not answered. */
function owe(broadcast: Broadcast, isLate: boolean): void {
  broadcast.reserve.take(1);
  if (!isLate) broadcast.outstanding++;
}

const formerIn = (record: RecordReader): Former => ({
  count: record.number('count'),
  state: record.text('state'),
  end: endIn(record.optional('end')),
  session: record.optionalText('session'),
});
