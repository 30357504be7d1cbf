import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { RestartBudget } from '../../../src/machines/pool/restart-budget.ts';
import type { Platform } from '../../../src/client/platform.ts';
import type { WorkerChild } from '../../../src/client/sentinel/worker-child.ts';
import type { MessageFromWorker, MessageToWorker } from '../../../src/client/worker/worker-messages.ts';
import { thisHost } from '../../../src/client/platform.ts';
import { WorkerPool } from '../../../src/client/sentinel/worker-pool.ts';

interface PlannedTimer {
  readonly milliseconds: number;
  readonly elapse: () => void;
}

interface RankRequest {
  readonly replaces: number | undefined;
  readonly answer: (rank: number | undefined) => void;
}

/** A worker that the test controls. */
class ScriptedChild implements WorkerChild {
  readonly stdout = new Readable({ read: () => undefined });
  readonly stderr = new Readable({ read: () => undefined });
  readonly ended: Promise<string>;
  hasEnded = false;
  say: (message: MessageFromWorker) => void = () => undefined;
  readonly #rank: number;
  readonly #effects: string[];
  #end: (how: string) => void = () => undefined;

  constructor(rank: number, effects: string[]) {
    this.#rank = rank;
    this.#effects = effects;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  usage(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  send(message: MessageToWorker): void {
    if (message.type === 'condemn') this.#effects.push(`condemn ${this.#rank}, call ${message.call}`);
    else if (message.type !== 'cancelled') this.#effects.push(`${message.type} ${this.#rank}`);
  }

  onMessage(listener: (message: MessageFromWorker) => void): void {
    this.say = listener;
  }

  kill(): void {
    this.#effects.push(`kill ${this.#rank}`);
  }

  end(how: string): void {
    this.hasEnded = true;
    this.stdout.push(null);
    this.stderr.push(null);
    this.#end(how);
  }
}

/** The real pool of a sentinel. The test controls its clock, its server and its workers, which record its requests. */
export class PoolFixture {
  readonly pool: WorkerPool;
  readonly requests: RankRequest[] = [];
  /** In the order in which they were started. */
  readonly timers = new Set<PlannedTimer>();
  readonly #children = new Map<number, ScriptedChild>();
  readonly #effects: string[] = [];
  #now = 0;

  constructor(workers: number, budget: RestartBudget | undefined) {
    const platform: Platform = {
      ...thisHost,
      clock: {
        now: () => this.#now,
        date: () => new Date(this.#now),
        startTimer: (milliseconds, onElapsed) => this.#startTimer(milliseconds, onElapsed),
      },
      startWorker: (_, args) => this.#startWorker(Number(args.at(-1))),
    };
    this.pool = new WorkerPool({
      platform,
      kind: 'process',
      workers,
      budget,
      order: { server: {}, workspace: 'w' },
      askForRank: (replaces) => {
        this.#effects.push(
          replaces === undefined ? 'ask for a rank' : `ask for a replacement of ${replaces}`,
        );
        return new Promise((answer) => this.requests.push({ replaces, answer }));
      },
      report: ({ rank, how, task, why, at }) => {
        this.#effects.push(`report ${rank}: ${how}, ${task}, ${why}, at ${at}`);
        return Promise.resolve();
      },
      onOutput: () => Promise.resolve(),
    });
    void this.pool.stopped.then((reason) => this.#effects.push(`stopped: ${reason}`));
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Answers the oldest request for a replacement of that rank, or for a first rank. */
  answer(replaces: number | undefined, rank: number | undefined): void {
    const at = this.requests.findIndex((request) => request.replaces === replaces);
    const [request] = this.requests.splice(at, 1);
    if (at < 0 || request === undefined) throw new Error(`nobody asked for ${replaces ?? 'a rank'}`);
    request.answer(rank);
  }

  child(rank: number): ScriptedChild {
    const child = this.#children.get(rank);
    if (child === undefined) throw new Error(`no worker was started under rank ${rank}`);
    return child;
  }

  /** Fires the oldest timer of this duration. */
  elapse(milliseconds: number): void {
    const timer = [...this.timers].find((each) => each.milliseconds === milliseconds);
    if (timer === undefined) throw new Error(`no timer of ${milliseconds} ms runs`);
    this.timers.delete(timer);
    timer.elapse();
  }

  /** The requests of the pool since the last call, sorted. */
  async takeEffects(): Promise<string[]> {
    // The end of a worker passes through its streams, the report and the pool.
    for (let turn = 0; turn < 8; turn++) await setImmediate();
    return this.#effects.splice(0).toSorted();
  }

  #startTimer(milliseconds: number, elapse: () => void): { stop: () => void } {
    const timer = { milliseconds, elapse };
    this.timers.add(timer);
    return { stop: () => void this.timers.delete(timer) };
  }

  #startWorker(rank: number): ScriptedChild {
    const child = new ScriptedChild(rank, this.#effects);
    this.#children.set(rank, child);
    return child;
  }
}
