import { setImmediate as endOfTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import type { Found, NwsConnection } from '../../src/client/connection/connection.ts';
import type { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import { Mailbox } from '../../src/client/master/mailbox.ts';

const found = (index: number): Found => ({
  value: index,
  metadata: new Map(),
  descriptor: 0,
  variableId: '',
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
