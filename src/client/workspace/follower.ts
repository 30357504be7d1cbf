import { VERB } from '../../wire/names.ts';
import type { Found } from '../connection/connection.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import { fault } from '../../wire/error-kind.ts';

/**
 * Reads each value of a variable once, including earlier ones, without removing any (V10). It skips values that were
 * dropped meanwhile (S20).
 */
export class Follower {
  readonly #lines: ConnectionPool;
  readonly #workspace: string;
  readonly #variable: string;
  readonly #use: (found: Found) => void;
  readonly #closing = new AbortController();
  readonly #heard: Promise<void>;
  #after: Found | undefined;

  constructor(lines: ConnectionPool, workspace: string, variable: string, use: (found: Found) => void) {
    this.#lines = lines;
    this.#workspace = workspace;
    this.#variable = variable;
    this.#use = use;
    this.#heard = this.#hear();
  }

  async #hear(): Promise<void> {
    const { signal } = this.#closing;
    const wait = (): Promise<Found | undefined> =>
      this.#lines.wait(this.#workspace, 'there is no more', { signal }, (connection) =>
        connection.get(VERB.ifind, this.#workspace, this.#variable, { after: this.#after }),
      );
    try {
      while (!signal.aborted) this.#found(await wait());
    } catch {
      // It is closed, or the job has ended.
    }
  }

  #found(found: Found | undefined): void {
    if (found === undefined) return;
    this.#after = found;
    this.#use(found);
  }

  /** @returns when all available values are read; it never rejects */
  async close(): Promise<void> {
    this.#closing.abort(fault('enough is heard'));
    await this.#heard;
    try {
      for (let found: Found | undefined; ;) {
        found = await this.#lines.main.get(VERB.ifindTry, this.#workspace, this.#variable, {
          after: this.#after,
        });
        if (found === undefined) return;
        this.#found(found);
      }
    } catch {
      // The job has ended.
    }
  }
}
