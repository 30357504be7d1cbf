/** What a sentinel is to do that is started elsewhere, by `sleigh worker`. */
import { unsafeCast } from '../unsafe-cast.ts';
import type { Place } from '../sentinel/place.ts';
import type { SentinelOrder } from '../sentinel/sentinel.ts';

export interface RemoteLaunchOrder extends SentinelOrder {
  /** The folder and the environment of its workers. */
  readonly place?: Place | undefined;
  /** What its launcher calls it. */
  readonly station: string;
}

/** The environment variable that an order is in. */
export const ORDER = 'SLEIGH_ORDER';

/** @returns letters, digits, `-` and `_` alone: no shell, batch system or container takes any of them for its own */
export const encodeOrder = (order: RemoteLaunchOrder): string =>
  Buffer.from(JSON.stringify(order)).toString('base64url');

/** @throws TypeError when it is none */
export function decodeOrder(text: string): RemoteLaunchOrder {
  try {
    const order = unsafeCast<RemoteLaunchOrder>(JSON.parse(Buffer.from(text.trim(), 'base64url').toString()));
    if (typeof order.server === 'object' && typeof order.workspace === 'string' && order.workers > 0)
      return order;
  } catch {
    // Said below.
  }
  throw new TypeError('not a valid launch order');
}
