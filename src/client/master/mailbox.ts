import { KEY, VARIABLE } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import type { Found, NwsConnection } from '../connection/connection.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';

export interface MailboxOptions {
  readonly lines: ConnectionPool;
  readonly workspace: string;
  readonly name: string;
  /** @returns whether it is one of those that are expected */
  readonly onResult: (result: Found) => boolean;
  /** Told once, when no result can come any more. */
  readonly onEnd: (error: unknown) => void;
}

/** Takes the results of all batches of a master, over one connection (S21). */
export class Mailbox {
  /** What a task says whose results go here. */
  readonly metadata: Metadata;
  readonly #options: MailboxOptions;
  /** Results that are to come. */
  #expected = 0;
  /** How many may be there, beside the one that is waited for. */
  #hoped = 0;
  #isTaking = false;

  constructor(options: MailboxOptions) {
    this.#options = options;
    this.metadata = new Map([[KEY.mailbox, options.name]]);
  }

  /** So many more results are to come; fewer where the number is negative. */
  expect(change: number): void {
    this.#expected += change;
    if (this.#expected > 0 && !this.#isTaking) void this.#take();
  }

  /** Takes results until there are none to come. */
  async #take(): Promise<void> {
    const { lines, workspace, onEnd } = this.#options;
    this.#isTaking = true;
    try {
      await lines.lend(workspace, async (connection) => {
        while (this.#expected > 0) await this.#fetch(connection);
      });
      this.#isTaking = false;
    } catch (error) {
      this.#isTaking = false;
      return onEnd(error);
    }
    // Others may have been announced since the last one came.
    this.expect(0);
  }

  /** Takes the results that are there, and waits for one more, in one request for each: only the last may wait (P5.2). */
  async #fetch(connection: NwsConnection): Promise<void> {
    const { workspace } = this.#options;
    const tries = Math.min(this.#hoped, this.#expected - 1);
    const take = async (asked: Promise<Found | undefined>): Promise<Found | undefined> => {
      const result = await asked;
      if (result !== undefined) this.#received(result);
      return result;
    };
    const taken = await Promise.all([
      ...Array.from({ length: tries }, () =>
        take(connection.fetchTry(workspace, VARIABLE.result, this.metadata)),
      ),
      take(connection.fetch(workspace, VARIABLE.result, this.metadata)),
    ]);
    const found = taken.filter((result) => result !== undefined);
    // One that was there at once has the id of its variable (V9): there may be more.
    const hadToWait = found.at(-1)?.variableId === '';
    this.#hoped = hadToWait ? found.length - 1 : 2 * found.length;
  }

  #received(result: Found): void {
    if (this.#options.onResult(result)) this.#expected--;
  }
}
