import { NwsConnection } from '../../src/client/connection/connection.ts';
import { work } from '../../src/client/worker/worker.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import type { Random } from '../world/random.ts';

const LARGE = Buffer.alloc(150_000, 'v');
const TASKS = 20;

/** The load of a server: a job, or another client with values, which may disconnect in any way. */
export async function visit(port: number, random: Random, name: string): Promise<void> {
  if (random.chance(0.3)) await job(port, random, `job ${name}`);
  else if (random.chance(0.7)) await passBy(port, random, `workspace ${name}`);
  else await rush(port, random);
}

const open = (port: number): Promise<NwsConnection> => NwsConnection.open({ host: '127.0.0.1', port });

async function job(port: number, random: Random, name: string): Promise<void> {
  const [master, sentinel, ...workers] = await Promise.all([1, 2, 3, 4].map(() => open(port)));
  if (master === undefined || sentinel === undefined) throw new Error('there is no connection');
  const metadata = new Map([
    ['wstype', 'sleigh'],
    ['onDeadWorker', random.pick('requeue', 'null')],
  ]);
  await master.openWorkspace(name, { metadata });
  await sentinel.useWorkspace(name);
  const ends = random.chance(0.5) ? [] : [workers[0]];
  const working = workers.map(async (worker, n) => {
    const { value } = await sentinel.fetch(name, 'worker_ids');
    const call = (task: unknown): unknown => {
      // One of them dies during a task.
      if (ends.includes(worker) && task === TASKS / 2) worker.close();
      return task;
    };
    const rank = Number(value);
    const options = { workspace: name, rank, description: new Map([['n', String(n)]]), call: () => call };
    await work({ ...options, open: () => Promise.resolve(worker), onRefusal: () => undefined });
  });
  for (let n = 0; n < TASKS; n++) await master.store(name, 'task', n);
  for (let n = 0; n < TASKS; n++) await master.fetch(name, 'result');
  if (random.chance(0.7)) await master.store(name, 'Sleigh ride over', '1');
  await master.deleteWorkspace(name);
  await Promise.all(working);
  for (const connection of [master, sentinel, ...workers]) connection.close();
}

async function passBy(port: number, random: Random, name: string): Promise<void> {
  const connection = await open(port);
  await connection.openWorkspace(name);
  for (let n = random.whole(1, 20); n > 0; n--) {
    await connection.store(name, `variable ${n}`, random.chance(0.2) ? LARGE : `value ${n}`);
    if (random.chance(0.5)) await connection.fetch(name, `variable ${n}`);
  }
  // The rest is deleted with its owner (W6), even while clients wait in it.
  if (random.chance(0.3)) void connection.fetch(name, 'never').catch(() => undefined);
  connection.close();
}

/** In the middle of a handshake, or of a large value. */
async function rush(port: number, random: Random): Promise<void> {
  const client = random.chance(0.5)
    ? await ProtocolClient.open({ port })
    : await ProtocolClient.ready({ port }, {});
  client.write(
    `0005${'00000000000000000005store'.repeat(4)}00000000000000200000`.slice(0, random.whole(1, 150)),
  );
  client.write(LARGE.subarray(0, random.whole(0, LARGE.length)));
  await new Promise(setImmediate);
  client.reset();
}
