/**
 * What the page asks of the clients of a job, as JSON values of the fifo `#orders` (S24.5). Any client may have written
 * them, so readers check them with `readJobOrder`.
 */
import { count, isObject, text } from './json-fields.ts';

export const JOB_ORDERS = '#orders';

export type JobOrder =
  /** For the master: no more elements of the batch are called. */
  | { readonly order: 'cancel'; readonly batch: string }
  /** For the sentinel of the rank: its worker is killed. */
  | { readonly order: 'stop'; readonly rank: number };

/** @returns undefined if the value is not an order */
export function readJobOrder(value: unknown): JobOrder | undefined {
  if (!isObject(value)) return undefined;
  switch (value['order']) {
    case 'cancel':
      return { order: 'cancel', batch: text(value['batch']) };
    case 'stop':
      return { order: 'stop', rank: count(value['rank']) };
    default:
      return undefined;
  }
}
