import type { Limits } from '../wire/limits.ts';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import type { Ask, Client } from './ask.ts';
import type { Clock } from './clock.ts';
import { Holdings, type ServerHoldings } from './holdings.ts';
import type { StoreOutcome } from './receipt.ts';
import { isRefusal, refusal, type Refusal } from './refusal.ts';
import type { Tracer } from './tracing.ts';
import type { Timers } from './timers.ts';
import type { Value } from './value.ts';
import type { Behaviour, Surroundings } from './behaviour.ts';
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
}
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What makes a workspace of some kind more than a set of variables (W9). */
export interface Occupant {
  /** Asked before a value is stored under a name; a refusal stands. */
  refuseStore?(name: string, value: Value): Refusal | undefined;
  /** Whether a value is for the occupant alone: then it is told, and nothing is kept under the name. */
  isPrivate?(name: string, value: Value): boolean;
  /** Told after a value has been stored under a name. */
  stored?(name: string, value: Value): void;
  /** The server is about to stop. */
  serverStops?(): void;
  /** The workspace is deleted; its variables have been purged. */
  deleted(): void;
}

/** Makes the occupant of a new workspace, or says why that cannot be, with the options that its maker gave. */
export type WorkspaceKind = (workspace: Workspace, options: Metadata) => Occupant | Refusal | undefined;

interface VariableOptions {
  hidden?: boolean;
  permanent?: boolean;
}

/** A named set of variables. */
export class Workspace {
  readonly name: string;
  readonly host: Host;
  readonly holdings: Holdings;
  /** Who opened it first, as the listing shows it (W10). Stays when the owner has gone. */
  owner = '';
  persistent = false;
  /** Everyone who has opened it (W2). */
  readonly owners = new Set<Client>();
  /** References to it are stale from then on (W5). */
  deleted = false;
  occupant: Occupant | undefined;
  /** What its maker said of it, as far as it is short. */
  metadata: Metadata = NO_METADATA;
  readonly #variables = new Map<string, Variable>();

  constructor(name: string, host: Host) {
    this.name = name;
    this.host = host;
    this.holdings = new Holdings(host.holdings);
  }

  get variables(): Iterable<Variable> {
    return this.#variables.values();
  }
  get variableCount(): number {
    return this.#variables.size;
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
  #forClient(name: string): Variable | Refusal {
    return this.#variables.get(name) ?? this.host.holdings.nameRefusal(name) ?? this.#make(name, {});
  }

  /** Makes one of the kind's own variables. */
  define(
    name: string,
    options: VariableOptions,
    behaviour?: (surroundings: Surroundings) => Behaviour,
  ): Variable {
    return this.#make(name, options, behaviour);
  }

  #make(name: string, options: VariableOptions, behaviour?: (surroundings: Surroundings) => Behaviour) {
    const { host, holdings } = this;
    const where = { id: host.newVariableId(), holdings, clock: host.clock, ...options };
    const variable = new Variable(name, where, behaviour);
    this.#variables.set(name, variable);
    host.holdings.keepName(name);
    return variable;
  }

  /** V2. */
  declare(name: string, mode: string): Refusal | undefined {
    const variable = this.#forClient(name);
    return isRefusal(variable) ? variable : variable.declare(mode);
  }

  /** V3. A value that is refused stays the caller's. */
  store(name: string, value: Value, client: Client): StoreOutcome {
    const refused = this.holdings.refusal(value) ?? this.occupant?.refuseStore?.(name, value);
    if (refused !== undefined) return refused;
    if (this.occupant?.isPrivate?.(name, value) === true) {
      this.holdings.release(value);
      this.occupant.stored?.(name, value);
      return undefined;
    }
    const variable = this.#forClient(name);
    if (isRefusal(variable)) return variable;
    const outcome = variable.store(value, client);
    if (!isRefusal(outcome)) this.occupant?.stored?.(name, value);
    return outcome;
  }

  /** V4. */
  get(name: string, ask: Ask): void {
    const variable = this.#forClient(name);
    if (isRefusal(variable)) ask.refuse(variable);
    else variable.get(ask);
  }

  /** V7. */
  deleteVariable(name: string): Refusal | undefined {
    const variable = this.#variables.get(name);
    if (variable === undefined)
      return refusal('no-variable', `Variable "${name}" does not exist in workspace "${this.name}".`);
    if (variable.permanent)
      return refusal('permanent', `Variable "${name}" is part of the workspace and cannot be deleted.`);
    this.#variables.delete(name);
    this.host.holdings.dropName(name);
    variable.purge();
    return undefined;
  }

  /** Purges every variable (W7). */
  empty(): void {
    const variables = [...this.#variables.values()];
    this.#variables.clear();
    for (const variable of variables) {
      this.host.holdings.dropName(variable.name);
      variable.purge();
    }
  }
}
