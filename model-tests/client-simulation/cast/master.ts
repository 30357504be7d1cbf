import { Sleigh } from '../../../src/client/master/sleigh.ts';
import { shown, type BatchRecord, type Ledger } from '../check/ledger.ts';
import type { SimulatedHost } from '../host/host.ts';
import { simulatedLauncher, type SimulatedLaunch } from '../host/launcher.ts';
import type { SimulatedProcess } from '../host/process.ts';
import type { LaunchPlan, Plan } from './plan.ts';
import { FUNCTION, GREETING, MODULE } from './tasks.ts';

/** The program of the master, and its progress. */
export class Master {
  readonly process: SimulatedProcess;
  readonly launches: SimulatedLaunch[] = [];
  /** The reason why the job could not be started. */
  startError: unknown;
  isStopping = false;
  /** Whether its program has ended and its job has been stopped. */
  isDone = false;
  readonly #host: SimulatedHost;
  readonly #plan: Plan;
  readonly #ledger: Ledger;

  constructor(host: SimulatedHost, plan: Plan, ledger: Ledger) {
    this.#host = host;
    this.#plan = plan;
    this.#ledger = ledger;
    this.process = host.start('master');
    this.process.hear(() => void this.#run());
  }

  async #run(): Promise<void> {
    try {
      const sleigh = await this.#start();
      for (const launch of this.#plan.launches) void this.#launch(sleigh, launch);
      await Promise.all([
        ...this.#ledger.batches.map((batch) => this.#runBatch(sleigh, batch)),
        ...this.#plan.broadcasts.map((start) => this.#greet(sleigh, start)),
      ]);
      this.#say('stops the job');
      this.isStopping = true;
      await sleigh.stop();
    } catch (error) {
      this.startError = error;
      this.#say(`cannot start: ${shown(error)}`);
    }
    this.isDone = true;
    this.process.act(() => this.#host.end(this.process, 'exit status 0'));
  }

  #start(): Promise<Sleigh> {
    const { workers, join, onDeadWorker, maxAttempts, reconnectGrace } = this.#plan;
    return Sleigh.startOn(this.#host.platformOf(this.process), {
      ...this.#launchOptions,
      server: {},
      workers,
      join,
      onDeadWorker,
      maxAttempts,
      reconnectGrace,
      onDeath: (rank, how) => this.#say(`is told that worker ${rank} has ended: ${how}`),
      onOutput: () => undefined,
    });
  }

  get #launchOptions() {
    const { respawn, maxTasksPerWorker, maxMemory, preloads } = this.#plan;
    const launch = simulatedLauncher(this.#host, this.process, (each) => this.launches.push(each));
    return { launch, respawn, maxTasksPerWorker, maxMemory, preload: preloads ? MODULE : undefined };
  }

  async #launch(sleigh: Sleigh, { workers, start, stopAfter }: LaunchPlan): Promise<void> {
    await this.#pause(start);
    if (this.isStopping) return;
    this.#say(`starts ${workers} more workers`);
    try {
      const launched = await sleigh.launch({ ...this.#launchOptions, workers });
      if (stopAfter === undefined) return;
      await this.#pause(stopAfter);
      this.#say('lets them go');
      await launched.stop();
    } catch (error) {
      this.#say(`could not start them: ${shown(error)}`);
    }
  }

  /** Calls a function on every worker. */
  async #greet(sleigh: Sleigh, start: number): Promise<void> {
    await this.#pause(start);
    this.#say('greets every worker');
    try {
      const greeted = await sleigh.eachWorker({ module: MODULE, name: GREETING }, null, {
        errors: 'collect',
      });
      this.#say(`has greeted ${greeted.length} workers`);
    } catch (error) {
      this.#say(`could not greet them: ${shown(error)}`);
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.process.after(milliseconds, resolve));
  }

  async #runBatch(sleigh: Sleigh, record: BatchRecord): Promise<void> {
    const {
      number,
      start,
      elements,
      timeout,
      chunkSize,
      ordered,
      loadFactor,
      abortAfter,
      onAbort,
      leaveAfter,
    } = record.plan;
    await this.#pause(start);
    const abort = new AbortController();
    record.begun = this.#host.world.elapsed;
    this.#say(`begins batch ${number} of ${elements.length} elements`);
    if (abortAfter !== undefined)
      this.process.after(abortAfter, () => {
        if (record.ended !== undefined) return;
        this.#ledger.aborted(record);
        this.#say(`aborts batch ${number}`);
        abort.abort(new Error('aborted by the master'));
      });
    try {
      const { signal } = abort;
      const options = { chunkSize, ordered, loadFactor, signal, onAbort, errors: 'collect' } as const;
      const limit = timeout === undefined ? {} : { timeout };
      const task = { module: MODULE, name: FUNCTION };
      let taken = 0;
      if (leaveAfter !== 0)
        for await (const outcome of sleigh.eachElem(task, elements, { ...options, ...limit }).outcomes()) {
          this.#ledger.settled(number, outcome);
          if (++taken === leaveAfter) {
            record.left = this.#host.world.elapsed;
            break;
          }
        }
      else record.left = this.#host.world.elapsed;
    } catch (error) {
      record.error = error;
    }
    record.ended = this.#host.world.elapsed;
    const how = record.error === undefined ? 'all is settled' : shown(record.error);
    this.#say(`ends batch ${number}: ${record.left === undefined ? how : 'it was left'}`);
  }

  #say(what: string): void {
    this.#host.options.listener.say('master', what);
  }
}
