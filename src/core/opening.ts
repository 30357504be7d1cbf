import type { ConnectionEvent } from '../machines/connection.ts';
import type { ByteQueue } from '../wire/byte-queue.ts';
import { DictionaryDecoder, MALFORMED } from '../wire/dictionary.ts';
import { OPTIONS, readGreeting, settle, type Terms } from '../wire/handshake.ts';
import type { Metadata } from '../wire/payload.ts';
import type { ReplyFormat } from '../wire/reply.ts';

/** How requests and replies look from now on (P2, P3). */
export interface Agreement {
  readonly format: ReplyFormat;
  readonly metadataToServer: boolean;
  readonly killsServer: boolean;
}

/** What a client has said in its handshake, as its chart is told; `agreed` when requests may follow. */
export interface OpeningStep {
  readonly event: ConnectionEvent;
  readonly agreed?: Agreement;
}

/** The server's side of a handshake (P2), in whatever pieces the client's comes. */
export class Opening {
  readonly #input: ByteQueue;
  readonly #terms: Terms;
  readonly #options: DictionaryDecoder;
  #heading: string | undefined;

  constructor(input: ByteQueue, terms: Terms, metadataBytes: number) {
    this.#input = input;
    this.#terms = terms;
    this.#options = new DictionaryDecoder(metadataBytes);
  }

  /** @returns undefined while bytes are missing */
  greeting(): OpeningStep | undefined {
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
  options(): OpeningStep | undefined {
    this.#heading ??= this.#input.text(4);
    if (this.#heading === undefined) return undefined;
    const wanted = this.#heading === OPTIONS ? this.#options.next(this.#input) : MALFORMED;
    if (wanted === undefined) return undefined;
    if (wanted === MALFORMED || this.#options.excess !== undefined) return { event: { type: 'malformed' } };
    return this.#settle(wanted);
  }

  #settle(wanted: Metadata): OpeningStep {
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
