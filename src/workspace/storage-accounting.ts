import type { Limits } from '../wire/limits.ts';
import { isFile, sizeOf, type FilePayload, type Metadata } from '../wire/payload.ts';
import type { RequestBudget, Shortage } from '../wire/request.ts';
import { COST, MemoryBudget, memoryOfMetadata, type Account, type Kind } from './memory-budget.ts';
import { overLimit, type Refusal } from './refusal.ts';
import type { Value } from './value.ts';

export const memoryOf = ({ payload, metadata }: Value): number =>
  COST.value + (isFile(payload) ? 0 : sizeOf(payload)) + memoryOfMetadata(metadata);

const memoryOfNulls = (metadata: Metadata, ranges: number): number =>
  COST.value + ranges * COST.range + memoryOfMetadata(metadata);

const memoryOfName = (name: string): number => COST.name + name.length;

/** Counts the bytes of the whole server, and says when a file is of no more use. */
export class ServerHoldings {
  /** Of all values, in memory and in files. */
  bytes = 0;
  readonly budget: MemoryBudget;
  /** What requests take that are still coming in. */
  readonly incoming: Incoming;
  /** What has come of requests and is not read yet. */
  readonly unread: Unread;
  /** Variables, and workspaces but for the first one. */
  names = 0;
  readonly limits: Limits;
  readonly #discard: (file: FilePayload) => void;
  /** Files that replies are still to be made of: how many ask for that, and whether it is of no more use after them. */
  readonly #lent = new Map<number, { uses: number; isDiscarded: boolean }>();

  constructor(limits: Limits, discard: (file: FilePayload) => void) {
    this.limits = limits;
    this.#discard = discard;
    this.incoming = new Incoming(this);
    this.unread = new Unread(limits);
    this.budget = new MemoryBudget(limits, () => this.incoming.bytes);
  }

  /** A file is of no more use, once nobody has it lent. */
  discard(file: FilePayload): void {
    const lent = this.#lent.get(file.file);
    if (lent === undefined) this.#discard(file);
    else lent.isDiscarded = true;
  }

  /** Replies are to be made of it for a while, whoever takes its value meanwhile. */
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

  /** What is held in memory, requests that are coming in left out. */
  get memory(): number {
    return this.budget.bytes;
  }
}

/** Counts what has come of requests and handshakes that are not complete, of all connections together (P12). */
export class Incoming implements RequestBudget {
  bytes = 0;
  readonly #server: ServerHoldings;

  constructor(server: ServerHoldings) {
    this.#server = server;
  }

  /** What all connections together may take now, each one's share left out. */
  get limit(): number {
    const { incomingBytes, memoryBytes } = this.#server.limits;
    return Math.max(Math.min(incomingBytes, memoryBytes - this.#server.memory), 0);
  }

  take(bytes: number, held: number): Shortage | undefined {
    const { incomingBytes, connectionCount } = this.#server.limits;
    const { limit } = this;
    if (this.bytes + bytes > limit && held + bytes > incomingBytes / connectionCount)
      return {
        limit: limit < incomingBytes ? 'memoryBytes' : 'incomingBytes',
        reason: `requests that are coming in take ${this.bytes} bytes; the limit is ${limit}.`,
      };
    this.bytes += bytes;
    return undefined;
  }

  give(bytes: number): void {
    this.bytes -= bytes;
  }
}

/**
 * Counts what has come and is not read yet, of all connections together (P12). It is beside what the server holds: what is
 * already here could not be refused, only lost.
 */
export class Unread implements RequestBudget {
  bytes = 0;
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  take(bytes: number, held: number): Shortage | undefined {
    const { incomingBytes, connectionCount } = this.#limits;
    if (this.bytes + bytes > incomingBytes && held + bytes > incomingBytes / connectionCount)
      return {
        limit: 'incomingBytes',
        reason: `what has come and is not read takes ${this.bytes} bytes; the limit is ${incomingBytes}.`,
      };
    this.bytes += bytes;
    return undefined;
  }

  give(bytes: number): void {
    this.bytes -= bytes;
  }
}

/**
 * What one workspace holds. What is kept is dropped once, when nobody can get it any more; a value that passes straight
 * on to a client is never kept.
 */
export class StorageAccounting {
  /** Of its values, in memory and in files. */
  bytes = 0;
  readonly account: Account;
  readonly #server: ServerHoldings;

  /** @param quota bytes of memory that its maker allows it */
  constructor(server: ServerHoldings, quota?: number) {
    this.#server = server;
    this.account = server.budget.newWorkspace(quota);
  }

  /** @returns why there is no room for it, and for `more` bytes that it brings with it (P12) */
  refusal(value: Value, more = 0): Refusal | undefined {
    const size = sizeOf(value.payload);
    const { limits } = this.#server;
    if (this.bytes + size > limits.workspaceBytes)
      return overLimit(
        'workspaceBytes',
        `the workspace holds ${this.bytes} bytes; the limit is ${limits.workspaceBytes}.`,
      );
    if (this.#server.bytes + size > limits.serverBytes)
      return overLimit(
        'serverBytes',
        `the server holds ${this.#server.bytes} bytes; the limit is ${limits.serverBytes}.`,
      );
    return this.refusalOf(memoryOf(value) + more, value.owner);
  }

  /** @returns why there is no room for so many bytes more in memory (P12) */
  refusalOf(bytes: number, client: Account | undefined): Refusal | undefined {
    return this.#server.budget.refusal(bytes, { client, workspace: this.account });
  }
  take(kind: Kind, bytes: number, client?: Account): void {
    this.#server.budget.take(kind, bytes, { client, workspace: this.account });
  }
  give(kind: Kind, bytes: number, client?: Account): void {
    this.#server.budget.give(kind, bytes, { client, workspace: this.account });
  }

  /** @returns why there is no room for another variable of that name (P12) */
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

  /** Gives up a value that was never kept. */
  release({ payload }: Value): void {
    if (isFile(payload)) this.#server.discard(payload);
  }

  /** Results that say that there is none, of one value: they keep its metadata, and are made when they are taken (S13). */
  keepNulls({ metadata, owner }: Value, ranges: number): void {
    this.take('nullResults', memoryOfNulls(metadata, ranges), owner);
  }
  dropNulls({ metadata, owner }: Value, ranges: number): void {
    this.give('nullResults', memoryOfNulls(metadata, ranges), owner);
  }
}
