import { expect } from 'vitest';
import type { DeathPolicy } from '../../src/machines/shutdown.ts';
import { stateOfWorker } from '../../src/sleigh/agents.ts';
import type { JobMachines } from '../../src/sleigh/job-machines.ts';
import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import { sleighPlugin } from '../../src/sleigh/plugin.ts';
import type { Sleigh } from '../../src/sleigh/sleigh.ts';
import { expectInvariants, sleighsOf } from './invariants.ts';
import { Job } from './job.ts';
import { JobOracle, type Told } from './job-oracle.ts';
import { miscounted } from './memory-held.ts';
import type { Reply } from '../../src/verify/client-codec.ts';
import { OK } from './replies.ts';
import type { Entries } from './simulated-client.ts';
import { SimulatedServer } from './simulated-server.ts';
import type { Visitor } from './visitor.ts';
import { isShuttingDown } from './phase.ts';

export const BATCHES = ['a', 'b'] as const;
type Batch = (typeof BATCHES)[number];

/** An action in a job. Numbers choose among the clients that can do it. */
export type Step =
  | { do: 'hire'; ranks: number }
  | { do: 'register'; who: number }
  | { do: 'askForTask'; who: number; waits: boolean }
  | { do: 'storeResult'; who: number }
  | { do: 'storeTask' | 'storeBroadcast'; batch: Batch; size: number }
  | { do: 'askForResult'; who: number; batch: Batch; waits: boolean }
  | { do: 'askAlive'; who: number }
  | { do: 'askStatus' | 'waitForWorkers'; delay: number }
  | { do: 'setMaximum'; spare: number }
  | { do: 'fireTimer' }
  | { do: 'vanish'; party: 'worker' | 'sentinel' | 'master'; who: number }
  | { do: 'reportDeath'; who: number }
  | { do: 'end' };

interface PlayOptions {
  readonly maxAttempts?: number;
  readonly machines?: JobMachines;
  /** Whether the job stays when its owner has left (W6). */
  readonly persistent?: boolean;
  /** Other options of the job. */
  readonly options?: Entries;
}

const MASTERS = 2;

/** Plays a job step by step, and compares all replies with the oracle, until the job shuts down. */
export class JobPlay {
  readonly server: SimulatedServer;
  readonly oracle: JobOracle;
  readonly job: Job;
  readonly #sleigh: Sleigh;
  readonly #masters: Visitor[];
  readonly #sentinels: Visitor[] = [];
  readonly #workers = new Map<number, Visitor>();
  #stored = 0;
  /** The result of `finish`. */
  readonly results: Told[] = [];

  /** @param machines instead of those of every job */
  constructor(
    policy: DeathPolicy,
    { maxAttempts = 2, machines, persistent = false, options = {} }: PlayOptions = {},
  ) {
    this.server = new SimulatedServer({
      limits: { longValueBytes: 6_000 },
      plugins: { sleigh: sleighPlugin(DEFAULT_OPTIONS, machines) },
    });
    this.job = new Job(
      this.server,
      {
        onDeadWorker: policy,
        maxAttempts: String(maxAttempts),
        sentinelRefreshPeriod: '30',
        workerGracePeriod: '100',
        ...options,
      },
      persistent,
    );
    const [sleigh] = sleighsOf(this.server);
    if (sleigh === undefined) throw new Error('there is no sleigh');
    this.#sleigh = sleigh;
    this.oracle = new JobOracle(policy, maxAttempts);
    this.#masters = Array.from({ length: MASTERS }, () => this.job.visitor());
  }

  /** The oracle models a job only while it serves. */
  get isServing(): boolean {
    return !isShuttingDown(this.#sleigh);
  }

  step(step: Step): void {
    const wasServing = this.isServing;
    this.#perform(step);
    expectInvariants(this.server);
    const wrong = miscounted(this.server.core);
    if (wrong.length > 0) expect(wrong).toEqual([]);
    if (this.isServing) this.#compare();
    else if (wasServing) this.#forgetReplies();
  }

  #perform(step: Step): void {
    switch (step.do) {
      case 'hire':
        this.#sentinels.push(this.job.sentinel(step.ranks));
        return;
      case 'register':
        return this.#register(step.who);
      case 'askForTask':
        return this.#withIdle([...this.#workers], step.who, ([rank, worker]) => {
          worker.ask(step.waits ? 'fetch' : 'fetchTry', 'task');
          if (!this.isServing || this.oracle.workers.get(rank)?.isDead === true) return worker.client.skip();
          this.oracle.asksForTask(rank, step.waits);
          if (!step.waits && !this.oracle.told.has(`worker ${rank}`)) worker.client.skip();
        });
      case 'storeResult':
        return this.#withIdle([...this.#workers], step.who, ([rank, worker]) => {
          const { status } = worker.store('result', `result by ${rank}`);
          if (!this.isServing) return;
          expect(status === OK.status).toBe(this.oracle.workers.get(rank)?.task !== undefined);
          this.oracle.storesResult(rank);
        });
      case 'storeTask':
      case 'storeBroadcast':
        return this.#store(step);
      case 'askForResult': {
        const number = step.who % MASTERS;
        return this.#withIdle([['', this.#masters[number]]], 0, ([, master]) => {
          const metadata = { batchId: step.batch };
          master.ask(step.waits ? 'fetch' : 'fetchTry', 'result', { metadata });
          if (!this.isServing) return master.client.skip();
          this.oracle.asksForResult(number, step.batch, step.waits);
          if (!step.waits && !this.oracle.told.has(`master ${number}`)) master.client.skip();
        });
      }
      case 'askAlive':
        return this.#withIdle(this.#sentinels.entries(), step.who, ([, sentinel]) => {
          sentinel.client.skip();
          sentinel.ask('find', 'sentinel_alive');
        });
      case 'askStatus':
      case 'waitForWorkers': {
        const variable = step.do === 'askStatus' ? 'status' : step.do;
        return this.job.visitor().ask('find', variable, { metadata: { delay: String(step.delay) } });
      }
      case 'setMaximum': {
        const { ranksGiven } = this.#sleigh.joining.context;
        if (this.#sleigh.joining.phase !== 'closed')
          this.job.master.store('workerCount', String(ranksGiven + step.spare));
        return;
      }
      case 'fireTimer':
        this.server.fireNextTimer();
        return;
      case 'vanish':
        return this.#vanish(step);
      case 'reportDeath':
        this.job.master.store('worker_dead', String(step.who));
        return;
      case 'end':
        this.job.master.store('Sleigh ride over', '1');
    }
  }

  #register(who: number): void {
    const { ranksGiven } = this.#sleigh.joining.context;
    if (ranksGiven === 0) return;
    const rank = who % ranksGiven;
    const worker = this.job.visitor();
    if (worker.store('worker_ids', String(rank)).status !== OK.status) return worker.leave();
    this.#workers.set(rank, worker);
    this.oracle.registered(rank);
  }

  #store(step: Extract<Step, { do: 'storeTask' | 'storeBroadcast' }>): void {
    const isTask = step.do === 'storeTask';
    const tag = `${isTask ? 'task' : 'broadcast'} ${this.#stored++}`;
    const metadata = { batchId: step.batch, tag };
    const reply = this.job.master.store(isTask ? 'task' : 'broadcast', ''.padEnd(step.size), { metadata });
    if (reply.status !== OK.status) return;
    if (isTask) this.oracle.storesTask(tag, step.batch);
    else this.oracle.storesBroadcast(tag, step.batch, this.#sleigh.joining.context.maximum);
  }

  #vanish({ party, who }: Extract<Step, { do: 'vanish' }>): void {
    if (party === 'master') {
      const number = who % MASTERS;
      this.#masters[number]?.leave();
      this.oracle.masterLeft(number);
      this.#masters[number] = this.job.visitor();
    } else if (party === 'worker')
      [...this.#workers.values()][who % Math.max(this.#workers.size, 1)]?.leave();
    else this.#sentinels[who % Math.max(this.#sentinels.length, 1)]?.leave();
  }

  /** Lets the chosen client act, unless it is disconnected or waits. */
  #withIdle<Key>(
    parties: Iterable<[Key, Visitor | undefined]>,
    who: number,
    act: (party: [Key, Visitor]) => void,
  ): void {
    const all = [...parties];
    const [key, visitor] = all[who % Math.max(all.length, 1)] ?? [];
    if (key === undefined || visitor === undefined || visitor.isWaiting) return;
    if (!visitor.client.closed && !visitor.client.gone) act([key, visitor]);
  }

  /** The decisions of the machines are passed to the oracle; the replies must equal its expectations. */
  #compare(): void {
    const isBusy = (rank: number): boolean => this.oracle.workers.get(rank)?.task !== undefined;
    // When a host fails, its workers without a task die first (S13).
    const workers = this.#sleigh.crew.workers.toSorted(
      (a, b) => Number(isBusy(a.rank)) - Number(isBusy(b.rank)),
    );
    for (const worker of workers) {
      const known = this.oracle.workers.get(worker.rank);
      if (known !== undefined && !known.isDead && stateOfWorker(worker) === 'dead') {
        this.oracle.died(worker.rank);
        this.#workers.get(worker.rank)?.client.skip();
      }
    }
    if (this.#sleigh.joining.phase === 'closed' && !this.oracle.isClosed)
      this.oracle.closed(this.#sleigh.joining.context.maximum);
    for (const [rank, worker] of this.#workers) this.#expectTold(`worker ${rank}`, worker);
    for (const [number, master] of this.#masters.entries()) this.#expectTold(`master ${number}`, master);
    if (this.oracle.told.size > 0) expect([...this.oracle.told]).toEqual([]);
    const { running, queue } = this.oracle;
    expect(this.#sleigh.work.batches.all).toEqual({ running, pending: running + queue.length });
  }

  #expectTold(name: string, { client }: Visitor): void {
    const told = this.oracle.told.get(name);
    if (told === undefined && !client.isAnswered) return;
    this.oracle.told.delete(name);
    expect(client.isAnswered ? toldBy(client.reply()) : undefined, name).toEqual(told);
  }

  #forgetReplies(): void {
    for (const visitor of [...this.#workers.values(), ...this.#masters]) visitor.client.skip();
  }

  /** The group closes, the live workers finish the remaining tasks, and all results are fetched. */
  finish(): void {
    this.step({ do: 'askStatus', delay: 0 });
    for (let n = 0; n < 50 && this.isServing && !this.oracle.isClosed; n++) this.step({ do: 'fireTimer' });
    for (const [who, rank] of [...this.#workers.keys()].entries())
      do {
        this.step({ do: 'storeResult', who });
        this.step({ do: 'askForTask', who, waits: false });
      } while (this.isServing && this.oracle.workers.get(rank)?.task !== undefined);
    if (!this.isServing) return;
    const taker = this.job.visitor();
    for (const batchId of BATCHES)
      for (;;) {
        const reply = taker.get('fetchTry', 'result', { metadata: { batchId } });
        if (reply.status !== OK.status) break;
        this.results.push(toldBy(reply));
      }
  }

  /** After the end of everything nothing may be left. */
  end(): void {
    this.job.owner.leave();
    expect(this.server.core.counts.timers).toBe(0);
    this.server.end();
  }
}

function toldBy({ metadata, status }: Reply): Told {
  expect(status).toBe(OK.status);
  const { tag = '', nwsWorkerRank, nwsNull } = metadata;
  return {
    tag,
    ...(nwsWorkerRank === undefined ? {} : { rank: Number(nwsWorkerRank) }),
    ...(nwsNull === undefined ? {} : { isNull: true }),
  };
}
