import type { PendingGet, Client } from './pending-get.ts';
import { Barrier } from './barrier.ts';
import type { Clock } from './clock.ts';
import { Fifo } from './fifo.ts';
import { VariableRecord, type RecordScope } from './variable-record.ts';
import type { LeasePlace } from './leasing.ts';
import type { StorageAccounting } from './storage-accounting.ts';
import type { Account } from './memory-budget.ts';
import { Lifo } from './lifo.ts';
import type { StoreOutcome } from './receipt.ts';
import { PURGED, refusal, type Refusal } from './refusal.ts';
import { Single } from './single.ts';
import { eachInSteps, type InSteps, type Steps } from './steps.ts';
import { TimeOfDay } from './time-of-day.ts';
import type { Value } from './value.ts';
import type { Behaviour, VariableContext } from './behaviour.ts';
import { Waiters } from './waiters.ts';
import { CAPACITY } from '../wire/capacity-refusals.ts';
import { VARIABLES } from '../wire/refusals.ts';
import type { WaitingStore } from './waiting-store.ts';

const MODES: Record<string, new (context: VariableContext) => Behaviour> = {
  fifo: Fifo,
  lifo: Lifo,
  multi: class Multi extends Lifo {
    override readonly mode = 'multi';
  },
  single: Single,
  __time: TimeOfDay,
  __barrier: Barrier,
};

/** What a variable was before a restart. */
export interface SavedMode {
  readonly mode: string;
  readonly emptyAt: number | undefined;
  readonly capacity: number | undefined;
}

/** A named place for values in a workspace. */
export class Variable {
  readonly id: string;
  readonly name: string;
  /** Whether `list vars` omits it (V8). */
  readonly hidden: boolean;
  /** Whether it cannot be deleted while its workspace exists (S7.2). */
  readonly permanent: boolean;
  /** The account that its memory is charged to (P12). */
  readonly owner: Account | undefined;
  readonly record: VariableRecord;
  readonly leasePlace: LeasePlace;
  #behaviour: Behaviour;
  readonly #context: VariableContext;

  constructor(
    name: string,
    where: {
      id: string;
      /** Its number in its workspace, for records. */
      number: number;
      scope: RecordScope;
      hidden: boolean;
      permanent?: boolean;
      owner?: Account | undefined;
      accounting: StorageAccounting;
      clock: Clock;
      inSteps: InSteps;
    },
    behaviour?: (context: VariableContext) => Behaviour,
  ) {
    this.id = where.id;
    this.name = name;
    this.hidden = where.hidden;
    this.permanent = where.permanent ?? false;
    this.owner = where.owner;
    this.record = new VariableRecord(where.scope, where.number, this);
    this.leasePlace = {
      workspace: where.scope.number,
      variable: where.number,
      leases: new Set(),
      accounting: where.accounting,
      isRecorded: () => where.scope.changes.isRecorded,
      removed: () => this.#behaviour.removed?.(),
      returned: (number, value) => this.#behaviour.returned?.(number, value),
    };
    this.#context = {
      variableId: where.id,
      waiters: new Waiters(where.accounting, where.inSteps),
      accounting: where.accounting,
      record: this.record,
      clock: where.clock,
      leasePlace: this.leasePlace,
      inSteps: where.inSteps,
    };
    this.#behaviour = behaviour?.(this.#context) ?? new Unknown(this, this.#context.waiters);
  }

  get behaviour(): Behaviour {
    return this.#behaviour;
  }

  /** Some of its values, in the order in which `find` returns them. */
  values(from: number, count: number): readonly Value[] {
    return this.#behaviour.values?.(from, count) ?? [];
  }

  /** The waiting gets: first fetches, then finds, each in the order in which they came. */
  *waiting(): Generator<PendingGet> {
    const { fetchers, finders } = this.#context.waiters;
    yield* fetchers;
    yield* finders;
    yield* this.#behaviour.waiting?.() ?? [];
  }

  /** Sets the mode, if it is unknown. Clients that wait keep waiting (V2). @param capacity of a fifo (V14) */
  declare(mode: string, capacity?: number): Refusal | undefined {
    if (this.#behaviour.mode === mode && mode !== 'unknown') return this.#capacityChanged(capacity);
    const Mode = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined;
    if (Mode === undefined || !(this.#behaviour instanceof Unknown))
      return refusal(VARIABLES.modeFixed(mode));
    this.#behaviour = new Mode(this.#context);
    if (capacity !== undefined) this.#behaviour.limit?.(capacity);
    this.record.changed();
    return undefined;
  }

  #capacityChanged(capacity: number | undefined): Refusal | undefined {
    if (capacity === undefined || capacity === this.#behaviour.capacity) return undefined;
    return refusal(CAPACITY.fixed(String(capacity)));
  }

  store(value: Value, client: Client | undefined): StoreOutcome {
    return this.#behaviour.store(value, client);
  }

  /** Whether a store waits for room (V14). */
  get isFull(): boolean {
    return this.#behaviour.isFull === true;
  }

  /** Lets a store wait for room. Only for a full variable. */
  storeLater(store: WaitingStore): void {
    this.#behaviour.storeLater?.(store);
  }

  get(get: PendingGet): void {
    const behaviour = this.#behaviour;
    // A variable whose mode is unknown lets it wait.
    if (get.lease !== undefined && behaviour.returned === undefined && !(behaviour instanceof Unknown))
      return get.refuse(refusal(VARIABLES.noLeases(behaviour.mode)));
    behaviour.get(get);
  }

  /** Takes up what it was before a restart. */
  restoreMode({ mode, emptyAt, capacity }: SavedMode): void {
    const Mode = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined;
    if (Mode !== undefined && this.#behaviour instanceof Unknown) this.#behaviour = new Mode(this.#context);
    if (capacity !== undefined) this.#behaviour.limit?.(capacity);
    if (emptyAt !== undefined) this.#behaviour.restoreEmptyAt?.(emptyAt);
  }

  /** Takes up a value of before a restart, in the order of their numbers. */
  restore(number: number, value: Value): void {
    this.#behaviour.restore?.(number, value);
  }

  /** Deletes the variable: waiting gets are refused, values are dropped. */
  *purge(): Steps {
    // First, so that the end of a lease lets no waiting store in (V14.3).
    yield* this.#behaviour.purge(PURGED);
    yield* eachInSteps([...this.leasePlace.leases], (lease) => lease.variableDeleted());
    yield* this.#behaviour.dispose?.() ?? [];
  }
}

/** The mode has not been set; the first store makes it a fifo (V1). */
class Unknown implements Behaviour {
  readonly mode = 'unknown';
  readonly #variable: Variable;
  readonly #waiters: Waiters;

  constructor(variable: Variable, waiters: Waiters) {
    this.#variable = variable;
    this.#waiters = waiters;
  }

  get counts() {
    return this.#waiters.counts(0);
  }

  store(value: Value, client: Client | undefined): StoreOutcome {
    return this.#variable.declare('fifo') ?? this.#variable.store(value, client);
  }

  get(get: PendingGet): void {
    if (this.#waiters.mismatch(get, this.#variable.id)) return;
    this.#waiters.waitOrRefuse(get);
  }

  purge(reason: Refusal): Steps {
    return this.#waiters.refuseAll(reason);
  }
}
