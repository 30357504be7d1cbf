import pg from 'pg';
import { figure } from '../bed.mjs';
import { beside, eachOf, inTurns } from '../measure.mjs';

const WORKERS = 10;
/** As many tasks at once for each worker as in `farm`. */
const AT_ONCE = 4 * WORKERS;

/** A database of its own, which is dropped afterwards, on the PostgreSQL of this address. */
async function ownDatabase(address) {
  const name = `sleigh_bench_${process.pid}_${Date.now()}`;
  const ask = async (statement) => {
    const client = new pg.Client({ connectionString: address });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await ask(`CREATE DATABASE ${name}`);
  const url = new URL(address);
  url.pathname = `/${name}`;
  return { address: url.href, drop: () => ask(`DROP DATABASE ${name} WITH (FORCE)`) };
}

/** The cost of the same tasks, and of the owner of the data for them, in microseconds each. */
async function taskOf(load, owner, count) {
  const before = owner.processorTime;
  const answer = await load.does('tasks', count, AT_ONCE, 64);
  return { ...answer, owner: { each: (owner.processorTime - before) / answer.count } };
}

export const front = {
  name: 'front',
  about:
    'tasks through servers with a shared store: the share of the server that the clients are connected to',
  needsStore: true,
  async run(bed) {
    const databases = [];
    try {
      const startPair = async () => {
        const database = await ownDatabase(bed.store);
        databases.push(database);
        const start = (name) =>
          bed.sleigh('--store', database.address, '--store-unsafe', '--name', name, '--partitions', '1');
        const owner = await start('owner');
        return { owner, other: await start('other') };
      };
      const [near, far, plain] = [await startPair(), await startPair(), await bed.sleigh()];
      const loads = {
        plain: { load: await bed.awakeLoad(plain), owner: plain },
        near: { load: await bed.awakeLoad(near.owner), owner: near.owner },
        far: { load: await bed.awakeLoad(far.other), owner: far.owner },
      };
      for (const { load } of Object.values(loads)) {
        await load.does('sleigh', WORKERS);
        await load.does('join', WORKERS);
      }
      return await bed.rounds(async () => {
        const taken = await inTurns(
          Object.fromEntries(
            Object.entries(loads).map(([name, { load, owner }]) => [
              name,
              () => taskOf(load, owner, bed.size(500, 50)),
            ]),
          ),
        );
        const far = { front: taken.far, owner: taken.far.map(({ owner }) => owner) };
        const both = taken.far.map(({ each, owner }) => ({ each: each + owner.each }));
        return [
          figure('a task, without a store', 'µs', eachOf(taken.plain)),
          figure('a task, clients at the owner', 'µs', eachOf(taken.near)),
          figure('a task, clients at another server: the owner', 'µs', eachOf(far.owner)),
          figure('a task, clients at another server: that server', 'µs', eachOf(far.front)),
          figure('a task, clients at another server: its share', '%', 100 * beside(far.front, both)),
        ];
      });
    } finally {
      await bed.close();
      for (const { drop } of databases) await drop();
    }
  },
};
