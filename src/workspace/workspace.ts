import type { Changes } from '../store/change-recorder.ts';
import { RecordReader } from '../store/record.ts';
import type { Entity } from '../store/change.ts';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import type { Host } from './host.ts';
import type { PendingGet, Client } from './pending-get.ts';
import { StorageAccounting } from './storage-accounting.ts';
import type { Account, Kind } from './memory-budget.ts';
import type { StoreOutcome } from './receipt.ts';
import { isRefusal, refusal, type Refusal } from './refusal.ts';
import { isPartOfOldSleigh, OldSleigh } from './old-sleigh.ts';
import { SavedVariables } from './saved-variables.ts';
import type { Steps } from './steps.ts';
import type { Value } from './value.ts';
import { valueIn } from './value-record.ts';
import { WorkspaceRecord } from './workspace-record.ts';
import type { Behaviour, VariableContext } from './behaviour.ts';
import { Variable } from './variable.ts';
import type { WaitingStore } from './waiting-store.ts';
import { VARIABLES } from '../wire/refusals.ts';

/** Adds behaviour to a workspace of some type (W9). */
export interface WorkspacePlugin {
  /** The memory that a store to this name needs in addition to the value, in bytes (P12). */
  memoryFor?(name: string, value: Value): number;
  /** Called before a value is stored; a refusal is final. */
  refuseStore?(name: string, value: Value): Refusal | undefined;
  /** Whether a value is only for the plugin: then `stored` is called, and the variable does not keep it. */
  isPrivate?(name: string, value: Value): boolean;
  /** Called after a value has been stored. */
  stored?(name: string, value: Value): void;
  /** Called when an owner disconnects and others stay: whether the workspace is kept (W6.1). */
  outlives?(client: Client): boolean;
  /** The server is about to stop, and the workspace does not survive it. */
  serverStops?(): void;
  /** Called when the workspace is being deleted and its variables are still there. */
  deleting?(): void;
  /** Called when the workspace is deleted and its variables have been purged. */
  deleted(): void;
  /** The entities of its kinds (`JOB_KINDS`), as a store must have them. */
  entities?(): Iterable<Entity>;
  /**
   * Takes up an entity of its kinds after a restart. They come in the order of their keys, after the variables of the
   * workspace and their values.
   */
  restore?(entity: Entity): void;
  /** All entities were restored. */
  restored?(): void;
}

/** Creates the plugin of a new workspace with the options of its creator, or refuses them. */
export type WorkspacePluginFactory = (
  workspace: Workspace,
  options: Metadata,
) => WorkspacePlugin | Refusal | undefined;

interface VariableOptions {
  hidden?: boolean;
  permanent?: boolean;
  /** The account that its memory is charged to (P12). */
  owner?: Account | undefined;
}

/** A named set of variables. */
export class Workspace {
  readonly name: string;
  /** Unique in the server; for records. */
  readonly number: number;
  readonly record: WorkspaceRecord;
  /** The memory in bytes that its creator allows (W11). */
  readonly quota: number | undefined;
  readonly host: Host;
  readonly accounting: StorageAccounting;
  /** The account that its memory is charged to (P12). */
  readonly maker: Account | undefined;
  /** The first client that opened it, as the listing shows it (W10). It stays after that client has disconnected. */
  owner = '';
  persistent = false;
  /** All clients that have opened it (W2). */
  readonly owners = new Set<Client>();
  /** Whether it was deleted, so that references to it are stale (W5). */
  deleted = false;
  plugin: WorkspacePlugin | undefined;
  /** The metadata of its creation, as far as they are short. */
  metadata: Metadata = NO_METADATA;
  #variables = new Map<string, Variable>();
  /** The number of the last variable. */
  #variableNumber = 0;
  /** The variables of before a restart, while it is loaded. */
  #saved: SavedVariables | undefined;
  #oldSleigh: OldSleigh | undefined;
  readonly #oldSleighs: Set<Workspace> | undefined;
  /** The memory that is charged in addition to its variables, released when it is deleted. */
  #charges: { readonly kind: Kind; readonly bytes: number; readonly client: Account | undefined }[] = [];

  /**
   * @param number unique in the server
   * @param quota the memory in bytes that its creator allows (W11)
   * @param isDurable whether its contents survive the server (W13)
   * @param isLoaded whether it is of before a restart: nothing is recorded until `loaded`
   * @param oldSleighs the set to which it adds itself when it may contain an old-style job (W12)
   */
  constructor(
    name: string,
    host: Host,
    {
      number,
      maker,
      quota,
      isDurable = true,
      isLoaded = false,
      oldSleighs,
    }: {
      number: number;
      maker?: Account | undefined;
      quota?: number | undefined;
      isDurable?: boolean;
      isLoaded?: boolean;
      oldSleighs?: Set<Workspace> | undefined;
    },
  ) {
    this.name = name;
    this.number = number;
    this.quota = quota;
    this.host = host;
    if (isLoaded) this.#saved = new SavedVariables();
    this.maker = maker;
    this.#oldSleighs = oldSleighs;
    this.accounting = new StorageAccounting(host.accounting, quota);
    this.record = new WorkspaceRecord(this, host.changes, { isDurable, isLoaded });
  }

  /** Whether it is of before a restart, and what was in it is being taken up. */
  get isLoading(): boolean {
    return this.#saved !== undefined;
  }

  /** Accepts the changes of what survives the server: nothing once the workspace is deleted. */
  get changes(): Changes {
    return this.record.scope.changes;
  }

  /** Accounts for memory that it uses until it is deleted (P12). */
  charge(kind: Kind, bytes: number, client: Account | undefined): void {
    if (bytes === 0) return;
    this.#charges.push({ kind, bytes, client });
    this.accounting.take(kind, bytes, client);
  }

  #forget(): void {
    for (const { kind, bytes, client } of this.#charges) this.accounting.give(kind, bytes, client);
    this.#charges = [];
    this.owner = '';
    this.metadata = NO_METADATA;
    this.plugin = undefined;
    this.owners.clear();
  }

  get variables(): Iterable<Variable> {
    return this.#variables.values();
  }
  get variableCount(): number {
    return this.#variables.size;
  }
  /** Its old-style job, if it may have one (W12). */
  get oldSleigh(): OldSleigh | undefined {
    return this.#oldSleigh;
  }

  /** @returns the old-style job that a variable of that name belongs to */
  #oldSleighOf(name: string): OldSleigh | undefined {
    if (this.plugin !== undefined || !isPartOfOldSleigh(name)) return undefined;
    this.#oldSleighs?.add(this);
    return (this.#oldSleigh ??= new OldSleigh(this));
  }

  /** @returns undefined if there is none of that name; it is not created */
  find(name: string): Variable | undefined {
    return this.#variables.get(name);
  }

  /** The variable of that name. If there is none, it is created with an unknown mode (V1). */
  variable(name: string): Variable {
    return this.#variables.get(name) ?? this.#make(name, {});
  }

  /** As `variable`, for a client: there may be no memory for another one (P12). */
  #forClient(name: string, owner: Account | undefined): Variable | Refusal {
    return (
      this.#variables.get(name) ?? this.accounting.nameRefusal(name, owner) ?? this.#make(name, { owner })
    );
  }

  /** Creates a variable of the plugin. */
  define(
    name: string,
    options: VariableOptions,
    behaviour?: (context: VariableContext) => Behaviour,
  ): Variable {
    return this.#make(name, options, behaviour);
  }

  #make(name: string, options: VariableOptions, behaviour?: (context: VariableContext) => Behaviour) {
    const { host, accounting } = this;
    const { clock, inSteps } = host;
    const saved = this.#saved?.take(name);
    const number = saved?.number ?? ++this.#variableNumber;
    const id = saved?.id ?? host.newVariableId();
    const { hidden = saved?.isHidden === true, permanent = false } = options;
    const owner = 'owner' in options ? options.owner : this.maker;
    const { scope } = this.record;
    // Not a spread of the options, which takes longer than everything else here.
    const where = { id, number, hidden, permanent, owner, scope, accounting, clock, inSteps };
    const variable = new Variable(name, where, behaviour);
    this.#variables.set(name, variable);
    accounting.keepName(name, variable.owner);
    if (saved !== undefined) variable.restoreMode(saved);
    this.#saved?.made(number, variable);
    variable.record.changed();
    return variable;
  }

  /** Declares a mode (V2), and the capacity of a fifo (V14). */
  declare(name: string, mode: string, owner?: Account, capacity?: number): Refusal | undefined {
    const variable = this.#forClient(name, owner);
    return isRefusal(variable) ? variable : variable.declare(mode, capacity);
  }

  /** Stores a value (V3). A value that is refused stays the caller's. */
  store(name: string, value: Value, client: Client): StoreOutcome {
    const refused =
      this.accounting.refusal(value, this.plugin?.memoryFor?.(name, value)) ??
      this.plugin?.refuseStore?.(name, value);
    if (refused !== undefined) return refused;
    if (this.plugin?.isPrivate?.(name, value) === true) {
      this.accounting.release(value);
      this.plugin.stored?.(name, value);
      return undefined;
    }
    const variable = this.#forClient(name, client.account);
    if (isRefusal(variable)) return variable;
    const outcome = variable.store(value, client);
    if (isRefusal(outcome)) return outcome;
    this.plugin?.stored?.(name, value);
    this.#oldSleighOf(name)?.stored(name, client);
    return outcome;
  }

  /** As `store`, which waits if the variable is full (V14.2). @returns why there is no memory to wait with */
  storeLater(name: string, store: WaitingStore): Refusal | undefined {
    const { value, client } = store;
    const refused = this.accounting.refusal(value);
    if (refused !== undefined) return refused;
    store.onAnswer = () => this.#oldSleighOf(name)?.stored(name, client);
    this.find(name)?.storeLater(store);
    return undefined;
  }

  /** Carries out a get (V4). */
  get(name: string, get: PendingGet): void {
    const variable = this.#forClient(name, get.client.account);
    if (isRefusal(variable)) return get.refuse(variable);
    this.#oldSleighOf(name)?.asked(name, get);
    variable.get(get);
  }

  /** Takes up a variable of before a restart; it is made by `restoreVariables`. */
  restoreVariable(entity: Entity): void {
    this.#variableNumber = Math.max(this.#variableNumber, this.#saved?.add(entity) ?? 0);
  }

  /** Makes the variables of before a restart that the plugin has not made. */
  restoreVariables(): void {
    for (const name of this.#saved?.names ?? []) this.#make(name, {});
  }

  /** @returns the variable of before a restart with that number, while everything is taken up */
  savedVariable(number: number): Variable | undefined {
    return this.#saved?.find(number);
  }

  /** Takes up a value of before a restart. */
  restoreValue(entity: Entity): void {
    const [, , variable = 0, number = 0] = entity.key;
    const value = valueIn(RecordReader.of(entity), (file) => this.host.restoreFile(file));
    this.#saved?.find(variable)?.restore(number, value);
  }

  /** Everything of before a restart was taken up. From now on changes are recorded. */
  loaded(): void {
    const { all = [] } = this.#saved ?? {};
    this.#saved = undefined;
    this.record.begin();
    // A newer version of the plugin may have made variables that are not in the store.
    for (const { record } of all) record.changed();
    this.plugin?.restored?.();
  }

  /**
   * Deletes a variable (V7). It is inaccessible at once.
   * @returns the steps that release its values
   */
  deleteVariable(name: string): Refusal | Steps {
    const variable = this.#variables.get(name);
    if (variable === undefined) return refusal(VARIABLES.none(name, this.name));
    if (variable.permanent) return refusal(VARIABLES.permanent(name));
    this.#variables.delete(name);
    this.accounting.dropName(name, variable.owner);
    variable.record.end();
    return variable.purge();
  }

  /**
   * Deletes the workspace (W7). Its contents are inaccessible at once.
   * @returns the steps that release them; after these the plugin ends, too
   */
  end(): Steps {
    this.plugin?.deleting?.();
    this.#oldSleigh?.end();
    this.#oldSleigh = undefined;
    this.#oldSleighs?.delete(this);
    this.record.end();
    const variables = this.#variables;
    this.#variables = new Map();
    return this.#end(variables);
  }

  *#end(variables: ReadonlyMap<string, Variable>): Steps {
    yield* this.#purge(variables);
    this.plugin?.deleted();
    if (!this.deleted) return;
    // The plugin may have stored something since, for example because its job ended by itself.
    yield* this.#purge(this.#variables);
    this.#variables.clear();
    // References to this workspace may exist for a long time, and keep only its name in memory.
    this.#forget();
  }

  *#purge(variables: ReadonlyMap<string, Variable>): Steps {
    for (const variable of variables.values()) {
      this.accounting.dropName(variable.name, variable.owner);
      yield* variable.purge();
      yield;
    }
  }
}
