import type { Duplex, Readable } from 'node:stream';
import { KEY, VERB } from '../../wire/names.ts';
import { NO_METADATA, type Metadata } from '../../wire/payload.ts';
import { STATUS } from '../../wire/reply.ts';
import { Channel, type ChannelOptions, type ConnectionOptions } from './channel.ts';
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
import type { Reply, ReplyHead } from './reply-decoder.ts';
import { fromWire, textOfBytes, toWire } from './text.ts';
import { decodeValue, encodeValue, type EncodedValue } from '../values/values.ts';

export type { ConnectionOptions } from './channel.ts';

/** How a workspace is opened or used (W2, W3). */
export interface OpenOptions {
  /** Who opens it, for the listing (W10). */
  readonly label?: string | undefined;
  /** It stays when its owner goes (W6). */
  readonly persistent?: boolean | undefined;
  /** False: it must be there (W4). */
  readonly create?: boolean | undefined;
  /** `wstype` and the options of that kind (W9, S1). */
  readonly metadata?: Metadata | undefined;
}

/** Where a value came from, and what goes with it. */
export interface Origin {
  readonly metadata: Metadata;
  readonly descriptor: number;
  /** 20 characters; empty when the get had to wait for a job variable (V9). */
  readonly variableId: string;
  /** Of the value in its variable (V10). */
  readonly index: number;
}

/** A value that a get found. */
export interface Found<T = unknown> extends Origin {
  /** Decoded; see values.ts. */
  readonly value: T;
}

/** A value that a get found, as its bytes come. */
export interface FoundStream extends Origin {
  /** Bytes. */
  readonly size: number;
  /** To be read to its end, or destroyed: the connection serves nothing else before. */
  readonly stream: Readable;
}

/** The eight verbs that get a value (V4, V10). */
export type GetVerb = `${'' | 'i'}${'fetch' | 'find'}${'' | 'Try'}`;

/** What a get says beside workspace and variable. */
export interface GetDetails {
  readonly metadata?: Metadata | undefined;
  /** Where an iteration stands (V10). */
  readonly after?: Pick<Origin, 'variableId' | 'index'> | undefined;
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

  /** @throws ConnectionLostError `unreachable`, `not-nws` or `not-secure`, or `closed` when aborted */
  static async open(options: ConnectionOptions): Promise<NwsConnection> {
    return new NwsConnection(await Channel.open(options));
  }

  /**
   * As `open`, over a stream that is there.
   * @param address what errors call the server
   */
  static over(stream: Duplex, address: string): Promise<NwsConnection> {
    return NwsConnection.overWith(stream, address, {});
  }

  /** @internal As `over`. */
  static async overWith(stream: Duplex, address: string, options: ChannelOptions): Promise<NwsConnection> {
    return new NwsConnection(await Channel.over(stream, address, options));
  }

  private constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** HOST:PORT of the server. */
  get address(): string {
    return this.#channel.address;
  }

  /** @internal By which it waits. */
  get clock(): Clock {
    return this.#channel.clock;
  }

  /** Told why, when it is of no more use. */
  get ended(): Promise<ConnectionLostError> {
    return this.#channel.ended;
  }

  /** It is of no more use. */
  get isLost(): boolean {
    return this.#channel.isLost;
  }

  /**
   * Makes a request as it stands, in Latin-1.
   * @param metadata goes with it, and with what it stores
   */
  async request(args: RequestArguments, metadata: Metadata = NO_METADATA): Promise<Reply> {
    const reply = await this.#channel.exchange(args, metadata);
    if (reply.status === STATUS.ok) return reply;
    throw refusalOf(args[0], reply);
  }

  /** Makes the workspace if need be, and owns it if nobody does (W2). */
  async openWorkspace(name: string, options: OpenOptions = {}): Promise<void> {
    await this.#workspace(VERB.openWs, name, options);
  }

  /** As `openWorkspace`, without owning (W3). */
  async useWorkspace(name: string, options: OpenOptions = {}): Promise<void> {
    await this.#workspace(VERB.useWs, name, options);
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
    return textIn(await this.request([VERB.mktempWs, toWire(template)], wireMetadata(metadata)));
  }

  /** Deletes it, whoever has opened it (W7). */
  async deleteWorkspace(name: string): Promise<void> {
    await this.request([VERB.deleteWs, toWire(name)]);
  }

  /** @param mode `fifo`, `lifo`, `single`, `multi`, `__time` or `__barrier` (V1, V2) */
  async declare(workspace: string, variable: string, mode: string): Promise<void> {
    await this.request([VERB.declareVar, toWire(workspace), toWire(variable), mode]);
  }

  /** Who waits in it is told (V7). */
  async deleteVariable(workspace: string, variable: string): Promise<void> {
    await this.request([VERB.deleteVar, toWire(workspace), toWire(variable)]);
  }

  /**
   * Stores a value as C1 and C2 have it.
   * @returns what the server says with its reply
   * @throws TypeError when it cannot be sent at all
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
   * As `store`, for a value that was encoded before, or that comes as a stream.
   * @throws RangeError when a stream is longer or shorter than it should be, and what it throws itself: nothing is
   *   stored, and the connection is closed
   */
  async storeEncoded(
    workspace: string,
    variable: string,
    { descriptor, bytes, type }: EncodedValue<Uint8Array | ByteStream>,
    metadata = NO_METADATA,
  ): Promise<Metadata> {
    const all = new Map(wireMetadata(metadata)).set(KEY.type, type);
    const reply = await this.request(
      [VERB.store, toWire(workspace), toWire(variable), String(descriptor), bytes],
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

  /** @returns undefined when a Try form finds none */
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

  /** As `get`, of a value that is not held in memory. Nothing else is answered here before it is read. */
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
   * Gives up the get that waits here, and loses no value: it is answered as usual when its value was on its way already;
   * else it is rejected, and the connection is closed (P5.3).
   */
  withdraw(): void {
    this.#channel.withdraw();
  }

  /** The variables of a workspace that are not hidden, sorted by name (V8). */
  async listVariables(workspace: string): Promise<VariableInfo[]> {
    const listing = textIn(await this.request([VERB.listVars, toWire(workspace)]));
    return listing === '' ? [] : listing.split('\n').map(variableOfLine);
  }

  /** How a job of the old style in a workspace stands (W12); undefined where the server has seen none. */
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

  /** Ends the connection; what is under way is rejected as `closed`. */
  close(): void {
    this.#channel.close();
  }
}

const yesNo = (flag: boolean): string => (flag ? 'yes' : 'no');

const reasonOf = ({ metadata }: ReplyHead | Reply): string => fromWire(metadata.get(KEY.reason) ?? '');

const refusalOf = (verb: string, reply: ReplyHead | Reply): NwsError =>
  new NwsError(verb, reply.status, reasonOf(reply));

/** The value of a reply that is text by its verb. */
const textIn = ({ value }: Reply): string => (value === undefined ? '' : textOfBytes(value.payload));

function getRequest(
  verb: string,
  workspace: string,
  variable: string,
  { metadata = NO_METADATA, after }: GetDetails,
): { args: RequestArguments; metadata: Metadata } {
  const names = [verb, toWire(workspace), toWire(variable)] as const;
  const args = after === undefined ? names : ([...names, after.variableId, String(after.index)] as const);
  return { args, metadata: wireMetadata(metadata) };
}

/** That a Try form finds none is no error, and may come too often to make one. */
function isFound(verb: string, reply: ReplyHead | Reply): boolean {
  if (reply.status === STATUS.ok) return true;
  if (verb.endsWith('Try') && refusalCode(reply.status, reasonOf(reply)) === 'no-value') return false;
  throw refusalOf(verb, reply);
}

function there(found: Found | undefined): Found {
  if (found === undefined) throw new TypeError('there is no value in a reply that should have one');
  return found;
}

/** Most metadata are the same on the wire, and are not copied then. */
function mapMetadata(metadata: Metadata, of: (text: string) => string): Metadata {
  for (const [name, value] of metadata)
    if (of(name) !== name || of(value) !== value)
      return new Map([...metadata].map(([name, value]) => [of(name), of(value)]));
  return metadata;
}
const wireMetadata = (metadata: Metadata): Metadata => mapMetadata(metadata, toWire);
