import type { Client } from './client.ts';
import type { Lease } from './leases.ts';
import type { Variable } from './variable.ts';

export type Entries = Readonly<Record<string, string>>;

/** The expected reply to a client. Absent fields are not determined by the clauses. */
export interface Reply {
  readonly status: string;
  /** Any of these, if several clauses refuse the same request. */
  readonly reasons?: readonly string[];
  readonly value?: string | RegExp;
  readonly descriptor?: number;
  readonly metadata?: Entries;
  /** The owner of the id in the cookie; null: it is empty (P7). */
  readonly from?: Variable | null;
  readonly index?: number;
  /** Accepts values that only the server determines. */
  readonly learn?: (value: string) => void;
  /** The metadata contain the number of the task, higher than the last one (S18). */
  readonly numbers?: { number: number };
  /** The metadata contain the number of this lease, which no other has or had (V13, D20). */
  readonly lease?: Lease;
}

export interface SentReply {
  readonly client: Client;
  readonly reply: Reply;
}

export const DONE: Reply = { status: '0000', metadata: {} };
export const refusal = (...reasons: string[]): Reply => ({ status: '0001', reasons });
export const isRefusal = ({ status }: Reply): boolean => status !== '0000';

export const PURGED = refusal('Variable purged.');
export const NO_VALUE = refusal('no value available');
export const NO_VALUE_YET = refusal('no value available.');
export const STORE_REFUSED = refusal('Store is not supported for this variable.');

export const DEAD = refusal('sleigh is dead');
export const WORKER_DEAD = refusal('worker is dead');

export const isWhole = (value: string): boolean => /^\s*[+-]?\d+\s*$/.test(value);
/** P5.5 */
export const notANumber = (what: string, value: string): Reply =>
  refusal(`${what} must be a number, not "${value}".`);

/** Text that the server composes (P10). */
export const text = (value: string | RegExp): Reply => ({
  status: '0000',
  value,
  descriptor: 1,
  metadata: {},
});
