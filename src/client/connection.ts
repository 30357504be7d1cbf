import { connect, type Socket } from 'node:net';
import { ByteQueue } from '../wire/byte-queue.ts';
import { MALFORMED } from '../wire/dictionary.ts';
import { pad20 } from '../wire/numbers.ts';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import { STATUS } from '../wire/reply.ts';
import { encodeRequest } from '../wire/request.ts';
import { ConnectionLostError, NwsError, refusalCode } from './errors.ts';
import { ClientHandshake, GREETING } from './handshake.ts';
import { ReplyDecoder, type Reply } from './reply-decoder.ts';
import { fromWire, textOfBytes, toWire } from './text.ts';
import { decodeValue, encodeValue, type EncodedValue } from './values.ts';

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** Closes the connection whenever it is aborted, while it opens or later. */
  readonly signal?: AbortSignal;
  /** Milliseconds that connecting and the handshake may take; 10,000 unless told. */
  readonly timeout?: number;
}

/** How a workspace is opened or used (W2, W3). */
export interface OpenOptions {
  /** Who opens it, for the listing (W10). */
  readonly label?: string;
  /** It stays when its owner goes (W6). */
  readonly persistent?: boolean;
  /** False: it must be there (W4). */
  readonly create?: boolean;
  /** `wstype` and the options of that kind (W9, S1). */
  readonly metadata?: Metadata;
}

/** A value that a get found. */
export interface Found {
  /** Decoded; see values.ts. */
  readonly value: unknown;
  readonly metadata: Metadata;
  readonly descriptor: number;
  /** Where it came from (V10). */
  readonly variableId: string;
  readonly index: number;
}

/** One line of `list vars` (V8). */
export interface VariableInfo {
  readonly name: string;
  readonly values: number;
  readonly fetchers: number;
  readonly finders: number;
  readonly mode: string;
}

/** The arguments of a request, the verb first: Latin-1 strings, of which the last may be bytes instead (P5). */
export type RequestArguments = readonly [...names: string[], value: string | Uint8Array];

/** Verbs whose replies carry a value (P7.2). */
const LONG = new Set(
  ['fetch', 'find', 'ifetch', 'ifind']
    .flatMap((verb) => [verb, `${verb}Try`])
    .concat('list vars', 'list wss', 'mktemp ws'),
);
/** Verbs that may wait: nothing may follow them before they are answered (P5.2, P5.3). */
const MAY_WAIT = new Set(['fetch', 'find', 'ifetch', 'ifind']);

interface Exchange {
  readonly verb: string;
  readonly head: string;
  readonly tail: Uint8Array | undefined;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection to a NetWorkSpaces server (P1-P8), with metadata both ways. Requests are answered in their order; any
 * number may be made at a time, and one that follows a get that waits is kept until that is answered (P5.3).
 *
 * Names, metadata and text are JavaScript strings, UTF-8 on the wire; only `request` takes and gives Latin-1.
 * Every method rejects with an NwsError when the server refuses, and with a ConnectionLostError when the connection is
 * or gets lost.
 */
export class NwsConnection {
  /** HOST:PORT */
  readonly address: string;
  readonly #socket: Socket;
  readonly #input = new ByteQueue();
  readonly #handshake = new ClientHandshake(this.#input);
  readonly #decoder = new ReplyDecoder(this.#input);
  /** Not sent yet, and sent but not answered. */
  readonly #waiting: Exchange[] = [];
  readonly #sent: Exchange[] = [];
  #isOpen = false;
  #opened: () => void = () => undefined;
  #refused: (error: Error) => void = () => undefined;
  #lost: ConnectionLostError | undefined;

  /** @throws ConnectionLostError `unreachable` or `not-nws`, or `closed` when aborted */
  static async open(options: ConnectionOptions): Promise<NwsConnection> {
    const { signal, timeout = 10_000 } = options;
    const connection = new NwsConnection(options);
    const close = (): void => connection.close();
    if (signal?.aborted === true) close();
    signal?.addEventListener('abort', close, { once: true });
    connection.#socket.once('close', () => signal?.removeEventListener('abort', close));
    const timer = setTimeout(() => connection.#lose('unreachable', 'did not answer in time'), timeout);
    try {
      await new Promise<void>((resolve, reject) => {
        if (connection.#lost !== undefined) reject(connection.#lost);
        connection.#opened = resolve;
        connection.#refused = reject;
      });
    } finally {
      clearTimeout(timer);
    }
    return connection;
  }

  private constructor({ host, port }: ConnectionOptions) {
    this.address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#socket = connect({ host, port, noDelay: true, keepAlive: true });
    this.#socket.on('connect', () => this.#socket.write(GREETING));
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
    this.#socket.on('close', () => this.#lose(this.#isOpen ? 'lost' : 'not-nws', 'closed the connection'));
  }

  /**
   * Makes a request as it stands, in Latin-1.
   * @param metadata goes with it, and with what it stores
   */
  async request(args: RequestArguments, metadata: Metadata = NO_METADATA): Promise<Reply> {
    const reply = await this.#exchange(args, metadata);
    if (reply.status === STATUS.ok) return reply;
    throw new NwsError(String(args[0]), reply.status, reasonOf(reply));
  }

  async #exchange(args: RequestArguments, metadata: Metadata): Promise<Reply> {
    if (this.#lost !== undefined) throw this.#lost;
    return new Promise<Reply>((resolve, reject) => {
      this.#waiting.push({ verb: String(args[0]), ...encode(args, metadata), resolve, reject });
      this.#send();
    });
  }

  /** Makes the workspace if need be, and owns it if nobody does (W2). */
  async openWorkspace(name: string, options: OpenOptions = {}): Promise<void> {
    await this.#workspace('open ws', name, options);
  }

  /** As `openWorkspace`, without owning (W3). */
  async useWorkspace(name: string, options: OpenOptions = {}): Promise<void> {
    await this.#workspace('use ws', name, options);
  }

  async #workspace(verb: string, name: string, options: OpenOptions): Promise<void> {
    const { label = '', persistent = false, create = true, metadata = NO_METADATA } = options;
    const args = [verb, toWire(name), toWire(label), yesNo(persistent), yesNo(create)] as const;
    await this.request(args, wireMetadata(metadata));
  }

  /**
   * Makes a workspace of a new name and uses it; nobody owns it (W8).
   * @param template with one place for a number, as in printf
   * @returns its name
   */
  async mktemp(template = '__ws__%d', metadata = NO_METADATA): Promise<string> {
    return textIn(await this.request(['mktemp ws', toWire(template)], wireMetadata(metadata)));
  }

  /** Deletes it, whoever has opened it (W7). */
  async deleteWorkspace(name: string): Promise<void> {
    await this.request(['delete ws', toWire(name)]);
  }

  /** @param mode `fifo`, `lifo`, `single`, `multi`, `__time` or `__barrier` (V1, V2) */
  async declare(workspace: string, variable: string, mode: string): Promise<void> {
    await this.request(['declare var', toWire(workspace), toWire(variable), mode]);
  }

  /** Stores a value as C1 and C2 have it. @throws DataCloneError when it cannot be sent at all */
  async store(workspace: string, variable: string, value: unknown, metadata = NO_METADATA): Promise<void> {
    await this.storeEncoded(workspace, variable, encodeValue(value), metadata);
  }

  /** As `store`, for a value that was encoded before. */
  async storeEncoded(
    workspace: string,
    variable: string,
    { descriptor, bytes, type }: EncodedValue,
    metadata = NO_METADATA,
  ): Promise<void> {
    const all = new Map(wireMetadata(metadata)).set('type', type);
    await this.request(['store', toWire(workspace), toWire(variable), String(descriptor), bytes], all);
  }

  /** Takes a value, or waits for one (V4). */
  fetch(workspace: string, variable: string, metadata?: Metadata): Promise<Found> {
    return this.#get('fetch', workspace, variable, metadata);
  }

  /** Reads a value, or waits for one (V4). */
  find(workspace: string, variable: string, metadata?: Metadata): Promise<Found> {
    return this.#get('find', workspace, variable, metadata);
  }

  /** Takes a value if there is one (V4). */
  fetchTry(workspace: string, variable: string, metadata?: Metadata): Promise<Found | undefined> {
    return this.#try('fetchTry', workspace, variable, metadata);
  }

  /** Reads a value if there is one (V4). */
  findTry(workspace: string, variable: string, metadata?: Metadata): Promise<Found | undefined> {
    return this.#try('findTry', workspace, variable, metadata);
  }

  async #get(verb: string, workspace: string, variable: string, metadata = NO_METADATA): Promise<Found> {
    const args = [verb, toWire(workspace), toWire(variable)] as const;
    return foundIn(verb, await this.request(args, wireMetadata(metadata)));
  }

  async #try(
    verb: string,
    workspace: string,
    variable: string,
    metadata = NO_METADATA,
  ): Promise<Found | undefined> {
    const args = [verb, toWire(workspace), toWire(variable)] as const;
    const reply = await this.#exchange(args, wireMetadata(metadata));
    if (reply.status === STATUS.ok) return foundIn(verb, reply);
    // That there is none is no error, and may come too often to make one.
    const reason = reasonOf(reply);
    if (refusalCode(reply.status, reason) === 'no-value') return undefined;
    throw new NwsError(verb, reply.status, reason);
  }

  /** The variables of a workspace that are not hidden, sorted by name (V8). */
  async listVariables(workspace: string): Promise<VariableInfo[]> {
    const listing = textIn(await this.request(['list vars', toWire(workspace)]));
    return listing === '' ? [] : listing.split('\n').map(variableOfLine);
  }

  /** Ends the connection; what is under way is rejected as `closed`. */
  close(): void {
    this.#lose('closed', 'connection closed on this side');
  }

  #send(): void {
    const latest = this.#sent.at(-1);
    if (!this.#isOpen || (latest !== undefined && MAY_WAIT.has(latest.verb))) return;
    const exchange = this.#waiting.shift();
    if (exchange === undefined) return;
    this.#sent.push(exchange);
    this.#write(exchange);
    this.#send();
  }

  /** What is asked in one turn of the event loop leaves in one piece. */
  #write({ head, tail }: Exchange): void {
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    this.#socket.write(head, 'latin1');
    if (tail !== undefined) this.#socket.write(tail);
  }

  #receive(bytes: Buffer): void {
    this.#input.push(bytes);
    if (!this.#isOpen) this.#shakeHands();
    if (this.#isOpen) this.#readReplies();
  }

  #shakeHands(): void {
    for (let step = this.#handshake.next(); step !== undefined; step = this.#handshake.next()) {
      if (step.type === 'failed') return this.#lose('not-nws', step.why);
      if (step.type === 'say') this.#socket.write(step.bytes, 'latin1');
      else {
        this.#isOpen = true;
        return this.#opened();
      }
    }
  }

  #readReplies(): void {
    for (let [exchange] = this.#sent; exchange !== undefined; [exchange] = this.#sent) {
      const reply = this.#decoder.next(LONG.has(exchange.verb));
      if (reply === undefined) return;
      if (reply === MALFORMED) return this.#lose('not-nws', 'sent what is no reply');
      this.#sent.shift();
      exchange.resolve(reply);
      this.#send();
    }
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#isOpen) this.#lose('lost', `lost the connection (${error.code ?? error.message})`, error);
    else this.#lose('unreachable', `cannot be reached (${error.code ?? error.message})`, error);
  }

  /** The connection is over, for the first of all reasons that are told. */
  #lose(code: ConnectionLostError['code'], what: string, cause?: Error): void {
    this.#lost ??= new ConnectionLostError(code, `${this.address} ${what}`, cause && { cause });
    this.#socket.destroy();
    this.#refused(this.#lost);
    for (const exchange of [...this.#sent.splice(0), ...this.#waiting.splice(0)]) exchange.reject(this.#lost);
  }
}

const yesNo = (flag: boolean): string => (flag ? 'yes' : 'no');

/** Longer values are not made part of a string. */
const STRING_BYTES = 4_096;

/** A request as one string, or as one and the bytes that end it. */
function encode(args: RequestArguments, metadata: Metadata): Pick<Exchange, 'head' | 'tail'> {
  const value = args.at(-1) ?? '';
  const names = args.slice(0, -1).map(String);
  if (typeof value === 'string') return { head: encodeRequest([...names, value], metadata), tail: undefined };
  if (value.length <= STRING_BYTES) return encode([...names, latin1(value)], metadata);
  // The value as an empty one, but for its length, which comes last.
  const head = encodeRequest([...names, ''], metadata).slice(0, -pad20(0).length) + pad20(value.length);
  return { head, tail: value };
}

const latin1 = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('latin1');

const reasonOf = ({ metadata }: Reply): string => fromWire(metadata.get('nwsReason') ?? '');

/** The value of a reply that is text by its verb. */
const textIn = ({ value }: Reply): string => (value === undefined ? '' : textOfBytes(value.payload));

function foundIn(verb: string, { value, metadata }: Reply): Found {
  if (value === undefined) throw new TypeError(`"${verb}" has no value in its reply`);
  const { payload, ...origin } = value;
  return {
    value: decodeValue(origin.descriptor, payload, metadata),
    metadata: mapMetadata(metadata, fromWire),
    ...origin,
  };
}

const mapMetadata = (metadata: Metadata, of: (text: string) => string): Metadata =>
  metadata.size === 0 ? metadata : new Map([...metadata].map(([name, value]) => [of(name), of(value)]));
const wireMetadata = (metadata: Metadata): Metadata => mapMetadata(metadata, toWire);

function variableOfLine(line: string): VariableInfo {
  const fields = line.split('\t');
  const [values, fetchers, finders, mode = ''] = fields.slice(-4);
  const name = fields.slice(0, -4).join('\t');
  return { name, values: Number(values), fetchers: Number(fetchers), finders: Number(finders), mode };
}
