import { checkOptions } from '../options/checked-options.ts';
import type { NwsConnection } from '../connection/connection.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import { WAIT } from '../options/option-rules.ts';
import { waitOn, type WaitOptions } from '../connection/waiting.ts';
import { USAGE } from '../errors/usage.ts';
import { typeError } from '../../wire/error-kind.ts';

/**
 * Lets programs wait for each other (V12). Membership belongs to a connection, so each barrier has its own connection
 * while it is joined.
 */
export class Barrier {
  readonly name: string;
  readonly #lines: ConnectionPool;
  readonly #workspace: string;
  #joined: Promise<NwsConnection> | undefined;
  #left: () => void = () => undefined;

  constructor(lines: ConnectionPool, workspace: string, name: string) {
    this.name = name;
    this.#lines = lines;
    this.#workspace = workspace;
  }

  /**
   * Makes this program a member, if it is not one. From now on the other members wait for it.
   * @throws NwsError
   */
  async join(): Promise<void> {
    await (this.#joined ??= this.#join());
  }

  #join(): Promise<NwsConnection> {
    return new Promise((resolve, reject) => {
      const lent = this.#lines.lend(this.#workspace, async (connection) => {
        await connection.declare(this.#workspace, this.name, '__barrier');
        await connection.store(this.#workspace, this.name, '');
        resolve(connection);
        await new Promise<void>((left) => (this.#left = left));
      });
      lent.catch((error: unknown) => {
        this.#joined = undefined;
        reject(error);
      });
    });
  }

  /**
   * Joins if necessary, and waits until all members wait.
   * @returns the number of members
   * @throws the reason of the signal, or TimeoutError: then it has left the barrier
   */
  async wait(options: WaitOptions = {}): Promise<number> {
    checkOptions('wait', options, WAIT);
    await this.join();
    const connection = await this.#joined;
    if (connection === undefined) throw typeError(USAGE.barrierLeft(this.name));
    const what = `not all members came to "${this.name}"`;
    try {
      const found = await waitOn(connection, what, options, () =>
        connection.find(this.#workspace, this.name),
      );
      return Number(found.value);
    } catch (error) {
      if (connection.isLost) this.#forget();
      throw error;
    }
  }

  /** Ends the membership, so that the others do not wait for this program. */
  async leave(): Promise<void> {
    const connection = await this.#joined;
    if (connection === undefined) return;
    try {
      await connection.fetch(this.#workspace, this.name);
    } finally {
      this.#forget();
    }
  }

  #forget(): void {
    this.#joined = undefined;
    this.#left();
  }
}
