import { AsyncLocalStorage } from 'node:async_hooks';
import { reasonOf } from '../../wire/error-kind.ts';
import { KEY } from '../../wire/names.ts';
import { delay } from '../clock.ts';
import type { NwsConnection } from '../connection/connection.ts';
import { CallTurns } from './call-turns.ts';
import { Departure } from './departure.ts';
import type { ElementCall } from './element-call.ts';
import { ConnectionLostError } from '../connection/errors.ts';
import { ModuleError } from '../task/module-function.ts';
import { thisHost, type Platform } from '../platform.ts';
import { NotBackError } from './worker-session.ts';
import { TaskRunner } from './task-runner.ts';
import { MasterMemory } from './master-memory.ts';
import { WorkerMemory } from './worker-memory.ts';
import { work } from './worker.ts';
import type { SentinelLink } from './worker-link.ts';
import type { Company } from '../../machines/pool/company.ts';
import type { CancelledBatches, MessageToWorker, WorkerOrder } from './worker-messages.ts';

/** The program in which a session runs. */
export interface WorkerProcess {
  /** The memory that it uses, in bytes. */
  readonly memory: () => number;
  /** Writes to standard output. */
  readonly print: (text: string) => void;
  /** Writes to standard error. */
  readonly complain: (text: string) => void;
  readonly exit: (status: number) => void;
  /** The default is this host. */
  readonly platform?: Platform;
}

/** Milliseconds after which the sentinel would have told a worker that the job has ended. */
const HEARING_MS = 1_000;
/** Milliseconds that a worker has, after an uncaught error, to answer its element and to leave. */
const CRASH_LIMIT_MS = 10_000;
/** Milliseconds between two checks of the memory. */
const MEMORY_LOOK_MS = 100;

/**
 * One worker process, from its order to its end: it handles the messages of its sentinel and reports to it. With
 * several ranks it gets an order for each, and runs a call of each at the same time (S22.14).
 */
export class WorkerMain {
  readonly #link: SentinelLink;
  readonly #process: WorkerProcess;
  readonly #platform: Platform;
  readonly #departure = new Departure();
  readonly #memory: WorkerMemory;
  readonly #masterMemory: MasterMemory;
  /** By rank. */
  readonly #runners = new Map<number, TaskRunner>();
  /** Undefined until it has several ranks. */
  #turns: CallTurns | undefined;
  /** Which call an error belongs to, if there are several. */
  readonly #current = new AsyncLocalStorage<ElementCall>();
  #rank = 0;
  /** The number of processed elements. */
  #done = 0;
  #memorySeen = 0;

  constructor(link: SentinelLink, process: WorkerProcess) {
    this.#link = link;
    this.#process = process;
    this.#platform = process.platform ?? thisHost;
    this.#memory = new WorkerMemory(this.#platform);
    this.#masterMemory = new MasterMemory(link.openMemory);
    link.onMessage((message) => this.#hear(message));
  }

  /** Completes the current element, then leaves. */
  leave(): void {
    this.#departure.request('told-to-go');
  }

  /** An unhandled rejection: only the running element fails. */
  rejected(error: unknown): void {
    if (!this.#fail(error)) this.#complain(error);
  }

  /** An uncaught error: as `rejected`, but the state of this process is unknown, so the worker leaves. */
  crashed(error: unknown): void {
    this.rejected(error);
    this.#departure.request('threw', reasonOf(error));
    // The task may have broken something that keeps this worker from leaving.
    this.#platform.clock.startTimer(CRASH_LIMIT_MS, () => this.#process.exit(1));
  }

  /** @returns false if no running call is known to have this error */
  #fail(error: unknown): boolean {
    if (this.#turns !== undefined) {
      const call = this.#current.getStore();
      if (call !== undefined) return call.fail(error);
    }
    const running = [...this.#runners.values()].filter(({ isRunning }) => isRunning);
    const [only] = running;
    if (running.length <= 1) return only?.fail(error) ?? false;
    // One of them may wait for ever now. All are called again, each alone (S22.14).
    this.#complain(error);
    this.#process.exit(1);
    return true;
  }

  #hear(message: MessageToWorker): void {
    switch (message.type) {
      case 'order':
        return void this.#start(message);
      case 'cancelled':
        return this.#setCancelled(message.batches);
      case 'leave':
        return this.leave();
      case 'release':
        return this.#process.exit(0);
      case 'condemn':
    }
  }

  #setCancelled(batches: CancelledBatches): void {
    for (const runner of this.#runners.values()) runner.setCancelled(batches);
    this.#turns?.recheck();
  }

  async #start(order: WorkerOrder): Promise<void> {
    const { server, workspace, preload, rank, cancelled, reconnectGrace, concurrency = 1 } = order;
    if (this.#runners.size === 0) this.#rank = rank;
    const departure = this.#departure;
    const isShared = concurrency > 1;
    if (isShared) this.#turns ??= new CallTurns();
    const onTurn = (company: Company): void => this.#link.send({ type: 'company', rank, company });
    const about = isShared ? { rank } : {};
    const runner = new TaskRunner({
      server,
      workspace,
      rank,
      platform: this.#platform,
      activity: this.#link.activity(about.rank),
      departure,
      memory: this.#memory,
      masterMemory: this.#masterMemory,
      turns: this.#turns,
      onTurn,
      within: (running, call) => (isShared ? this.#current.run(running, call) : call()),
      print: this.#process.print,
      onElement: () => this.#look(order),
    });
    this.#runners.set(rank, runner);
    runner.setCancelled(cancelled);
    const { hostname, pid } = this.#platform;
    const description = new Map([
      [KEY.host, hostname],
      [KEY.pid, String(pid)],
    ]);
    try {
      if (preload !== undefined) await this.#platform.loadModule(preload);
      await work({
        open: (): Promise<NwsConnection> => this.#platform.connect({ ...server, workspace }),
        workspace,
        rank,
        description,
        call: runner.caller.bind(runner),
        onRefusal: (error) => this.#refused(error),
        ...(isShared && { onStored: () => onTurn('waiting') }),
        onReady: () => this.#link.send({ type: 'ready', ...about }),
        departure,
        reconnectGrace,
        platform: this.#platform,
      });
      this.#exit(rank, about);
    } catch (error) {
      await this.#failed(rank, about, error);
    }
  }

  /** Ends with the last rank. */
  #exit(rank: number, about: { readonly rank?: number }, cutOff = ''): void {
    const { why = 'cut-off' } = this.#departure;
    const words = this.#departure.why === undefined ? cutOff : this.#departure.words;
    // The other ranks of this process have declined no task.
    const isBeside = why === 'not-loaded' && this.#runners.get(rank)?.hasDeclined !== true;
    this.#link.send({ type: 'leaving', ...about, why: isBeside ? 'told-to-go' : why, words });
    this.#runners.delete(rank);
    if (this.#runners.size === 0) this.#process.exit(0);
  }

  async #failed(rank: number, about: { readonly rank?: number }, error: unknown): Promise<void> {
    // Its task is returned, because losing the network is not the fault of the task (S22.5).
    if (error instanceof NotBackError) {
      this.#complain(error);
      return this.#exit(rank, about, error.message);
    }
    // If the job has ended, this is not an error, and the sentinel ends this worker first.
    if (!(error instanceof ModuleError)) await delay(this.#platform.clock, HEARING_MS);
    this.#complain(error);
    this.#process.exit(1);
  }

  /** Checks between two elements whether the worker must leave. */
  #look({ maxTasks = Infinity, maxMemory }: WorkerOrder): void {
    if (++this.#done >= maxTasks) this.#departure.request('max-tasks');
    if (maxMemory === undefined) return;
    const now = this.#platform.clock.now();
    if (now - this.#memorySeen < MEMORY_LOOK_MS) return;
    this.#memorySeen = now;
    const bytes = this.#process.memory();
    if (bytes > maxMemory) this.#departure.request('max-memory', `it took ${bytes} bytes`);
  }

  /** Handles a refused result. If the connection is lost, the next request reports it. */
  #refused(error: unknown): void {
    if (!(error instanceof ConnectionLostError)) this.#complain(error);
  }

  #complain(error: unknown): void {
    this.#process.complain(`sleigh: worker ${this.#rank}: ${reasonOf(error)}\n`);
  }
}
