/**
 * What the page asks of the clients of a job, as JSON values of the fifo `#orders` (S24.5). Any client may have written
 * them, so readers check them with `readJobOrder`.
 */
import { count, isCount, isObject, text } from './json-fields.ts';

export const JOB_ORDERS = '#orders';

export type JobOrder =
  /** For the master: no more elements of the batch are called. */
  | { readonly order: 'cancel'; readonly batch: string }
  /** For the master: the failed elements of the batch with these indexes are called again (S24.6). */
  | { readonly order: 'retry'; readonly batch: string; readonly indexes: readonly number[] }
  /** For the sentinel of the rank: its worker is killed. */
  | { readonly order: 'stop'; readonly rank: number };

/** @returns undefined if the value is not an order */
export function readJobOrder(value: unknown): JobOrder | undefined {
  if (!isObject(value)) return undefined;
  switch (value['order']) {
    case 'cancel':
      return { order: 'cancel', batch: text(value['batch']) };
    case 'retry': {
      const indexes = value['indexes'];
      return {
        order: 'retry',
        batch: text(value['batch']),
        indexes: Array.isArray(indexes) ? indexes.filter(isCount) : [],
      };
    }
    case 'stop':
      return { order: 'stop', rank: count(value['rank']) };
    default:
      return undefined;
  }
}
