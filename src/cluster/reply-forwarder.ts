import { ByteQueue } from '../wire/byte-queue.ts';
import { MALFORMED } from '../wire/dictionary.ts';
import { isLong, KEY } from '../wire/names.ts';
import { NO_METADATA } from '../wire/payload.ts';
import { ReplyDecoder, type Reply, type ReplyHead } from '../wire/reply-decoder.ts';
import { encodeReply, isStatus, NO_VALUE, STATUS, type ReplyFormat } from '../wire/reply.ts';
import { isAnsweredLong, type RequestQueue, type UnansweredRequest } from './request-queue.ts';

/** A value of at most that many bytes is sent to the client when all of it has arrived. */
const WHOLE_BYTES = 2 ** 20;

/** What becomes of the replies of the owner. */
export interface ReplyEvents {
  /** @param bytes for the client */
  send(bytes: string | Uint8Array): void;
  /** The reply to the first request of the queue is complete. @param size that of its value */
  answered(isCarriedOut: boolean, size: number): void;
  /** The client has a part of another reply (D16). */
  differs(): void;
  /** What has arrived is no reply. */
  malformed(): void;
}

/** Translates the replies that arrive on one link into the format of the client. */
export class ReplyForwarder {
  readonly #queue: RequestQueue;
  readonly #format: ReplyFormat;
  readonly #events: ReplyEvents;
  readonly #input = new ByteQueue();
  readonly #decoder = new ReplyDecoder(this.#input);
  #head: ReplyHead | undefined;
  /** The bytes of a value that is sent as a whole. */
  #parts: Buffer[] = [];
  /** The number of bytes of the value that the client has already. */
  #skipped = 0;
  #isOver = false;

  /** @param format that of the client */
  constructor(queue: RequestQueue, format: ReplyFormat, events: ReplyEvents) {
    this.#queue = queue;
    this.#format = format;
    this.#events = events;
  }

  /** @param bytes valid only during this call */
  receive(bytes: Buffer): void {
    this.#input.push(bytes);
    while (!this.#isOver && this.#readOne());
    this.#input.keep();
  }

  /** @returns whether a reply was complete */
  #readOne(): boolean {
    const { first } = this.#queue;
    if (first === undefined) return this.#input.length > 0 && this.#end('malformed');
    if (this.#head === undefined) {
      const head = this.#decoder.head(isAnsweredLong(first));
      if (head === undefined) return false;
      if (head === MALFORMED) return this.#end('malformed');
      if (!this.#begin(head, first)) return false;
    }
    for (let part = this.#decoder.part(); part !== undefined; part = this.#decoder.part())
      this.#take(part, first);
    if (this.#decoder.left > 0 || this.#head === undefined) return false;
    this.#finish(this.#head, first);
    return true;
  }

  #end(how: 'malformed' | 'differs'): false {
    this.#isOver = true;
    this.#events[how]();
    return false;
  }

  /** @returns false if the client has a part of another reply */
  #begin(head: ReplyHead, request: UnansweredRequest): boolean {
    const { value } = head;
    const { received } = request;
    const text = this.#textOf(head);
    // A stored value is the same if its id and its number are (V9, V10). A client without cookies (P2.4) does not get them.
    const identity = this.#textOf(head, { ...this.#format, cookie: true });
    if (text === undefined || identity === undefined) return this.#end('malformed');
    // A listing has neither an id nor a number.
    if (received !== undefined && (received.identity !== identity || value?.variableId === ''))
      return this.#end('differs');
    this.#head = head;
    this.#skipped = received?.bytes ?? 0;
    const isWhole = value === undefined || value.size <= WHOLE_BYTES || request.taken !== undefined;
    if (isWhole || received !== undefined) return true;
    request.received = { identity, bytes: 0 };
    this.#events.send(text);
    return true;
  }

  #textOf({ status, metadata, value }: ReplyHead, format = this.#format): string | undefined {
    if (!isStatus(status)) return undefined;
    const payload = { file: 0, size: value?.size ?? 0 };
    return encodeReply(format, status, metadata, value && { ...value, payload });
  }

  #take(part: Buffer, { received }: UnansweredRequest): void {
    if (received === undefined) {
      this.#parts.push(part);
      return;
    }
    const rest = part.subarray(Math.min(this.#skipped, part.length));
    this.#skipped -= part.length - rest.length;
    received.bytes += rest.length;
    if (rest.length > 0) this.#events.send(rest);
  }

  #finish(head: ReplyHead, { request, refusal, received, taken }: UnansweredRequest): void {
    this.#head = undefined;
    if (taken !== undefined) taken(this.#whole(head));
    else if (refusal !== undefined) {
      const { status, reason } = refusal;
      const metadata = this.#format.metadata ? new Map([[KEY.reason, reason]]) : NO_METADATA;
      const value = isLong(request.verb) ? NO_VALUE : undefined;
      this.#events.send(encodeReply(this.#format, status, metadata, value));
    } else if (received === undefined) {
      this.#events.send(this.#textOf(head) ?? '');
      for (const part of this.#parts.splice(0)) this.#events.send(part);
    }
    this.#events.answered(refusal === undefined && head.status === STATUS.ok, head.value?.size ?? 0);
  }

  #whole({ status, metadata, value }: ReplyHead): Reply {
    if (value === undefined) return { status, metadata, value };
    return { status, metadata, value: { ...value, payload: Buffer.concat(this.#parts.splice(0)) } };
  }

  /**
   * The link has ended. An owner that closes it says why in a short reply, whatever was asked (P5.3).
   * @returns that reply, for the client
   */
  finalReply(): string | undefined {
    const { first } = this.#queue;
    if (first === undefined || !isAnsweredLong(first) || this.#head !== undefined || this.#isOver)
      return undefined;
    const head = this.#decoder.head(false);
    return head === undefined || head === MALFORMED ? undefined : this.#textOf(head);
  }
}

/** Reads the short replies to the requests that begin a session. */
export class SessionBeginning {
  readonly #input = new ByteQueue();
  readonly #decoder = new ReplyDecoder(this.#input);
  /** The replies that have not arrived. */
  #left: number;
  #first: ReplyHead | undefined;

  constructor(replies: number) {
    this.#left = replies;
  }

  /**
   * @param bytes valid only during this call
   * @returns the first reply when all have arrived, or when it is a refusal; undefined while bytes are missing
   */
  receive(bytes: Buffer): ReplyHead | typeof MALFORMED | undefined {
    this.#input.push(bytes);
    for (; this.#left > 0; this.#left--) {
      const head = this.#decoder.head(false);
      if (head === MALFORMED) return head;
      if (head === undefined) break;
      this.#first ??= head;
      if (this.#first.status !== STATUS.ok) return this.#first;
    }
    this.#input.keep();
    return this.#left > 0 ? undefined : this.#first;
  }
}
