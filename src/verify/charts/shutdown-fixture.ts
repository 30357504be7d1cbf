import { setTimeout as sleep } from 'node:timers/promises';
import type { DeathPolicy } from '../../machines/shutdown.ts';
import { KEY, VARIABLE, VERB } from '../../wire/names.ts';
import { Job, SUPERVISOR } from '../job.ts';
import { eventually, mustBe } from '../mismatch.ts';
import { ProtocolClient, type Address, type Pending, type Details } from '../protocol-client.ts';
import { SLEIGH_DEAD } from './replies.ts';

/** Seconds (S14), and a little more, because the period began before this side knew. */
const DRAIN = 10.2;
/** Seconds by which a timer of the server may be late. */
const LEEWAY = 0.2;

interface Worker {
  readonly protocolClient: ProtocolClient;
  readonly rank: string;
}

/** A job with a queued task, and a client that waits for a task without being a worker (S7). */
export class ShutdownFixture {
  readonly job: Job;
  /** It is answered when all waits end (S14, S14.1). */
  readonly waiter: Pending;
  /** Resolves when the grace period must have ended (S15). */
  graceIsOver: Promise<void>;
  readonly #options: Details;
  readonly #server: Address;
  #sentinel: ProtocolClient | undefined;
  #workers: Worker[] = [];

  private constructor(job: Job, waiter: Pending, server: Address, options: Details) {
    this.job = job;
    this.#options = options;
    this.waiter = waiter;
    this.#server = server;
    this.graceIsOver = this.#afterGrace();
  }

  #afterGrace(): Promise<void> {
    const grace = Number(this.#options[KEY.workerGracePeriod] ?? 0) + LEEWAY;
    return sleep(grace * 1000, undefined, { ref: false });
  }

  /** S19: the last worker of a closed group has ended. */
  beginGrace(): void {
    this.graceIsOver = this.#afterGrace();
  }

  static async open(server: Address, options: Details): Promise<ShutdownFixture> {
    const job = await Job.open(server, options);
    const waiter = job.beginToGet(await job.guest(), VERB.fetch, VARIABLE.task);
    await eventually(async () =>
      (await job.listed(VARIABLE.task)).fetchers === 1 ? undefined : 'a get of task is not listed as waiting',
    );
    await job.mustStore(job.master, [VARIABLE.task, 'spare']);
    return new ShutdownFixture(job, waiter, server, options);
  }

  close(): void {
    this.job.close();
  }

  /** Assigns a rank to a sentinel. */
  async declare({ isSupervised = false } = {}): Promise<string> {
    this.#sentinel ??= await this.job.guest();
    const description = isSupervised ? SUPERVISOR : {};
    return (await this.job.mustGet(this.#sentinel, [VERB.fetch, VARIABLE.workerIds], {}, description)).value;
  }

  async register(of: { isSupervised?: boolean } = {}): Promise<void> {
    await this.registerDeclared(await this.declare(of));
  }

  /** S19: its sentinel reports that it has ended and that its task was not tried. */
  async reportEnd({ isTrue }: { isTrue: boolean }): Promise<void> {
    await this.job.mustReport(this.#lastWorker.rank, 'untried');
    if (isTrue) this.#workers.pop();
  }

  async registerDeclared(rank = '0'): Promise<void> {
    const protocolClient = await this.job.guest();
    await this.job.mustStore(protocolClient, [VARIABLE.workerIds, rank]);
    this.#workers.push({ protocolClient, rank });
  }

  get #lastWorker(): Worker {
    const worker = this.#workers.at(-1);
    if (worker === undefined) throw new Error('nobody is registered');
    return worker;
  }

  /** S19: the current worker, if any, is replaced: another one may register under its rank. */
  async replaceDeclared(): Promise<void> {
    await this.job.mustReplace('0', { value: '0' });
    const worker = this.#workers.pop();
    if (worker !== undefined) await this.job.leave(worker.protocolClient);
  }

  /** S13, S19: under the policy `shutdown` the death of the worker that is to be replaced ends the job. */
  async replaceInVain(): Promise<void> {
    await this.job.mustReplace('0', { value: '-1' });
    this.#workers.pop();
  }

  async loseWorker(): Promise<void> {
    const { protocolClient } = this.#lastWorker;
    this.#workers.pop();
    await this.job.leave(protocolClient);
  }

  async reportDeath({ isTrue }: { isTrue: boolean }): Promise<void> {
    await this.reportDeathOf(this.#lastWorker.rank, { isTrue });
  }

  async reportDeathOf(rank: string, { isTrue }: { isTrue: boolean }): Promise<void> {
    await this.job.mustStore(this.job.master, [VARIABLE.workerDead, rank]);
    if (isTrue) this.#workers.pop();
  }

  async loseSentinel({ withWorkers }: { withWorkers: boolean }): Promise<void> {
    if (this.#sentinel !== undefined) await this.job.leave(this.#sentinel);
    this.#sentinel = undefined;
    if (withWorkers) this.#workers = [];
  }

  /** S7.1: a worker asks for a task while it has one. One more task is always queued. */
  async failTask(policy: DeathPolicy): Promise<void> {
    const { job } = this;
    for (const task of ['first', 'second'])
      await job.mustStore(job.master, [VARIABLE.task, task], {}, { batchId: task });
    const { protocolClient } = this.#lastWorker;
    await job.mustGet(protocolClient, [VERB.fetchTry, VARIABLE.task], {});
    await job.mustGet(
      protocolClient,
      [VERB.fetchTry, VARIABLE.task],
      policy === 'shutdown' ? SLEIGH_DEAD : {},
    );
  }

  /** S14. */
  async mustGetNoTask(): Promise<void> {
    await this.job.mustGet(this.#lastWorker.protocolClient, [VERB.fetchTry, VARIABLE.task], SLEIGH_DEAD);
  }

  async endOfDrain(): Promise<void> {
    await sleep(DRAIN * 1000);
  }

  /** P3: the client requests the stop, and it happens when that client disconnects. */
  async stopServer({ isUp }: { isUp: boolean }): Promise<void> {
    const { job } = this;
    const master = await job.guest();
    const result = isUp ? job.beginToGet(master, VERB.fetch, VARIABLE.result) : undefined;
    if (isUp)
      await eventually(async () =>
        (await job.listed(VARIABLE.result)).fetchers === 1
          ? undefined
          : 'a get of result is not listed as waiting',
      );
    const killer = await ProtocolClient.ready(this.#server);
    mustBe(VERB.deadman, await killer.ask([VERB.deadman]), {});
    killer.vanish();
    if (isUp) await job.mustBeTold('the master, when the server stops', result, SLEIGH_DEAD);
    await job.master.ended();
  }
}
