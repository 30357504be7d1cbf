import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { noPostgres, startPostgres, type Postgres } from '../support/postgres.ts';

/** Seconds that the store takes to change a record. */
const SLOW_S = 2;

const title = `a server that claims data from a slow PostgreSQL${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

describe.skipIf(noPostgres !== undefined)(title, () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  const start = (name: string): Promise<Server> =>
    createServer({
      port: 0,
      logLevel: 'silent',
      store: { url: postgres.url, name, leaseMs: 1_000, partitions: 1, isUnsafe: true },
    });
  const isThere = async (query: string): Promise<boolean> => (await postgres.ask(query)).length > 0;

  it('stops while the first commit of its recovery is under way (P3)', async () => {
    const first = await start('first');
    await eventually(() => isThere(`SELECT 1 FROM sleigh_entity`), 'the first server owns the data');
    await first.close();
    await postgres.ask(`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(${SLOW_S}); RETURN NEW; END $$`);
    await postgres.ask(`CREATE TRIGGER slow BEFORE INSERT OR UPDATE ON sleigh_entity
      FOR EACH STATEMENT EXECUTE FUNCTION slow()`);
    const second = await start('second');
    await eventually(
      () => isThere(`SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'`),
      'the commit is under way',
    );
    expect(await second.close()).toBeUndefined();
  });
});
