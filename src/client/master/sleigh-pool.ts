import {
  sleighPoolMachine,
  type SleighPoolCommand,
  type SleighPoolEvent,
  type SleighPoolTag,
} from '../../machines/pool/sleigh-pool.ts';
import type { Timer } from '../clock.ts';
import { thisHost, type Platform } from '../platform.ts';
import { SLEIGH } from '../errors/job.ts';
import { checkSleighPoolOptions } from '../options/option-rules.ts';
import type {
  EachElemOptions,
  MaybeOptions,
  SleighPoolOptions,
  SubmitOptions,
} from '../options/sleigh-options.ts';
import type { Task } from '../task/task.ts';
import { LifeCycle, LifeCycleTable } from '../life-cycle.ts';
import { Results, type ErrorHandling } from './results.ts';
import { Sleigh } from './sleigh.ts';
import { SleighError } from './sleigh-error.ts';

const TABLE = new LifeCycleTable(sleighPoolMachine);
const IDLE_TIMEOUT_MS = 10_000;

/**
 * Workers that start at the first call and end when they were idle for a while (S25), for a service whose requests share
 * them. An idle pool does not keep its process alive.
 *
 * ```ts
 * const pool = new SleighPool({ workers: 4 });
 * const square = await pool.submit(squareOf, 3);
 * ```
 */
export class SleighPool implements AsyncDisposable {
  readonly #options: SleighPoolOptions;
  #platform: Platform = thisHost;
  readonly #life: LifeCycle<SleighPoolEvent, SleighPoolCommand, SleighPoolTag>;
  /** The job that starts or has started. */
  #sleigh: Promise<Sleigh> | undefined;
  /** Resolves when the jobs that were stopped have ended. */
  #stopped: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  #idle: Timer | undefined;
  #hold: Timer | undefined;

  /** @internal As the constructor, on another platform. */
  static on(platform: Platform, options: SleighPoolOptions): SleighPool {
    const pool = new SleighPool(options);
    pool.#platform = platform;
    return pool;
  }

  /** @throws TypeError or RangeError for an invalid option */
  constructor(options: SleighPoolOptions) {
    checkSleighPoolOptions(options);
    this.#options = options;
    const { idleTimeout = IDLE_TIMEOUT_MS } = options;
    this.#life = new LifeCycle(TABLE, {
      startJob: () => this.#start(),
      stopJob: () => this.#stop(),
      startIdleTimer: () => {
        this.#idle = this.#platform.clock.startTimer(idleTimeout, () =>
          this.#life.send({ type: 'idle.elapsed' }),
        );
      },
      stopIdleTimer: () => this.#idle?.stop(),
      holdProcess: () => {
        this.#hold = this.#platform.holdProcess();
      },
      releaseProcess: () => this.#hold?.stop(),
    });
  }

  /**
   * As `submit` of Sleigh.
   * @returns the result
   * @throws as `submit` of Sleigh; LaunchError if the workers cannot be started
   */
  async submit<Element, Result, FixedArgs>(
    task: Task<Element, Result, FixedArgs>,
    element: NoInfer<Element> | PromiseLike<NoInfer<Element>>,
    ...options: MaybeOptions<SubmitOptions, FixedArgs>
  ): Promise<Result> {
    return this.#call((sleigh) => {
      const result = sleigh.submit(task, element, ...options);
      return { result, settled: result };
    });
  }

  /** As `eachElem` of Sleigh. */
  eachElem<Element, Result, FixedArgs, Errors extends ErrorHandling = 'throw'>(
    task: Task<Element, Result, FixedArgs>,
    elements: AsyncIterable<NoInfer<Element>> | Iterable<NoInfer<Element>>,
    ...[options]: MaybeOptions<EachElemOptions<Errors, NoInfer<Element>>, FixedArgs>
  ): Results<Result, Errors> {
    const batch = this.#call((sleigh) => {
      const result = sleigh.begin(task, elements, options);
      return { result, settled: result.then(({ settled }) => settled) };
    });
    return new Results<Result, Errors>(batch, options?.errors ?? 'throw');
  }

  /**
   * Ends the workers. Calls under way fail with a SleighError, and further calls do.
   * @returns when nothing is left
   */
  async close(): Promise<void> {
    this.#life.send({ type: 'close.asked' });
    await this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #call<T>(
    begin: (sleigh: Sleigh) => { readonly result: Promise<T>; readonly settled: Promise<unknown> },
  ): Promise<T> {
    if (!this.#life.has('takes-calls')) throw new SleighError(SLEIGH.poolClosed());
    this.#underWay++;
    this.#life.send({ type: 'call.made' });
    let settled: Promise<unknown> = Promise.resolve();
    try {
      const sleigh = await this.#sleigh;
      if (sleigh === undefined) throw new SleighError(SLEIGH.poolClosed());
      const begun = begin(sleigh);
      ({ settled } = begun);
      return await begun.result;
    } finally {
      void settled.catch(() => undefined).then(() => this.#ended());
    }
  }

  #ended(): void {
    if (--this.#underWay === 0) this.#life.send({ type: 'calls.ended' });
  }

  #start(): void {
    const { idleTimeout: _, ...options } = this.#options;
    const starting = Sleigh.startOn(this.#platform, { ...options, unref: true });
    this.#sleigh = starting;
    const send = (event: SleighPoolEvent): void => {
      if (this.#sleigh === starting) this.#life.send(event);
    };
    starting.then(
      async ({ closed }) => {
        send({ type: 'job.started' });
        await closed;
        send({ type: 'job.closed' });
      },
      () => send({ type: 'job.failed' }),
    );
  }

  #stop(): void {
    const stopped = this.#sleigh?.then(
      (sleigh) => sleigh.stop(),
      () => undefined,
    );
    this.#sleigh = undefined;
    this.#stopped = Promise.all([this.#stopped, stopped]);
  }
}
