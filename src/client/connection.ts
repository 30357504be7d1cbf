import type { Duplex } from 'node:stream';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import { STATUS } from '../wire/reply.ts';
import { Channel, type ConnectionOptions, type RequestArguments } from './channel.ts';
import { NwsError, refusalCode } from './errors.ts';
import type { Reply } from './reply-decoder.ts';
import { fromWire, textOfBytes, toWire } from './text.ts';
import { decodeValue, encodeValue, type EncodedValue } from './values.ts';

export type { ConnectionOptions, RequestArguments } from './channel.ts';

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

/**
 * One connection to a NetWorkSpaces server. Requests are answered in their order, however many are made at a time.
 *
 * Names, metadata and text are JavaScript strings, UTF-8 on the wire; only `request` takes and gives Latin-1.
 * Every method rejects with an NwsError when the server refuses, and with a ConnectionLostError when the connection is
 * or gets lost.
 */
export class NwsConnection {
  readonly #channel: Channel;

  /** @throws ConnectionLostError `unreachable` or `not-nws`, or `closed` when aborted */
  static async open(options: ConnectionOptions): Promise<NwsConnection> {
    return new NwsConnection(await Channel.open(options));
  }

  /**
   * As `open`, over a stream that is there.
   * @param address what errors call the server
   */
  static async over(stream: Duplex, address: string): Promise<NwsConnection> {
    return new NwsConnection(await Channel.over(stream, address));
  }

  private constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** HOST:PORT of the server. */
  get address(): string {
    return this.#channel.address;
  }

  /**
   * Makes a request as it stands, in Latin-1.
   * @param metadata goes with it, and with what it stores
   */
  async request(args: RequestArguments, metadata: Metadata = NO_METADATA): Promise<Reply> {
    const reply = await this.#channel.exchange(args, metadata);
    if (reply.status === STATUS.ok) return reply;
    throw new NwsError(String(args[0]), reply.status, reasonOf(reply));
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

  /** Stores a value as C1 and C2 have it. @throws TypeError when it cannot be sent at all */
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
    const reply = await this.#channel.exchange(args, wireMetadata(metadata));
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
    this.#channel.close();
  }
}

const yesNo = (flag: boolean): string => (flag ? 'yes' : 'no');

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
