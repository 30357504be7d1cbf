import { UNRECORDED, type Changes, type Changing } from '../store/change-recorder.ts';
import { JOB_KINDS, type Entity, type Fields, type Key } from '../store/change.ts';
import type { Metadata } from '../wire/payload.ts';
import { fieldOfMetadata } from './value-record.ts';
import type { RecordScope, VariableRecord } from './variable-record.ts';

/** The number of the workspace that always exists (W1), which needs no record. */
export const FIRST = 0;

/** What a workspace says of itself for its record. */
export interface RecordedWorkspace {
  readonly name: string;
  /** Unique in the server. */
  readonly number: number;
  readonly owner: string;
  readonly persistent: boolean;
  readonly owners: Iterable<{ readonly isSession?: boolean }>;
  readonly metadata: Metadata;
  /** The memory in bytes that its creator allows (W11). */
  readonly quota: number | undefined;
  readonly variables: Iterable<{ readonly record: VariableRecord }>;
  readonly plugin: { entities?(): Iterable<Entity> } | undefined;
}

function hasConnection(owners: RecordedWorkspace['owners']): boolean {
  for (const { isSession = false } of owners) if (!isSession) return true;
  return false;
}

/** Records the changes of one workspace and what becomes of its contents. */
export class WorkspaceRecord implements Changing {
  readonly key: Key;
  /** Whether its contents survive the server (W13). */
  readonly isDurable: boolean;
  readonly #workspace: RecordedWorkspace;
  readonly #server: Changes;
  #scope: RecordScope;

  /**
   * @param server accepts the changes of the server
   * @param isLoaded whether it is of before a restart: nothing is recorded until `begin`
   */
  constructor(
    workspace: RecordedWorkspace,
    server: Changes,
    { isDurable, isLoaded }: { isDurable: boolean; isLoaded: boolean },
  ) {
    const { number } = workspace;
    this.key = ['workspace', number];
    this.isDurable = isDurable && server.isRecorded;
    this.#workspace = workspace;
    this.#server = server;
    this.#scope = { number, changes: this.isDurable && !isLoaded ? server : UNRECORDED };
  }

  /** Whether it is there when the server has ended and is started again (D4): nobody owns it whose end deletes it (W6). */
  get survivesServer(): boolean {
    return this.isDurable && !this.#isOwned;
  }

  /**
   * Whether a persistent workspace has owners makes no difference when they disconnect (W6). Sessions last, and know
   * what they own.
   */
  get #isOwned(): boolean {
    const { persistent, owners } = this.#workspace;
    return !persistent && hasConnection(owners);
  }

  /** The variables that are made now belong to it. */
  get scope(): RecordScope {
    return this.#scope;
  }

  /** Its owner, or whether it is persistent, or whether it is owned, has changed. */
  changed(): void {
    if (this.#scope.number !== FIRST) this.#scope.changes.touch(this);
  }

  /** Its state is read, for a reply. */
  read(): void {
    // That it is deleted is read as well, and may not be durable yet.
    if (this.isDurable) this.#server.read();
  }

  /** From now on changes are recorded. */
  begin(): void {
    if (this.isDurable) this.#scope.changes = this.#server;
  }

  fields(): Fields {
    const { name, owner, persistent, metadata, quota } = this.#workspace;
    return {
      name,
      owner,
      persistent,
      isOwned: this.#isOwned,
      metadata: fieldOfMetadata(metadata),
      quota,
    };
  }

  /** What it contained is deleted, and not recorded any more. New variables may follow in the workspace that always exists. */
  end(): void {
    const { number, changes } = this.#scope;
    const isFirst = number === FIRST;
    this.#scope.changes = UNRECORDED;
    if (isFirst) this.#scope = { number, changes };
    else changes.delete(this.key);
    changes.clear(['variable', number]);
    changes.clear(['value', number]);
    if (this.#workspace.plugin !== undefined) for (const kind of JOB_KINDS) changes.clear([kind, number]);
  }

  /** The workspace and what it contains, as a store must have them. */
  *entities(): Generator<Entity> {
    if (!this.#scope.changes.isRecorded) return;
    const { number, variables, plugin } = this.#workspace;
    if (number !== FIRST) yield { key: this.key, fields: this.fields() };
    for (const { record } of variables) yield* record.entities();
    yield* plugin?.entities?.() ?? [];
  }
}
