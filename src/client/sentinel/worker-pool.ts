import { createActor, type Actor } from 'xstate';
import { poolMachine, type PoolEvent } from '../../machines/pool/pool.ts';
import type { RestartBudget } from '../../machines/pool/restart-budget.ts';
import { workerProcessMachine } from '../../machines/pool/worker-process.ts';
import { DIED, type WorkerEnd } from '../../machines/pool/worker-process-setup.ts';
import type { ChildKind } from './child.ts';
import { delay, type Timer } from '../clock.ts';
import type { NodeOptions } from './node-flags.ts';
import type { Platform } from '../platform.ts';
import { WorkerHost, type OutputStream } from './worker-host.ts';
import type { WorkerChild } from './worker-child.ts';
import type { CallSeen, CancelledBatches, MessageAboutRank, WorkerOrder } from '../worker/worker-messages.ts';

export interface WorkerPoolOptions {
  readonly platform: Platform;
  readonly kind: ChildKind;
  /** The wanted number of ranks. */
  readonly workers: number;
  /** The number of ranks of a process (S22.14). The default is 1. */
  readonly concurrency?: number | undefined;
  /** Flags of Node for the workers. */
  readonly node?: NodeOptions | undefined;
  /** Undefined if workers are not replaced. */
  readonly budget: RestartBudget | undefined;
  /** The order of each worker without its rank. */
  readonly order: Omit<WorkerOrder, 'type' | 'rank' | 'cancelled' | 'concurrency'>;
  /** @returns a rank for another worker, or again the rank of the replaced one; undefined if there is none */
  readonly askForRank: (replaces?: number) => Promise<number | undefined>;
  /**
   * Reports an end to the server; the worker is replaced after that. It never rejects.
   * @param isFirst whether the end of its process was not reported for another rank
   */
  readonly report: (end: WorkerEnd, isFirst: boolean) => Promise<void>;
  /** Called with the output of a worker, in whole lines; the pool waits for it. */
  readonly onOutput: (rank: number, stream: OutputStream, lines: string) => Promise<void>;
  /** Follows what the workers do. */
  readonly watch?: WorkerWatch | undefined;
}

/** Follows what workers do, for people. */
export interface WorkerWatch {
  started(rank: number, child: Pick<WorkerChild, 'usage'>): void;
  /** @param seen the call that lasts; undefined when it has ended */
  calls(rank: number, seen: CallSeen | undefined): void;
  ended(rank: number): void;
}

/** Milliseconds in which the server must accept the report of an end. */
const REPORT_LIMIT_MS = 2_000;

interface Member {
  readonly actor: Actor<typeof workerProcessMachine>;
  readonly host: WorkerHost;
}

/**
 * The workers of a sentinel. The statecharts in machines/pool contain the rules; this class implements their actions.
 */
export class WorkerPool {
  /** Resolves with the reason when it has no workers and none is coming. */
  readonly stopped: Promise<string>;
  /** Resolves with the number of ranks at the beginning. */
  readonly begun: Promise<number>;
  readonly #options: WorkerPoolOptions;
  readonly #members = new Map<number, Member>();
  readonly #replacements = new Set<Timer>();
  readonly #pool: Actor<typeof poolMachine>;
  #cancelled: CancelledBatches = {};
  #drainTimer: Timer | undefined;
  #notifyBegun: (count: Promise<number>) => void = () => undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    const { workers, budget } = options;
    this.begun = new Promise((resolve) => (this.#notifyBegun = resolve));
    let notifyStopped: (reason: string) => void;
    this.stopped = new Promise((resolve) => (notifyStopped = resolve));
    const { clock } = options.platform;
    const machine = poolMachine.provide({
      actions: {
        askForRanks: (_, { count }) => this.#notifyBegun(this.#askForRanks(count)),
        askForReplacement: (_, { rank }) => void this.#askForReplacement(rank),
        startWorker: (_, { rank }) => this.#startWorker(rank),
        startReplacementTimer: (_, { rank, milliseconds }) => this.#startReplacementTimer(rank, milliseconds),
        stopReplacementTimers: () => this.#stopReplacementTimers(),
        askWorkersToLeave: () => this.#sendAll({ type: 'leave.asked' }),
        startDrainTimer: (_, { milliseconds }) => {
          this.#drainTimer = clock.startTimer(milliseconds, () => this.#send({ type: 'drain.elapsed' }));
        },
        stopDrainTimer: () => this.#drainTimer?.stop(),
        releaseWorkers: () => this.#sendAll({ type: 'release.asked' }),
        notifyStopped: (_, { reason }) => notifyStopped(reason),
      },
    });
    this.#pool = createActor(machine, { input: { workers, budget } });
    this.#pool.start();
  }

  /** Replaces the list of cancelled batches. */
  setCancelled(batches: CancelledBatches): void {
    const before = this.#cancelled;
    this.#cancelled = batches;
    const hosts = new Set(Array.from(this.#members.values(), ({ host }) => host));
    for (const host of hosts) host.send({ type: 'cancelled', batches });
    for (const [batch, how] of Object.entries(batches))
      if (before[batch] !== how) this.#sendAll({ type: 'batch.cancelled', batch, how });
  }

  /** Kills the worker of that rank, if it is one of these; it is replaced as if it had died by itself. */
  kill(rank: number): void {
    this.#members.get(rank)?.host.kill(rank, DIED);
  }

  /** @param milliseconds the time limit for running calls */
  drain(milliseconds: number): void {
    this.#send({ type: 'drain.asked', milliseconds });
  }

  stop(): void {
    this.#send({ type: 'stop.asked' });
  }

  /** A stopped pool ignores events, because an awaited answer may still arrive. */
  #send(event: PoolEvent): void {
    if (this.#pool.getSnapshot().status === 'active') this.#pool.send(event);
  }

  #sendAll(event: Parameters<Member['actor']['send']>[0]): void {
    for (const { actor } of this.#members.values()) actor.send(event);
  }

  async #askForRanks(count: number): Promise<number> {
    let given = 0;
    for (let asked = 0; asked < count; asked++) if (await this.#ask()) given++;
    return given;
  }

  async #ask(replaces?: number): Promise<boolean> {
    const rank = await this.#options.askForRank(replaces);
    this.#send(rank === undefined ? { type: 'rank.refused' } : { type: 'rank.given', rank });
    return rank !== undefined;
  }

  async #askForReplacement(rank: number): Promise<void> {
    await this.#ask(rank);
  }

  #startReplacementTimer(rank: number, milliseconds: number): void {
    const timer = this.#options.platform.clock.startTimer(milliseconds, () => {
      this.#replacements.delete(timer);
      this.#send({ type: 'replacement.due', rank });
    });
    this.#replacements.add(timer);
  }

  #stopReplacementTimers(): void {
    for (const timer of this.#replacements) timer.stop();
  }

  #startWorker(rank: number): void {
    const { platform, order, watch, concurrency = 1 } = this.#options;
    const host = this.#hostFor(rank);
    let timer: Timer | undefined;
    let isFirst = true;
    let lastWords = '';
    const machine = workerProcessMachine.provide({
      actions: {
        startTimer: (_, { milliseconds }) => {
          timer = platform.clock.startTimer(milliseconds, () => actor.send({ type: 'timer.elapsed' }));
        },
        stopTimer: () => timer?.stop(),
        condemnCall: (_, { call }) => host.condemn(rank, call),
        askToLeave: () => host.send({ type: 'leave' }),
        releaseProcess: () => host.send({ type: 'release' }),
        killProcess: ({ context }) => host.kill(rank, context.why),
        reportEnd: (_, { end, wasReady, isPlanned }) =>
          void this.#ended({ ...end, rank, words: end.words || lastWords }, wasReady, isPlanned, isFirst),
      },
    });
    const actor = createActor(machine);
    this.#members.set(rank, { actor, host });
    actor.start();
    watch?.started(rank, { usage: () => host.usage(rank) });
    host.add(rank, {
      heard: (message) => this.#heard(rank, actor, message),
      ended: ({ how, company, killedFor, ...end }) => {
        ({ isFirst, lastWords } = end);
        actor.send({ type: 'child.ended', how, company, killedFor });
      },
    });
    host.send({
      type: 'order',
      ...order,
      rank,
      ...(concurrency > 1 && { concurrency }),
      cancelled: this.#cancelled,
    });
  }

  /** A process that has room for another rank, or a new one. */
  #hostFor(rank: number): WorkerHost {
    const { platform, kind, node, order, onOutput, concurrency = 1 } = this.#options;
    for (const { host } of this.#members.values()) if (host.hasRoom) return host;
    const { host = '', port = '' } = order.server;
    const child = platform.startWorker(kind, [host, String(port), order.workspace, String(rank)], node);
    return new WorkerHost(rank, { child, clock: platform.clock, concurrency, onOutput });
  }

  #heard(rank: number, actor: Member['actor'], message: MessageAboutRank): void {
    switch (message.type) {
      case 'ready':
        actor.send({ type: 'worker.registered' });
        return this.#send({ type: 'worker.ready' });
      case 'call': {
        const { call, batch, at, limit, isLoading } = message;
        const cancelled = this.#cancelled[batch] ?? ('no' as const);
        this.#options.watch?.calls(rank, message);
        const details = { call, batch, at, limit: limit ?? Infinity, isLoading, cancelled };
        return actor.send({ type: 'call.lasts', ...details });
      }
      case 'idle':
        this.#options.watch?.calls(rank, undefined);
        return actor.send({ type: 'call.ended' });
      case 'condemned':
        return actor.send({ type: 'call.condemned', call: message.call });
      case 'leaving':
        return actor.send({ type: 'worker.leaving', why: message.why, words: message.words });
    }
  }

  async #ended(end: WorkerEnd, wasReady: boolean, isPlanned: boolean, isFirst: boolean): Promise<void> {
    this.#members.delete(end.rank);
    this.#options.watch?.ended(end.rank);
    const { report, platform } = this.#options;
    // A server that does not answer delays no replacement. The next request to it follows the report.
    await Promise.race([report(end, isFirst), delay(platform.clock, REPORT_LIMIT_MS)]);
    const now = platform.clock.now();
    this.#send({ type: 'worker.ended', end, wasReady, isPlanned, now });
  }
}
