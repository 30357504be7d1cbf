import type { PendingGet, Client } from './pending-get.ts';
import type { Clock } from './clock.ts';
import type { StorageAccounting } from './storage-accounting.ts';
import type { StoreOutcome } from './receipt.ts';
import type { Refusal } from './refusal.ts';
import type { InSteps, Steps } from './steps.ts';
import type { Value } from './value.ts';
import type { Waiters } from './waiters.ts';

/** What a variable does with values; one class for each mode (V1), and one for each job variable of a sleigh. */
export interface Behaviour {
  readonly mode: string;
  /** As listed by `list vars` (V8). */
  readonly counts: { readonly values: number; readonly fetchers: number; readonly finders: number };
  /** Takes the value over, or refuses it and leaves it to the caller. Without a client it is the server that stores. */
  store(value: Value, client: Client | undefined): StoreOutcome;
  /** Told that a client lists it, for those to whom that is a way of reading. */
  listed?(): void;
  /** Answers the ask, refuses it, or lets it wait. */
  get(ask: PendingGet): void;
  /** Some of its values, the one that would be found next first; of a mode that has none there is no such list. */
  values?(from: number, count: number): readonly Value[];
  /** Who waits here, beside those in the variable's own lines. */
  waiting?(): Iterable<PendingGet>;
  /** The variable goes: its waiters are told. */
  purge(reason: Refusal): Iterable<undefined>;
  /** Its values, which nobody can get at any more, are dropped. */
  dispose?(): Steps;
}

/** What a behaviour needs from where it lives. */
export interface VariableContext {
  readonly variableId: string;
  readonly waiters: Waiters;
  readonly holdings: StorageAccounting;
  readonly clock: Clock;
  readonly inSteps: InSteps;
}
