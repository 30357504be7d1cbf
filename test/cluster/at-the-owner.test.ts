import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPlainBed, type PlainBed } from '../../model-tests/cluster/bed/plain-bed.ts';
import { Servers } from '../../model-tests/cluster/servers.ts';
import { processes, Sleigh, tasks, threads } from '../../src/client/index.ts';
import { partitionOf } from '../../src/wire/partition-of.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
import { noPostgres } from '../support/postgres.ts';

const { paced } = tasks<typeof import('../client/modules/paced.mjs')>(
  new URL('../client/modules/paced.mjs', import.meta.url),
);

const PARTITIONS = 8;
const WORKERS = 6;
const ELEMENTS = Array.from({ length: 90 }, (_, n) => ({ n, milliseconds: 100 }));

/** The number of connections that clients have to a port of this machine, as its kernel counts them. */
function connectionsTo(port: number): number {
  const ESTABLISHED = '01';
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, from, , state]) => from?.endsWith(local) === true && state === ESTABLISHED).length;
}

const title = `three servers with one PostgreSQL${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

// Processes of the server, and a real job (D24).
describe.skipIf(isShort || noPostgres !== undefined)(title, () => {
  let bed: PlainBed;
  let servers: Servers;
  beforeAll(async () => {
    bed = await startPlainBed();
    const shared = { ...bed, [Symbol.asyncDispose]: () => Promise.resolve() };
    servers = await Servers.start(shared, { leaseMs: 2_000, partitions: PARTITIONS });
    await eventually(
      async () => Math.max(...Object.values(await servers.shares())) === Math.ceil(PARTITIONS / 3),
      'the shares are equal',
    );
  }, 120_000);
  afterAll(async () => {
    await servers[Symbol.asyncDispose]();
    await bed[Symbol.asyncDispose]();
  });

  /** Waits until all connections of a job are at one server: each worker has one, and the master and the sentinel have several. */
  const allAt = (owner: string): Promise<void> =>
    eventually(() => {
      const counts = servers.names.map((name) => connectionsTo(servers.addressOf(name).port));
      const [here = 0] = counts.splice(servers.names.indexOf(owner), 1);
      return here > WORKERS + 2 && counts.every((count) => count === 0);
    }, `all clients are at server ${owner}`);

  it('have all connections of a job at the owner, and at the next one when that is killed', async () => {
    const name = 'a job at the owner';
    const owner = await servers.ownerOf(partitionOf(name, PARTITIONS));
    const first = servers.names.find((each) => each !== owner.name) ?? '';
    const server = servers.addressOf(first);
    await using sleigh = await Sleigh.start({ server, name, workers: WORKERS, launch: threads() });
    const results = sleigh.eachElem(paced, ELEMENTS, { chunkSize: 1 });
    const taken = results.then((all) => all.map(({ n }) => n));
    // A worker that looked for the owner just as it was killed would stay where it is (D24.2).
    await eventually(async () => (await sleigh.status()).workers === WORKERS, 'all workers are there');
    await allAt(owner.name);
    await servers.kill(owner.name);
    const next = await servers.ownerAfter(owner);
    await allAt(next.name);
    expect(await taken).toEqual(ELEMENTS.map(({ n }) => n));
    await servers.restart(owner.name);
  }, 120_000);

  it('take workers that start while the server that the program names is dead', async () => {
    const name = 'a job whose workers come later';
    const owner = await servers.ownerOf(partitionOf(name, PARTITIONS));
    const first = servers.names.find((each) => each !== owner.name) ?? '';
    const server = servers.addressOf(first);
    await using sleigh = await Sleigh.start({ server, name, workers: 0 });
    await servers.kill(first);
    await sleigh.launch({ workers: 2, launch: processes() });
    expect(await sleigh.eachElem(paced, ELEMENTS.slice(0, 4))).toHaveLength(4);
    await servers.restart(first);
  }, 120_000);
});
