import { createActor, type Actor } from 'xstate';
import { poolMachine, type PoolEvent } from '../../machines/pool/pool.ts';
import type { RestartBudget } from '../../machines/pool/restart-budget.ts';
import { workerProcessMachine, type WorkerEnd } from '../../machines/pool/worker-process.ts';
import type { ChildKind } from './child.ts';
import { delay, type Timer } from '../clock.ts';
import { inLines } from './output-lines.ts';
import type { Platform } from '../platform.ts';
import type { WorkerChild } from './worker-child.ts';
import type { CancelledBatches, MessageFromWorker, WorkerOrder } from '../worker/worker-messages.ts';

export interface WorkerPoolOptions {
  readonly platform: Platform;
  readonly kind: ChildKind;
  /** How many are wanted. */
  readonly workers: number;
  /** Undefined: none is replaced. */
  readonly budget: RestartBudget | undefined;
  /** What each worker is told, beside its rank. */
  readonly order: Omit<WorkerOrder, 'type' | 'rank' | 'cancelled'>;
  /** @returns the rank of another worker, of the one that it replaces where that is named; undefined when there is none */
  readonly askForRank: (replaces?: number) => Promise<number | undefined>;
  /** Tells the server of an end; the worker is replaced after that. Rejects never. */
  readonly report: (end: WorkerEnd) => Promise<void>;
  /** Given what a worker prints, in whole lines, which may be waited for. */
  readonly onOutput: (rank: number, stream: OutputStream, lines: string) => Promise<void>;
}

export type OutputStream = 'stdout' | 'stderr';

/** Characters of standard error that are kept as the last words of a worker. */
const LAST_WORDS = 2_048;
/** Milliseconds that whoever takes the output of a worker that has ended is waited for. */
const OUTPUT_LIMIT_MS = 1_000;

/** Milliseconds that the server has to take the report of an end. */
const REPORT_LIMIT_MS = 2_000;

interface Member {
  readonly actor: Actor<typeof workerProcessMachine>;
  readonly child: WorkerChild;
}

/** The workers of a sentinel. The rules are those of the statecharts in machines/pool; what these command is done here. */
export class WorkerPool {
  /** Told why, when it has no workers any more and none is to come. */
  readonly stopped: Promise<string>;
  /** How many ranks it was given at the beginning. */
  readonly begun: Promise<number>;
  readonly #options: WorkerPoolOptions;
  readonly #members = new Map<number, Member>();
  readonly #replacements = new Set<Timer>();
  readonly #pool: Actor<typeof poolMachine>;
  #cancelled: CancelledBatches = {};
  #drainTimer: Timer | undefined;
  #tellBegun: (count: Promise<number>) => void = () => undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    const { workers, budget } = options;
    this.begun = new Promise((resolve) => (this.#tellBegun = resolve));
    let tellStopped: (reason: string) => void;
    this.stopped = new Promise((resolve) => (tellStopped = resolve));
    const { clock } = options.platform;
    const machine = poolMachine.provide({
      actions: {
        askForRanks: (_, { count }) => this.#tellBegun(this.#askForRanks(count)),
        askForReplacement: (_, { rank }) => void this.#askForReplacement(rank),
        startWorker: (_, { rank }) => this.#startWorker(rank),
        startReplacementTimer: (_, { rank, milliseconds }) => this.#startReplacementTimer(rank, milliseconds),
        stopReplacementTimers: () => this.#stopReplacementTimers(),
        askWorkersToLeave: () => this.#sendAll({ type: 'leave.asked' }),
        startDrainTimer: (_, { milliseconds }) => {
          this.#drainTimer = clock.startTimer(milliseconds, () => this.#tell({ type: 'drain.elapsed' }));
        },
        stopDrainTimer: () => this.#drainTimer?.stop(),
        releaseWorkers: () => this.#sendAll({ type: 'release.asked' }),
        tellStopped: (_, { reason }) => tellStopped(reason),
      },
    });
    this.#pool = createActor(machine, { input: { workers, budget } });
    this.#pool.start();
  }

  /** These batches are cancelled now, and no others. */
  setCancelled(batches: CancelledBatches): void {
    const before = this.#cancelled;
    this.#cancelled = batches;
    for (const { child } of this.#members.values()) child.send({ type: 'cancelled', batches });
    for (const [batch, how] of Object.entries(batches))
      if (before[batch] !== how) this.#sendAll({ type: 'batch.cancelled', batch, how });
  }

  /** @param milliseconds that the calls that are under way may take */
  drain(milliseconds: number): void {
    this.#tell({ type: 'drain.asked', milliseconds });
  }

  stop(): void {
    this.#tell({ type: 'stop.asked' });
  }

  /** One that has stopped hears nothing more: an answer that it waited for may still come. */
  #tell(event: PoolEvent): void {
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
    this.#tell(rank === undefined ? { type: 'rank.refused' } : { type: 'rank.given', rank });
    return rank !== undefined;
  }

  async #askForReplacement(rank: number): Promise<void> {
    await this.#ask(rank);
  }

  #startReplacementTimer(rank: number, milliseconds: number): void {
    const timer = this.#options.platform.clock.startTimer(milliseconds, () => {
      this.#replacements.delete(timer);
      this.#tell({ type: 'replacement.due', rank });
    });
    this.#replacements.add(timer);
  }

  #stopReplacementTimers(): void {
    for (const timer of this.#replacements) timer.stop();
    this.#replacements.clear();
  }

  #startWorker(rank: number): void {
    const { platform, kind, order, onOutput } = this.#options;
    const { host = '', port = '' } = order.server;
    const child = platform.startWorker(kind, [host, String(port), order.workspace, String(rank)]);
    let timer: Timer | undefined;
    const machine = workerProcessMachine.provide({
      actions: {
        startTimer: (_, { milliseconds }) => {
          timer?.stop();
          timer = platform.clock.startTimer(milliseconds, () => actor.send({ type: 'timer.elapsed' }));
        },
        stopTimer: () => timer?.stop(),
        condemnCall: (_, { call }) => child.send({ type: 'condemn', call }),
        askToLeave: () => child.send({ type: 'leave' }),
        releaseProcess: () => child.send({ type: 'release' }),
        killProcess: () => child.kill(),
        reportEnd: (_, { end, wasReady, isPlanned }) => void this.#ended(end, wasReady, isPlanned, lastWords),
      },
    });
    const actor = createActor(machine, { input: { rank } });
    let lastWords = '';
    const outputs = [
      inLines(child.stdout, (lines) => onOutput(rank, 'stdout', lines)),
      inLines(child.stderr, (lines) => {
        lastWords = `${lastWords}${lines}\n`.slice(-LAST_WORDS);
        return onOutput(rank, 'stderr', lines);
      }),
    ];
    this.#members.set(rank, { actor, child });
    actor.start();
    child.onMessage((message) => this.#heard(actor, message));
    child.send({ type: 'order', ...order, rank, cancelled: this.#cancelled });
    void child.ended.then(async (how) => {
      await Promise.race([Promise.all(outputs), delay(platform.clock, OUTPUT_LIMIT_MS)]);
      actor.send({ type: 'child.ended', how });
    });
  }

  #heard(actor: Member['actor'], message: MessageFromWorker): void {
    switch (message.type) {
      case 'ready':
        actor.send({ type: 'worker.registered' });
        return this.#tell({ type: 'worker.ready' });
      case 'call': {
        const { call, batch, at, limit, isLoading } = message;
        const cancelled = this.#cancelled[batch] ?? ('no' as const);
        const details = { call, batch, at, limit: limit ?? Infinity, isLoading, cancelled };
        return actor.send({ type: 'call.lasts', ...details });
      }
      case 'idle':
        return actor.send({ type: 'call.ended' });
      case 'condemned':
        return actor.send({ type: 'call.condemned', call: message.call });
      case 'leaving':
        return actor.send({ type: 'worker.leaving', why: message.why, words: message.words });
    }
  }

  async #ended(end: WorkerEnd, wasReady: boolean, isPlanned: boolean, lastWords: string): Promise<void> {
    this.#members.delete(end.rank);
    const told = { ...end, words: end.words === '' ? lastWords.trim() : end.words };
    const { report, platform } = this.#options;
    // A server that does not answer delays no replacement. What is asked of it next comes after the report.
    await Promise.race([report(told), delay(platform.clock, REPORT_LIMIT_MS)]);
    const now = platform.clock.now();
    this.#tell({ type: 'worker.ended', end: told, wasReady, isPlanned, now });
  }
}
