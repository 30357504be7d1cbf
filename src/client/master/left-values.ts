import type { ConnectionPool } from '../connection/connection-pool.ts';
import type { Found } from '../connection/connection.ts';

/** The bytes of values at most that stay at the server only because the program may still await their promises. */
const MAX_HELD_BYTES = 256 * 2 ** 20;

/** A value of a call that stays, or may stay, at the server (S34). */
export interface LeftValue {
  /** The variable with the value. */
  readonly variable: string;
  /** 0 until the value is there. */
  bytes: number;
  /** The number of calls with this element that are not settled. */
  uses: number;
  /** Whether the program may still await its promise. */
  isHeld: boolean;
}

/**
 * The values that the calls of a master have left at the server. Each is deleted when no call needs it any more, and the
 * program has its value, or holds its promise no longer.
 */
export class LeftValues {
  readonly #lines: ConnectionPool;
  readonly #workspace: string;
  readonly #prefix: string;
  #made = 0;
  /** Those that are at the server. */
  readonly #left = new Set<LeftValue>();
  /** Those among them that no call uses, oldest first. */
  readonly #unused = new Set<LeftValue>();
  #unusedBytes = 0;
  readonly #promises = new FinalizationRegistry<LeftValue>((left) => this.letGo(left));

  /** @param owner a text that no other master of the job uses */
  constructor(lines: ConnectionPool, workspace: string, owner: string) {
    this.#lines = lines;
    this.#workspace = workspace;
    this.#prefix = `#left ${owner} `;
  }

  /** @returns a value that is not there yet */
  next(): LeftValue {
    return { variable: this.#prefix + String(++this.#made), bytes: 0, uses: 0, isHeld: true };
  }

  /** The value is at the server. */
  add(left: LeftValue, bytes: number, promise: Promise<unknown>): void {
    left.bytes = bytes;
    this.#left.add(left);
    this.#promises.register(promise, left);
    this.#dropIfUnused(left);
  }

  /** A call with this element is settled, or is not made. */
  release(left: LeftValue): void {
    left.uses--;
    this.#dropIfUnused(left);
  }

  /** Another call takes it as its element. */
  use(left: LeftValue): void {
    left.uses++;
    if (this.#unused.delete(left)) this.#unusedBytes -= left.bytes;
  }

  /** The program has the value, or cannot await it any more. */
  letGo(left: LeftValue): void {
    left.isHeld = false;
    this.#dropIfUnused(left);
  }

  /** @returns undefined if it was dropped */
  async find(left: LeftValue): Promise<Found | undefined> {
    if (!this.#left.has(left)) return undefined;
    return this.#lines.main.findTry(this.#workspace, left.variable);
  }

  /** The master ends, and its job stays. */
  async dropAll(): Promise<void> {
    await Promise.all(Array.from(this.#left, (left) => this.#drop(left)));
  }

  #dropIfUnused(left: LeftValue): void {
    if (left.uses > 0 || !this.#left.has(left)) return;
    if (!left.isHeld) return void this.#drop(left);
    if (!this.#unused.has(left)) this.#unusedBytes += left.bytes;
    this.#unused.add(left);
    for (const oldest of this.#unused) {
      if (this.#unusedBytes <= MAX_HELD_BYTES) return;
      void this.#drop(oldest);
    }
  }

  async #drop(left: LeftValue): Promise<void> {
    this.#left.delete(left);
    if (this.#unused.delete(left)) this.#unusedBytes -= left.bytes;
    // The variable has ended with its job otherwise.
    await this.#lines.main.deleteVariable(this.#workspace, left.variable).catch(() => undefined);
  }
}
