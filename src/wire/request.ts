import type { ByteQueue } from './byte-queue.ts';
import { DictionaryDecoder, encodeDictionary, MALFORMED } from './dictionary.ts';
import { BufferBuilder } from './buffer-builder.ts';
import type { Limits } from './limits.ts';
import type { ErrorText } from './error-kind.ts';
import { isStore } from './names.ts';
import { NEED_DATA, NOT_A_NUMBER, pad20, pad4 } from './numbers.ts';
import { LIMIT } from './limit-refusals.ts';
import { refuse, type Refusal } from './refusals.ts';
import { isFile, NO_METADATA, type FilePayload, type Metadata, type Payload } from './payload.ts';

/** A request (P5): the verb, its arguments, and its metadata (P3). */
export interface Request {
  readonly verb: string;
  /** Whether its count was 0, so that it has no verb (P5.1). */
  readonly isEmpty: boolean;
  /** The arguments after the verb; '' stands for one in `payload`. */
  readonly args: readonly string[];
  /** The value of a store, if it is long. */
  readonly payload: Payload | undefined;
  readonly metadata: Metadata;
  /** Its refusal, if it was over a limit (P12). The part over the limit is omitted. */
  readonly excess: Refusal | undefined;
}

/** The destination of a large value while it arrives (P11). */
export interface FileSink {
  open(size: number): FilePayload;
  write(file: FilePayload, bytes: Uint8Array): void;
  /** Called when all bytes are written. The decoder pauses until `fileDone`. */
  finish(file: FilePayload): void;
  discard(file: FilePayload): void;
}

/** The memory for incomplete requests of all connections together (P12). */
export interface RequestBudget {
  /**
   * Reserves memory for a request that holds `held` bytes already.
   * @returns why there is no memory, or undefined if it was reserved
   */
  take(bytes: number, held: number): Refusal | undefined;
  give(bytes: number): void;
}

/** The value of a store is its last argument: store, workspace, variable, descriptor, value. */
const VALUE_INDEX = 4;
/** Longer values stay buffers; see payload.ts. */
const STRING_BYTES = 4_096;

/**
 * The part of the request that comes next. A long argument is assembled as a `buffer` or written to a `file`, which
 * is `flushing` until the transport reports that it is `flushed`. An argument over a limit is `skip`ped.
 */
type Stage = 'metadata' | 'count' | 'length' | 'text' | 'buffer' | 'file' | 'flushing' | 'flushed' | 'skip';

/**
 * Decodes requests from bytes, which may arrive in pieces of any size. It uses no socket: undefined means that more
 * bytes are needed.
 */
export class RequestDecoder {
  readonly #input: ByteQueue;
  readonly #limits: Limits;
  readonly #files: FileSink;
  readonly #room: RequestBudget;
  readonly #first: Stage;
  readonly #dictionary: DictionaryDecoder;

  #stage: Stage;
  #metadata: Metadata = NO_METADATA;
  #count = 0;
  #index = 0;
  /** The remaining bytes of the current argument. */
  #left = 0;
  #verb = '';
  #args: string[] = [];
  #payload: Payload | undefined;
  #excess: Refusal | undefined;
  readonly #gathering = new BufferBuilder();
  /** The bytes of memory that it has reserved. */
  #held = 0;
  #file: FilePayload | undefined;

  constructor(
    input: ByteQueue,
    options: { metadata: boolean; limits: Limits; files: FileSink; room: RequestBudget },
  ) {
    this.#input = input;
    this.#limits = options.limits;
    this.#files = options.files;
    this.#room = options.room;
    this.#dictionary = new DictionaryDecoder(options.limits.metadataBytes);
    this.#first = options.metadata ? 'metadata' : 'count';
    this.#stage = this.#first;
  }

  /** Whether a request has begun and the client must send the rest. */
  get isMidway(): boolean {
    if (this.#stage === 'flushing' || this.#stage === 'flushed') return false;
    return this.#stage !== this.#first || this.#dictionary.isMidway || this.#input.length > 0;
  }

  /** @returns the next request, undefined while bytes are missing, or MALFORMED if the connection must end (P5.1) */
  next(): Request | typeof MALFORMED | undefined {
    for (;;) {
      switch (this.#stage) {
        case 'metadata': {
          const metadata = this.#dictionary.next(this.#input);
          if (metadata === undefined) {
            if (this.#excess === undefined && !this.#holds(this.#dictionary.held - this.#held))
              this.#dictionary.drop();
            return undefined;
          }
          if (metadata === MALFORMED) return metadata;
          this.#checkMetadata(this.#dictionary.excess);
          this.#metadata = metadata;
          if (this.#excess === undefined) this.#holds(this.#dictionary.size - this.#held);
          this.#stage = 'count';
          break;
        }
        case 'count': {
          const count = this.#input.number(4);
          if (count === NEED_DATA) return undefined;
          if (count === NOT_A_NUMBER) return MALFORMED;
          this.#count = count;
          this.#index = 0;
          if (count > this.#limits.argumentCount)
            this.#exceeds('argumentCount', LIMIT.arguments(count, this.#limits.argumentCount));
          if (count === 0) return this.#finished();
          this.#stage = 'length';
          break;
        }
        case 'length': {
          const length = this.#input.number(20);
          if (length === NEED_DATA) return undefined;
          if (length === NOT_A_NUMBER) return MALFORMED;
          this.#left = length;
          this.#stage = this.#stageOf(length);
          break;
        }
        case 'text': {
          const text = this.#input.text(this.#left);
          if (text === undefined) return undefined;
          if (this.#argumentEnds(this.#holds(text.length) ? text : '')) return this.#finished();
          break;
        }
        case 'buffer': {
          const bytes = this.#input.lend(this.#left);
          this.#left -= bytes.length;
          if (this.#holds(bytes.length)) this.#gathering.add(bytes);
          else this.#stage = 'skip';
          if (this.#left > 0) return undefined;
          if (this.#excess === undefined) this.#payload = this.#gathering.take();
          if (this.#argumentEnds('')) return this.#finished();
          break;
        }
        case 'file': {
          const bytes = this.#input.some(this.#left);
          this.#left -= bytes.length;
          if (this.#file !== undefined && bytes.length > 0) this.#files.write(this.#file, bytes);
          if (this.#left > 0) return undefined;
          this.#stage = 'flushing';
          if (this.#file !== undefined) this.#files.finish(this.#file);
          return undefined;
        }
        case 'flushing':
          return undefined;
        case 'flushed':
          if (this.#argumentEnds('')) return this.#finished();
          break;
        case 'skip': {
          this.#left -= this.#input.pass(this.#left);
          if (this.#left > 0) return undefined;
          if (this.#argumentEnds('')) return this.#finished();
          break;
        }
      }
    }
  }

  /**
   * Called when the large value is in its file, or could not be written. In that case its request is refused with the
   * reason.
   */
  fileDone(error?: string): void {
    if (this.#stage !== 'flushing') return;
    if (error === undefined) this.#payload = this.#file;
    else this.#exceeds('serverBytes', LIMIT.notKept(error));
    if (error !== undefined) this.abandon();
    this.#file = undefined;
    this.#stage = 'flushed';
  }

  /** Discards an incomplete request, because the connection has ended or the file failed. */
  abandon(): void {
    if (this.#file !== undefined) this.#files.discard(this.#file);
    if (this.#payload !== undefined && isFile(this.#payload)) this.#files.discard(this.#payload);
    this.#file = undefined;
    this.#payload = undefined;
    this.#gathering.drop();
    this.#release();
  }

  /**
   * Reserves memory for what has arrived.
   * @returns false if there is none: the request is to be refused and holds nothing
   */
  #holds(bytes: number): boolean {
    const shortage = this.#room.take(bytes, this.#held);
    if (shortage === undefined) {
      this.#held += bytes;
      return true;
    }
    this.#excess ??= shortage;
    this.#gathering.drop();
    this.#metadata = NO_METADATA;
    this.#release();
    return false;
  }

  #checkMetadata(excess: number | undefined): void {
    if (excess !== undefined)
      this.#exceeds('metadataBytes', LIMIT.metadata(excess, this.#limits.metadataBytes));
  }

  /** Only the first reason for a refusal counts. */
  #exceeds(limit: keyof Limits, why: ErrorText): void {
    this.#excess ??= refuse(why, { limit });
  }

  #release(): void {
    this.#room.give(this.#held);
    this.#held = 0;
  }

  #stageOf(length: number): Stage {
    if (this.#index === 0 && length <= this.#limits.nameBytes) return 'text';
    const isValue = this.#index === VALUE_INDEX && isStore(this.#verb);
    const limit = isValue ? this.#limits.valueBytes : this.#limits.nameBytes;
    if (length > limit) {
      const kind = isValue ? LIMIT.value : LIMIT.argument;
      this.#exceeds(isValue ? 'valueBytes' : 'nameBytes', kind(length, limit));
    }
    if (this.#excess !== undefined) return 'skip';
    if (!isValue || length <= STRING_BYTES) return 'text';
    if (length < this.#limits.longValueBytes) {
      this.#gathering.begin(length);
      return 'buffer';
    }
    this.#file = this.#files.open(length);
    return 'file';
  }

  /** @returns whether it was the last one */
  #argumentEnds(text: string): boolean {
    if (this.#index === 0) this.#verb = text;
    else this.#args.push(text);
    this.#index++;
    this.#stage = 'length';
    return this.#index === this.#count;
  }

  #finished(): Request {
    const request = {
      verb: this.#verb,
      isEmpty: this.#count === 0,
      args: this.#args,
      payload: this.#payload,
      metadata: this.#metadata,
      excess: this.#excess,
    };
    this.#release();
    this.#stage = this.#first;
    this.#metadata = NO_METADATA;
    this.#verb = '';
    this.#args = [];
    this.#payload = undefined;
    this.#excess = undefined;
    return request;
  }
}

/** Encodes a request of a client. */
export function encodeRequest(args: readonly string[], metadata: Metadata | undefined): string {
  let text = metadata === undefined ? pad4(args.length) : encodeDictionary(metadata) + pad4(args.length);
  for (const arg of args) text += pad20(arg.length) + arg;
  return text;
}
