import type { Duplex, Readable } from 'node:stream';
import { KEY, VERB } from '../../wire/names.ts';
import { NO_METADATA, type Metadata } from '../../wire/payload.ts';
import { STATUS } from '../../wire/reply.ts';
import { Channel } from './channel.ts';
import type { Requester } from './requester.ts';
import { openRequester } from './open-requester.ts';
import type { OpenChannel } from './owner-search.ts';
import type { SessionPlatform } from './session-channel.ts';
import { optionsAt, type ChannelOptions, type ConnectOptions } from './channel-options.ts';
import type { Clock } from '../clock.ts';
import { NwsError, refusalCode, type ConnectionLostError } from './errors.ts';
import {
  variableOfLine,
  workspaceOfLine,
  type OldSleighInfo,
  type VariableInfo,
  type WorkspaceInfo,
} from '../workspace/listings.ts';
import type { ByteStream, RequestArguments } from './outgoing.ts';
import type { Reply, ReplyHead } from '../../wire/reply-decoder.ts';
import { getRequest, mapMetadata, wireMetadata, type GetDetails, type GetVerb } from './get-request.ts';
import { fromWire, textOfBytes, toWire } from './text.ts';
import { decodeValue, encodeValue, type EncodedValue } from '../values/values.ts';
import { fault } from '../../wire/error-kind.ts';

export type { ConnectionOptions } from './channel-options.ts';

/** How to open or use a workspace (W2, W3). */
export interface OpenOptions {
  /** The label of the owner, for the listing (W10). */
  readonly label?: string | undefined;
  /** Whether the workspace stays when its owner disconnects (W6). */
  readonly persistent?: boolean | undefined;
  /** With false the workspace must exist (W4). */
  readonly create?: boolean | undefined;
  /** `wstype` and the options of that type (W9, S1). */
  readonly metadata?: Metadata | undefined;
}

/** The origin and the metadata of a value. */
export interface Origin {
  readonly metadata: Metadata;
  readonly descriptor: number;
  /** 20 characters; empty if the get had to wait for a job variable (V9). */
  readonly variableId: string;
  /** The number of the value in its variable (V10). */
  readonly index: number;
}

/** The result of a get. */
export interface Found<T = unknown> extends Origin {
  /** The decoded value; see values.ts. */
  readonly value: T;
}

/** The result of a get, with the value as a stream. */
export interface FoundStream extends Origin {
  /** The size in bytes. */
  readonly size: number;
  /** Must be read to its end or destroyed. Until then the connection serves nothing else. */
  readonly stream: Readable;
}

/**
 * A connection to a NetWorkSpaces server. Requests are answered in order; any number may be made at a time.
 *
 * Names, metadata and text are JavaScript strings, and UTF-8 on the wire. Only `request` takes and returns Latin-1.
 * Every method rejects with an NwsError if the server refuses the request, and with a ConnectionLostError if there is
 * no connection.
 */
export class NwsConnection {
  readonly #channel: Requester;

  /** @throws ConnectionLostError `unreachable`, `not-nws` or `not-secure`, or `closed` when aborted */
  static async open(options: ConnectOptions, platform?: SessionPlatform): Promise<NwsConnection> {
    return NwsConnection.openWith((at) => Channel.open(optionsAt(options, at)), options, platform);
  }

  /**
   * @internal As `open`.
   * @param open makes a connection, to the server of the program or to another one: at the start, and each time that a session comes
   *   back
   */
  static async openWith(
    open: OpenChannel,
    { workspace, ...options }: ConnectOptions,
    platform?: SessionPlatform,
  ): Promise<NwsConnection> {
    if (platform === undefined) return new NwsConnection(await open());
    const name = workspace === undefined ? undefined : toWire(workspace);
    return new NwsConnection(await openRequester({ ...options, workspace: name, open, platform }));
  }

  /**
   * As `open`, over an existing stream.
   * @param address the name of the server in errors
   */
  static over(stream: Duplex, address: string): Promise<NwsConnection> {
    return NwsConnection.overWith(stream, address, {});
  }

  /** @internal As `over`. */
  static async overWith(stream: Duplex, address: string, options: ChannelOptions): Promise<NwsConnection> {
    return new NwsConnection(await Channel.over(stream, address, options));
  }

  private constructor(channel: Requester) {
    this.#channel = channel;
  }

  /** HOST:PORT of the server. */
  get address(): string {
    return this.#channel.address;
  }

  /** Whether the server has a web page (P2.1). */
  get serverHasPage(): boolean {
    return this.#channel.serverHasPage;
  }

  /** @internal The clock for its waits. */
  get clock(): Clock {
    return this.#channel.clock;
  }

  /** Seconds within which it comes back when it is lost (P15); 0 if it does not. */
  get grace(): number {
    return this.#channel.grace;
  }

  /** Resolves with the reason when the connection has ended. */
  get ended(): Promise<ConnectionLostError> {
    return this.#channel.ended;
  }

  /** Whether the connection has ended. */
  get isLost(): boolean {
    return this.#channel.isLost;
  }

  /**
   * Makes a request, with all texts in Latin-1.
   * @param metadata the metadata of the request, and of a value that it stores
   */
  async request(args: RequestArguments, metadata: Metadata = NO_METADATA): Promise<Reply> {
    const reply = await this.#channel.exchange(args, metadata);
    if (reply.status === STATUS.ok) return reply;
    throw refusalOf(args[0], reply);
  }

  /** Opens a workspace. It is created if it does not exist, and gets an owner if it has none (W2). */
  async openWorkspace(name: string, options: OpenOptions = {}): Promise<void> {
    await this.#workspace(VERB.openWs, name, options);
  }

  /** As `openWorkspace`, without becoming an owner (W3). */
  async useWorkspace(name: string, options: OpenOptions = {}): Promise<void> {
    await this.#workspace(VERB.useWs, name, options);
  }

  async #workspace(verb: string, name: string, options: OpenOptions): Promise<void> {
    const { label = '', persistent = false, create = true, metadata = NO_METADATA } = options;
    const args = [verb, toWire(name), toWire(label), yesNo(persistent), yesNo(create)] as const;
    await this.request(args, wireMetadata(metadata));
  }

  /**
   * Creates a workspace with a unique name and without an owner, and opens it (W8).
   * @param template a printf format with one conversion for a number
   * @returns its name
   */
  async mktemp(template = '__ws__%d', metadata = NO_METADATA): Promise<string> {
    return textIn(await this.request([VERB.mktempWs, toWire(template)], wireMetadata(metadata)));
  }

  /** Deletes a workspace, whether or not it is open (W7). */
  async deleteWorkspace(name: string): Promise<void> {
    await this.request([VERB.deleteWs, toWire(name)]);
  }

  /**
   * @param mode `fifo`, `lifo`, `single`, `multi`, `__time` or `__barrier` (V1, V2)
   * @param capacity how many values a fifo holds at most (V14)
   */
  async declare(workspace: string, variable: string, mode: string, capacity?: number): Promise<void> {
    const metadata = capacity === undefined ? NO_METADATA : new Map([[KEY.capacity, String(capacity)]]);
    await this.request([VERB.declareVar, toWire(workspace), toWire(variable), mode], metadata);
  }

  /** Deletes a variable. Clients that wait in it get an error (V7). */
  async deleteVariable(workspace: string, variable: string): Promise<void> {
    await this.request([VERB.deleteVar, toWire(workspace), toWire(variable)]);
  }

  /**
   * Stores a value, encoded as in C1 and C2.
   * @returns the metadata of the reply
   * @throws TypeError if it cannot be sent
   */
  async store(
    workspace: string,
    variable: string,
    value: unknown,
    metadata = NO_METADATA,
  ): Promise<Metadata> {
    return this.storeEncoded(workspace, variable, encodeValue(value), metadata);
  }

  /**
   * As `store`, for an encoded value or a stream.
   * @param verb with `storeWait` it waits while the fifo is full (V14.2)
   * @throws RangeError if a stream is longer or shorter than announced, and what the stream throws: then nothing is
   *   stored, and the connection is closed
   */
  async storeEncoded(
    workspace: string,
    variable: string,
    { descriptor, bytes, type }: EncodedValue<Uint8Array | ByteStream>,
    metadata = NO_METADATA,
    verb: typeof VERB.store | typeof VERB.storeWait = VERB.store,
  ): Promise<Metadata> {
    const all = new Map(wireMetadata(metadata)).set(KEY.type, type);
    const reply = await this.request(
      [verb, toWire(workspace), toWire(variable), String(descriptor), bytes],
      all,
    );
    return mapMetadata(reply.metadata, fromWire);
  }

  /** Takes a value, or waits for one (V4). */
  async fetch(workspace: string, variable: string, metadata?: Metadata): Promise<Found> {
    return there(await this.get(VERB.fetch, workspace, variable, { metadata }));
  }

  /** Reads a value, or waits for one (V4). */
  async find(workspace: string, variable: string, metadata?: Metadata): Promise<Found> {
    return there(await this.get(VERB.find, workspace, variable, { metadata }));
  }

  /** Takes a value if there is one (V4). */
  fetchTry(workspace: string, variable: string, metadata?: Metadata): Promise<Found | undefined> {
    return this.get(VERB.fetchTry, workspace, variable, { metadata });
  }

  /** Reads a value if there is one (V4). */
  findTry(workspace: string, variable: string, metadata?: Metadata): Promise<Found | undefined> {
    return this.get(VERB.findTry, workspace, variable, { metadata });
  }

  /** @returns undefined if a Try form finds none */
  async get(
    verb: GetVerb,
    workspace: string,
    variable: string,
    details: GetDetails = {},
  ): Promise<Found | undefined> {
    const { args, metadata } = getRequest(verb, workspace, variable, details);
    const reply = await this.#channel.exchange(args, metadata);
    if (!isFound(verb, reply) || reply.value === undefined) return undefined;
    const { payload, ...origin } = reply.value;
    const value = decodeValue(origin.descriptor, payload, reply.metadata);
    return { value, metadata: mapMetadata(reply.metadata, fromWire), ...origin };
  }

  /** As `get`, without keeping the value in memory. The connection serves nothing else until it is read. */
  async getStream(
    verb: GetVerb,
    workspace: string,
    variable: string,
    details: GetDetails = {},
  ): Promise<FoundStream | undefined> {
    const { args, metadata } = getRequest(verb, workspace, variable, details);
    const reply = await this.#channel.exchangeForStream(args, metadata);
    if (!isFound(verb, reply) || reply.value === undefined || reply.stream === undefined) return undefined;
    return { ...reply.value, metadata: mapMetadata(reply.metadata, fromWire), stream: reply.stream };
  }

  /**
   * Withdraws the get that waits here, without losing a value. If its value was already on its way, it is answered as
   * usual. Otherwise it is rejected, and the connection is closed (P5.3).
   */
  withdraw(): void {
    this.#channel.withdraw();
  }

  /** The variables of a workspace that are not hidden, sorted by name (V8). */
  async listVariables(workspace: string): Promise<VariableInfo[]> {
    const listing = textIn(await this.request([VERB.listVars, toWire(workspace)]));
    return listing === '' ? [] : listing.split('\n').map(variableOfLine);
  }

  /** The state of an old-style job in a workspace (W12); undefined if the server has seen none. */
  async oldSleigh(workspace: string): Promise<OldSleighInfo | undefined> {
    const { metadata } = await this.request([VERB.listVars, toWire(workspace)], new Map([[KEY.job, '1']]));
    const running = metadata.get(KEY.running);
    const lost = metadata.get(KEY.lost);
    return running === undefined || lost === undefined
      ? undefined
      : { running: Number(running), lost: Number(lost) };
  }

  /** All workspaces of the server, sorted by name (W10). */
  async listWorkspaces(): Promise<WorkspaceInfo[]> {
    const listing = textIn(await this.request([VERB.listWss]));
    return listing
      .split('\n')
      .filter((line) => line !== '')
      .map(workspaceOfLine);
  }

  /** Closes the connection; pending requests are rejected as `closed`. */
  close(): void {
    this.#channel.close();
  }
}

const yesNo = (flag: boolean): string => (flag ? 'yes' : 'no');

const reasonOf = ({ metadata }: ReplyHead | Reply): string => fromWire(metadata.get(KEY.reason) ?? '');

const refusalOf = (verb: string, reply: ReplyHead | Reply): NwsError =>
  new NwsError(verb, reply.status, reasonOf(reply));

/** The value of a reply whose verb returns text. */
const textIn = ({ value }: Reply): string => (value === undefined ? '' : textOfBytes(value.payload));

/** A Try form that finds no value is not an error. It is also too frequent to create an error object for it. */
function isFound(verb: string, reply: ReplyHead | Reply): boolean {
  if (reply.status === STATUS.ok) return true;
  if (verb.endsWith('Try') && refusalCode(reply.status, reasonOf(reply)) === 'no-value') return false;
  throw refusalOf(verb, reply);
}

function there(found: Found | undefined): Found {
  if (found === undefined) throw fault('there is no value in a reply that should have one');
  return found;
}
