import type { JobMachines } from '../../sleigh/job-machines.ts';
import { DEFAULT_OPTIONS } from '../../sleigh/options.ts';
import { Sleigh } from '../../sleigh/sleigh.ts';
import { UNRECORDED } from '../../store/change-recorder.ts';
import { DEFAULT_LIMITS } from '../../wire/limits.ts';
import { KEY, VARIABLE, VERB } from '../../wire/names.ts';
import { NO_METADATA, type Metadata } from '../../wire/payload.ts';
import type { Host } from '../../workspace/host.ts';
import { PendingGet, type Client, type Found } from '../../workspace/pending-get.ts';
import { isRefusal } from '../../workspace/refusal.ts';
import { finish } from '../../workspace/steps.ts';
import { ServerAccounting } from '../../workspace/storage-accounting.ts';
import type { Timer, Timers } from '../../workspace/timers.ts';
import { NO_LEASE_KEEPER } from '../../workspace/lease-keeper.ts';
import { Workspace } from '../../workspace/workspace.ts';
import type { JobToExplore } from './job-to-explore.ts';

/** The batch of all tasks. */
const BATCH = 'explored';

/** A timer that expires when the exploration says so. */
class HeldTimer implements Timer {
  readonly fired: () => void;
  constructor(fired: () => void) {
    this.fired = fired;
  }
  stop(): void {
    // It never expires by itself.
  }
}

const TIMERS: Timers = { start: (_milliseconds, fired) => new HeldTimer(fired) };

let connections = 0;

/** A connection of a client. */
class Party implements Client {
  readonly id = ++connections;
  readonly peer: string;
  readonly closeListeners: Client['closeListeners'] = new Set();
  /** Its get that is not answered. */
  waiting: PendingGet | undefined;
  found: Found | undefined;

  constructor(name: string) {
    this.peer = `${name}:1`;
  }

  answer(get: PendingGet, found: Found): void {
    if (this.waiting === get) this.waiting = undefined;
    this.found = found;
  }
  refuse(get: PendingGet): void {
    if (this.waiting === get) this.waiting = undefined;
    this.found = undefined;
  }

  get(workspace: Workspace, variable: string): void {
    const get = new PendingGet(this, { verb: VERB.fetch, takes: true, waits: true, metadata: NO_METADATA });
    this.waiting = get;
    workspace.get(variable, get);
    if (!get.ended) get.blocked = true;
  }

  store(workspace: Workspace, variable: string, payload: string, metadata: Metadata = NO_METADATA): boolean {
    return !isRefusal(workspace.store(variable, { descriptor: 1, payload, metadata }, this));
  }

  leave(): void {
    this.waiting?.withdraw();
    this.waiting = undefined;
    for (const place of this.closeListeners) place.clientLeft(this);
  }
}

/** A worker that may die, and come again under another rank. */
export interface ExploredWorker {
  readonly host: string;
  /** Undefined while it is dead. */
  party: Party | undefined;
  rank: number;
  /** The task that it was given. */
  holds: string | undefined;
}

/** A job with its real machines, one master and some workers. Time is abstract: a timer may expire at any step. */
export class ExploredWorld {
  readonly job: Sleigh;
  readonly workspace: Workspace;
  readonly options: Required<JobToExplore>;
  readonly workers: readonly ExploredWorker[];
  /** The tasks that the job has accepted. */
  readonly tasks: string[] = [];
  /** What the server has logged as an error in the last step. */
  faults: string[] = [];
  /** How often a worker has died or failed its task. */
  failures = 0;
  readonly #machines: JobMachines;
  readonly #master = new Party('master');
  readonly #sentinel = new Party('sentinel');

  /** @param machines those of the policy; they are shared, because making them takes long */
  constructor(options: Required<JobToExplore>, machines: JobMachines) {
    this.options = options;
    this.#machines = machines;
    this.workspace = new Workspace('job', this.#host, { number: 1 });
    this.job = this.newJob(this.workspace);
    this.workspace.plugin = this.job;
    for (const name of [VARIABLE.registrations, VARIABLE.rideOver]) this.workspace.declare(name, 'fifo');
    this.workers = Array.from({ length: options.workers }, (_, n) => ({
      host: `host ${n % 2}`,
      party: undefined,
      rank: -1,
      holds: undefined,
    }));
    for (const worker of this.workers) this.join(worker);
  }

  get #host(): Host {
    let variables = 0;
    return {
      accounting: new ServerAccounting(DEFAULT_LIMITS, () => undefined),
      limits: DEFAULT_LIMITS,
      clock: () => 0,
      timers: TIMERS,
      leases: NO_LEASE_KEEPER,
      changes: UNRECORDED,
      restoreFile: () => undefined,
      newVariableId: () => String(++variables),
      inSteps: (steps) => finish(steps),
      log: (level, message, fields = {}) => {
        if (level === 'error') this.faults.push(`${message}: ${String(fields['reason'] ?? fields['event'])}`);
      },
    };
  }

  newJob(workspace: Workspace): Sleigh {
    const { onDeadWorker, maxAttempts } = this.options;
    const options = { ...DEFAULT_OPTIONS, join: 'elastic', onDeadWorker, maxAttempts } as const;
    return new Sleigh(workspace, options, this.#machines);
  }

  /** An empty job, which takes up the records of this one. */
  loaded(): Sleigh {
    return this.newJob(new Workspace('job', this.#host, { number: 1, isLoaded: true }));
  }

  get isOver(): boolean {
    return this.job.shutdown.getSnapshot().matches('shuttingDown') || this.isDone;
  }
  get isDone(): boolean {
    return this.job.shutdown.getSnapshot().value === 'over';
  }

  submit(): void {
    const task = `task ${this.tasks.length + 1}`;
    const host = `host ${this.tasks.length % 2}`;
    const metadata = new Map<string, string>([
      [KEY.batchId, BATCH],
      [KEY.taskHost, host],
      ['name', task],
    ]);
    this.tasks.push(task);
    if (!this.#master.store(this.workspace, VARIABLE.task, task, metadata)) this.tasks.pop();
    this.#notice();
  }

  join(worker: ExploredWorker): void {
    this.#sentinel.get(this.workspace, VARIABLE.workerIds);
    worker.rank = Number(this.#sentinel.found?.payload);
    worker.party = new Party(worker.host);
    const metadata = new Map<string, string>([[KEY.host, worker.host]]);
    if (!worker.party.store(this.workspace, VARIABLE.workerIds, String(worker.rank), metadata))
      worker.party = undefined;
    this.#notice();
  }

  ask(worker: ExploredWorker): void {
    const { party } = worker;
    worker.holds = undefined;
    if (party !== undefined) {
      party.found = undefined;
      party.get(this.workspace, VARIABLE.task);
    }
    this.#notice();
  }

  complete(worker: ExploredWorker): void {
    if (worker.party?.store(this.workspace, VARIABLE.result, `of ${worker.holds}`) !== true)
      this.faults.push('the result of a worker was refused');
    worker.holds = undefined;
    this.#notice();
  }

  die(worker: ExploredWorker): void {
    const { party } = worker;
    worker.party = undefined;
    worker.holds = undefined;
    party?.leave();
    this.#notice();
  }

  /** The timers that may expire, by name. */
  get timers(): readonly string[] {
    return [...this.job.timers.running.keys()].filter((name) =>
      /^(wait of|lateness of|placement of|drain)/.test(name),
    );
  }

  expire(name: string): void {
    const timer = this.job.timers.running.get(name);
    if (timer instanceof HeldTimer) timer.fired();
    this.#notice();
  }

  /** A worker that was given a task knows of it. */
  #notice(): void {
    for (const worker of this.workers) {
      const { payload } = worker.party?.found ?? {};
      if (typeof payload !== 'string' || !payload.startsWith('task ')) continue;
      worker.holds = payload;
      if (worker.party !== undefined) worker.party.found = undefined;
    }
  }
}
