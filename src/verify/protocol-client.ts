import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ReplyDecoder } from '../client/connection/reply-decoder.ts';
import { ByteQueue } from '../wire/byte-queue.ts';
import { DictionaryDecoder, encodeDictionary, MALFORMED } from '../wire/dictionary.ts';
import { isLong, KEY, OPTION, type MetadataKey } from '../wire/names.ts';
import type { Metadata } from '../wire/payload.ts';
import { encodeRequest } from '../wire/request.ts';
import type { Answer } from './answer.ts';
import { Mismatch } from './mismatch.ts';

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Metadata of a request. */
export type Details = Readonly<Partial<Record<MetadataKey, string>>>;

/** A request that is not answered at once. */
export interface Pending {
  /** Undefined while it is blocked. */
  answer: Answer | undefined;
  readonly whenAnswered: Promise<Answer>;
}

interface Expected {
  readonly isLong: boolean;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** The maximum wait for a reply in milliseconds. */
const REPLY_LIMIT_MS = 20_000;
const EMPTY_METADATA = '0000';
/** Metadata both ways (P3). */
const WANTED = new Map([
  [OPTION.metadataToServer, '1'],
  [OPTION.metadataFromServer, '1'],
]);

/** One connection that speaks the protocol byte by byte, correctly or incorrectly. */
export class ProtocolClient {
  #socket: Socket;
  readonly #input = new ByteQueue();
  #decoder: ReplyDecoder | undefined;
  #expected: Expected[] = [];
  #hasMetadata = true;
  #hasEnded = false;
  /** Notified when bytes have arrived, or the end. */
  #arrived: () => void = () => undefined;

  static async open({ host, port }: Address): Promise<ProtocolClient> {
    // Half open, to distinguish that the server closes the connection from what it does when the client has
    // disconnected.
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect', { signal: AbortSignal.timeout(REPLY_LIMIT_MS) });
    return new ProtocolClient(socket);
  }

  /** With the new handshake complete, and metadata in both directions. */
  static async ready(server: Address): Promise<ProtocolClient> {
    const protocolClient = await ProtocolClient.open(server);
    await protocolClient.greet();
    await protocolClient.choose(WANTED);
    return protocolClient;
  }

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  #listen(): void {
    this.#socket.on('data', (bytes: Buffer) => {
      this.#input.push(bytes);
      this.#readReplies();
      this.#arrived();
    });
    this.#socket.on('error', () => undefined);
    for (const event of ['end', 'close']) this.#socket.on(event, () => this.#end());
  }

  #end(): void {
    this.#hasEnded = true;
    this.#arrived();
    for (const { reject } of this.#expected.splice(0))
      reject(new Mismatch('the server ended the connection before it answered'));
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }
  /** Bytes that have arrived and were not read. */
  get unread(): number {
    return this.#input.length - (this.#hasMetadata ? 0 : EMPTY_METADATA.length * this.#expected.length);
  }

  /** Messages of one turn of the event loop are sent in one segment. */
  write(bytes: string): void {
    const socket = this.#socket;
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    socket.write(bytes, 'latin1');
  }

  /**
   * The next bytes.
   * @throws Mismatch if the server closes the connection before
   */
  async read(size: number): Promise<string> {
    return this.#taken(() => this.#input.text(size), `${size} bytes`);
  }

  async #taken<T>(take: () => T | undefined, what: string): Promise<T> {
    const deadline = performance.now() + REPLY_LIMIT_MS;
    for (;;) {
      const found = take();
      if (found !== undefined) return found;
      if (this.#hasEnded) throw new Mismatch(`the server ended the connection instead of sending ${what}`);
      await this.#next(deadline, what);
    }
  }

  async #next(deadline: number, what: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const left = deadline - performance.now();
    await new Promise<void>((resolve, reject) => {
      this.#arrived = resolve;
      timer = setTimeout(() => reject(new Mismatch(`${what} did not come in time`)), left);
    });
    clearTimeout(timer);
  }

  /**
   * P2.1.
   * @returns the offer of the server
   */
  async greet(): Promise<Metadata> {
    this.write('X000');
    const four = await this.read(4);
    if (four !== 'P000') throw new Mismatch(`the server answers the new handshake with "${four}"`);
    const decoder = new DictionaryDecoder(Number.POSITIVE_INFINITY);
    const offer = await this.#taken(() => decoder.next(this.#input), 'its offer');
    if (offer === MALFORMED) throw new Mismatch('the offer is no dictionary');
    return offer;
  }

  /** P2.2. Metadata is then used in both directions. */
  async choose(options: Metadata = WANTED): Promise<void> {
    this.write(`R000${encodeDictionary(options)}`);
    const four = await this.read(4);
    if (four !== 'A000') throw new Mismatch(`the options are answered with "${four}"`);
    this.#decoder = new ReplyDecoder(this.#input);
  }

  /** P2.4. There is no metadata. */
  async greetOldWay(): Promise<void> {
    this.write('2222');
    const four = await this.read(4);
    if (four !== '2223') throw new Mismatch(`the server answers the old handshake with "${four}"`);
    this.#decoder = new ReplyDecoder(this.#input);
    this.#hasMetadata = false;
  }

  /** P2.3: on the same socket. */
  async startTls(): Promise<void> {
    const plain = this.#socket;
    for (const event of ['data', 'end', 'close']) plain.removeAllListeners(event);
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    this.#socket = secure;
    this.#listen();
    await once(secure, 'secureConnect', { signal: AbortSignal.timeout(REPLY_LIMIT_MS) });
  }

  /** Sends a request that is answered at once. */
  async ask(args: readonly string[], metadata: Details = {}): Promise<Answer> {
    const { whenAnswered } = this.begin(args, metadata);
    return whenAnsweredInTime(whenAnswered, args.join(' '));
  }

  /** Sends a request that may wait. */
  begin(args: readonly string[], metadata: Details = {}): Pending {
    const pending = this.expect(isLong(args[0] ?? ''));
    this.write(this.encode(args, metadata));
    return pending;
  }

  encode(args: readonly string[], metadata: Details = {}): string {
    return encodeRequest(args, this.#hasMetadata ? new Map(Object.entries(metadata)) : undefined);
  }

  /** A reply that will arrive without another request. */
  expect(isLong: boolean): Pending {
    // The decoder reads metadata first: none is the same as an empty one.
    if (!this.#hasMetadata) this.#input.push(Buffer.from(EMPTY_METADATA));
    const whenAnswered = new Promise<Answer>((resolve, reject) => {
      this.#expected.push({ isLong, resolve, reject });
      if (this.#hasEnded) this.#end();
    });
    const pending: Pending = { answer: undefined, whenAnswered };
    whenAnswered.then(
      (answer) => (pending.answer = answer),
      () => undefined,
    );
    return pending;
  }

  /** The blocked request will be answered in another way (P5.3). */
  forgetExpected(): void {
    this.#expected = [];
    this.#input.rest();
  }

  #readReplies(): void {
    for (let [expected] = this.#expected; expected !== undefined; [expected] = this.#expected) {
      const reply = this.#decoder?.next(expected.isLong);
      if (reply === undefined) return;
      this.#expected.shift();
      if (reply === MALFORMED) return expected.reject(new Mismatch('what came is no reply'));
      const { status, metadata, value } = reply;
      const reason = metadata.get(KEY.reason) ?? '';
      expected.resolve({
        status,
        reason,
        metadata,
        value: value?.payload.toString('latin1') ?? '',
        cookie: value === undefined ? [] : [value.variableId, String(value.index)],
      });
    }
  }

  /** Resolves when the server has closed its side. */
  async ended(milliseconds = REPLY_LIMIT_MS): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (!this.#hasEnded) await this.#next(deadline, 'the end of the connection');
  }

  vanish(): void {
    this.#socket.destroy();
  }
}

/** @throws Mismatch if the reply does not arrive */
export async function whenAnsweredInTime(
  answer: Promise<Answer>,
  what: string,
  milliseconds = REPLY_LIMIT_MS,
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Mismatch(`no reply in time to: ${what}`)), milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
