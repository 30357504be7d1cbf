import type { Address } from '../../wire/authority.ts';
import type { Clock } from '../clock.ts';
import type { ServerAddress } from './server-address.ts';

export interface StreamOptions {
  /** Closes the connection when it is aborted, while it opens or later. */
  readonly signal?: AbortSignal | undefined;
  /** The time limit for connecting and the handshake in milliseconds; `Infinity` for none. The default is 10,000. */
  readonly timeout?: number | undefined;
}

export interface ConnectionOptions extends ServerAddress, StreamOptions {
  /** With true the connection does not keep this process alive. The default is false. */
  readonly unref?: boolean | undefined;
  /**
   * Seconds within which the connection may come back when it is lost, with all its requests; the server may lower it (P15).
   * `stored`: 60 on a server that keeps its data, and 0 on others. The default is 0, never.
   */
  readonly reconnectGrace?: number | 'stored' | undefined;
}

/** What a connection is for. */
export interface ConnectOptions extends ConnectionOptions {
  /** The workspace that it is mostly for, if that is known: it leads to the server that owns it (D24). */
  readonly workspace?: string | undefined;
}

export interface ChannelOptions extends ConnectionOptions {
  /** The default is the clock of this host. */
  readonly clock?: Clock | undefined;
}

/** Milliseconds within which another server than that of the program must answer. */
const OTHER_SERVER_MS = 2_000;

/** @param at another server than that of the program */
export const optionsAt = (options: ConnectionOptions, at: Address | undefined): ConnectionOptions =>
  at === undefined
    ? options
    : { ...options, ...at, timeout: Math.min(options.timeout ?? OTHER_SERVER_MS, OTHER_SERVER_MS) };
