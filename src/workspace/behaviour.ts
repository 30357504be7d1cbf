import type { LeasePlace } from './leasing.ts';
import type { PendingGet, Client } from './pending-get.ts';
import type { Clock } from './clock.ts';
import type { StorageAccounting } from './storage-accounting.ts';
import type { StoreOutcome } from './receipt.ts';
import type { Refusal } from './refusal.ts';
import type { InSteps, Steps } from './steps.ts';
import type { Value } from './value.ts';
import type { Waiters } from './waiters.ts';
import type { WaitingStore } from './waiting-store.ts';

/** How a variable handles values. There is one class for each mode (V1), and one for each job variable of a sleigh. */
export interface Behaviour {
  readonly mode: string;
  /** The counts that `list vars` shows (V8). */
  readonly counts: { readonly values: number; readonly fetchers: number; readonly finders: number };
  /**
   * Takes ownership of the value, or refuses it and leaves it to the caller. Without a client the server itself
   * stores.
   */
  store(value: Value, client: Client | undefined): StoreOutcome;
  /** Called when a client lists the variable, for variables that are changed by a read. */
  listed?(): void;
  /** Answers the get, refuses it, or lets it wait. */
  get(get: PendingGet): void;
  /**
   * Takes up a value that was taken for a time, where it was (V13.2). Modes without this method give no leases.
   */
  returned?(number: number, value: Value): void;
  /** A value that was taken for a time was removed. */
  removed?(): void;
  /** The values that it holds at most, with the leased ones (V14); undefined if it has no such limit. */
  readonly capacity?: number | undefined;
  /** Whether a store waits for room (V14). */
  readonly isFull?: boolean;
  /** The number of stores that wait for room. */
  readonly storers?: number;
  /** Limits its values, before it has any. */
  limit?(capacity: number): void;
  /** Lets a store wait until there is room. Only a full variable is asked to. */
  storeLater?(store: WaitingStore): void;
  /**
   * Some of its values, in the order in which `find` returns them. Modes without such an order do not have this
   * method.
   */
  values?(from: number, count: number): readonly Value[];
  /** Gets that wait here, in addition to those in the variable's own lines. */
  waiting?(): Iterable<PendingGet>;
  /**
   * The number of the next value when it last became empty, which survives the server. While there are values, their
   * numbers say which is next.
   */
  readonly emptyAt?: number;
  /** All its values that survive the server, by their numbers. */
  numbered?(): Iterable<readonly [number: number, value: Value]>;
  /** Takes up what it was before a restart, before its values. */
  restoreEmptyAt?(number: number): void;
  /** Takes up a value of before a restart, in the order of their numbers. */
  restore?(number: number, value: Value): void;
  /** Refuses all waiting gets, because the variable is deleted. */
  purge(reason: Refusal): Iterable<undefined>;
  /** Drops its values, which no client can get any more. */
  dispose?(): Steps;
}

/** Records the values that survive the server. */
export interface ValueRecord {
  /** What `emptyAt` says, or the mode, has changed. */
  changed(): void;
  put(number: number, value: Value): void;
  delete(number: number): void;
}

/** The parts of the workspace that a behaviour uses. */
export interface VariableContext {
  readonly variableId: string;
  readonly waiters: Waiters;
  readonly accounting: StorageAccounting;
  readonly record: ValueRecord;
  readonly clock: Clock;
  readonly leasePlace: LeasePlace;
  readonly inSteps: InSteps;
}
