import type { Sleigh } from '../../src/sleigh/sleigh.ts';
import { ChangeRecorder } from '../../src/store/change-recorder.ts';
import type { Entity } from '../../src/store/change.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { NO_LEASE_KEEPER } from '../../src/workspace/lease-keeper.ts';
import type { Host } from '../../src/workspace/host.ts';
import { Loading } from '../../src/workspace/loading.ts';
import type { Client } from '../../src/workspace/pending-get.ts';
import { ServerAccounting } from '../../src/workspace/storage-accounting.ts';
import { finish } from '../../src/workspace/steps.ts';
import { FIRST } from '../../src/workspace/workspace-record.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { Picture } from './picture.ts';
import { SimTimers } from './sim-timers.ts';

/** Ordinary variables that the job reads. The number of their values has no effect. */
const ORDINARY = ['worker_dead', 'Sleigh ride over', 'worker registrations'];
const NAME = 'job';

/** What a job needs of the world around it. */
export interface JobEnvironment {
  /** Creates the job in its workspace. */
  readonly make: (workspace: Workspace) => Sleigh;
  /** An error was logged. */
  readonly failed: (text: string) => void;
  /** @returns the session with that id, if there is one (P15) */
  readonly clientOf: (id: number) => Client | undefined;
}

/** Records changes only while somebody wants them: computing the record of a job takes as long as a step. */
class OptionalRecorder extends ChangeRecorder {
  isWanted = false;

  override put(...change: Parameters<ChangeRecorder['put']>): void {
    if (this.isWanted) super.put(...change);
  }
  override touch(...change: Parameters<ChangeRecorder['touch']>): void {
    if (this.isWanted) super.touch(...change);
  }
  override delete(...change: Parameters<ChangeRecorder['delete']>): void {
    if (this.isWanted) super.delete(...change);
  }
  override clear(...change: Parameters<ChangeRecorder['clear']>): void {
    if (this.isWanted) super.clear(...change);
  }
}

/** A job and what a server has around it. After a crash another one takes its place. */
export class ServedJob {
  readonly timers = new SimTimers();
  readonly accounting = new ServerAccounting(DEFAULT_LIMITS, () => undefined);
  readonly changes = new OptionalRecorder();
  readonly workspace: Workspace;
  readonly sleigh: Sleigh;
  readonly picture: Picture;

  /** @param stored what the store of a server that has crashed has: this job is taken up from it (D4) */
  constructor({ make, failed, clientOf }: JobEnvironment, stored?: readonly Entity[]) {
    this.changes.isWanted = stored !== undefined;
    let variables = 0;
    const host: Host = {
      accounting: this.accounting,
      limits: DEFAULT_LIMITS,
      clock: () => 0,
      timers: this.timers,
      leases: NO_LEASE_KEEPER,
      changes: this.changes,
      restoreFile: () => undefined,
      newVariableId: () => String(++variables),
      clientOf,
      inSteps: (steps) => finish(steps),
      log: (level, message, fields) => {
        if (level === 'error') failed(`${message}: ${JSON.stringify(fields)}`);
      },
    };
    const made = stored === undefined ? begun(host, make) : takenUp(host, make, stored);
    this.workspace = made.workspace;
    this.sleigh = made.sleigh;
    this.picture = new Picture(this.sleigh);
  }

  /** Everything that survives the server, as its store must have it. */
  get entities(): readonly Entity[] {
    return [...this.workspace.record.entities()];
  }
}

interface Made {
  readonly workspace: Workspace;
  readonly sleigh: Sleigh;
}

function begun(host: Host, make: JobEnvironment['make']): Made {
  const workspace = new Workspace(NAME, host, { number: FIRST + 1 });
  const sleigh = make(workspace);
  workspace.plugin = sleigh;
  for (const name of ORDINARY) workspace.declare(name, 'fifo');
  workspace.record.changed();
  return { workspace, sleigh };
}

function takenUp(host: Host, make: JobEnvironment['make'], stored: readonly Entity[]): Made {
  const loading = new Loading(host, new Workspace('__default', host, { number: FIRST, isLoaded: true }));
  let made: Made | undefined;
  const populate = (workspace: Workspace): void => {
    if (workspace.name !== NAME) return;
    const sleigh = make(workspace);
    workspace.plugin = sleigh;
    made = { workspace, sleigh };
  };
  for (const entity of new MemoryStore(stored).entities)
    if (entity.key[0] === 'workspace') loading.workspace(entity, new Set());
    else loading.restore(entity, populate);
  loading.finish(populate);
  if (made === undefined) throw new Error('the workspace of the job is not in the store');
  return made;
}
