import type { Entity, Fields } from '../store/change.ts';
import { isRegistered, recordedStateOf, type Former, type Sentinel, type Worker } from './agents.ts';
import { recordOfEnd } from './end-record.ts';
import type { JobChanges } from './job-changes.ts';
import { recordOfTask } from './task-records.ts';

/** Whose records are kept. */
interface Agents {
  readonly everyWorker: Iterable<Worker>;
  readonly everySentinel: Iterable<Sentinel>;
  worker(rank: number): Worker;
  sentinel(id: number): Sentinel;
}

/** Records the workers, by rank, and the sentinels, by number. */
export class AgentRecords {
  readonly #agents: Agents;
  readonly #changes: JobChanges;

  constructor(agents: Agents, changes: JobChanges) {
    this.#agents = agents;
    this.#changes = changes;
  }

  /** The worker of that rank has changed, or is another one (S19). */
  workerChanged(rank: number): void {
    if (this.#changes.isRecorded)
      this.#changes.touch(['worker', rank], () => recordOfWorker(this.#agents.worker(rank)));
  }

  sentinelChanged(id: number): void {
    if (this.#changes.isRecorded)
      this.#changes.touch(['sentinel', id], () => recordOfSentinel(this.#agents.sentinel(id)));
  }

  /** The worker has ended and is not kept any more (S17). */
  workerForgotten(rank: number): void {
    if (this.#changes.isRecorded) this.#changes.delete(['worker', rank]);
  }

  sentinelForgotten(id: number): void {
    if (this.#changes.isRecorded) this.#changes.delete(['sentinel', id]);
  }

  /** What to call when the actor of a worker has changed; nothing if nothing is recorded. */
  ofWorker(rank: number): (() => void) | undefined {
    return this.#changes.isRecorded ? () => this.workerChanged(rank) : undefined;
  }

  ofSentinel(id: number): (() => void) | undefined {
    return this.#changes.isRecorded ? () => this.sentinelChanged(id) : undefined;
  }

  *entities(): Generator<Entity> {
    const changes = this.#changes;
    for (const sentinel of this.#agents.everySentinel)
      yield { key: changes.keyOf(['sentinel', sentinel.id]), fields: recordOfSentinel(sentinel) };
    for (const worker of this.#agents.everyWorker)
      yield { key: changes.keyOf(['worker', worker.rank]), fields: recordOfWorker(worker) };
  }
}

const recordOfSentinel = (sentinel: Sentinel): Fields => ({
  actor: recordedStateOf(sentinel),
  connection: Math.abs(sentinel.client.id),
  peer: sentinel.client.peer,
  session: sentinel.session,
  since: sentinel.since,
});

const recordOfWorker = (worker: Worker): Fields => ({
  actor: recordedStateOf(worker),
  sentinel: worker.sentinel.id,
  connection: worker.client && Math.abs(worker.client.id),
  peer: worker.client?.peer,
  session: worker.session,
  host: worker.host,
  registeredAt: worker.registeredAt,
  completed: worker.completed,
  busyTime: worker.busyTime,
  busySince: worker.busySince,
  taskNumber: worker.taskNumber,
  since: worker.since,
  firstBroadcast: worker.firstBroadcast,
  endedAt: worker.endedAt === Number.POSITIVE_INFINITY ? undefined : worker.endedAt,
  end: recordOfEnd(worker.end),
  former: worker.former && recordOfFormer(worker.former),
  task: worker.task && recordOfTask(worker.task),
  // The copies of a worker that has ended are given up in later steps, and nobody needs its place any more.
  reading: isRegistered(worker)
    ? {
        nextBroadcast: worker.nextBroadcast,
        nextLasting: worker.nextLasting,
        lastingBefore: worker.lastingBefore,
        retry: worker.retry && recordOfTask(worker.retry),
      }
    : undefined,
});

const recordOfFormer = ({ count, state, end, session }: Former): Fields => ({
  count,
  state,
  end: recordOfEnd(end),
  session,
});
