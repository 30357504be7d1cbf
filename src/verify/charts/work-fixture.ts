import { KEY, VARIABLE, VERB, type VariableName } from '../../wire/names.ts';
import type { Job } from '../job.ts';
import { mustBe, mustHold } from '../mismatch.ts';
import type { ProtocolClient } from '../protocol-client.ts';
import { SLEIGH_DEAD } from './replies.ts';

/** The session of the worker (S18). */
const SESSION = { session: 'its own' };

/** A worker that may come back, one that has ended and is still connected, and a rank that keeps the group open. */
export class WorkFixture {
  readonly job: Job;
  worker: ProtocolClient;
  readonly ended: ProtocolClient;

  private constructor(job: Job, worker: ProtocolClient, ended: ProtocolClient) {
    this.job = job;
    this.worker = worker;
    this.ended = ended;
  }

  static async open(job: Job): Promise<WorkFixture> {
    const sentinel = await job.guest();
    for (const rank of ['0', '1', '2'])
      await job.mustGet(sentinel, [VERB.fetch, VARIABLE.workerIds], { value: rank });
    const [worker, ended] = [await job.guest(), await job.guest()];
    await job.mustStore(worker, [VARIABLE.workerIds, '0'], {}, SESSION);
    await job.mustStore(ended, [VARIABLE.workerIds, '1']);
    await job.mustStore(job.master, [VARIABLE.workerDead, '1']);
    return new WorkFixture(job, worker, ended);
  }

  close(): void {
    this.job.close();
  }

  async storeAndDo(variable: VariableName): Promise<void> {
    const batchId = this.job.newBatch();
    await this.job.mustStore(this.job.master, [variable, batchId], {}, { batchId });
    await this.#do(batchId);
  }

  async #do(batchId: string): Promise<void> {
    const { job, worker } = this;
    await job.mustGet(worker, [VERB.fetchTry, VARIABLE.task], { value: batchId });
    await job.mustStore(worker, [VARIABLE.result, 'done'], {}, { batchId });
    await job.mustHaveResult(batchId, '0', { value: 'done', isNull: false });
  }

  /** A client asks and waits, and disconnects if it is not answered. */
  async ask(variable: VariableName, waits: boolean): Promise<void> {
    const { job } = this;
    await job.asStranger(async (stranger) => {
      const pending = job.beginToGet(stranger, VERB.fetch, variable);
      if (!waits) {
        await job.mustBeTold('whoever asks', pending, SLEIGH_DEAD);
        return;
      }
      // A request two round trips later follows it.
      for (let n = 0; n < 2; n++) await job.get(job.master, VERB.find, VARIABLE.joinStatus);
      job.mustWait('whoever asks', pending);
    });
  }

  /** The worker is sent a task that does not reach it, and comes back. */
  async #loseTask(between: () => Promise<void>): Promise<string> {
    const { job, worker: old } = this;
    const batchId = job.newBatch();
    await job.mustStore(job.master, [VARIABLE.task, batchId], {}, { batchId });
    await job.mustGet(old, [VERB.fetchTry, VARIABLE.task], { value: batchId });
    await between();
    this.worker = await job.guest();
    const answer = await job.store(this.worker, VARIABLE.workerIds, '0', SESSION);
    mustBe('store worker_ids', answer, {});
    mustHold(
      answer.metadata[KEY.busy] === '0',
      'a worker comes back without a task, and is told that it is busy',
    );
    await job.leave(old);
    return batchId;
  }

  /** S18: the task is handed to it again. */
  async comeBackWithoutTask(): Promise<void> {
    await this.#do(await this.#loseTask(() => Promise.resolve()));
  }

  endSleigh(): Promise<void> {
    return this.job.mustStore(this.job.master, [VARIABLE.rideOver, 'over']);
  }

  /** S14: no worker does the task any more. */
  async endWithTask(): Promise<void> {
    await this.#loseTask(() => this.endSleigh());
    await this.job.mustRun(0);
  }
}
