import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { encodeDictionary } from '../wire/dictionary.ts';
import { isLong, type MetadataKey } from '../wire/names.ts';
import { BOTH_WAYS, ClientCodec, type Handshake, type Reply } from './client-codec.ts';
import { Mismatch } from './mismatch.ts';

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** On this host, if it names none. */
type Place = Partial<Address> & Pick<Address, 'port'>;

/** Metadata of a request. */
export type Details = Readonly<Partial<Record<MetadataKey, string>>>;

/** A request that is not answered at once. */
export interface Pending {
  /** Undefined while it is blocked. */
  answer: Reply | undefined;
  readonly whenAnswered: Promise<Reply>;
}

interface Expected {
  readonly isLong: boolean;
  readonly resolve: (answer: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** The maximum wait for a reply in milliseconds. */
const REPLY_LIMIT_MS = 20_000;

/**
 * One connection that speaks the protocol byte by byte, correctly or incorrectly. All tests use it where they speak to a
 * server over TCP without the client library.
 */
export class ProtocolClient {
  #socket: Socket;
  readonly #codec = new ClientCodec();
  #expected: Expected[] = [];
  #hasEnded = false;
  /** Notified when bytes have arrived, or the end. */
  #arrived: () => void = () => undefined;

  /**
   * @param allowHalfOpen whether it keeps its side open when the server has closed, to distinguish that from what the
   * server does when the client has disconnected
   */
  static async open(
    { host = '127.0.0.1', port }: Place,
    { allowHalfOpen = false } = {},
  ): Promise<ProtocolClient> {
    const socket = connect({ host, port, noDelay: true, allowHalfOpen });
    await once(socket, 'connect', { signal: AbortSignal.timeout(REPLY_LIMIT_MS) });
    return new ProtocolClient(socket);
  }

  /** With the handshake complete, by default the new one with metadata in both directions. */
  static async ready(server: Place, handshake: Handshake = BOTH_WAYS): Promise<ProtocolClient> {
    const protocolClient = await ProtocolClient.open(server);
    if (typeof handshake === 'string') await protocolClient.greetOldWay(handshake);
    else {
      await protocolClient.greet();
      await protocolClient.choose(handshake);
    }
    return protocolClient;
  }

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  #listen(): void {
    this.#socket.on('data', (bytes: Buffer) => {
      this.#codec.receive(bytes.toString('latin1'));
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

  get socket(): Socket {
    return this.#socket;
  }
  /** As the server names it (W10). */
  get peer(): string {
    return `127.0.0.1:${this.#socket.localPort}`;
  }
  get hasEnded(): boolean {
    return this.#hasEnded;
  }
  /** What has arrived and was not read, as Latin-1. */
  get unread(): string {
    return this.#codec.unread;
  }
  get getsMetadata(): boolean {
    return this.#codec.getsMetadata;
  }
  get getsCookies(): boolean {
    return this.#codec.getsCookies;
  }

  /** Reads nothing from the socket until `resume`, as a client that does not keep up. */
  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }

  /** @param bytes text is sent as Latin-1. @returns false if they wait in this process */
  write(bytes: string | Uint8Array): boolean {
    return typeof bytes === 'string' ? this.#socket.write(bytes, 'latin1') : this.#socket.write(bytes);
  }

  /**
   * The next bytes, as Latin-1.
   * @throws Mismatch if the server closes the connection before
   */
  async read(size: number): Promise<string> {
    return this.#taken(() => this.#codec.take(size), `${size} bytes`);
  }

  /**
   * Reads up to and including a text.
   * @returns all of it
   * @throws Mismatch if the server closes the connection before
   */
  async until(text: string): Promise<string> {
    const find = (): string | undefined => {
      const at = this.unread.indexOf(text);
      return at < 0 ? undefined : this.#codec.take(at + text.length);
    };
    return this.#taken(find, `"${text}" after "${this.unread.slice(0, 100)}"`);
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
  async greet(): Promise<Readonly<Record<string, string>>> {
    this.write('X000');
    const four = await this.read(4);
    if (four !== 'P000') throw new Mismatch(`the server answers the new handshake with "${four}"`);
    return this.#taken(() => this.#codec.dictionary(), 'its offer');
  }

  /** P2.2. By default metadata is then used in both directions. */
  async choose(options: Readonly<Record<string, string>> = BOTH_WAYS): Promise<void> {
    const four = await this.offerOptions(options);
    if (four !== 'A000') throw new Mismatch(`the options are answered with "${four}"`);
  }

  /**
   * P2.2.
   * @returns A000 if the server accepts them, and F000 if it does not
   */
  async offerOptions(options: Readonly<Record<string, string>>): Promise<string> {
    this.write(`R000${encodeDictionary(new Map(Object.entries(options)))}`);
    const four = await this.read(4);
    if (four === 'A000') this.#codec.agree(options);
    return four;
  }

  /** P2.4. There is no metadata. */
  async greetOldWay(handshake = '2222'): Promise<void> {
    this.write(handshake);
    const four = await this.read(4);
    if (four !== '2223') throw new Mismatch(`the server answers the old handshake with "${four}"`);
    this.#codec.agree(handshake);
  }

  /** P2.3: on the same socket. */
  async startTls(options: ConnectionOptions = { rejectUnauthorized: false }): Promise<TLSSocket> {
    const plain = this.#socket;
    for (const event of ['data', 'end', 'close']) plain.removeAllListeners(event);
    const secure = connectTls({ socket: plain, ...options });
    this.#socket = secure;
    this.#listen();
    await once(secure, 'secureConnect', { signal: AbortSignal.timeout(REPLY_LIMIT_MS) });
    return secure;
  }

  /** Sends a request that is answered at once. */
  async ask(args: readonly string[], metadata: Details = {}): Promise<Reply> {
    const { whenAnswered } = this.begin(args, metadata);
    return whenAnsweredInTime(whenAnswered, args.join(' '));
  }

  /** Sends a request that may wait. Requests of one turn of the event loop are sent in one segment. */
  begin(args: readonly string[], metadata: Details = {}): Pending {
    const pending = this.expect(isLong(args[0] ?? ''));
    const socket = this.#socket;
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    this.write(this.encode(args, metadata));
    return pending;
  }

  encode(args: readonly string[], metadata: Details = {}): string {
    return this.#codec.encode(args, metadata);
  }

  /**
   * The next reply, to a request with this verb that was written.
   * @param milliseconds to wait for it
   */
  async reply(verb: string, milliseconds = REPLY_LIMIT_MS): Promise<Reply> {
    return whenAnsweredInTime(this.expect(isLong(verb)).whenAnswered, verb, milliseconds);
  }

  /** A reply that will arrive without another request. */
  expect(isLong: boolean): Pending {
    const whenAnswered = new Promise<Reply>((resolve, reject) => {
      this.#expected.push({ isLong, resolve, reject });
      this.#readReplies();
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
    this.#codec.takeAll();
  }

  #readReplies(): void {
    for (let [expected] = this.#expected; expected !== undefined; [expected] = this.#expected) {
      const { isLong, resolve, reject } = expected;
      try {
        const reply = this.#codec.reply(isLong);
        if (reply === undefined) return;
        this.#expected.shift();
        resolve(reply);
      } catch (cause) {
        this.#expected.shift();
        return reject(new Mismatch('what came is no reply', { cause }));
      }
    }
  }

  /** Resolves when the server has closed its side. */
  async ended(milliseconds = REPLY_LIMIT_MS): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (!this.#hasEnded) await this.#next(deadline, 'the end of the connection');
  }

  /** Closes the sending side. */
  end(): void {
    this.#socket.end();
  }
  /** Closes everything, as a process that ends. */
  vanish(): void {
    this.#socket.destroy();
  }
  /** Closes everything with a reset, as a connection that breaks. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }
}

/** @throws Mismatch if the reply does not arrive */
export async function whenAnsweredInTime(
  answer: Promise<Reply>,
  what: string,
  milliseconds = REPLY_LIMIT_MS,
): Promise<Reply> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const fail = (): void => reject(new Mismatch(`no reply in time to: ${what}`));
    // Bytes that arrived while this process was held up are still unread.
    timer = setTimeout(() => void turn().then(fail), milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
