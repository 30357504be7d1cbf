import { CAPACITY } from '../../wire/capacity-refusals.ts';
import { JOB, VARIABLES } from '../../wire/refusals.ts';
import { STATUS } from '../../wire/reply.ts';
import { REPLY } from '../errors/connection.ts';
import type { ErrorText } from '../../wire/error-kind.ts';

/** Why a request was refused, as a stable code for programs. The wire has only a status and a text (P8, P9). */
export type NwsErrorCode =
  | 'failed'
  | 'no-workspace'
  | 'internal'
  | 'not-opened'
  | 'shutting-down'
  | 'no-value'
  | 'purged'
  | 'full'
  | 'not-iterable'
  | 'sleigh-dead'
  | 'worker-dead';

const CODE_OF_STATUS: Readonly<Record<string, NwsErrorCode>> = {
  [STATUS.noWorkspace]: 'no-workspace',
  [STATUS.internal]: 'internal',
  [STATUS.notOpened]: 'not-opened',
  [STATUS.shuttingDown]: 'shutting-down',
};

/** The codes for status 0001, by reason. The full stop is removed, because it differs from verb to verb. */
const CODE_OF_REASON: Readonly<Record<string, NwsErrorCode>> = Object.fromEntries(
  [
    [VARIABLES.noValue, 'no-value'] as const,
    [VARIABLES.purged, 'purged'] as const,
    [CAPACITY.full, 'full'] as const,
    [VARIABLES.noIfind, 'not-iterable'] as const,
    [VARIABLES.noIfetch, 'not-iterable'] as const,
    [JOB.dead, 'sleigh-dead'] as const,
    [JOB.workerDead, 'worker-dead'] as const,
  ].map(([refusal, code]) => [withoutStop(refusal().message), code]),
);

function withoutStop(reason: string): string {
  return reason.replace(/\.$/, '');
}

/** @returns the code of a refusal */
export const refusalCode = (status: string, reason: string): NwsErrorCode =>
  CODE_OF_STATUS[status] ?? CODE_OF_REASON[withoutStop(reason)] ?? 'failed';

/** A request that the server refused. It has changed nothing, and the connection stays open. */
export class NwsError extends Error {
  override readonly name = 'NwsError';
  readonly verb: string;
  /** The status, four digits (P9). */
  readonly status: string;
  readonly code: NwsErrorCode;
  /** The reason from the server (`nwsReason`); empty if it gave none. */
  readonly reason: string;

  constructor(verb: string, status: string, reason: string) {
    super(REPLY.refused(verb, reason === '' ? `status ${status}` : reason).message);
    this.verb = verb;
    this.status = status;
    this.reason = reason;
    this.code = refusalCode(status, reason);
  }
}

/**
 * - `unreachable`: no connection could be made
 * - `not-nws`: the other side does not speak the protocol correctly
 * - `not-admitted`: the server does not admit this client: it needs a token or a certificate, or another one (P2.5)
 * - `not-secure`: TLS was requested, and the server does not offer it or has the wrong certificate (P2.3)
 * - `too-large`: the server sent a value that no buffer can hold; read it as a stream
 * - `lost`: the server or the network ended the connection
 * - `closed`: this program closed the connection
 */
export type ConnectionLostCode =
  | 'unreachable'
  | 'not-nws'
  | 'not-admitted'
  | 'not-secure'
  | 'too-large'
  | 'lost'
  | 'closed';

/** There is no connection. Pending requests will not be answered. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
  readonly code: ConnectionLostCode;

  constructor({ code, message }: ErrorText<ConnectionLostCode>, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A wait did not end within its `timeout`. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'timed-out';

  /** @param milliseconds the time limit of the wait */
  constructor(what: string, milliseconds: number) {
    super(REPLY.timedOut(what, milliseconds).message);
  }
}
