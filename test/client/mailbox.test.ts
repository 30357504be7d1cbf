import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import type { Found, NwsConnection } from '../../src/client/connection/connection.ts';
import type { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import { Mailbox } from '../../src/client/master/mailbox.ts';
import { KEY, VARIABLE } from '../../src/wire/names.ts';

const found = (index: number, variableId = ''): Found => ({
  value: index,
  metadata: new Map(),
  descriptor: 0,
  variableId,
  index,
});

it.each(Array.from({ length: 20 }, (_, steps) => [steps]))(
  'a result that is announced %i steps after the last one arrived is fetched as well (S21)',
  async (steps) => {
    let fetched = 0;
    const connection = unsafeCast<NwsConnection>({ fetch: () => Promise.resolve(found(++fetched)) });
    const lend: ConnectionPool['lend'] = async (_workspace, use) => await use(connection, () => undefined);
    const results: unknown[] = [];
    const mailbox = new Mailbox({
      lines: unsafeCast<ConnectionPool>({ lend }),
      workspace: 'job',
      name: 'master',
      onResult: ({ value }) => {
        results.push(value);
        if (value === 1) void announceAfter(steps);
        return true;
      },
      onEnd: (error) => results.push(error),
    });
    const announceAfter = async (left: number): Promise<void> => {
      for (let step = 0; step < left; step++) await Promise.resolve();
      mailbox.expect(1);
    };
    mailbox.expect(1);
    await endOfTurn();
    expect(results).toEqual([1, 2]);
  },
);

/** A server with results for the mailbox `m`. */
class Hands {
  readonly available: number[] = [];
  readonly taken: unknown[] = [];
  readonly ends: unknown[] = [];
  /** The number of connections that are lent. */
  lent = 0;
  /** How many tries there were in each round, whose last request may wait. */
  rounds: number[] = [];
  readonly mailbox: Mailbox;
  #tries = 0;
  readonly #waiting: { give: (found: Found) => void; fail: (error: Error) => void }[] = [];

  constructor() {
    const next = (...[, variable, metadata]: Parameters<NwsConnection['fetch']>): Found | undefined => {
      expect([variable, metadata?.get(KEY.mailbox)]).toEqual([VARIABLE.result, 'm']);
      const value = this.available.shift();
      return value === undefined ? undefined : found(value, 'id');
    };
    const connection: Pick<NwsConnection, 'fetch' | 'fetchTry'> = {
      fetchTry: (...args) => {
        this.#tries++;
        return Promise.resolve(next(...args));
      },
      fetch: (...args) => {
        this.rounds.push(this.#tries);
        this.#tries = 0;
        const result = next(...args);
        if (result !== undefined) return Promise.resolve(result);
        return new Promise((give, fail) => void this.#waiting.push({ give, fail }));
      },
    };
    const lend: ConnectionPool['lend'] = async (_workspace, use) => {
      this.lent++;
      return use(unsafeCast<NwsConnection>(connection), () => undefined).finally(() => this.lent--);
    };
    this.mailbox = new Mailbox({
      lines: unsafeCast<ConnectionPool>({ lend }),
      workspace: 'job',
      name: 'm',
      onResult: ({ value }) => this.taken.push(value) > 0 && value !== 0,
      onEnd: (error) => this.ends.push(error),
    });
  }

  /** A result arrives for the request that waits. */
  async arrive(index: number): Promise<void> {
    this.#waiting.shift()?.give(found(index));
    await endOfTurn();
  }

  async fail(error: Error): Promise<void> {
    this.#waiting.shift()?.fail(error);
    await endOfTurn();
  }
}

describe('the mailbox of a master (S21)', () => {
  it('takes twice as many results at once as were there before, and no more than are expected', async () => {
    const hands = new Hands();
    hands.available.push(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    hands.mailbox.expect(10);
    await endOfTurn();
    expect([hands.rounds, hands.taken.length, hands.available, hands.lent]).toEqual([[0, 2, 5], 10, [11], 0]);
    hands.mailbox.expect(-1);
    hands.mailbox.expect(1);
    await endOfTurn();
    expect([hands.rounds.length, hands.lent]).toEqual([3, 0]);
    hands.mailbox.expect(1);
    await endOfTurn();
    expect([hands.rounds, hands.available, hands.lent]).toEqual([[0, 2, 5, 0], [], 0]);
  });

  it('waits for one result if no more are there, and then hopes for as many as came at once', async () => {
    const hands = new Hands();
    hands.available.push(1, 2);
    hands.mailbox.expect(6);
    await endOfTurn();
    expect([hands.rounds, hands.taken]).toEqual([
      [0, 2],
      [1, 2],
    ]);
    await hands.arrive(3);
    expect(hands.rounds).toEqual([0, 2, 1]);
    await hands.arrive(4);
    expect(hands.rounds).toEqual([0, 2, 1, 0]);
    // A result that nobody expects does not count.
    await hands.arrive(0);
    await hands.arrive(5);
    expect(hands.lent).toBe(1);
    await hands.arrive(6);
    expect([hands.taken, hands.rounds.length, hands.lent]).toEqual([[1, 2, 3, 4, 0, 5, 6], 6, 0]);
  });

  it('says that no further result can arrive', async () => {
    const hands = new Hands();
    hands.mailbox.expect(2);
    await endOfTurn();
    await hands.fail(new Error('lost'));
    expect([hands.ends, hands.lent]).toEqual([[new Error('lost')], 0]);
  });
});
