import { KEY, VARIABLE, VERB, type VariableName } from '../../wire/names.ts';
import type { Job } from '../job.ts';
import { mustBe, mustHold } from '../mismatch.ts';
import type { Reply } from '../client-codec.ts';
import type { Pending, ProtocolClient, Details } from '../protocol-client.ts';
import { WORKER_DEAD } from './replies.ts';

const REPLACED = { status: '0001', reason: 'the worker has come back on another connection' };
const RIDE_OVER = [VARIABLE.rideOver, 'over'] as const;

/** One sentinel with two ranks: the worker of the first is under test, and the second keeps the group incomplete. */
export class WorkerFixture {
  readonly job: Job;
  readonly sentinel: ProtocolClient;
  worker: ProtocolClient;
  pending: Pending | undefined;
  /** The batch of the task that the worker has. */
  batch = '';
  /** The number of that task, for a worker that may come back (S18). */
  number: string | undefined;
  /** The metadata of the registration. */
  readonly #description: Details;

  constructor(job: Job, sentinel: ProtocolClient, worker: ProtocolClient, description: Details) {
    this.job = job;
    this.#description = description;
    this.sentinel = sentinel;
    this.worker = worker;
  }

  /**
   * @param supervisor the session of the sentinel.
   * @param description the metadata of the worker's registration
   * @param hasSession whether the worker has a session (P15)
   */
  static async open(
    job: Job,
    supervisor: Details,
    description: Details,
    hasSession: boolean,
  ): Promise<WorkerFixture> {
    const sentinel = await job.guest();
    for (const rank of ['0', '1'])
      await job.mustGet(sentinel, [VERB.fetch, VARIABLE.workerIds], { value: rank }, supervisor);
    return new WorkerFixture(job, sentinel, await job.guest(hasSession), description);
  }

  close(): void {
    this.job.close();
  }

  async storeTask(variable: VariableName): Promise<string> {
    const batchId = this.job.newBatch();
    await this.job.mustStore(this.job.master, [variable, batchId], {}, { batchId });
    return batchId;
  }

  async register(): Promise<void> {
    await this.job.mustStore(this.worker, [VARIABLE.workerIds, '0'], {}, this.#description);
  }

  /** The worker gets the task that was stored last. */
  note({ metadata }: Reply): void {
    this.number = metadata[KEY.taskNumber];
  }

  /** S18: on another connection. The task that it names shows the server whether that task has reached it. */
  async comeBack(state: string, isConnected: boolean, knowsTask: boolean): Promise<void> {
    const { job, worker: old, pending } = this;
    this.worker = await job.guest();
    const doing = knowsTask && this.number !== undefined ? { doing: this.number } : {};
    const answer = await job.store(this.worker, VARIABLE.workerIds, '0', { ...this.#description, ...doing });
    mustBe('store worker_ids', answer, {});
    const isBusy = answer.metadata[KEY.busy];
    mustHold(isBusy === (knowsTask ? '1' : '0'), `a worker comes back and is told nwsBusy = ${isBusy}`);
    // Its reply comes on another connection, possibly later: a client that disconnected before would miss it.
    if (state === 'registered.waiting')
      await job.mustBeTold('the connection that is replaced', pending, REPLACED);
    if (isConnected) await job.leave(old);
  }

  /** S18: the task that did not reach it is handed to it again, and counts no attempt. */
  async mustGetAgain(batch: string): Promise<void> {
    const { job, worker } = this;
    await job.mustGet(worker, [VERB.fetch, VARIABLE.task], { value: batch });
    await job.mustStore(worker, [VARIABLE.result, 'done'], {}, { batchId: batch });
    await job.mustHaveResult(batch, '0', { value: 'done', isNull: false });
  }

  /** Another connection takes up the session of the worker (P15.2). */
  async resume(): Promise<void> {
    this.pending = undefined;
    this.worker = await this.job.resume(this.worker);
  }

  /** The worker asks and waits. */
  async wait(): Promise<void> {
    this.pending = this.job.beginToGet(this.worker, VERB.fetch, VARIABLE.task);
    await this.job.mustBeListed('Worker 0', 'Blocked workers');
  }

  /** S7.1: under `null` its previous task gets a null result. */
  async mustHaveFailedTask(batch: string): Promise<void> {
    await this.job.mustHaveResult(batch, '0', { value: '', isNull: true });
  }

  /** A client that can still ask: the worker, or another one in its place. */
  async asSomebody(isConnected: boolean, act: (who: ProtocolClient) => Promise<void>): Promise<void> {
    if (isConnected) await act(this.worker);
    else await this.job.asStranger(act);
  }
}

export async function mustBeToldOfDeath({ job, pending }: WorkerFixture, state: string): Promise<void> {
  if (state === 'registered.waiting') await job.mustBeTold('the worker that has died', pending, WORKER_DEAD);
}

/** A registration by another client. */
export const refusesStranger =
  (why: string) =>
  ({ job }: WorkerFixture): Promise<void> =>
    job.asStranger((stranger) =>
      job.mustStore(stranger, [VARIABLE.workerIds, '0'], {
        status: '0001',
        reason: `Worker registration failed: ${why}.`,
      }),
    );

export const sentinelLeaves = ({ job, sentinel }: WorkerFixture) => job.leave(sentinel);
export const workerLeaves = ({ job, worker }: WorkerFixture) => job.leave(worker);
export const reportDeath = ({ job }: WorkerFixture) => job.mustStore(job.master, [VARIABLE.workerDead, '0']);
export const endSleigh = ({ job }: WorkerFixture) => job.mustStore(job.master, RIDE_OVER);
