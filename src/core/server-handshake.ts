import type { ConnectionEvent } from '../machines/connection.ts';
import type { ByteQueue } from '../wire/byte-queue.ts';
import { DictionaryDecoder, MALFORMED } from '../wire/dictionary.ts';
import { OPTIONS, readGreeting, settle, type Terms } from '../wire/handshake.ts';
import type { Limits } from '../wire/limits.ts';
import type { Metadata } from '../wire/payload.ts';
import type { ReplyFormat } from '../wire/reply.ts';
import type { RequestBudget } from '../wire/request.ts';

/** The format of requests and replies after the handshake (P2, P3). */
export interface Agreement {
  readonly format: ReplyFormat;
  readonly metadataToServer: boolean;
  readonly killsServer: boolean;
}

/** A step of the handshake, as an event for the machine of the connection; `agreed` if requests follow. */
export interface ServerHandshakeStep {
  readonly event: ConnectionEvent;
  readonly agreed?: Agreement;
  /** The limit that was reached, if any (P12). */
  readonly limit?: keyof Limits;
}

const overLimit = (limit: keyof Limits): ServerHandshakeStep => ({ event: { type: 'malformed' }, limit });

/** The server's side of a handshake (P2). The client's bytes may arrive in pieces of any size. */
export class ServerHandshake {
  readonly #input: ByteQueue;
  readonly #terms: Terms;
  readonly #options: DictionaryDecoder;
  readonly #limits: Limits;
  readonly #room: RequestBudget;
  #heading: string | undefined;
  /** The bytes of memory that it has reserved. */
  #held = 0;

  constructor(input: ByteQueue, terms: Terms, limits: Limits, room: RequestBudget) {
    this.#input = input;
    this.#terms = terms;
    this.#limits = limits;
    this.#room = room;
    this.#options = new DictionaryDecoder(limits.handshakeBytes);
  }

  /** Discards what has arrived. It is not used afterwards. */
  drop(): void {
    this.#room.give(this.#held);
  }

  /** @returns undefined while bytes are missing */
  greeting(): ServerHandshakeStep | undefined {
    const four = this.#input.text(4);
    if (four === undefined) return undefined;
    const greeting = readGreeting(four);
    if (greeting.kind === 'new') return { event: { type: 'greeted.new' } };
    const { demanded } = this.#terms;
    if (demanded !== undefined) return { event: { type: 'options.denied', option: demanded } };
    const { format } = greeting;
    return {
      event: { type: 'greeted.old' },
      agreed: { format, metadataToServer: false, killsServer: false },
    };
  }

  /** @returns undefined while bytes are missing */
  options(): ServerHandshakeStep | undefined {
    this.#heading ??= this.#input.text(4);
    if (this.#heading === undefined) return undefined;
    const wanted = this.#heading === OPTIONS ? this.#options.next(this.#input) : MALFORMED;
    if (wanted === MALFORMED) return { event: { type: 'malformed' } };
    // The client is not authenticated yet, so options beyond the limits are not read.
    const { handshakeOptions } = this.#limits;
    if (this.#options.isOver || this.#options.excess !== undefined) return overLimit('handshakeBytes');
    if (this.#options.announced > handshakeOptions || (wanted?.size ?? 0) > handshakeOptions)
      return overLimit('handshakeOptions');
    if (wanted !== undefined) return this.#settle(wanted);
    return this.#holds() ? undefined : overLimit('incomingBytes');
  }

  #holds(): boolean {
    const more = this.#options.held - this.#held;
    if (this.#room.take(more, this.#held) !== undefined) return false;
    this.#held += more;
    return true;
  }

  #settle(wanted: Metadata): ServerHandshakeStep {
    const settings = settle(this.#terms, wanted);
    if ('refused' in settings) return { event: { type: 'options.denied', option: settings.refused } };
    return {
      event: { type: 'options.accepted', secure: settings.secure },
      agreed: {
        format: { metadata: settings.metadataFromServer, cookie: true },
        metadataToServer: settings.metadataToServer,
        killsServer: settings.killServerOnClose,
      },
    };
  }
}
