import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { checkedOptions } from '../../src/cluster/cluster-options.ts';
import { Link, type Answer, type StoreLink } from '../../src/cluster/link.ts';
import { LinkPool } from '../../src/cluster/link-pool.ts';
import { memberOf } from '../../src/cluster/member.ts';
import { PartitionTable } from '../../src/cluster/partition-table.ts';
import { prepareTables } from '../../src/cluster/schema.ts';
import { TurnBatch, untilBeat } from '../../src/cluster/turn-batch.ts';
import { NODE_LOOP } from '../../src/transport/event-loop.ts';
import { ManualLoop } from '../support/manual-loop.ts';
import { noPostgres, startPostgres, type Postgres } from '../support/postgres.ts';

// What the partitions of a server share: connections, statements, and the tables in the store.

/** A connection that says which one it is. */
class NamedLink implements StoreLink {
  readonly #name: string;
  isClosed = false;

  constructor(name: string) {
    this.#name = name;
  }

  ask(): Promise<Answer> {
    return Promise.resolve({ rows: [{ name: this.#name }], hasWarned: false });
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

const nameOf = async (link: StoreLink): Promise<unknown> => (await link.ask('')).rows[0]?.['name'];

describe('connections that partitions share', () => {
  it('are given out so that each has about as many users, and are closed with the pool', async () => {
    const made: NamedLink[] = [];
    const pool = new LinkPool(2, () => {
      const link = new NamedLink(String(made.length));
      made.push(link);
      return link;
    });
    const [first, second, third] = [pool.take(), pool.take(), pool.take()];
    expect(await Promise.all([first, second, third].map(nameOf))).toEqual(['0', '1', '0']);
    await first.close();
    await first.close();
    await third.close();
    expect(await Promise.all([pool.take(), pool.take(), pool.take()].map(nameOf))).toEqual(['0', '0', '1']);
    await expect(first.ask('')).rejects.toThrow('closed');
    expect(made.map(({ isClosed }) => isClosed)).toEqual([false, false]);
    await pool.close();
    expect(made.map(({ isClosed }) => isClosed)).toEqual([true, true]);
  });
});

describe('what is asked for in one turn of the event loop', () => {
  it('is one question, whose answers or failure all get', async () => {
    const loop = new ManualLoop();
    const asked: (readonly number[])[] = [];
    const batch = new TurnBatch<number, number>(loop, (numbers) => {
      asked.push(numbers);
      return numbers.includes(0)
        ? Promise.reject(new Error('down'))
        : Promise.resolve(numbers.map((n) => n * 2));
    });
    const both = Promise.all([batch.ask(1), batch.ask(2)]);
    loop.turn();
    expect(await both).toEqual([2, 4]);
    const failing = Promise.allSettled([batch.ask(0), batch.ask(3)]);
    loop.turn();
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(asked).toEqual([
      [1, 2],
      [0, 3],
    ]);
  });

  it('waits for the answer to what was asked before', async () => {
    const loop = new ManualLoop();
    const asked: (readonly string[])[] = [];
    const waiting: (() => void)[] = [];
    const answer = (): void => waiting.shift()?.();
    const batch = new TurnBatch<string, string>(loop, async (names) => {
      asked.push(names);
      await new Promise<void>((resolve) => void waiting.push(resolve));
      return names;
    });
    const first = batch.ask('a');
    loop.turn();
    const others = Promise.all([batch.ask('b'), batch.ask('c')]);
    loop.turn();
    expect(asked).toEqual([['a']]);
    answer();
    expect(await first).toBe('a');
    await Promise.resolve();
    loop.turn();
    answer();
    expect(await others).toEqual(['b', 'c']);
    expect(asked).toEqual([['a'], ['b', 'c']]);
  });

  it('comes together, because what is done again and again is done at the same beats', () => {
    expect([0, 1, 560, 624, 625, 700].map((now) => now + untilBeat(now, 625))).toEqual([
      625, 625, 625, 1_250, 1_250, 1_250,
    ]);
  });
});

describe('the number of partitions', () => {
  it.each([0, 257, 1.5, Number.NaN])('is not %s', (partitions) => {
    const about = { host: '127.0.0.1', machine: 'a', hasFolder: false, hasTls: false };
    expect(() => checkedOptions({ url: 'postgres://u@h/d', partitions }, about)).toThrow(
      `a store has from 1 to 256 partitions, not ${partitions}`,
    );
  });
});

describe('the address for clients (D24)', () => {
  const about = { host: '10.0.0.1', machine: 'a', hasFolder: false, hasTls: false };
  const url = 'postgres://u@h/d';
  const ports = { port: 8_765, linkPort: 1, linkTls: false, page: undefined };

  it.each(['ada', 'ada:', 'ada:70000', ':8765', ''])('is not "%s"', (clientAddress) => {
    expect(() => checkedOptions({ url, clientAddress }, about)).toThrow(
      `"${clientAddress}" is not HOST:PORT, nor "none"`,
    );
  });

  it.each([
    [undefined, true, '10.0.0.1:8765'],
    ['ada:80', true, 'ada:80'],
    ['none', false, '10.0.0.1:8765'],
  ])('with %s decides whether clients are told (%s), and is %s', (clientAddress, tellsOwners, address) => {
    const options = checkedOptions({ url, clientAddress }, about);
    const { reachedAt: host } = options;
    expect(options.tellsOwners).toBe(tellsOwners);
    expect(memberOf('a', { ...ports, host, clientAddress: options.clientAddress }).address).toBe(address);
  });
});

const OLD_TABLES = `
CREATE TABLE sleigh_format (format integer NOT NULL, secret text NOT NULL);
CREATE TABLE sleigh_partition (
  partition integer PRIMARY KEY, epoch bigint NOT NULL, head bigint NOT NULL, owner text, address text, link text, web text,
  lease_until timestamptz NOT NULL, claimed_at timestamptz NOT NULL) WITH (fillfactor = 50);
CREATE TABLE sleigh_takeover (
  partition integer NOT NULL, epoch bigint NOT NULL, owner text NOT NULL, former text, at timestamptz NOT NULL,
  lease_over_since interval, PRIMARY KEY (partition, epoch));
CREATE TABLE sleigh_server (
  name text PRIMARY KEY, address text NOT NULL, web text, version text NOT NULL, seen_at timestamptz NOT NULL);
INSERT INTO sleigh_format VALUES (1, 'known');
INSERT INTO sleigh_partition VALUES (0, 7, 3, 'old', 'old:1', 'old:2', NULL, '-infinity', clock_timestamp());
INSERT INTO sleigh_takeover VALUES (0, 7, 'old', NULL, clock_timestamp(), NULL);
`;

const title = `the tables in the store${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

describe.skipIf(noPostgres !== undefined)(title, () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  /** A database of its own. */
  const newLink = async (name: string): Promise<Link> => {
    await postgres.ask(`CREATE DATABASE ${name}`);
    const link = new Link({
      url: postgres.url.replace(/\/postgres$/, `/${name}`),
      name: 'a',
      isUnsafe: true,
    });
    onTestFinished(() => link.close());
    return link;
  };

  it('keep their number of partitions, and a server that is told another one is refused', async () => {
    const link = await newLink('kept');
    const made = await prepareTables(link, { partitions: 8 });
    expect(made.partitions).toBe(8);
    expect(await prepareTables(link)).toEqual(made);
    expect(await prepareTables(link, { partitions: 8 })).toEqual(made);
    await expect(prepareTables(link, { partitions: 4 })).rejects.toMatchObject({
      code: 'other-partitions',
      message: expect.stringContaining('8 partitions, and 4 were asked for'),
    });
    const { rows } = await link.ask(
      'SELECT count(*)::int AS count, max(partition) AS last FROM sleigh_partition',
    );
    expect(rows).toEqual([{ count: 8, last: 7 }]);
  });

  it('of an older server get one partition, keep everything, and can no longer be claimed by it (D22)', async () => {
    const link = await newLink('old');
    await link.ask(OLD_TABLES);
    expect(await prepareTables(link)).toEqual({ secret: 'known', partitions: 1 });
    const { rows } = await link.ask('SELECT epoch::int, head::int, owner FROM sleigh_partition');
    expect(rows).toEqual([{ epoch: 7, head: 3, owner: 'old' }]);
    // The end of the claim of a server of format 1. Its other statements stay possible.
    const note = `INSERT INTO sleigh_takeover (partition, epoch, owner, former, at, lease_over_since)
      VALUES (0, 8, 'old', 'old', clock_timestamp(), NULL)`;
    await expect(link.ask(note)).rejects.toMatchObject({ code: '23502' });
    await link.ask(`INSERT INTO sleigh_server (name, address, web, version, seen_at)
      VALUES ('old', 'old:1', NULL, '1', clock_timestamp())`);
    const table = new PartitionTable({ link, loop: NODE_LOOP, leaseMs: 60_000, aliveMs: 60_000 });
    expect((await table.look()).live).toEqual([]);
  });

  it('say in one statement what all partitions and servers are, and renew several leases', async () => {
    const link = await newLink('shared');
    await prepareTables(link, { partitions: 3 });
    await link.ask(
      `UPDATE sleigh_partition SET epoch = partition + 1, owner = 'a', address = 'a:1', link = 'a:2',
        lease_until = CASE partition WHEN 0 THEN '-infinity' ELSE clock_timestamp() END`,
    );
    await link.ask(`INSERT INTO sleigh_server SELECT name, name, NULL, '1', clock_timestamp() - age, 2
      FROM (VALUES ('a', interval '0'), ('gone', interval '1 hour')) AS v (name, age)`);
    const table = new PartitionTable({ link, loop: NODE_LOOP, leaseMs: 60_000, aliveMs: 60_000 });
    const before = await table.look();
    // A statement that looks expensive would be compiled each time.
    expect((await link.ask('SHOW jit')).rows).toEqual([{ jit: 'off' }]);
    expect(before).toMatchObject({ format: 2, live: ['a'] });
    expect(before.partitions.map(({ epoch, leaseMs }) => [epoch, leaseMs > 0])).toEqual([
      [1, false],
      [2, false],
      [3, false],
    ]);
    expect(await Promise.all([table.renew(2, 3), table.renew(0, 1), table.renew(1, 7)])).toEqual([
      true,
      // It was released.
      false,
      false,
    ]);
    expect((await table.look()).partitions.map(({ leaseMs }) => leaseMs > 0)).toEqual([false, false, true]);
  });
});
