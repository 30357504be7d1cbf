import type { Limits } from '../wire/limits.ts';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import type { PendingGet, Client } from './pending-get.ts';
import type { Clock } from './clock.ts';
import { StorageAccounting, type ServerHoldings } from './storage-accounting.ts';
import type { Account, Kind } from './memory-budget.ts';
import type { StoreOutcome } from './receipt.ts';
import { isRefusal, refusal, type Refusal } from './refusal.ts';
import { isPartOfOldSleigh, OldSleigh } from './old-sleigh.ts';
import type { InSteps, Steps } from './steps.ts';
import type { Tracer } from './tracing.ts';
import type { Timers } from './timers.ts';
import type { Value } from './value.ts';
import type { Behaviour, VariableContext } from './behaviour.ts';
import { Variable } from './variable.ts';

/** What workspaces need of the server around them. */
export interface Host {
  readonly holdings: ServerHoldings;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly timers: Timers;
  /** 20 characters that no variable of this run of the server has had (V9). */
  newVariableId(): string;
  /** Listens to all actors, when somebody wants to know what they do. */
  readonly tracer?: Tracer | undefined;
  log(level: LogLevel, message: string, fields?: Record<string, unknown>): void;
  /** Does something that takes long, in its turn with others (P14). */
  readonly inSteps: InSteps;
}
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What makes a workspace of some kind more than a set of variables (W9). */
export interface WorkspacePlugin {
  /** Bytes of memory that a store under a name takes beside its value (P12). */
  memoryFor?(name: string, value: Value): number;
  /** Asked before a value is stored under a name; a refusal stands. */
  refuseStore?(name: string, value: Value): Refusal | undefined;
  /** Whether a value is for the occupant alone: then it is told, and nothing is kept under the name. */
  isPrivate?(name: string, value: Value): boolean;
  /** Told after a value has been stored under a name. */
  stored?(name: string, value: Value): void;
  /** Asked when an owner leaves and others stay: whether the workspace does not go with it (W6.1). */
  outlives?(client: Client): boolean;
  /** The server is about to stop. */
  serverStops?(): void;
  /** The workspace is deleted; its variables have been purged. */
  deleted(): void;
}

/** Makes the occupant of a new workspace, or says why that cannot be, with the options that its maker gave. */
export type WorkspaceKind = (
  workspace: Workspace,
  options: Metadata,
) => WorkspacePlugin | Refusal | undefined;

interface VariableOptions {
  hidden?: boolean;
  permanent?: boolean;
  /** To whom it is accounted, in memory (P12). */
  owner?: Account | undefined;
}

/** A named set of variables. */
export class Workspace {
  readonly name: string;
  readonly host: Host;
  readonly holdings: StorageAccounting;
  /** To whom it is accounted, in memory (P12). */
  readonly maker: Account | undefined;
  /** Who opened it first, as the listing shows it (W10). Stays when the owner has gone. */
  owner = '';
  persistent = false;
  /** Everyone who has opened it (W2). */
  readonly owners = new Set<Client>();
  /** References to it are stale from then on (W5). */
  deleted = false;
  occupant: WorkspacePlugin | undefined;
  /** What its maker said of it, as far as it is short. */
  metadata: Metadata = NO_METADATA;
  #variables = new Map<string, Variable>();
  #oldSleigh: OldSleigh | undefined;
  readonly #oldSleighs: Set<Workspace> | undefined;
  /** What it takes beside its variables, to be given back when it is deleted. */
  #charges: { readonly kind: Kind; readonly bytes: number; readonly client: Account | undefined }[] = [];

  /**
   * @param quota bytes of memory that its maker allows it (W11)
   * @param oldSleighs where it puts itself when it may have a job of the old style (W12)
   */
  constructor(
    name: string,
    host: Host,
    {
      maker,
      quota,
      oldSleighs,
    }: {
      maker?: Account | undefined;
      quota?: number | undefined;
      oldSleighs?: Set<Workspace> | undefined;
    } = {},
  ) {
    this.name = name;
    this.host = host;
    this.maker = maker;
    this.#oldSleighs = oldSleighs;
    this.holdings = new StorageAccounting(host.holdings, quota);
  }

  /** Accounts for memory that it takes until it is deleted (P12). */
  charge(kind: Kind, bytes: number, client: Account | undefined): void {
    if (bytes === 0) return;
    this.#charges.push({ kind, bytes, client });
    this.holdings.take(kind, bytes, client);
  }

  #forget(): void {
    for (const { kind, bytes, client } of this.#charges) this.holdings.give(kind, bytes, client);
    this.#charges = [];
    this.owner = '';
    this.metadata = NO_METADATA;
    this.occupant = undefined;
    this.owners.clear();
  }

  get variables(): Iterable<Variable> {
    return this.#variables.values();
  }
  get variableCount(): number {
    return this.#variables.size;
  }
  /** The job of the old style in it, if there may be one (W12). */
  get oldSleigh(): OldSleigh | undefined {
    return this.#oldSleigh;
  }

  /** @returns the job that has to be told of what happens to a variable of that name */
  #oldSleighOf(name: string): OldSleigh | undefined {
    if (this.occupant !== undefined || !isPartOfOldSleigh(name)) return undefined;
    this.#oldSleighs?.add(this);
    return (this.#oldSleigh ??= new OldSleigh(this));
  }

  /** @returns undefined when there is none of that name; it is not made */
  find(name: string): Variable | undefined {
    return this.#variables.get(name);
  }

  /** The variable of that name; one that nobody has used is made, of unknown mode (V1). */
  variable(name: string): Variable {
    return this.#variables.get(name) ?? this.#make(name, {});
  }

  /** As `variable`, for a client: there may be no room for another one (P12). */
  #forClient(name: string, owner: Account | undefined): Variable | Refusal {
    return this.#variables.get(name) ?? this.holdings.nameRefusal(name, owner) ?? this.#make(name, { owner });
  }

  /** Makes one of the kind's own variables. */
  define(
    name: string,
    options: VariableOptions,
    behaviour?: (surroundings: VariableContext) => Behaviour,
  ): Variable {
    return this.#make(name, options, behaviour);
  }

  #make(name: string, options: VariableOptions, behaviour?: (surroundings: VariableContext) => Behaviour) {
    const { host, holdings } = this;
    const { clock, inSteps } = host;
    const where = { id: host.newVariableId(), holdings, clock, inSteps, owner: this.maker, ...options };
    const variable = new Variable(name, where, behaviour);
    this.#variables.set(name, variable);
    holdings.keepName(name, variable.owner);
    return variable;
  }

  /** V2. */
  declare(name: string, mode: string, owner?: Account): Refusal | undefined {
    const variable = this.#forClient(name, owner);
    return isRefusal(variable) ? variable : variable.declare(mode);
  }

  /** V3. A value that is refused stays the caller's. */
  store(name: string, value: Value, client: Client): StoreOutcome {
    const refused =
      this.holdings.refusal(value, this.occupant?.memoryFor?.(name, value)) ??
      this.occupant?.refuseStore?.(name, value);
    if (refused !== undefined) return refused;
    if (this.occupant?.isPrivate?.(name, value) === true) {
      this.holdings.release(value);
      this.occupant.stored?.(name, value);
      return undefined;
    }
    const variable = this.#forClient(name, client.account);
    if (isRefusal(variable)) return variable;
    const outcome = variable.store(value, client);
    if (isRefusal(outcome)) return outcome;
    this.occupant?.stored?.(name, value);
    this.#oldSleighOf(name)?.stored(name, client);
    return outcome;
  }

  /** V4. */
  get(name: string, ask: PendingGet): void {
    const variable = this.#forClient(name, ask.client.account);
    if (isRefusal(variable)) return ask.refuse(variable);
    this.#oldSleighOf(name)?.asked(name, ask);
    variable.get(ask);
  }

  /** V7. @returns how its values are given up, once nobody can get at them */
  deleteVariable(name: string): Refusal | Steps {
    const variable = this.#variables.get(name);
    if (variable === undefined)
      return refusal('no-variable', `Variable "${name}" does not exist in workspace "${this.name}".`);
    if (variable.permanent)
      return refusal('permanent', `Variable "${name}" is part of the workspace and cannot be deleted.`);
    this.#variables.delete(name);
    this.holdings.dropName(name, variable.owner);
    return variable.purge();
  }

  /** W7: nobody can get at what is in it any more. @returns how that is given up; then its occupant ends, too */
  end(): Steps {
    this.#oldSleigh?.end();
    this.#oldSleigh = undefined;
    this.#oldSleighs?.delete(this);
    const variables = this.#variables;
    this.#variables = new Map();
    return this.#end(variables);
  }

  *#end(variables: ReadonlyMap<string, Variable>): Steps {
    yield* this.#purge(variables);
    this.occupant?.deleted();
    if (!this.deleted) return;
    // The occupant may have stored something since: a job that ended by itself in the meantime, say.
    yield* this.#purge(this.#variables);
    this.#variables.clear();
    // References to it may outlive it for long, and hold no more than its name.
    this.#forget();
  }

  *#purge(variables: ReadonlyMap<string, Variable>): Steps {
    for (const variable of variables.values()) {
      this.holdings.dropName(variable.name, variable.owner);
      yield* variable.purge();
      yield;
    }
  }
}
