import { encodeDictionary } from '../wire/dictionary.ts';
import { KEY, OPTION } from '../wire/names.ts';
import { encodeRequest } from '../wire/request.ts';

/** A reply as a client decodes it (P6, P7). */
export interface Reply {
  readonly status: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The metadata `nwsReason` (P8), or ''. */
  readonly reason: string;
  /** '' in a short reply. */
  readonly value: string;
  /** The other parts of a long reply. */
  readonly descriptor?: number;
  readonly variableId?: string;
  readonly index?: number;
}

/** The id of the variable and the number of the value, as an iterated get sends them back (V10). */
export const cookieOf = ({ variableId = '', index = 0 }: Reply): string[] => [variableId, String(index)];

/** What was negotiated for the replies, and whether this one is long (P7.2). */
export interface ReplyShape {
  readonly metadata: boolean;
  readonly cookie: boolean;
  readonly isLong: boolean;
}

/** The options of the new handshake (P2.2), or the four bytes of an old one (P2.4). */
export type Handshake = Readonly<Record<string, string>> | string;

/** Metadata in both directions (P3). */
export const BOTH_WAYS: Readonly<Record<string, string>> = {
  [OPTION.metadataToServer]: '1',
  [OPTION.metadataFromServer]: '1',
};

/** Thrown internally when bytes are missing. */
class Incomplete extends Error {
  readonly needed: number;

  constructor(needed: number) {
    super();
    this.needed = needed;
  }
}

/** Decodes received bytes, as Latin-1, independently of the code of the server and of the client library. */
class Reader {
  at = 0;
  readonly #bytes: string;

  constructor(bytes: string) {
    this.#bytes = bytes;
  }

  text(length: number): string {
    if (this.at + length > this.#bytes.length) throw new Incomplete(this.at + length);
    this.at += length;
    return this.#bytes.slice(this.at - length, this.at);
  }

  digits(width: number): string {
    const digits = this.text(width);
    if (!/^\d+$/.test(digits)) throw new Error(`no number: "${digits}"`);
    return digits;
  }

  number(width: number): number {
    return Number(this.digits(width));
  }

  dictionary(): Record<string, string> {
    const entries: Record<string, string> = {};
    for (let n = this.number(4); n > 0; n--) {
      const name = this.text(this.number(4));
      entries[name] = this.text(this.number(4));
    }
    return entries;
  }

  reply({ metadata: hasMetadata, cookie, isLong }: ReplyShape): Reply {
    const metadata = hasMetadata ? this.dictionary() : {};
    const head = { status: this.digits(4), metadata, reason: metadata[KEY.reason] ?? '', value: '' };
    return isLong ? { ...head, ...this.#value(cookie) } : head;
  }

  #value(hasCookie: boolean) {
    const descriptor = this.number(20);
    const cookie = hasCookie ? { variableId: this.text(20).trimEnd(), index: this.number(20) } : {};
    return { descriptor, ...cookie, value: this.text(this.number(20)) };
  }
}

/**
 * @returns the first reply and how many bytes it took, or undefined if it is incomplete
 * @throws Error if it is no reply
 */
export function readReply(bytes: string, shape: ReplyShape): { reply: Reply; length: number } | undefined {
  const reader = new Reader(bytes);
  try {
    return { reply: reader.reply(shape), length: reader.at };
  } catch (error) {
    if (error instanceof Incomplete) return undefined;
    throw error;
  }
}

/**
 * The protocol as a client speaks it, without a connection: requests become bytes, and received bytes become replies.
 * All clients of the tests use it, over TCP and in simulations.
 */
export class ClientCodec {
  #unread = '';
  /** How many unread bytes there must be before it is worth decoding them again. */
  #needed = 0;
  #handshake: Handshake | undefined;
  #stage: 'greeting' | 'options' | 'ready' = 'greeting';

  /** @param handshake what is negotiated; a client that negotiates it byte by byte sets it with `agree` */
  constructor(handshake?: Handshake) {
    this.#handshake = handshake;
  }

  /** Received bytes that nobody has read, as Latin-1. */
  get unread(): string {
    return this.#unread;
  }
  get isReady(): boolean {
    return this.#stage === 'ready';
  }
  get sendsMetadata(): boolean {
    return this.#option(OPTION.metadataToServer);
  }
  get getsMetadata(): boolean {
    return this.#option(OPTION.metadataFromServer);
  }
  /** P2.4. */
  get getsCookies(): boolean {
    return this.#handshake !== '0000' && this.#handshake !== '1111';
  }

  #option(name: string): boolean {
    return typeof this.#handshake === 'object' && this.#handshake[name] === '1';
  }

  receive(bytes: string): void {
    this.#unread += bytes;
  }

  /** @returns the next bytes, or undefined while there are fewer */
  take(size: number): string | undefined {
    return this.#decode((reader) => reader.text(size));
  }

  /** @returns everything that was received */
  takeAll(): string {
    const all = this.#unread;
    this.#unread = '';
    this.#needed = 0;
    return all;
  }

  /** @returns the next dictionary, or undefined while it is incomplete */
  dictionary(): Record<string, string> | undefined {
    return this.#decode((reader) => reader.dictionary());
  }

  /**
   * @returns the next reply, or undefined while it is incomplete
   * @throws Error if it is no reply
   */
  reply(isLong: boolean): Reply | undefined {
    return this.#reply(isLong, false);
  }

  /** As `reply`, and its bytes remain unread. */
  peek(isLong: boolean): Reply | undefined {
    return this.#reply(isLong, true);
  }

  #reply(isLong: boolean, isKept: boolean): Reply | undefined {
    if (this.#unread.length < this.#needed) return undefined;
    const shape = { metadata: this.getsMetadata, cookie: this.getsCookies, isLong };
    return this.#decode((reader) => reader.reply(shape), isKept);
  }

  #decode<T>(decode: (reader: Reader) => T, isKept = false): T | undefined {
    const reader = new Reader(this.#unread);
    try {
      const decoded = decode(reader);
      if (!isKept) this.#unread = this.#unread.slice(reader.at);
      this.#needed = 0;
      return decoded;
    } catch (error) {
      if (!(error instanceof Incomplete)) throw error;
      this.#needed = error.needed;
      return undefined;
    }
  }

  /** The handshake is complete, and this was negotiated. */
  agree(handshake: Handshake): void {
    this.#handshake = handshake;
    this.#stage = 'ready';
  }

  /** The first bytes of a client that negotiates the handshake step by step. */
  get greeting(): string {
    return typeof this.#handshake === 'string' ? this.#handshake : 'X000';
  }

  /**
   * Goes on with the handshake (P2) after bytes were received, until `isReady`.
   * @returns bytes to send, '' if there are none
   * @throws Error if the server does not agree
   */
  shakeHands(): string {
    const handshake = this.#handshake ?? {};
    if (typeof handshake === 'string') {
      if (this.#hears('2223')) this.#stage = 'ready';
      return '';
    }
    if (this.#stage === 'greeting') {
      const offer = this.#decode((reader) => [reader.text(4), reader.dictionary()] as const);
      if (offer === undefined) return '';
      if (offer[0] !== 'P000') throw new Error(`the greeting is answered with "${offer[0]}"`);
      this.#stage = 'options';
      return `R000${encodeDictionary(new Map(Object.entries(handshake)))}`;
    }
    if (this.#stage === 'options' && this.#hears('A000')) this.#stage = 'ready';
    return '';
  }

  #hears(expected: string): boolean {
    const four = this.take(4);
    if (four !== undefined && four !== expected) throw new Error(`the handshake is answered with "${four}"`);
    return four !== undefined;
  }

  /** @param metadata is left out if there is none in requests (P3) */
  encode(args: readonly string[], metadata: Readonly<Record<string, string>> = {}): string {
    return encodeRequest(args, this.sendsMetadata ? new Map(Object.entries(metadata)) : undefined);
  }
}
