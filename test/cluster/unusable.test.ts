import { Writable } from 'node:stream';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { culpritOf } from '../../src/cluster/unusable.ts';
import { STORED } from '../../src/store/errors.ts';
import { RecordError } from '../../src/store/failure.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { plainError } from '../../src/wire/error-kind.ts';
import { partitionOf } from '../../src/wire/partition-of.ts';
import { createServer, NetWorkSpace, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
import { noPostgres, startPostgres, type Postgres } from '../support/postgres.ts';

// Partitions whose data a server cannot use (D23).

const LEASE_MS = 1_000;
const PARTITIONS = 4;
const LONG = 2 ** 16;

/** A name for a workspace in that partition. */
function named(partition: number): string {
  for (let number = 0; ; number++)
    if (partitionOf(`w${number}`, PARTITIONS) === partition) return `w${number}`;
}
const [BAD, GOOD] = [named(1), named(2)];

/** Gives the last record of a kind another form. */
const damageTo = (kind: number): string =>
  `UPDATE sleigh_entity SET fields = '\\x80' WHERE partition = 1 AND key = (
    SELECT key FROM sleigh_entity WHERE partition = 1 AND get_byte(key, 0) = ${kind} ORDER BY key DESC LIMIT 1)`;

it('a partition with a format that another version knows needs no change', async () => {
  const error = new RecordError(['server'], plainError(STORED.unknownFormat(2, 1)));
  const culprit = await culpritOf(error, { partition: 1, store: new MemoryStore(), missingFile: undefined });
  expect(culprit).toEqual({ record: 'server' });
});

interface Line {
  readonly level?: number;
  readonly code?: string;
  readonly msg?: string;
  readonly record?: string;
  readonly statement?: string;
}

const title = `a partition that cannot be used${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

describe.skipIf(noPostgres !== undefined)(title, () => {
  let postgres: Postgres;
  const servers: Server[] = [];
  const lines: Line[] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await postgres.ask(`DROP TABLE sleigh_format, sleigh_partition, sleigh_entity, sleigh_blob, sleigh_takeover, sleigh_server,
      sleigh_failure`);
    lines.length = 0;
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  const logger = pino(
    { level: 'info' },
    new Writable({
      write(chunk: Buffer, _, done) {
        const line: Line = JSON.parse(chunk.toString());
        lines.push(line);
        done();
      },
    }),
  );

  const start = async (name: string): Promise<Server> => {
    const store = { url: postgres.url, name, leaseMs: LEASE_MS, partitions: PARTITIONS, isUnsafe: true };
    const server = await createServer({ port: 0, logger, limits: { longValueBytes: LONG }, store });
    servers.push(server);
    return server;
  };

  const stop = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  };

  const complaints = (): readonly Line[] => lines.filter(({ code }) => code === 'partition-unusable');

  const failures = (): Promise<readonly Record<string, unknown>[]> =>
    postgres.ask('SELECT partition, server, times, is_past, reason FROM sleigh_failure ORDER BY server');

  /** Two workspaces with a value each, and one value that is large; no server runs afterwards. */
  const prepare = async (): Promise<void> => {
    const { port } = await start('a');
    for (const name of [BAD, GOOD]) {
      const space = await NetWorkSpace.open(name, { port, persistent: true });
      await space.store('x', name);
      await space.store('large', Buffer.alloc(3 * LONG, 'a large value'));
      space.close();
    }
    await stop();
    lines.length = 0;
  };

  const VALUES = `partition = 1 AND get_byte(key, 0) = 3 AND length(fields) < 60`;
  const RECORD = /^value\/\d+\/\d+\/\d+$/;

  const cases: readonly (readonly [what: string, damage: string, record: RegExp | undefined])[] = [
    ['has a damaged record', `UPDATE sleigh_entity SET fields = '\\xc1' WHERE ${VALUES}`, RECORD],
    ['has a record of another form', `UPDATE sleigh_entity SET fields = '\\x80' WHERE ${VALUES}`, RECORD],
    ['has a damaged variable', damageTo(2), /^variable\/\d+\/\d+$/],
    ['has a damaged workspace', damageTo(1), /^workspace\/\d+$/],
    ['has a damaged record of the server', damageTo(0), /^server$/],
    [
      'lacks the record of the server',
      `DELETE FROM sleigh_entity WHERE partition = 1 AND key = '\\x00'`,
      /^server$/,
    ],
    ['lacks a large value', 'DELETE FROM sleigh_blob WHERE partition = 1', RECORD],
    [
      'has a record with a key of another form',
      `INSERT INTO sleigh_entity VALUES (1, '\\xff00', '\\x80')`,
      undefined,
    ],
  ];

  it.each(isShort ? cases.slice(0, 1) : cases)(
    'because it %s is given up, and the server goes on with the others',
    async (_, damage, record) => {
      await prepare();
      await postgres.ask(damage);
      const a = await start('a');
      await eventually(() => complaints().length > 0, 'a has said so');
      const [complaint = {}] = complaints();
      expect(complaint).toMatchObject({
        partition: 1,
        msg: expect.stringContaining('"a" cannot use partition 1'),
      });
      if (record !== undefined) expect(complaint.record).toMatch(record);
      const good = await NetWorkSpace.open(GOOD, { port: a.port, persistent: true });
      expect(await good.find('x')).toBe(GOOD);
      // Another server may be able to use it, so it tries that once.
      const b = await start('b');
      await eventually(() => complaints().length > 1, 'b has said so');
      expect(complaints().map(({ msg }) => /server "(.)"/.exec(msg ?? '')?.[1])).toEqual(['a', 'b']);
      await eventually(async () => (await failures()).length > 1, 'the store knows both');
      expect(await failures()).toMatchObject([
        { partition: 1, server: 'a', times: 1, is_past: false },
        { partition: 1, server: 'b', times: 1, is_past: false },
      ]);
      // What is with the others is shared nevertheless, and a client of it notices nothing.
      await eventually(async () => {
        const rows = await postgres.ask(
          'SELECT owner FROM sleigh_partition WHERE lease_until > clock_timestamp()',
        );
        return (
          rows
            .map(({ owner }) => String(owner))
            .toSorted((one, other) => (one < other ? -1 : 1))
            .join('') === 'aab'
        );
      }, 'the others are shared');
      expect(await good.find('x')).toBe(GOOD);
      good.close();
      expect([a.failure, b.failure]).toEqual([undefined, undefined]);
      expect(complaints().length).toBe(2);
      // Nothing else is said about it.
      expect(lines.filter(({ level = 0 }) => level >= Number(pino.levels.values['error']))).toEqual(
        complaints(),
      );
      // As the documents say.
      const waits = NetWorkSpace.open(BAD, { port: b.port, persistent: true });
      await postgres.ask(complaint.statement ?? `DELETE FROM sleigh_entity WHERE key = '\\xff00'`);
      await postgres.ask('DELETE FROM sleigh_failure WHERE partition = 1');
      const bad = await waits;
      const found = await bad.findTry('x');
      expect(found ?? BAD).toBe(BAD);
      // Without the record of the server nothing else can be read, and nothing else is lost.
      if (complaint.record === 'server') expect(found).toBe(BAD);
      await bad.store('y', 'again');
      expect(await bad.fetch('y')).toBe('again');
      bad.close();
      // What the statement has deleted leaves nothing of a kind that needs it.
      const orphans =
        await postgres.ask(`SELECT FROM sleigh_entity v WHERE partition = 1 AND get_byte(key, 0) = 3 AND NOT EXISTS (
      SELECT FROM sleigh_entity WHERE partition = 1 AND key = set_byte(substring(v.key FOR 17), 0, 2))`);
      expect(orphans.length).toBe(0);
    },
  );

  it.skipIf(isShort)(
    'because the store refuses a change is given up as well, with what was acknowledged',
    async () => {
      await prepare();
      await postgres.ask('ALTER TABLE sleigh_entity ADD CONSTRAINT small CHECK (length(fields) < 5000)');
      const [a, b] = [await start('a'), await start('b')];
      const bad = await NetWorkSpace.open(BAD, { port: a.port, persistent: true });
      await bad.store('before', 1);
      const stored = bad.store('refused', 'large '.repeat(2_000));
      await eventually(() => complaints().length > 1, 'both servers have tried it');
      expect(complaints()[0]?.msg).toContain('violates check constraint');
      const good = await NetWorkSpace.open(GOOD, { port: b.port, persistent: true });
      expect(await good.find('x')).toBe(GOOD);
      good.close();
      await postgres.ask('ALTER TABLE sleigh_entity DROP CONSTRAINT small');
      await stored;
      expect(await bad.fetch('before')).toBe(1);
      expect(await bad.fetch('refused')).toBe('large '.repeat(2_000));
      bad.close();
      await eventually(
        async () => (await failures()).every((failure) => failure['is_past'] === true),
        'it is past',
      );
      expect([a.failure, b.failure]).toEqual([undefined, undefined]);
      // A server that is started again may be another version.
      await stop();
      await start('a');
      expect((await failures()).map(({ server }) => server)).toEqual(['b']);
    },
  );
});
