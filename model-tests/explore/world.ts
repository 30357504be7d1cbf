import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import type { JobMachines } from '../../src/sleigh/job-machines.ts';
import { Sleigh } from '../../src/sleigh/sleigh.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { UNRECORDED } from '../../src/store/change-recorder.ts';
import { ServerAccounting } from '../../src/workspace/storage-accounting.ts';
import { finish } from '../../src/workspace/steps.ts';
import type { Host } from '../../src/workspace/host.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { ReferenceLedger } from './reference-ledger.ts';
import { Party, type Role } from './party.ts';
import { Picture } from './picture.ts';
import { remember, rewind, type Memory } from './rewind.ts';
import type { Cast } from './scenario.ts';
import { SimTimers } from './sim-timers.ts';

/** Ordinary variables that the job reads. The number of their values has no effect. */
const ORDINARY = ['worker_dead', 'Sleigh ride over', 'worker registrations'];

/** Creates the job. Tests of the explorer create a faulty one. */
export type MakeSleigh = (workspace: Workspace, cast: Cast) => Sleigh;

export const makeSleigh: MakeSleigh = (workspace, cast) => makeSleighOf(workspace, cast);

/** @param machines replace the machines of every job */
export const makeSleighOf = (
  workspace: Workspace,
  { rankCount, policy, maxAttempts, extras }: Cast,
  machines?: JobMachines,
): Sleigh =>
  new Sleigh(
    workspace,
    {
      ...DEFAULT_OPTIONS,
      rankCount,
      onDeadWorker: policy,
      maxAttempts,
      join: extras.includes('elastic') ? 'elastic' : 'closing',
      reconnectGrace: extras.includes('returning') ? 1 : 0,
    },
    machines,
  );

/** A job with its real supervisor and children, and the clients that use it. There is no other part of a server. */
export class World {
  readonly cast: Cast;
  readonly make: MakeSleigh;
  readonly timers = new SimTimers();
  readonly accounting = new ServerAccounting(DEFAULT_LIMITS, () => undefined);
  readonly workspace: Workspace;
  readonly sleigh: Sleigh;
  readonly picture: Picture;
  readonly book: ReferenceLedger;
  /** The connected clients. One that disconnects is replaced by a new client without a role. */
  readonly parties: Party[];
  readonly #roots: readonly object[];

  constructor(cast: Cast, make: MakeSleigh = makeSleigh) {
    this.cast = cast;
    this.make = make;
    this.book = new ReferenceLedger(cast);
    let variables = 0;
    const host: Host = {
      accounting: this.accounting,
      limits: DEFAULT_LIMITS,
      clock: () => 0,
      timers: this.timers,
      changes: UNRECORDED,
      restoreFile: () => undefined,
      newVariableId: () => String(++variables),
      inSteps: (steps) => finish(steps),
      log: (level, message, fields) => {
        if (level === 'error') this.book.faults.push(`${message}: ${JSON.stringify(fields)}`);
      },
    };
    this.workspace = new Workspace('job', host, { number: 1 });
    this.sleigh = make(this.workspace, cast);
    this.workspace.plugin = this.sleigh;
    for (const name of ORDINARY) this.workspace.declare(name, 'fifo');
    this.picture = new Picture(this.sleigh);
    const some = (count: number, role: Role): Party[] =>
      Array.from({ length: count }, (_, n) => this.#party(role, n));
    this.parties = [
      ...some(cast.masters, 'master'),
      ...some(cast.sentinels, 'sentinel'),
      ...some(cast.workers, 'worker'),
    ];
    this.#roots = [
      this.workspace,
      this.sleigh,
      this.timers,
      this.book,
      this.parties,
      ...ORDINARY.map((name) => this.workspace.variable(name).behaviour),
    ];
  }

  #connections = 0;
  #party(role: Role, n: number): Party {
    return new Party(++this.#connections, `${role} ${n}`, role, this.workspace, this.book);
  }

  /** The connection of a client closes. */
  vanish(index: number): void {
    const gone = this.parties[index];
    if (gone === undefined) throw new Error(`there is no party ${index}`);
    this.book.vanished(gone);
    this.#succeed(index, gone);
    gone.vanish();
  }

  /** A new connection takes its place. A worker may remember its rank and its task (S18). */
  #succeed(index: number, { name, role, rank, holds, number, was }: Party): Party {
    const next = new Party(++this.#connections, name, role, this.workspace, this.book);
    if (this.book.mayReturn) next.was = rank === undefined ? was : { rank, holds, number };
    this.parties[index] = next;
    return next;
  }

  /** S18: a worker comes back. Its former connection has closed, or closes now. */
  comeBack(index: number, repliesAreLost: boolean): void {
    const old = this.parties[index];
    if (old === undefined) throw new Error(`there is no party ${index}`);
    if (old.rank === undefined) return this.book.comesBack(old, repliesAreLost);
    this.book.comesBack(this.#succeed(index, old), repliesAreLost);
    old.vanish();
  }

  get isDeleted(): boolean {
    return this.workspace.deleted;
  }

  /** Deletes the workspace, as the server does (W7). */
  delete(): void {
    this.workspace.deleted = true;
    finish(this.workspace.end());
  }

  remember(): Memory {
    return remember(this.#roots);
  }
  rewind(memory: Memory): void {
    rewind(memory);
  }
}
