import type { Readable } from 'node:stream';
import type { Metadata } from '../../wire/payload.ts';
import type { Clock } from '../clock.ts';
import type { ConnectionLostError } from './errors.ts';
import type { RequestArguments } from './outgoing.ts';
import type { Reply, ReplyHead } from '../../wire/reply-decoder.ts';

/** A long reply whose value comes as a stream. */
export interface StreamedReply extends ReplyHead {
  /** The value; undefined if the request was refused. Read it to its end or destroy it, which closes the connection. */
  readonly stream: Readable | undefined;
}

/** Makes requests of one server, in order: over one socket, or over those of a session, one after another. */
export interface Requester {
  /** HOST:PORT */
  readonly address: string;
  /** The clock for waits on this connection. */
  readonly clock: Clock;
  /** Resolves with the reason when the connection has ended. */
  readonly ended: Promise<ConnectionLostError>;
  readonly isLost: boolean;
  /** Seconds within which it may come back when it is lost (P15); 0 if it cannot. */
  readonly grace: number;
  /** Whether the server has a web page (P2.1). */
  readonly serverHasPage: boolean;
  /**
   * @returns the reply, which may be a refusal
   * @throws ConnectionLostError; what a stream to be sent throws
   */
  exchange(args: RequestArguments, metadata: Metadata): Promise<Reply>;
  /** As `exchange`, for a long reply whose value is not kept in memory. */
  exchangeForStream(args: RequestArguments, metadata: Metadata): Promise<StreamedReply>;
  /**
   * Withdraws a get that waits, without losing a value. The server says which came first: the answer, which is then
   * returned as usual, or this request, which closes the connection (P5.3).
   */
  withdraw(): void;
  /** Rejects pending requests as `closed`. */
  close(): void;
}
