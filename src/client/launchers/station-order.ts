/** What a sentinel is to do that is started elsewhere, by `sleigh worker`. */
import { claimed } from '../claimed.ts';
import type { Place } from '../place.ts';
import type { SentinelOrder } from '../sentinel.ts';

export interface StationOrder extends SentinelOrder {
  /** The folder and the environment of its workers. */
  readonly place?: Place | undefined;
  /** What its launcher calls it. */
  readonly station: string;
}

/** The environment variable that an order is in. */
export const ORDER = 'SLEIGH_ORDER';

/** @returns letters, digits, `-` and `_` alone: no shell, batch system or container takes any of them for its own */
export const encodeOrder = (order: StationOrder): string =>
  Buffer.from(JSON.stringify(order)).toString('base64url');

/** @throws TypeError when it is none */
export function decodeOrder(text: string): StationOrder {
  try {
    const order = claimed<StationOrder>(JSON.parse(Buffer.from(text.trim(), 'base64url').toString()));
    if (typeof order.server === 'object' && typeof order.workspace === 'string' && order.workers > 0)
      return order;
  } catch {
    // Said below.
  }
  throw new TypeError('this is no order of a launcher');
}
