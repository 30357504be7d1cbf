import { KEY, VARIABLE } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import type { Found, NwsConnection } from '../connection/connection.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';

export interface MailboxOptions {
  readonly lines: ConnectionPool;
  readonly workspace: string;
  readonly name: string;
  /** @returns whether it is an expected result */
  readonly onResult: (result: Found) => boolean;
  /** Called once, when no further result can arrive. */
  readonly onEnd: (error: unknown) => void;
}

/** Takes the results of all batches of a master over one connection (S21). */
export class Mailbox {
  /** The metadata of a task whose results go here. */
  readonly metadata: Metadata;
  readonly #options: MailboxOptions;
  /** The number of expected results. */
  #expected = 0;
  /** The estimated number of available results besides the one that is awaited. */
  #hoped = 0;
  #isTaking = false;

  constructor(options: MailboxOptions) {
    this.#options = options;
    this.metadata = new Map([[KEY.mailbox, options.name]]);
  }

  /** Changes the number of expected results; a negative number lowers it. */
  expect(change: number): void {
    this.#expected += change;
    if (this.#expected > 0 && !this.#isTaking) void this.#take();
  }

  /** Takes results until none is expected. */
  async #take(): Promise<void> {
    const { lines, workspace, onEnd } = this.#options;
    this.#isTaking = true;
    try {
      await lines.lend(workspace, async (connection) => {
        while (this.#expected > 0) await this.#fetch(connection);
      });
      this.#isTaking = false;
    } catch (error) {
      return onEnd(error);
    }
    // More may have been expected since the last one arrived.
    this.expect(0);
  }

  /**
   * Takes the available results and waits for one more, with one request for each. Only the last request may wait
   * (P5.2).
   */
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
    // A result that was available at once has the id of its variable (V9). Then there may be more.
    const hadToWait = found.at(-1)?.variableId === '';
    this.#hoped = hadToWait ? found.length - 1 : 2 * found.length;
  }

  #received(result: Found): void {
    if (this.#options.onResult(result)) this.#expected--;
  }
}
