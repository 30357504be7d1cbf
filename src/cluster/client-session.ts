import { randomBytes } from 'node:crypto';
import { KEY, VERB } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import type { Request } from '../wire/request.ts';
import { partitionOf } from '../wire/partition-of.ts';
import { OWNER_TIMEOUT_MS } from './owner-timeout.ts';

const SECRET_BYTES = 24;

/** The request that begins a session at an owner, or resumes it. */
export interface SessionRequest {
  readonly request: readonly string[];
  readonly metadata: Metadata;
}

/** The session of one client, which it has in each partition that it uses (D18). */
export interface ClientSession {
  /** Whether the client has begun it itself, and numbers its requests. */
  readonly isOwn: boolean;
  /** The partition that knows where the session is used, and that gets requests that name no workspace. */
  readonly home: number;
  /** Whether it ends when the client disconnects (D14, P15.4). */
  ends: boolean;
  /** @param hasSession whether the owner has it */
  beginning(hasSession: boolean): SessionRequest;
  /** The reply to the first request of the client. @returns the other partitions in which the session is used */
  joined(metadata: Metadata): readonly number[];
}

/** A session that the server holds for a client without one (D13, D14). */
export function heldSession(partitions: number): ClientSession {
  const secret = randomBytes(SECRET_BYTES).toString('hex');
  const grace = String(OWNER_TIMEOUT_MS / 1_000);
  return {
    isOwn: false,
    home: partitionOf(secret, partitions),
    ends: true,
    beginning: (hasSession) => ({
      request: hasSession ? [VERB.resumeSession, secret] : [VERB.openSession, secret, grace],
      metadata: NO_METADATA,
    }),
    joined: () => [],
  };
}

/** @param first the request with which the client begins or resumes its own session (D15) */
export function ownSession({ verb, args }: Request, partitions: number): ClientSession {
  const [secret = ''] = args;
  const home = partitionOf(secret, partitions);
  /** Undefined before the home has answered. */
  let arrival: string | undefined;
  let grace = '0';
  return {
    isOwn: true,
    home,
    ends: false,
    beginning: (hasSession) => ({
      request:
        arrival === undefined
          ? [verb, ...args]
          : hasSession
            ? [VERB.resumeSession, secret]
            : [VERB.openSession, secret, grace],
      metadata: new Map([[KEY.arrival, arrival ?? '0']]),
    }),
    joined: (answer) => {
      arrival = answer.get(KEY.arrival) ?? '0';
      grace = answer.get(KEY.grace) ?? '0';
      return numbersIn(answer.get(KEY.partitions) ?? '').filter((partition) => partition !== home);
    },
  };
}

/** What the client gets of the reply of the home. */
export function withoutPartitions(metadata: Metadata): Metadata {
  const rest = new Map(metadata);
  rest.delete(KEY.arrival);
  rest.delete(KEY.partitions);
  return rest.size === 0 ? NO_METADATA : rest;
}

const numbersIn = (text: string): readonly number[] =>
  text.split(' ').flatMap((each) => (each === '' ? [] : [parseWhole(each) ?? 0]));
