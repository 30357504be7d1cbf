import { recoveryMachine } from '../../machines/policies/recovery.ts';
import type { DeathPolicy } from '../../machines/dead-worker-policy.ts';
import { VARIABLE, VERB } from '../../wire/names.ts';
import { Job } from '../job.ts';
import { mustBe } from '../mismatch.ts';
import { causes, impossible, type ChartModel, type Stimulus } from '../model.ts';
import type { ProtocolClient } from '../protocol-client.ts';

type Variable = typeof VARIABLE.task | typeof VARIABLE.broadcast;

/** A worker with a task or a copy of a broadcast, another worker, and a rank that keeps the group open. */
class RecoveryFixture {
  readonly job: Job;
  readonly #worker: ProtocolClient;
  readonly #other: ProtocolClient;

  private constructor(job: Job, worker: ProtocolClient, other: ProtocolClient) {
    this.job = job;
    this.#worker = worker;
    this.#other = other;
  }

  static async open(job: Job): Promise<RecoveryFixture> {
    const sentinel = await job.guest();
    for (const rank of ['0', '1', '2'])
      await job.mustGet(sentinel, [VERB.fetch, VARIABLE.workerIds], { value: rank });
    const workers = [await job.guest(), await job.guest()] as const;
    for (const [rank, worker] of workers.entries())
      await job.mustStore(worker, [VARIABLE.workerIds, String(rank)]);
    return new RecoveryFixture(job, ...workers);
  }

  close(): void {
    this.job.close();
  }

  async #give(variable: Variable, metadata: Readonly<Record<string, string>> = {}): Promise<string> {
    const batchId = this.job.newBatch();
    await this.job.mustStore(this.job.master, [variable, batchId], {}, { batchId, ...metadata });
    await this.job.mustGet(this.#worker, [VERB.fetchTry, VARIABLE.task], { value: batchId });
    return batchId;
  }

  /** The task of the worker that dies goes to the other one. */
  async requeue(): Promise<void> {
    const batchId = await this.#give(VARIABLE.task);
    await this.job.leave(this.#worker);
    await this.job.mustGet(this.#other, [VERB.fetchTry, VARIABLE.task], { value: batchId });
  }

  /** The copy that the worker fails goes to the same worker. */
  async retry(): Promise<void> {
    const batchId = await this.#give(VARIABLE.broadcast);
    await this.job.mustGet(this.#worker, [VERB.fetchTry, VARIABLE.task], { value: batchId });
  }

  /** The task of the worker that dies gets a null result. */
  async answer(metadata: Readonly<Record<string, string>> = {}): Promise<void> {
    const batchId = await this.#give(VARIABLE.task, metadata);
    await this.job.leave(this.#worker);
    await this.job.mustHaveResult(batchId, '0', { value: '', isNull: true });
  }

  /** The job shuts down, and there is no result. */
  async drop(): Promise<void> {
    const batchId = await this.#give(VARIABLE.task);
    await this.job.leave(this.#worker);
    const answer = await this.job.get(this.job.master, VERB.fetchTry, VARIABLE.result, { batchId });
    mustBe('fetchTry result', answer, { status: '0001', reason: 'sleigh is dead' });
  }
}

type Model = ChartModel<unknown, null, RecoveryFixture>;

const FACTS = {
  type: 'task.unfinished',
  task: 1,
  rank: 0,
  host: '',
  metadata: {},
  attempts: 1,
  maxAttempts: 3,
  isCopy: false,
  workerStays: false,
};

const stimulus = (
  facts: object,
  act: (stage: RecoveryFixture) => Promise<void>,
): Stimulus<unknown, null, RecoveryFixture> => ({
  aims: ['task.unfinished'],
  comesTo: ({ state }) =>
    state === 'deciding'
      ? causes([{ ...FACTS, ...facts }], null, act)
      : impossible('the task has been dealt with, and its next failure has an actor of its own'),
});

const STIMULI: Readonly<Record<DeathPolicy, Model['stimuli']>> = {
  requeue: {
    'task.unfinished, its worker has died': stimulus({ onDeadWorker: 'requeue' }, (stage) => stage.requeue()),
    'task.unfinished, by the last attempt': stimulus({ onDeadWorker: 'requeue', maxAttempts: 1 }, (stage) =>
      stage.answer({ maxAttempts: '1' }),
    ),
    'task.unfinished, a copy that its worker fails': stimulus(
      { onDeadWorker: 'requeue', isCopy: true, workerStays: true },
      (stage) => stage.retry(),
    ),
  },
  null: {
    'task.unfinished, its worker has died': stimulus({ onDeadWorker: 'null' }, (stage) => stage.answer()),
  },
  shutdown: {
    'task.unfinished, its worker has died': stimulus({ onDeadWorker: 'shutdown' }, (stage) => stage.drop()),
  },
};

const nothing = (): Promise<void> => Promise.resolve();

export const recoveryModels: readonly Model[] = (['requeue', 'shutdown', 'null'] as const).map(
  (onDeadWorker) => ({
    variant: onDeadWorker,
    machine: recoveryMachine,
    input: { ...FACTS, onDeadWorker },
    facts: null,
    stimuli: STIMULI[onDeadWorker],
    checks: { deciding: nothing, requeued: nothing, retried: nothing, answered: nothing, dropped: nothing },
    bound: 'one task or one broadcast, whose worker dies or fails it once',
    simpleSteps: 1,
    open: async ({ target }) => RecoveryFixture.open(await Job.open(target.server, { onDeadWorker })),
  }),
);
