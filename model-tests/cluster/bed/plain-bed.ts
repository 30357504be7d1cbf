import { freePort } from '../../../test/support/free-port.ts';
import { startPostgres, type Postgres } from '../../../test/support/postgres.ts';
import type { Bed, ServerHost } from './bed.ts';

/** Three servers on the loopback address, with one PostgreSQL without standbys. */
export interface PlainBed extends Bed {
  readonly postgres: Postgres;
}

export async function startPlainBed({ isSafe = true } = {}): Promise<PlainBed> {
  const postgres = await startPostgres({ isSafe });
  const hosts: ServerHost[] = [];
  for (const name of ['a', 'b', 'c'])
    hosts.push({ name, address: '127.0.0.1', port: await freePort(), within: [], env: {} });
  return {
    postgres,
    hosts,
    flags: ['--store', postgres.url, '--store-unsafe'],
    ask: (text) => postgres.ask(text),
    [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose](),
  };
}
