/** The order for a sentinel that `sleigh worker` starts on another host. */
import { unsafeCast } from '../unsafe-cast.ts';
import type { Place } from '../sentinel/place.ts';
import type { SentinelOrder } from '../sentinel/sentinel.ts';
import { USAGE } from '../errors/usage.ts';
import { typeError } from '../../wire/error-kind.ts';

export interface RemoteLaunchOrder extends SentinelOrder {
  /** The folder and the environment of its workers. */
  readonly place?: Place | undefined;
  /** The name that its launcher uses for it. */
  readonly station: string;
}

/** The environment variable that contains an order. */
export const ORDER = 'SLEIGH_ORDER';

/** @returns letters, digits, `-` and `_` only, which no shell, batch system or container interprets */
export const encodeOrder = (order: RemoteLaunchOrder): string =>
  Buffer.from(JSON.stringify(order)).toString('base64url');

/** @throws TypeError if it is invalid */
export function decodeOrder(text: string): RemoteLaunchOrder {
  try {
    const order = unsafeCast<RemoteLaunchOrder>(JSON.parse(Buffer.from(text.trim(), 'base64url').toString()));
    if (typeof order.server === 'object' && typeof order.workspace === 'string' && order.workers > 0)
      return order;
  } catch {
    // The error below covers this case.
  }
  throw typeError(USAGE.badOrder());
}
