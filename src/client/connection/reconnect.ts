import { delay, type Clock } from '../clock.ts';
import { ConnectionLostError } from './errors.ts';

/** Milliseconds between two attempts to come back: at first, and at most. */
const SHORTEST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;
/** Milliseconds beyond the grace, because the server may have noticed the loss later than the client. */
const BEYOND_GRACE_MS = 2_000;

export interface Reconnection<T> {
  readonly clock: Clock;
  /** A random number from 0 up to 1. */
  readonly random: () => number;
  /** Milliseconds within which the client may come back. */
  readonly grace: number;
  readonly attempt: () => Promise<T>;
  /** Whether nobody wants the connection any more. */
  readonly isOver?: () => boolean;
}

/**
 * Tries to come back after the loss of a connection, again and again.
 * @throws ConnectionLostError of the last attempt when the grace has passed; anything else that an attempt throws
 */
export async function reconnect<T>({ clock, random, grace, attempt, isOver }: Reconnection<T>): Promise<T> {
  const end = clock.now() + grace + BEYOND_GRACE_MS;
  for (let pause = SHORTEST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    // The random delay prevents all clients from coming back at the same moment.
    await delay(clock, pause * (0.5 + random()));
    try {
      return await attempt();
    } catch (error) {
      // If this side closes connections, it would close the next one in the same way.
      const isLost = error instanceof ConnectionLostError && error.code !== 'closed';
      if (!isLost || clock.now() >= end || isOver?.() === true) throw error;
    }
  }
}

/**
 * Connects within the grace. The first refusal is not the last word, because a server that is started again may be back
 * soon. Without a grace there is one attempt.
 * @throws as `reconnect`
 */
export async function connectWithin<T>(reconnection: Reconnection<T>): Promise<T> {
  const { grace, attempt } = reconnection;
  try {
    return await attempt();
  } catch (error) {
    if (grace === 0 || !(error instanceof ConnectionLostError)) throw error;
    return reconnect(reconnection);
  }
}
