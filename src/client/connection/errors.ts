import { STATUS } from '../../wire/reply.ts';

/** Why a request was refused; stable, for programs. The wire has only a status and a text (P8, P9). */
export type NwsErrorCode =
  | 'failed'
  | 'no-workspace'
  | 'internal'
  | 'not-opened'
  | 'shutting-down'
  | 'no-value'
  | 'purged'
  | 'not-iterable'
  | 'sleigh-dead'
  | 'worker-dead';

const CODE_OF_STATUS: Readonly<Record<string, NwsErrorCode>> = {
  [STATUS.noWorkspace]: 'no-workspace',
  [STATUS.internal]: 'internal',
  [STATUS.notOpened]: 'not-opened',
  [STATUS.shuttingDown]: 'shutting-down',
};

/** What status 0001 can mean to a program, by its reason without the full stop, which differs from verb to verb. */
const CODE_OF_REASON: Readonly<Record<string, NwsErrorCode>> = {
  'no value available': 'no-value',
  'Variable purged': 'purged',
  'ifind* not supported on LIFO': 'not-iterable',
  'ifetch* not supported on LIFO': 'not-iterable',
  'sleigh is dead': 'sleigh-dead',
  'worker is dead': 'worker-dead',
};

/** @returns why a request of that status and reason was refused */
export const refusalCode = (status: string, reason: string): NwsErrorCode =>
  CODE_OF_STATUS[status] ?? CODE_OF_REASON[reason.replace(/\.$/, '')] ?? 'failed';

/** A request that the server refused: it changed nothing, and the connection goes on. */
export class NwsError extends Error {
  override readonly name = 'NwsError';
  readonly verb: string;
  /** Four digits (P9). */
  readonly status: string;
  readonly code: NwsErrorCode;
  /** The server's own words (`nwsReason`); empty when it gave none. */
  readonly reason: string;

  constructor(verb: string, status: string, reason: string) {
    super(`${verb} was refused: ${reason === '' ? `status ${status}` : reason}`);
    this.verb = verb;
    this.status = status;
    this.reason = reason;
    this.code = refusalCode(status, reason);
  }
}

/**
 * - `unreachable`: there was no connection to be had
 * - `not-nws`: who answered does not speak the protocol, or not as it should
 * - `not-secure`: TLS was wanted, and the server offers none, or is not who it should be (P2.3)
 * - `too-large`: the server sent a value that no buffer can hold; it can be had as a stream
 * - `lost`: the server, or the network, ended the connection
 * - `closed`: this side did
 */
export type ConnectionLostCode = 'unreachable' | 'not-nws' | 'not-secure' | 'too-large' | 'lost' | 'closed';

/** There is no connection (any more): nothing that was under way on it will be answered. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
  readonly code: ConnectionLostCode;

  constructor(code: ConnectionLostCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What was waited for did not come within its `timeout`. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'timed-out';

  /** @param milliseconds that it was waited for */
  constructor(what: string, milliseconds: number) {
    super(`${what} within ${milliseconds} ms`);
  }
}
