import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import type { JobMachines } from '../../src/sleigh/job-machines.ts';
import { Sleigh } from '../../src/sleigh/sleigh.ts';
import { finish } from '../../src/workspace/steps.ts';
import type { Change, Entity } from '../../src/store/change.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { ReferenceLedger } from './reference-ledger.ts';
import { Party, type Role } from './party.ts';
import type { Cast } from './scenario.ts';
import { ServedJob, type JobEnvironment } from './served-job.ts';

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
  readonly book: ReferenceLedger;
  /** The connected clients. One that disconnects is replaced by a new client without a role. */
  readonly parties: Party[] = [];
  readonly #environment: JobEnvironment = {
    make: (workspace) => this.make(workspace, this.cast),
    failed: (text) => this.book.faults.push(text),
    clientOf: (id) => this.parties.find((party) => party.isSession && party.id === id),
  };
  #served: ServedJob;

  constructor(cast: Cast, make: MakeSleigh = makeSleigh) {
    this.cast = cast;
    this.make = make;
    this.book = new ReferenceLedger(cast);
    this.#served = new ServedJob(this.#environment);
    const add = (count: number, role: Role): void => {
      for (let n = 0; n < count; n++) this.parties.push(this.#party(role, `${role} ${n}`));
    };
    add(cast.masters, 'master');
    add(cast.sentinels, 'sentinel');
    add(cast.workers, 'worker');
  }

  get workspace(): Workspace {
    return this.#served.workspace;
  }
  get sleigh(): Sleigh {
    return this.#served.sleigh;
  }
  get picture() {
    return this.#served.picture;
  }
  get timers() {
    return this.#served.timers;
  }
  get accounting() {
    return this.#served.accounting;
  }

  #connections = 0;
  #party(role: Role, name: string): Party {
    // Workers come back under S18.
    const isSession = this.cast.extras.includes('sessions') && role !== 'worker';
    return new Party({ id: ++this.#connections, name, role, isSession }, this.workspace, this.book);
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
    const next = this.#party(role, name);
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

  /** P15.3: the connection of a session closes, and the session lasts. */
  interrupt(party: Party): void {
    this.book.withdrawn(party);
    party.withdraw();
  }

  /**
   * D4: the server ends without a word, and another one takes up its store: nobody waits any more, then every connection
   * has closed, the oldest first, and sessions last.
   */
  crash(): void {
    const stored = this.stored;
    for (const party of this.parties) this.book.withdrawn(party);
    const oldestFirst = [...this.parties.entries()].toSorted(([, a], [, b]) => a.id - b.id);
    for (const [index, party] of oldestFirst) {
      if (party.isSession) continue;
      this.book.vanished(party);
      this.#succeed(index, party);
    }
    for (const party of this.parties) party.forget();
    const { isWanted } = this.#served.changes;
    this.takeChanges();
    this.#served = this.recovered(stored);
    if (!isWanted) this.takeChanges();
    for (const party of this.parties) party.workspace = this.workspace;
  }

  /** Nobody waits any more; then every connection closes, the oldest first, and sessions last. */
  disconnectAll(): void {
    for (const party of this.parties) this.interrupt(party);
    const oldestFirst = [...this.parties.entries()].toSorted(([, a], [, b]) => a.id - b.id);
    for (const [index, party] of oldestFirst) if (!party.isSession) this.vanish(index);
  }

  /** What the store of the server has. */
  get stored(): readonly Entity[] {
    return this.#served.entities;
  }
  /** Begins to record changes. */
  recordChanges(): void {
    this.#served.changes.isWanted = true;
  }
  /** @returns the changes since then, as they would be committed */
  takeChanges(): readonly Change[] {
    const { changes } = this.#served;
    changes.isWanted = false;
    return changes.take();
  }
  /** @returns the job of a server that takes up a store */
  recovered(stored: readonly Entity[]): ServedJob {
    return new ServedJob(this.#environment, stored);
  }

  get isDeleted(): boolean {
    return this.workspace.deleted;
  }

  /** Deletes the workspace, as the server does (W7). */
  delete(): void {
    this.workspace.deleted = true;
    finish(this.workspace.end());
  }
}
