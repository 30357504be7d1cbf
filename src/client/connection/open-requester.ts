import type { Requester } from './requester.ts';
import { SessionChannel, type SessionOptions } from './session-channel.ts';

/** The grace, in seconds, on a server that keeps its data, unless a program chooses another one. */
const STORED_GRACE = 60;

interface RequesterOptions extends SessionOptions {
  /** Seconds within which a session may come back. `stored`: some on a server that keeps its data, and none on others. */
  readonly reconnectGrace?: number | 'stored' | undefined;
}

/**
 * Connects, with a session (P15) if one is wanted and the server knows sessions.
 * @throws as Channel.open
 */
export async function openRequester({
  reconnectGrace = 0,
  ...options
}: RequesterOptions): Promise<Requester> {
  const channel = await options.open();
  const wanted = reconnectGrace === 'stored' ? (channel.isStored ? STORED_GRACE : 0) : reconnectGrace;
  if (wanted === 0) return channel;
  return SessionChannel.begin(channel, Math.min(wanted, Number.MAX_SAFE_INTEGER), options);
}
