import { encodeDictionary } from '../wire/dictionary.ts';
import { isLong, isVerb, KEY, mayWait, VERB, VERB_FORMS } from '../wire/names.ts';
import { pad20, pad4 } from '../wire/numbers.ts';
import {
  isFile,
  NO_METADATA,
  sizeOf,
  type FilePayload,
  type Metadata,
  type Payload,
} from '../wire/payload.ts';
import type { Reply } from '../wire/reply-decoder.ts';
import { refuse, REQUEST, type Refusal } from '../wire/refusals.ts';
import { SESSION } from '../wire/session-refusals.ts';
import type { Request } from '../wire/request.ts';

/** The place of a value among the arguments after the verb (P5). */
const VALUE_INDEX = 3;

/** The memory of a request in addition to its texts, in bytes. */
const OVERHEAD_BYTES = 500;

/** A request that a client has made, or that its server makes for it. */
export interface AskedRequest {
  readonly request: Request;
  /** What the client gets in the place of the owner's reply: the owner is not asked for this. */
  readonly refusal: Refusal | undefined;
  /** The bytes that it takes in memory. */
  readonly bytes: number;
  /** Takes the reply, which the client does not get. Undefined if the client gets it. */
  readonly taken: ((reply: Reply) => void) | undefined;
}

/** A request of which the client has no complete reply. */
export interface UnansweredRequest extends AskedRequest {
  /** Its number in a session that is held for the client (P15.1). */
  readonly number: number;
  /** Whether an owner may have received it. */
  wasSent: boolean;
  /** The part of the reply that the client has: its head with the id and the number of the value, and the number of bytes of the value. */
  received: { readonly identity: string; bytes: number } | undefined;
}

/** A request as the owner gets it. A value in a file stands for its bytes. */
export type Encoded = readonly (string | Uint8Array | FilePayload)[];

/** The requests at one owner that have no reply yet, in their order. */
export class RequestQueue {
  readonly #requests: UnansweredRequest[] = [];
  readonly #isNumbering: boolean;
  #last = 0;
  #answered = 0;

  /** @param isNumbering whether it numbers the requests, because the client does not (P15.1) */
  constructor(isNumbering: boolean) {
    this.#isNumbering = isNumbering;
  }

  get isEmpty(): boolean {
    return this.#requests.length === 0;
  }
  /** The one that is answered next. */
  get first(): UnansweredRequest | undefined {
    return this.#requests[0];
  }
  /** The one that came last. */
  get last(): UnansweredRequest | undefined {
    return this.#requests.at(-1);
  }

  /** A copy, because an owner in this process may answer while they are sent. */
  all(): readonly UnansweredRequest[] {
    return this.#requests.slice();
  }

  add(asked: AskedRequest): void {
    this.#requests.push({ ...asked, number: ++this.#last, wasSent: false, received: undefined });
  }

  /** The reply to the first one is complete. */
  answered(): UnansweredRequest | undefined {
    const done = this.#requests.shift();
    this.#answered = done?.number ?? this.#answered;
    return done;
  }

  /** Whether each one that an owner may have received has no second effect when it is repeated (P15.1). */
  get isRepeatable(): boolean {
    return (
      this.#isNumbering ||
      this.#requests.every(
        ({ wasSent, taken, request }) => !wasSent || taken !== undefined || request.metadata.has(KEY.request),
      )
    );
  }

  /** @returns the bytes for the owner, with the number of the request and of the last one that is answered (P15.1) */
  encode({ number, request, refusal }: UnansweredRequest): Encoded {
    const numbers = this.#isNumbering
      ? new Map([
          [KEY.request, String(number)],
          [KEY.answered, String(this.#answered)],
        ])
      : numbersIn(request.metadata);
    // The owner decides whether a refused request has come while an earlier one was blocked (P5.3), too.
    if (refusal !== undefined) return [encodeDictionary(numbers) + pad4(1) + pad20(0)];
    const { verb, isEmpty, args, payload } = request;
    const metadata = encodeDictionary(new Map([...request.metadata, ...numbers]));
    if (isEmpty) return [metadata + pad4(0)];
    return joined([
      metadata + pad4(args.length + 1) + pad20(verb.length) + verb,
      ...argumentsOf(args, payload),
    ]);
  }
}

/** A request of a client whose turn has not come. */
export type ArrivedRequest = Pick<AskedRequest, 'request' | 'bytes'>;

export const arrived = (request: Request): ArrivedRequest => ({ request, bytes: memoryOf(request) });

/** @param isOwn whether the client has a session of its own */
export const askedBy = ({ request, bytes }: ArrivedRequest, isOwn: boolean): AskedRequest => ({
  request,
  refusal: refusalOf(request, isOwn),
  bytes,
  taken: undefined,
});

/** A request of the server itself. */
export const askedFor = (
  verb: string,
  args: readonly string[],
  taken: (reply: Reply) => void,
): AskedRequest => ({
  request: { verb, isEmpty: false, args, payload: undefined, metadata: NO_METADATA, excess: undefined },
  refusal: undefined,
  bytes: 0,
  taken,
});

/** The numbers that the client has given to its request. */
const numbersIn = (metadata: Metadata): Metadata =>
  new Map([...metadata].filter(([name]) => name === KEY.request || name === KEY.answered));

function* argumentsOf(args: readonly string[], payload: Payload | undefined) {
  for (const [at, arg] of args.entries())
    if (at === VALUE_INDEX && payload !== undefined) {
      yield pad20(sizeOf(payload));
      yield payload;
    } else yield pad20(arg.length) + arg;
}

/** Texts that follow each other are sent as one. */
function joined(pieces: Encoded): Encoded {
  const whole: (string | Uint8Array | FilePayload)[] = [];
  for (const piece of pieces) {
    const last = whole.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') whole[whole.length - 1] = last + piece;
    else whole.push(piece);
  }
  return whole;
}

/** The form of the owner's reply (P7.2). */
export const isAnsweredLong = ({ request, refusal }: AskedRequest): boolean =>
  refusal === undefined && isLong(request.verb);

/** Whether a request may be blocked, so that none may follow it (P5.3). */
export const mayBlock = ({ request, refusal }: AskedRequest): boolean =>
  refusal === undefined && mayWait(request.verb);

/** Whether a request waited for a value, or for room, when its client disconnected. It must then have no effect (V6). */
export const isWithdrawn = (asked: UnansweredRequest): boolean => asked.wasSent && mayBlock(asked);

/** Whether it begins or resumes a session of the client's own (P15). */
export const isOwnSession = ({ verb, args, excess }: Request): boolean =>
  excess === undefined &&
  (verb === VERB.openSession || verb === VERB.resumeSession) &&
  args.length === VERB_FORMS[verb].arity[0];

/** What a server says to a client that does not need the data. */
function refusalOf({ verb, args, excess }: Request, isOwn: boolean): Refusal | undefined {
  if (excess !== undefined) return isVerb(verb) ? excess : refuse(REQUEST.unknownVerb(verb));
  if (!isVerb(verb) || args.length !== VERB_FORMS[verb].arity[0]) return undefined;
  if (verb === VERB.endSession) return isOwn ? undefined : refuse(SESSION.hasNone());
  if (verb !== VERB.openSession && verb !== VERB.resumeSession) return undefined;
  return refuse(isOwn ? SESSION.hasOne() : SESSION.late());
}

function memoryOf({ args, payload, metadata }: Request): number {
  let bytes = OVERHEAD_BYTES + (payload === undefined || isFile(payload) ? 0 : sizeOf(payload));
  for (const arg of args) bytes += arg.length;
  for (const [name, value] of metadata) bytes += name.length + value.length;
  return bytes;
}
