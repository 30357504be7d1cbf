import type { Limits } from '../wire/limits.ts';
import { isFile, sizeOf, type FilePayload, type Metadata } from '../wire/payload.ts';
import { LIMIT } from '../wire/limit-refusals.ts';
import type { RequestBudget } from '../wire/request.ts';
import { COST, MemoryBudget, memoryOfMetadata, type Account, type Kind } from './memory-budget.ts';
import { NO_OTHERS, type OthersUse } from './others-use.ts';
import { refusal, type Refusal } from './refusal.ts';
import type { Value } from './value.ts';

export const memoryOf = ({ payload, metadata }: Value): number =>
  COST.value + (isFile(payload) ? 0 : sizeOf(payload)) + memoryOfMetadata(metadata);

const memoryOfNulls = (metadata: Metadata, ranges: number): number =>
  COST.value + ranges * COST.range + memoryOfMetadata(metadata);

const memoryOfName = (name: string): number => COST.name + name.length;

/** Counts the bytes of the whole server, and discards a file when it is not needed any more. */
export class ServerAccounting {
  /** Bytes of all values, in memory and in files. */
  bytes = 0;
  readonly budget: MemoryBudget;
  /** The bytes of incomplete requests. */
  readonly incoming: Incoming;
  /** The bytes that have arrived and are not read yet. */
  readonly unread: Unread;
  /** The number of variables, and of workspaces except the first one. */
  names = 0;
  readonly limits: Limits;
  readonly others: OthersUse;
  readonly #discard: (file: FilePayload) => void;
  /** Files that pending replies still need: the number of these, and whether the file is discarded after them. */
  readonly #lent = new Map<number, { uses: number; isDiscarded: boolean }>();

  constructor(limits: Limits, discard: (file: FilePayload) => void, others = NO_OTHERS) {
    this.limits = limits;
    this.others = others;
    this.#discard = discard;
    this.incoming = new Incoming(this);
    this.unread = new Unread(limits, others);
    this.budget = new MemoryBudget(limits, () => this.incoming.bytes + others.memory);
  }

  /** Discards a file as soon as no pending reply needs it. */
  discard(file: FilePayload): void {
    const lent = this.#lent.get(file.file);
    if (lent === undefined) this.#discard(file);
    else lent.isDiscarded = true;
  }

  /** Keeps a file for pending replies, even if its value is taken meanwhile. */
  lend(file: FilePayload): void {
    const lent = this.#lent.get(file.file) ?? { uses: 0, isDiscarded: false };
    lent.uses++;
    this.#lent.set(file.file, lent);
  }

  takeBack(file: FilePayload): void {
    const lent = this.#lent.get(file.file);
    if (lent === undefined || --lent.uses > 0) return;
    this.#lent.delete(file.file);
    if (lent.isDiscarded) this.#discard(file);
  }

  /** Bytes in memory, without incomplete requests. */
  get memory(): number {
    return this.budget.bytes;
  }
}

/** Counts the bytes of incomplete requests and handshakes of all connections together (P12). */
export class Incoming implements RequestBudget {
  bytes = 0;
  readonly #server: ServerAccounting;

  constructor(server: ServerAccounting) {
    this.#server = server;
  }

  /** The bytes that all connections together may use now, in addition to the share of each. */
  get limit(): number {
    const { limits, memory, others } = this.#server;
    const { incomingBytes, memoryBytes } = limits;
    const room = memoryBytes - memory - (others.memory - others.incoming);
    return Math.max(Math.min(incomingBytes, room), 0);
  }

  take(bytes: number, held: number): Refusal | undefined {
    const { incomingBytes, connectionCount } = this.#server.limits;
    const { limit } = this;
    const used = this.bytes + this.#server.others.incoming;
    if (used + bytes > limit && held + bytes > incomingBytes / connectionCount)
      return refusal(LIMIT.incoming(used, limit), {
        limit: limit < incomingBytes ? 'memoryBytes' : 'incomingBytes',
      });
    this.bytes += bytes;
    return undefined;
  }

  give(bytes: number): void {
    this.bytes -= bytes;
  }
}

/**
 * Counts the bytes that have arrived and are not read yet, of all connections together (P12). They do not count
 * against the memory of the server, because bytes that are already here cannot be refused, only lost.
 */
export class Unread implements RequestBudget {
  bytes = 0;
  readonly #limits: Limits;
  readonly #others: OthersUse;

  constructor(limits: Limits, others: OthersUse) {
    this.#limits = limits;
    this.#others = others;
  }

  take(bytes: number, held: number): Refusal | undefined {
    const { incomingBytes, connectionCount } = this.#limits;
    const arrived = this.bytes + this.#others.arrived;
    if (arrived + bytes > incomingBytes && held + bytes > incomingBytes / connectionCount)
      return refusal(LIMIT.unread(arrived, incomingBytes), { limit: 'incomingBytes' });
    this.bytes += bytes;
    return undefined;
  }

  give(bytes: number): void {
    this.bytes -= bytes;
  }
}

/**
 * Accounts for the values of one workspace. Each value that is kept is dropped once, when no client can get it any
 * more. A value that goes directly to a client is never kept.
 */
export class StorageAccounting {
  /** Bytes of its values, in memory and in files. */
  bytes = 0;
  readonly account: Account;
  readonly #server: ServerAccounting;

  /** @param quota the memory in bytes that the creator of the workspace allows */
  constructor(server: ServerAccounting, quota?: number) {
    this.#server = server;
    this.account = server.budget.newWorkspace(quota);
  }

  /** @returns why there is no memory for it, and for `more` bytes with it (P12) */
  refusal(value: Value, more = 0): Refusal | undefined {
    const size = sizeOf(value.payload);
    const { limits, others } = this.#server;
    const held = this.#server.bytes + others.values;
    if (this.bytes + size > limits.workspaceBytes)
      return refusal(LIMIT.workspace(this.bytes, limits.workspaceBytes), { limit: 'workspaceBytes' });
    if (held + size > limits.serverBytes)
      return refusal(LIMIT.server(held, limits.serverBytes), { limit: 'serverBytes' });
    return this.refusalOf(memoryOf(value) + more, value.owner);
  }

  /** @returns why there is no memory for that many more bytes (P12) */
  refusalOf(bytes: number, client: Account | undefined): Refusal | undefined {
    return this.#server.budget.refusal(bytes, { client, workspace: this.account });
  }
  take(kind: Kind, bytes: number, client?: Account): void {
    this.#server.budget.take(kind, bytes, { client, workspace: this.account });
  }
  give(kind: Kind, bytes: number, client?: Account): void {
    this.#server.budget.give(kind, bytes, { client, workspace: this.account });
  }

  /** @returns why there is no memory for another variable of that name (P12) */
  nameRefusal(name: string, client: Account | undefined): Refusal | undefined {
    return this.refusalOf(memoryOfName(name), client);
  }
  keepName(name: string, client: Account | undefined): void {
    this.#server.names++;
    this.take('names', memoryOfName(name), client);
  }
  dropName(name: string, client: Account | undefined): void {
    this.#server.names--;
    this.give('names', memoryOfName(name), client);
  }

  keep(value: Value): void {
    this.bytes += sizeOf(value.payload);
    this.#server.bytes += sizeOf(value.payload);
    this.take('values', memoryOf(value), value.owner);
  }

  drop(value: Value): void {
    this.bytes -= sizeOf(value.payload);
    this.#server.bytes -= sizeOf(value.payload);
    this.give('values', memoryOf(value), value.owner);
    this.release(value);
  }

  lend(file: FilePayload): void {
    this.#server.lend(file);
  }
  takeBack(file: FilePayload): void {
    this.#server.takeBack(file);
  }

  /** Releases a value that was never kept. */
  release({ payload }: Value): void {
    if (isFile(payload)) this.#server.discard(payload);
  }

  /** Accounts for the null results of one value. They keep its metadata, and are created when they are taken (S13). */
  keepNulls({ metadata, owner }: Value, ranges: number): void {
    this.take('nullResults', memoryOfNulls(metadata, ranges), owner);
  }
  dropNulls({ metadata, owner }: Value, ranges: number): void {
    this.give('nullResults', memoryOfNulls(metadata, ranges), owner);
  }
}
