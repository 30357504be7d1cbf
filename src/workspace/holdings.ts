import type { Limits } from '../wire/limits.ts';
import { isFile, sizeOf, type FilePayload, type Payload } from '../wire/payload.ts';
import { overLimit, type Refusal } from './refusal.ts';
import type { Value } from './value.ts';

/** What a value costs in memory beyond its bytes: the objects around it. Measured with a million small ones. */
const OVERHEAD = 200;

const memoryOf = (payload: Payload): number => OVERHEAD + (isFile(payload) ? 0 : sizeOf(payload));

/** Counts the bytes of the whole server, and says when a file is of no more use. */
export class ServerHoldings {
  bytes = 0;
  memory = 0;
  readonly limits: Limits;
  readonly discard: (file: FilePayload) => void;

  constructor(limits: Limits, discard: (file: FilePayload) => void) {
    this.limits = limits;
    this.discard = discard;
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
  refusal(payload: Payload): Refusal | undefined {
    const size = sizeOf(payload);
    const { limits } = this.#server;
    if (this.bytes + size > limits.workspaceBytes)
      return overLimit(`the workspace holds ${this.bytes} bytes; the limit is ${limits.workspaceBytes}.`);
    if (this.#server.bytes + size > limits.serverBytes)
      return overLimit(`the server holds ${this.#server.bytes} bytes; the limit is ${limits.serverBytes}.`);
    if (this.#server.memory + memoryOf(payload) > limits.memoryBytes)
      return overLimit(
        `the server holds ${this.#server.memory} bytes in memory; the limit is ${limits.memoryBytes}.`,
      );
    return undefined;
  }

  keep({ payload }: Value): void {
    this.bytes += sizeOf(payload);
    this.#server.bytes += sizeOf(payload);
    this.#server.memory += memoryOf(payload);
  }

  drop(value: Value): void {
    this.bytes -= sizeOf(value.payload);
    this.#server.bytes -= sizeOf(value.payload);
    this.#server.memory -= memoryOf(value.payload);
    this.release(value);
  }

  /** Gives up a value that was never kept. */
  release({ payload }: Value): void {
    if (isFile(payload)) this.#server.discard(payload);
  }
}
