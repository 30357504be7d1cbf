import type { StorageAccounting } from './storage-accounting.ts';
import type { Value } from './value.ts';

/** A value that was taken for a time, as its variable gives it away (V13). */
export interface TakenValue {
  /** Its number in its variable; 0 in a lifo. */
  readonly number: number;
  readonly value: Value;
  readonly place: LeasePlace;
}

/** The variable of a leased value. */
export interface LeasePlace {
  /** For records. */
  readonly workspace: number;
  readonly variable: number;
  /** The leases that are held, which end with the variable. */
  readonly leases: Set<HeldLease>;
  readonly accounting: StorageAccounting;
  /** Whether its values survive the server (W13). */
  isRecorded(): boolean;
  /** The value is available again. */
  returned(number: number, value: Value): void;
  /** The value was removed, so there may be room for another one (V14). */
  removed(): void;
}

/** A lease, as its variable and the views see it. */
export interface HeldLease {
  /** Unique in the server. */
  readonly number: number;
  /** HOST:PORT of its holder; undefined after a restart if that has disconnected. */
  readonly peer: string | undefined;
  readonly value: Value;
  /** When it began and when its time elapses, in milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
  variableDeleted(): void;
}

/** What its holder may do with a lease. */
export interface EndableLease {
  done(): void;
  back(): void;
  extend(milliseconds: number): void;
}
