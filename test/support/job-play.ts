import { expect } from 'vitest';
import { Client } from '../../model-tests/oracle/model/client.ts';
import { Job as JobModel } from '../../model-tests/oracle/model/job.ts';
import type { Reply as ExpectedReply } from '../../model-tests/oracle/model/replies.ts';
import { Workspace } from '../../model-tests/oracle/model/workspace.ts';
import { differences, Identities } from '../../model-tests/oracle/play/compare.ts';
import type { SentinelState } from '../../src/machines/sentinel.ts';
import type { DeathPolicy } from '../../src/machines/shutdown.ts';
import { stateOfSentinel } from '../../src/sleigh/agents.ts';
import type { JobMachines } from '../../src/sleigh/job-machines.ts';
import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import { sleighPlugin } from '../../src/sleigh/plugin.ts';
import type { Sleigh } from '../../src/sleigh/sleigh.ts';
import type { Reply } from '../../src/verify/client-codec.ts';
import { expectInvariants, sleighsOf } from './invariants.ts';
import { Job } from './job.ts';
import { miscounted } from './memory-held.ts';
import { isShuttingDown } from './phase.ts';
import { OK } from './replies.ts';
import type { Entries } from './simulated-client.ts';
import { SimulatedServer } from './simulated-server.ts';
import type { Visitor } from './visitor.ts';

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

/** What a result says. */
export interface Result {
  readonly tag: string;
  readonly isNull: boolean;
}

const MASTERS = 2;
/** The simulated clients use the new handshake (P2.1). */
const SHAPE = { getsMetadata: true, getsCookies: true };

/**
 * Plays a job step by step, on a server and on the model of the oracle, and compares the replies until the job shuts
 * down. The model knows no time: it is told when a timer has ended the join phase or a sentinel.
 */
export class JobPlay {
  readonly server: SimulatedServer;
  readonly job: Job;
  readonly #sleigh: Sleigh;
  readonly #model: Workspace;
  readonly #modelled: JobModel;
  /** The clients of the model, by their names. */
  readonly #clients = new Map<string, Client>();
  /** The replies that the model has sent in this step. */
  readonly #expected = new Map<Client, ExpectedReply>();
  readonly #identities = new Identities();
  readonly #masters: Visitor[];
  readonly #sentinels: Visitor[] = [];
  readonly #workers = new Map<number, Visitor>();
  #stored = 0;
  /** The tags of all broadcasts. */
  readonly broadcasts: string[] = [];
  /** The result of `finish`. */
  readonly results: Result[] = [];

  /** @param machines instead of those of every job */
  constructor(
    policy: DeathPolicy,
    { maxAttempts = 2, machines, persistent = false, options = {} }: PlayOptions = {},
  ) {
    this.server = new SimulatedServer({
      limits: { longValueBytes: 6_000 },
      plugins: { sleigh: sleighPlugin(DEFAULT_OPTIONS, machines) },
    });
    const entries = {
      onDeadWorker: policy,
      maxAttempts: String(maxAttempts),
      sentinelRefreshPeriod: '30',
      workerGracePeriod: '100',
      ...options,
    };
    this.job = new Job(this.server, entries, persistent);
    const [sleigh] = sleighsOf(this.server);
    if (sleigh === undefined) throw new Error('there is no sleigh');
    this.#sleigh = sleigh;
    const send = (client: Client, reply: ExpectedReply): void => void this.#expected.set(client, reply);
    this.#model = new Workspace('job', send);
    this.#modelled = this.#model.job = new JobModel(this.#model, entries, send);
    this.#masters = Array.from({ length: MASTERS }, () => this.job.visitor());
  }

  /** Replies are compared only while the job serves. */
  get isServing(): boolean {
    return !isShuttingDown(this.#sleigh);
  }
  get isClosed(): boolean {
    return this.#sleigh.joining.phase === 'closed';
  }
  /** The tasks that no worker has, according to the model. */
  get queued(): number {
    return Number(this.#modelled.line('task')?.split('\t')[1]);
  }

  step(step: Step): void {
    const wasServing = this.isServing;
    this.#expected.clear();
    this.#perform(step);
    expectInvariants(this.server);
    const wrong = miscounted(this.server.core);
    if (wrong.length > 0) expect(wrong).toEqual([]);
    if (!wasServing) return;
    // Only time ends a job that the model does not end.
    if (step.do === 'fireTimer') this.#followTime();
    else if (this.#modelled.isOver === this.isServing)
      expect(this.#modelled.isOver, 'it shuts down').toBe(!this.isServing);
    if (this.isServing) this.#compare();
    else for (const visitor of [...this.#workers.values(), ...this.#masters]) visitor.client.skip();
  }

  #perform(step: Step): void {
    switch (step.do) {
      case 'hire': {
        const sentinel = this.job.visitor();
        this.#sentinels.push(sentinel);
        for (let n = 0; n < step.ranks; n++) {
          this.#ask(sentinel, 'fetch', 'worker_ids');
          this.#expectReply('the new sentinel', sentinel);
        }
        return;
      }
      case 'register':
        return this.#register(step.who);
      case 'askForTask':
        return this.#withIdle([...this.#workers.values()], step.who, (worker) =>
          this.#ask(worker, step.waits ? 'fetch' : 'fetchTry', 'task'),
        );
      case 'storeResult':
        return this.#withIdle([...this.#workers.values()], step.who, (worker) =>
          this.#store(worker, 'result', 'a result'),
        );
      case 'storeTask':
      case 'storeBroadcast':
        return this.#submit(step);
      case 'askForResult':
        return this.#withIdle([this.#masters[step.who % MASTERS]], 0, (master) =>
          this.#ask(master, step.waits ? 'fetch' : 'fetchTry', 'result', { batchId: step.batch }),
        );
      case 'askAlive':
        return this.#withIdle(this.#sentinels, step.who, (sentinel) => {
          this.#ask(sentinel, 'find', 'sentinel_alive');
        });
      case 'askStatus':
      case 'waitForWorkers': {
        const variable = step.do === 'askStatus' ? 'status' : step.do;
        return this.#ask(this.job.visitor(), 'find', variable, { delay: String(step.delay) });
      }
      case 'setMaximum':
        if (!this.isClosed)
          this.#store(this.job.master, 'workerCount', String(this.#modelled.workers.length + step.spare));
        return;
      case 'fireTimer':
        this.server.fireNextTimer();
        return;
      case 'vanish':
        return this.#vanish(step);
      case 'reportDeath':
        return this.#store(this.job.master, 'worker_dead', String(step.who));
      case 'end':
        this.#store(this.job.master, 'Sleigh ride over', '1');
    }
  }

  #clientOf({ client }: Visitor): Client {
    const known = this.#clients.get(client.peer) ?? new Client(client.peer);
    this.#clients.set(client.peer, known);
    return known;
  }

  #ask(visitor: Visitor, verb: string, variable: string, metadata: Entries = {}): void {
    const client = this.#clientOf(visitor);
    const form = { takes: verb.startsWith('fetch'), waits: !verb.endsWith('Try'), iterates: false };
    visitor.ask(verb, variable, { metadata });
    const reply = this.#model.get(variable, { client, ...form, after: undefined, metadata });
    if (reply !== undefined) this.#expected.set(client, reply);
  }

  #store(visitor: Visitor, variable: string, text: string, metadata: Entries = {}): void {
    const client = this.#clientOf(visitor);
    visitor.client.send(['store', visitor.workspace, variable, '1', text], metadata);
    const reply = this.#model.store(variable, { text, descriptor: 1, metadata }, client);
    if (reply !== undefined) this.#expected.set(client, reply);
    this.#expectReply(`the store to ${variable}`, visitor);
  }

  #register(who: number): void {
    const ranks = this.#modelled.workers.length;
    if (ranks === 0) return;
    const worker = this.job.visitor();
    this.#store(worker, 'worker_ids', String(who % ranks));
    if (this.#modelled.roleOf(this.#clientOf(worker)) === 'none') this.#leave(worker);
    else this.#workers.set(who % ranks, worker);
  }

  #submit(step: Extract<Step, { do: 'storeTask' | 'storeBroadcast' }>): void {
    const variable = step.do === 'storeTask' ? 'task' : 'broadcast';
    const tag = `${variable} ${this.#stored++}`;
    if (variable === 'broadcast' && this.isServing) this.broadcasts.push(tag);
    this.#store(this.job.master, variable, ''.padEnd(step.size), { batchId: step.batch, tag });
  }

  #vanish({ party, who }: Extract<Step, { do: 'vanish' }>): void {
    if (party === 'master') {
      const number = who % MASTERS;
      this.#leave(this.#masters[number]);
      this.#masters[number] = this.job.visitor();
    } else {
      const all = party === 'worker' ? [...this.#workers.values()] : this.#sentinels;
      this.#leave(all[who % Math.max(all.length, 1)]);
    }
  }

  #leave(visitor: Visitor | undefined): void {
    if (visitor === undefined || visitor.client.gone) return;
    visitor.leave();
    this.#model.withdraw(this.#clientOf(visitor));
    this.#model.forget(this.#clientOf(visitor));
  }

  /** Lets the chosen client act, unless it is disconnected or waits. */
  #withIdle(all: readonly (Visitor | undefined)[], who: number, act: (visitor: Visitor) => void): void {
    const visitor = all[who % Math.max(all.length, 1)];
    if (visitor === undefined || visitor.isWaiting) return;
    if (!visitor.client.closed && !visitor.client.gone) act(visitor);
  }

  /** Tells the model what time has done. */
  #followTime(): void {
    for (const sentinel of this.#sleigh.crew.sentinels)
      this.#followSentinel(stateOfSentinel(sentinel), this.#clients.get(sentinel.client.peer));
    if (this.isClosed) this.#modelled.closeByTime();
  }

  #followSentinel(state: SentinelState, client = new Client('')): void {
    if (state === 'active') this.#modelled.wake(client);
    if (state === 'dead') this.#modelled.expire(client);
  }

  #compare(): void {
    for (const [rank, worker] of this.#workers) this.#expectReply(`worker ${rank}`, worker);
    for (const [number, master] of this.#masters.entries()) this.#expectReply(`master ${number}`, master);
    for (const [number, sentinel] of this.#sentinels.entries())
      this.#expectReply(`sentinel ${number}`, sentinel);
    this.#ask(this.job.master, 'find', 'jobStatus', { all: '1' });
    this.#expectReply('jobStatus', this.job.master);
    this.#ask(this.job.master, 'find', 'agentStatus');
    this.#expectReply('agentStatus', this.job.master);
  }

  /** Its reply is what the model has sent in this step, and it has none if the model has sent none. */
  #expectReply(name: string, visitor: Visitor): void {
    const { client } = visitor;
    const expected = this.#expected.get(this.#clientOf(visitor));
    this.#expected.delete(this.#clientOf(visitor));
    const got = client.isAnswered ? client.reply() : undefined;
    if (!this.isServing) return;
    // An assertion takes many times as long as these comparisons.
    if (expected === undefined || got === undefined) {
      if (expected !== got) expect({ name, got }).toEqual({ name, got: expected });
      return;
    }
    const wrong = differences(expected, got, SHAPE, this.#identities);
    if (wrong.length > 0) expect([name, ...wrong]).toEqual([name]);
  }

  /** The group closes, the live workers finish the remaining tasks, and all results are fetched. */
  finish(): void {
    this.step({ do: 'askStatus', delay: 0 });
    for (let n = 0; n < 50 && this.isServing && !this.isClosed; n++) this.step({ do: 'fireTimer' });
    for (const [who, worker] of [...this.#workers.values()].entries())
      do {
        this.step({ do: 'storeResult', who });
        this.step({ do: 'askForTask', who, waits: false });
      } while (this.isServing && this.#modelled.roleOf(this.#clientOf(worker)) === 'busy');
    if (!this.isServing) return;
    const taker = this.job.visitor();
    for (const batchId of BATCHES)
      for (;;) {
        const reply = taker.get('fetchTry', 'result', { metadata: { batchId } });
        if (reply.status !== OK.status) break;
        this.results.push(resultIn(reply));
      }
  }

  /** After the end of everything nothing may be left. */
  end(): void {
    this.job.owner.leave();
    expect(this.server.core.counts.timers).toBe(0);
    this.server.end();
  }
}

const resultIn = ({ metadata }: Reply): Result => ({
  tag: metadata['tag'] ?? '',
  isNull: metadata['nwsNull'] !== undefined,
});
