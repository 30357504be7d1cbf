import type { Job } from '../job.ts';
import type { Pending, Speaker } from '../speaker.ts';

export const SLEIGH_DEAD = { status: '0001', reason: 'sleigh is dead' };
export const NO_VALUE = { status: '0001', reason: 'no value available.' };
export const WORKER_DEAD = { status: '0001', reason: 'worker is dead' };
export const NO_TASK = { status: '0001', reason: 'Store failed: no current task to store a result of.' };
const RIDE_OVER = ['Sleigh ride over', 'over'] as const;

/** One sentinel with two ranks; the worker of the first is looked at, the second keeps the group from being complete. */
export class WorkerStage {
  readonly job: Job;
  readonly sentinel: Speaker;
  worker: Speaker;
  pending: Pending | undefined;
  /** The batch of the task that the worker has. */
  batch = '';

  constructor(job: Job, sentinel: Speaker, worker: Speaker) {
    this.job = job;
    this.sentinel = sentinel;
    this.worker = worker;
  }

  static async open(job: Job): Promise<WorkerStage> {
    const sentinel = await job.guest();
    for (const rank of ['0', '1']) await job.mustGet(sentinel, ['fetch', 'worker_ids'], { value: rank });
    return new WorkerStage(job, sentinel, await job.guest());
  }

  close(): void {
    this.job.close();
  }

  async storeTask(variable: 'task' | 'broadcast'): Promise<string> {
    const batchId = this.job.newBatch();
    await this.job.mustStore(this.job.master, [variable, batchId], {}, { batchId });
    return batchId;
  }

  /** The worker asks, and waits. */
  async wait(): Promise<void> {
    this.pending = this.job.beginToGet(this.worker, 'fetch', 'task');
    await this.job.mustBeListed('Worker 0', 'Blocked workers');
  }

  /** S7.1: under `null` the task that it had is answered for. */
  async mustHaveFailedTask(batch: string): Promise<void> {
    await this.job.mustHaveResult(batch, '0', { value: '', isNull: true });
  }

  /** Whoever may still ask something: the worker, or somebody else in its place. */
  async asSomebody(isConnected: boolean, act: (who: Speaker) => Promise<void>): Promise<void> {
    if (isConnected) await act(this.worker);
    else await this.job.asStranger(act);
  }
}

export async function mustBeToldOfDeath({ job, pending }: WorkerStage, state: string): Promise<void> {
  if (state === 'registered.waiting') await job.mustBeTold('the worker that has died', pending, WORKER_DEAD);
}

/** A registration by somebody else. */
export const refusesStranger =
  (why: string) =>
  ({ job }: WorkerStage): Promise<void> =>
    job.asStranger((stranger) =>
      job.mustStore(stranger, ['worker_ids', '0'], {
        status: '0001',
        reason: `Worker registration failed: ${why}.`,
      }),
    );

export const sentinelLeaves = ({ job, sentinel }: WorkerStage) => job.leave(sentinel);
export const workerLeaves = ({ job, worker }: WorkerStage) => job.leave(worker);
export const reportDeath = ({ job }: WorkerStage) => job.mustStore(job.master, ['worker_dead', '0']);
export const endSleigh = ({ job }: WorkerStage) => job.mustStore(job.master, RIDE_OVER);
