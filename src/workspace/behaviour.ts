import type { PendingGet, Client } from './pending-get.ts';
import type { Clock } from './clock.ts';
import type { StorageAccounting } from './storage-accounting.ts';
import type { StoreOutcome } from './receipt.ts';
import type { Refusal } from './refusal.ts';
import type { InSteps, Steps } from './steps.ts';
import type { Value } from './value.ts';
import type { Waiters } from './waiters.ts';

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
   * Some of its values, in the order in which `find` returns them. Modes without such an order do not have this
   * method.
   */
  values?(from: number, count: number): readonly Value[];
  /** Gets that wait here, in addition to those in the variable's own lines. */
  waiting?(): Iterable<PendingGet>;
  /** Refuses all waiting gets, because the variable is deleted. */
  purge(reason: Refusal): Iterable<undefined>;
  /** Drops its values, which no client can get any more. */
  dispose?(): Steps;
}

/** The parts of the workspace that a behaviour uses. */
export interface VariableContext {
  readonly variableId: string;
  readonly waiters: Waiters;
  readonly accounting: StorageAccounting;
  readonly clock: Clock;
  readonly inSteps: InSteps;
}
