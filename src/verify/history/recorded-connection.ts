import { ReplyDecoder } from '../../wire/reply-decoder.ts';
import { ByteQueue } from '../../wire/byte-queue.ts';
import { DictionaryDecoder, MALFORMED } from '../../wire/dictionary.ts';
import { ACCEPTED, OPTIONS } from '../../wire/handshake.ts';
import { DEFAULT_LIMITS } from '../../wire/limits.ts';
import { isLong, OPTION } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { RequestDecoder, type FileSink } from '../../wire/request.ts';
import type { Operation } from './operation.ts';
import type { Recording } from './recording.ts';

const GREETING_WIDTH = 4;
const NEW_GREETING = 'X';

const noFile = (): never => {
  throw new Error('a recorded value is never written to a file');
};
const NO_FILES: FileSink = { open: noFile, write: noFile, finish: noFile, discard: noFile };
/** A recorder refuses nothing; the server does. */
const NO_LIMITS = {
  limits: { ...DEFAULT_LIMITS, longValueBytes: Number.MAX_SAFE_INTEGER, valueBytes: Number.MAX_SAFE_INTEGER },
  files: NO_FILES,
  room: { take: () => undefined, give: () => undefined },
};

/** The bytes of one connection in both directions, decoded as requests and replies. */
export class RecordedConnection {
  readonly #recording: Recording;
  readonly #who: string;
  readonly #onUnreadable: () => void;
  readonly #requestBytes = new ByteQueue();
  readonly #replyBytes = new ByteQueue();
  readonly #outstanding: Operation[] = [];
  #handshake: 'greeting' | 'options' | 'requests' = 'greeting';
  #answer: 'offer' | 'accepted' | 'replies' = 'offer';
  readonly #options = new DictionaryDecoder(Number.POSITIVE_INFINITY);
  readonly #offer = new DictionaryDecoder(Number.POSITIVE_INFINITY);
  #hasBegun = false;
  #requests: RequestDecoder | undefined;
  readonly #replies = new ReplyDecoder(this.#replyBytes);
  #isReadable = true;

  constructor(recording: Recording, onUnreadable: () => void) {
    this.#recording = recording;
    this.#who = recording.newClient();
    this.#onUnreadable = onUnreadable;
  }

  /** Bytes of the client. They may be used again after this call. */
  sent(bytes: Buffer): void {
    if (!this.#isReadable) return;
    this.#requestBytes.push(Buffer.from(bytes));
    if (this.#handshake !== 'requests') this.#readHandshake();
    for (let request = this.#requests?.next(); request !== undefined; request = this.#requests?.next()) {
      if (request === MALFORMED) return this.#giveUp();
      const { verb, args, payload, metadata } = request;
      const value = payload instanceof Uint8Array ? Buffer.from(payload).toString('latin1') : payload;
      const all = typeof value === 'string' ? [...args.slice(0, -1), value] : args;
      this.#outstanding.push(this.#recording.begin(this.#who, verb, all, metadata));
    }
  }

  /** Bytes of the server. */
  received(bytes: Buffer): void {
    if (!this.#isReadable) return;
    this.#replyBytes.push(Buffer.from(bytes));
    if (this.#answer !== 'replies' && !this.#readAnswer()) return;
    for (let [operation] = this.#outstanding; operation !== undefined; [operation] = this.#outstanding) {
      const reply = this.#replies.next(isLong(operation.verb));
      if (reply === undefined) return;
      if (reply === MALFORMED) return this.#giveUp();
      this.#outstanding.shift();
      this.#recording.end(operation, reply);
    }
  }

  closed(): void {
    this.#recording.close(this.#who);
  }

  /** P2. */
  #readHandshake(): void {
    if (this.#handshake === 'greeting') {
      const greeting = this.#requestBytes.text(GREETING_WIDTH);
      if (greeting === undefined) return;
      if (!greeting.startsWith(NEW_GREETING)) return this.#giveUp();
      this.#handshake = 'options';
    }
    if (!this.#hasBegun) {
      const begin = this.#requestBytes.text(GREETING_WIDTH);
      if (begin === undefined) return;
      if (begin !== OPTIONS) return this.#giveUp();
      this.#hasBegun = true;
    }
    const options = this.#options.next(this.#requestBytes);
    if (options === undefined) return;
    if (options === MALFORMED || !isReadable(options)) return this.#giveUp();
    this.#handshake = 'requests';
    this.#requests = new RequestDecoder(this.#requestBytes, {
      metadata: options.get(OPTION.metadataToServer) === '1',
      ...NO_LIMITS,
    });
  }

  /** @returns whether replies follow */
  #readAnswer(): boolean {
    if (this.#answer === 'offer') {
      if (!this.#hasOffer) {
        const four = this.#replyBytes.text(GREETING_WIDTH);
        if (four === undefined) return false;
        this.#hasOffer = true;
      }
      const offer = this.#offer.next(this.#replyBytes);
      if (offer === undefined) return false;
      this.#answer = 'accepted';
    }
    const four = this.#replyBytes.text(GREETING_WIDTH);
    if (four === undefined) return false;
    if (four !== ACCEPTED) this.#giveUp();
    this.#answer = 'replies';
    return this.#isReadable;
  }
  #hasOffer = false;

  #giveUp(): void {
    this.#isReadable = false;
    this.#onUnreadable();
  }
}

/** Without metadata a reply has no reason, and TLS hides everything. */
const isReadable = (options: Metadata): boolean =>
  options.get(OPTION.metadataFromServer) === '1' && !options.has(OPTION.tls);
