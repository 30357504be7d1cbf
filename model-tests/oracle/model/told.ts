import type { Client } from './client.ts';
import type { Variable } from './variable.ts';

export type Entries = Readonly<Record<string, string>>;

/** What a client must be told. What is left out is not fixed by the clauses. */
export interface Reply {
  readonly status: string;
  /** Any of these, where several clauses refuse the same request. */
  readonly reasons?: readonly string[];
  readonly value?: string | RegExp;
  readonly descriptor?: number;
  readonly metadata?: Entries;
  /** Whose id the cookie has; null: it is empty (P7). */
  readonly from?: Variable | null;
  readonly index?: number;
  /** Takes what only the server knows. */
  readonly learn?: (value: string) => void;
  /** The metadata have a number of the task, too, over the last one, which it becomes (S18). */
  readonly numbers?: { number: number };
}

export interface Told {
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

/** Text that the server makes (P10). */
export const text = (value: string | RegExp): Reply => ({
  status: '0000',
  value,
  descriptor: 1,
  metadata: {},
});
