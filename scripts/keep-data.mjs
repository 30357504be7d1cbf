// Writes a data folder with one of everything into test/store/kept, where every later version must be able to load it.
// Needed only when a new format of records begins.
//   npm run build && node scripts/keep-data.mjs FORMAT
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ProtocolClient } from '../dist/verify/protocol-client.js';

const [format] = process.argv.slice(2);
if (!/^\d+$/.test(format ?? '')) throw new Error('keep-data: say the number of the format');
const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const KEPT = fileURLToPath(new URL(`../test/store/kept/format-${format}`, import.meta.url));
const LONG = 2 ** 16;

const folder = mkdtempSync(join(tmpdir(), 'sleigh-keep-'));
const args = ['serve', '--port', '0', '--no-web', '--data', folder, '--long-value-size', String(LONG)];
const server = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
const [line] = await once(createInterface(server.stdout), 'line');
const address = { host: '127.0.0.1', port: Number(String(line).split(':').at(-1)) };

/** A client whose requests must all be carried out. */
async function connect() {
  const client = await ProtocolClient.ready(address);
  return {
    client,
    async ask(words, metadata = {}) {
      const answer = await client.ask(words, metadata);
      if (answer.status !== '0000') throw new Error(`${words.join(' ')}: ${answer.status} ${answer.reason}`);
      return answer;
    },
  };
}

// Variables of every mode, with text, bytes, metadata and a large value.
const owner = await connect();
await owner.ask(['open ws', 'shop', 'owner', 'yes', 'yes'], { memoryBytes: '1000000' });
for (const mode of ['fifo', 'lifo', 'multi', 'single', '__barrier'])
  await owner.ask(['declare var', 'shop', mode, mode]);
for (const variable of ['fifo', 'lifo', 'multi', 'single'])
  for (const value of ['one', 'two', '\xff\0\xfe'])
    await owner.ask(['store', 'shop', variable, '1', value], { note: `of ${value.length} bytes` });
await owner.ask(['fetch', 'shop', 'fifo']);
await owner.ask(['store', 'shop', 'large', '1', 'x'.repeat(2 * LONG)]);
// One that does not survive.
await owner.ask(['open ws', 'passing', 'owner', 'yes', 'yes'], { durable: 'none' });
await owner.ask(['store', 'passing', 'x', '1', 'gone']);

// A session with a workspace of its own, and a reply that it has not acknowledged.
const visitor = await connect();
await visitor.ask(['open session', 'the secret of the visitor', '600']);
await visitor.ask(['open ws', 'own', 'visitor', 'no', 'yes'], { request: '1' });
await visitor.ask(['store', 'own', 'x', '1', 'kept'], { request: '2' });
await visitor.ask(['fetch', 'own', 'x'], { request: '3', answered: '1' });

// A job: one worker has a task and may come back, one has done a task; three tasks, a result and a broadcast wait.
const JOB = ['use ws', 'job', '', 'yes'];
const OPTIONS = { wstype: 'sleigh', onDeadWorker: 'requeue', reconnectGrace: '600', maxAttempts: '5' };
await owner.ask(['open ws', 'job', 'owner', 'yes', 'yes'], OPTIONS);
const sentinel = await connect();
await sentinel.ask(['open session', 'the session of the sentinel', '600']);
await sentinel.ask(JOB, OPTIONS);
for (const rank of ['0', '1']) {
  const given = await sentinel.ask(['fetch', 'job', 'worker_ids'], { session: 'the secret of the sentinel' });
  if (given.value !== rank) throw new Error(`rank ${given.value} in place of ${rank}`);
}
const workers = [await connect(), await connect()];
for (const [rank, worker] of workers.entries()) {
  await worker.ask(JOB, OPTIONS);
  await worker.ask(['store', 'job', 'worker_ids', '1', String(rank)], {
    session: `the secret of worker ${rank}`,
    host: `host${rank}`,
  });
}
for (const value of ['a', 'b', 'c', 'd', 'e'])
  await owner.ask(['store', 'job', 'task', '1', value], { batchId: 'sums' });
await workers[0].ask(['fetch', 'job', 'task']);
await workers[1].ask(['fetch', 'job', 'task']);
await workers[1].ask(['store', 'job', 'result', '1', 'B']);
await owner.ask(['store', 'job', 'broadcast', '1', 'to all'], { batchId: 'news' });
await owner.ask(['find', 'job', 'fixedargID']);

server.kill('SIGKILL');
await once(server, 'exit');
rmSync(KEPT, { recursive: true, force: true });
mkdirSync(KEPT, { recursive: true });
for (const name of ['data.mdb', 'blobs']) cpSync(join(folder, name), join(KEPT, name), { recursive: true });
rmSync(folder, { recursive: true });
for (const { client } of [owner, visitor, sentinel, ...workers]) client.vanish();
console.log(`wrote ${KEPT}`);
