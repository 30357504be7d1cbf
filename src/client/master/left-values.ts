import {
  leftValueMachine,
  type LeftValueCommand,
  type LeftValueEvent,
  type LeftValueTag,
} from '../../machines/pool/left-value.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import type { Found } from '../connection/connection.ts';
import { LifeCycle, LifeCycleTable } from '../life-cycle.ts';

const TABLE = new LifeCycleTable(leftValueMachine);
/** The bytes of values at most that stay at the server only because the program may still await their promises. */
const MAX_HELD_BYTES = 256 * 2 ** 20;

type Life = LifeCycle<LeftValueEvent, LeftValueCommand, LeftValueTag>;

/** A value of a call that stays, or may stay, at the server (S34). */
export interface LeftValue {
  /** The variable with the value. */
  readonly variable: string;
  /** 0 until the value is there. */
  bytes: number;
  /** The number of calls with this element that are not settled. */
  uses: number;
}

/** The values that the calls of a master have left at the server. For each see machines/pool/left-value. */
export class LeftValues {
  readonly #lines: ConnectionPool;
  readonly #workspace: string;
  readonly #prefix: string;
  #made = 0;
  readonly #lives = new WeakMap<LeftValue, Life>();
  /** Those that are at the server. */
  readonly #present = new Set<LeftValue>();
  /** Those among them that no call uses, oldest first. */
  readonly #unused = new Set<LeftValue>();
  #unusedBytes = 0;
  /** What is being deleted. */
  readonly #deletions = new Set<Promise<void>>();
  readonly #promises = new FinalizationRegistry<LeftValue>((left) => this.letGo(left));

  /** @param owner a text that no other master of the job uses */
  constructor(lines: ConnectionPool, workspace: string, owner: string) {
    this.#lines = lines;
    this.#workspace = workspace;
    this.#prefix = `#left ${owner} `;
  }

  /** @returns a value that is not there yet */
  next(): LeftValue {
    const left: LeftValue = { variable: this.#prefix + String(++this.#made), bytes: 0, uses: 0 };
    const life: Life = new LifeCycle(TABLE, {
      countAsUnused: () => {
        this.#unused.add(left);
        this.#unusedBytes += left.bytes;
      },
      countAsUsed: () => {
        this.#unused.delete(left);
        this.#unusedBytes -= left.bytes;
      },
      deleteValue: () => this.#delete(left),
    });
    this.#lives.set(left, life);
    return left;
  }

  /** The value is at the server. @param promise that of the program, if it has one */
  add(left: LeftValue, bytes: number, promise?: Promise<unknown>): void {
    left.bytes = bytes;
    this.#present.add(left);
    if (promise !== undefined) this.#promises.register(promise, left);
    this.#send(left, 'left');
  }

  /** Another call takes it as its element. */
  use(left: LeftValue): void {
    if (left.uses++ === 0) this.#send(left, 'taken');
  }

  /** A call with this element is settled, or is not made. */
  release(left: LeftValue): void {
    if (--left.uses === 0) this.#send(left, 'released');
  }

  /** The program has the value, or cannot await it any more. */
  letGo(left: LeftValue): void {
    this.#send(left, 'let.go');
  }

  /** @returns undefined if it was deleted */
  async find(left: LeftValue): Promise<Found | undefined> {
    if (this.#lives.get(left)?.has('present') !== true) return undefined;
    return this.#lines.main.findTry(this.#workspace, left.variable);
  }

  /** The master ends, and its job stays. */
  async dropAll(): Promise<void> {
    for (const left of this.#present) this.#send(left, 'master.ends');
    await Promise.all(this.#deletions);
  }

  #send(left: LeftValue, type: LeftValueEvent['type']): void {
    this.#lives.get(left)?.send({ type });
    for (const oldest of this.#unused) {
      if (this.#unusedBytes <= MAX_HELD_BYTES) return;
      this.#lives.get(oldest)?.send({ type: 'crowded.out' });
    }
  }

  #delete(left: LeftValue): void {
    this.#present.delete(left);
    // The variable has ended with its job otherwise.
    const deletion = this.#lines.main
      .deleteVariable(this.#workspace, left.variable)
      .catch(() => undefined)
      .then(() => void this.#deletions.delete(deletion));
    this.#deletions.add(deletion);
  }
}
