import { encodeDictionary } from '../wire/dictionary.ts';
import { isVerb, KEY, mayWait, VERB, VERB_FORMS } from '../wire/names.ts';
import { pad20, pad4 } from '../wire/numbers.ts';
import { isFile, sizeOf, type FilePayload, type Payload } from '../wire/payload.ts';
import { refuse, REQUEST, SESSION, type Refusal } from '../wire/refusals.ts';
import type { Request } from '../wire/request.ts';

/** The place of a value among the arguments after the verb (P5). */
const VALUE_INDEX = 3;

/** The memory of a request in addition to its texts, in bytes. */
const OVERHEAD_BYTES = 500;

/** A request of which the client has no complete reply. */
export interface UnansweredRequest {
  /** Its number in the session (P15.1). */
  readonly number: number;
  readonly request: Request;
  /** What the client gets in the place of the owner's reply: the owner is not asked for this. */
  readonly refusal: Refusal | undefined;
  /** The bytes that it takes in memory. */
  readonly bytes: number;
  /** Whether an owner may have received it. */
  wasSent: boolean;
  /** The part of the reply that the client has: its head with the id and the number of the value, and the number of bytes of the value. */
  received: { readonly identity: string; bytes: number } | undefined;
}

/** A request as the owner gets it. A value in a file stands for its bytes. */
export type Encoded = readonly (string | Uint8Array | FilePayload)[];

/** The requests of one client that have no reply yet, in their order. */
export class RequestQueue {
  readonly #requests: UnansweredRequest[] = [];
  #last = 0;
  #answered = 0;
  #bytes = 0;

  get count(): number {
    return this.#requests.length;
  }
  /** The bytes that they take in memory. */
  get bytes(): number {
    return this.#bytes;
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

  add(request: Request): UnansweredRequest {
    const added = {
      number: ++this.#last,
      request,
      refusal: refusalOf(request),
      bytes: memoryOf(request),
      wasSent: false,
      received: undefined,
    };
    this.#requests.push(added);
    this.#bytes += added.bytes;
    return added;
  }

  /** The client has the reply to the first one. */
  answered(): UnansweredRequest | undefined {
    const done = this.#requests.shift();
    this.#answered = done?.number ?? this.#answered;
    this.#bytes -= done?.bytes ?? 0;
    return done;
  }

  /** @returns the bytes for the owner, with the number of the request and of the last one that is answered (P15.1) */
  encode({ number, request, refusal }: UnansweredRequest): Encoded {
    const numbers = [
      [KEY.request, String(number)],
      [KEY.answered, String(this.#answered)],
    ] as const;
    // The owner decides whether a refused request has come while an earlier one was blocked (P5.3), too.
    if (refusal !== undefined) return [encodeDictionary(new Map(numbers)) + pad4(1) + pad20(0)];
    const { verb, isEmpty, args, payload } = request;
    const metadata = encodeDictionary(new Map([...request.metadata, ...numbers]));
    if (isEmpty) return [metadata + pad4(0)];
    return joined([
      metadata + pad4(args.length + 1) + pad20(verb.length) + verb,
      ...argumentsOf(args, payload),
    ]);
  }
}

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
export const isAnsweredLong = ({ request, refusal }: UnansweredRequest): boolean =>
  refusal === undefined && isLongVerb(request.verb);

export const isLongVerb = (verb: string): boolean => isVerb(verb) && VERB_FORMS[verb].isLong;

/** Whether a request waited for a value, or for room, when its client disconnected. It must then have no effect (V6). */
export const isWithdrawn = ({ request, wasSent }: UnansweredRequest): boolean =>
  wasSent && mayWait(request.verb);

/** Whether it begins or resumes a session of the client's own (P15). */
export const isOwnSession = ({ verb, excess }: Request): boolean =>
  excess === undefined && (verb === VERB.openSession || verb === VERB.resumeSession);

/** What a server says to a client without a session of its own that does not need the data. */
function refusalOf({ verb, args, excess }: Request): Refusal | undefined {
  if (excess !== undefined) return isVerb(verb) ? excess : refuse(REQUEST.unknownVerb(verb));
  if (!isVerb(verb) || args.length !== VERB_FORMS[verb].arity[0]) return undefined;
  if (verb === VERB.endSession) return refuse(SESSION.hasNone());
  return verb === VERB.openSession || verb === VERB.resumeSession ? refuse(SESSION.late()) : undefined;
}

function memoryOf({ args, payload, metadata }: Request): number {
  let bytes = OVERHEAD_BYTES + (payload === undefined || isFile(payload) ? 0 : sizeOf(payload));
  for (const arg of args) bytes += arg.length;
  for (const [name, value] of metadata) bytes += name.length + value.length;
  return bytes;
}
