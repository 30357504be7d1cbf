import type { Limits } from '../wire/limits.ts';
import { isFile, sizeOf, type FilePayload } from '../wire/payload.ts';
import type { Room } from '../wire/request.ts';
import { overLimit, type Refusal } from './refusal.ts';
import type { Value } from './value.ts';

/** What a value costs in memory beyond its bytes: the objects around it. Measured with a million small ones. */
const VALUE_OVERHEAD = 200;
/** The same of a variable or a workspace, and of an entry of metadata. */
const NAME_OVERHEAD = 600;
const ENTRY_OVERHEAD = 60;
/** What a range of ranks costs. */
const RANGE_OVERHEAD = 40;

function memoryOf({ payload, metadata }: Value): number {
  let bytes = VALUE_OVERHEAD + (isFile(payload) ? 0 : sizeOf(payload));
  for (const [name, text] of metadata) bytes += ENTRY_OVERHEAD + name.length + text.length;
  return bytes;
}

const memoryOfNulls = ({ metadata }: Value, ranges: number): number =>
  ranges * RANGE_OVERHEAD + memoryOf({ descriptor: 0, payload: '', metadata });

/** Counts the bytes of the whole server, and says when a file is of no more use. */
export class ServerHoldings {
  bytes = 0;
  memory = 0;
  /** What requests take that are still coming in. */
  readonly incoming: Incoming;
  /** Variables, and workspaces but for the first one. */
  names = 0;
  readonly limits: Limits;
  readonly discard: (file: FilePayload) => void;

  constructor(limits: Limits, discard: (file: FilePayload) => void) {
    this.limits = limits;
    this.discard = discard;
    this.incoming = new Incoming(this);
  }

  /** @returns why there is no room in memory for so many bytes more (P12) */
  memoryRefusal(bytes: number): Refusal | undefined {
    const { memoryBytes } = this.limits;
    const held = this.memory + this.incoming.bytes;
    if (held + bytes <= memoryBytes) return undefined;
    return overLimit(`the server holds ${held} bytes in memory; the limit is ${memoryBytes}.`);
  }

  /** @returns why there is no room for another variable or workspace of that name (P12) */
  nameRefusal(name: string): Refusal | undefined {
    return this.memoryRefusal(NAME_OVERHEAD + name.length);
  }
  keepName(name: string): void {
    this.names++;
    this.memory += NAME_OVERHEAD + name.length;
  }
  dropName(name: string): void {
    this.names--;
    this.memory -= NAME_OVERHEAD + name.length;
  }
}

/** Counts what has come of requests that are not complete, of all connections together (P12). */
export class Incoming implements Room {
  bytes = 0;
  readonly #server: ServerHoldings;

  constructor(server: ServerHoldings) {
    this.#server = server;
  }

  take(bytes: number, held: number): string | undefined {
    const { incomingBytes, memoryBytes, connectionCount } = this.#server.limits;
    const limit = Math.min(incomingBytes, memoryBytes - this.#server.memory);
    if (this.bytes + bytes > limit && held + bytes > incomingBytes / connectionCount)
      return `requests that are coming in take ${this.bytes} bytes; the limit is ${Math.max(limit, 0)}.`;
    this.bytes += bytes;
    return undefined;
  }

  give(bytes: number): void {
    this.bytes -= bytes;
  }
}

/**
 * The values that one workspace holds. What is kept is dropped once, when nobody can get it any more; a value that
 * passes straight on to a client is never kept.
 */
export class Holdings {
  bytes = 0;
  readonly #server: ServerHoldings;

  constructor(server: ServerHoldings) {
    this.#server = server;
  }

  /** @returns why there is no room for it (P12) */
  refusal(value: Value): Refusal | undefined {
    const size = sizeOf(value.payload);
    const { limits } = this.#server;
    if (this.bytes + size > limits.workspaceBytes)
      return overLimit(`the workspace holds ${this.bytes} bytes; the limit is ${limits.workspaceBytes}.`);
    if (this.#server.bytes + size > limits.serverBytes)
      return overLimit(`the server holds ${this.#server.bytes} bytes; the limit is ${limits.serverBytes}.`);
    return this.#server.memoryRefusal(memoryOf(value));
  }

  keep(value: Value): void {
    this.bytes += sizeOf(value.payload);
    this.#server.bytes += sizeOf(value.payload);
    this.#server.memory += memoryOf(value);
  }

  drop(value: Value): void {
    this.bytes -= sizeOf(value.payload);
    this.#server.bytes -= sizeOf(value.payload);
    this.#server.memory -= memoryOf(value);
    this.release(value);
  }

  /** Gives up a value that was never kept. */
  release({ payload }: Value): void {
    if (isFile(payload)) this.#server.discard(payload);
  }

  /** Results that say that there is none, of one value: they keep its metadata, and are made when they are taken (S13). */
  keepNulls(value: Value, ranges: number): void {
    this.#server.memory += memoryOfNulls(value, ranges);
  }
  dropNulls(value: Value, ranges: number): void {
    this.#server.memory -= memoryOfNulls(value, ranges);
  }
}
