// A server with jobs in all the states that its page is for: the pictures and a test of the page use it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { NwsConnection } from '../dist/client/connection/connection.js';
import { Sleigh, tasks, threads } from '../dist/index.js';

const TOKEN = 'prepared';
// The page shows the path of a module, so the module is copied to a temporary folder outside of this checkout.
function placeTasks() {
  const folder = mkdtempSync(join(tmpdir(), 'jobs-'));
  const file = join(folder, 'tasks.mjs');
  copyFileSync(new URL('prepared-tasks.mjs', import.meta.url), file);
  return { folder, TASKS: tasks(pathToFileURL(file)) };
}

/** The number of workers that are started together. */
const AT_ONCE = 10;

/** A process of its own, because the threads of this one take its time. */
async function startServer() {
  const args = ['serve', '--port', '0', '--web-port', '0', '--web-write', '--web-token', TOKEN];
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../dist/cli/main.js', import.meta.url)), ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output.text += output.text.length < 10_000 ? text : ''));
  const found = (pattern) => pattern.exec(output.text)?.[1];
  while (found(/web page at (\S+)\//) === undefined || found(/listening on \S+:(\d+)/) === undefined) {
    if (child.exitCode !== null) throw new Error(`the server has ended: ${output.text}`);
    await new Promise((done) => setTimeout(done, 20));
  }
  return {
    child,
    host: '127.0.0.1',
    port: Number(found(/listening on \S+:(\d+)/)),
    url: found(/web page at (\S+)\//),
  };
}

export async function prepareJobs({ tasks: many = 100_000, workers: crowd = 200 } = {}) {
  const { folder, TASKS } = placeTasks();
  const server = await startServer();
  const jobs = [];
  const clients = [];
  const stop = new AbortController();
  const start = async (label, workers, options = {}) => {
    const job = await Sleigh.start({
      workers,
      label,
      server: { port: server.port },
      onOutput: () => undefined,
      ...options,
    });
    jobs.push(job);
    return job;
  };
  /** Nobody waits for the results of these jobs. */
  const begin = (job, task, elements, options = {}) =>
    job.eachElem(task, elements, { errors: 'collect', signal: stop.signal, ...options }).then(
      () => undefined,
      () => undefined,
    );
  const connected = async () => {
    const client = await NwsConnection.open(server);
    clients.push(client);
    return client;
  };

  const images = await start('images', 2);
  begin(
    images,
    TASKS.resize,
    Array.from({ length: 200 }, (_, number) => ({ number, file: `scans/2026/${number}.tiff` })),
  );
  const poisoned = await start('poisoned', 2);
  begin(poisoned, TASKS.simulate, upTo(60));
  const alone = await start('no workers', 0, { join: 'elastic' });
  begin(alone, TASKS.quick, upTo(5));
  const stuck = await start('stuck', 3);
  begin(
    stuck,
    TASKS.align,
    upTo(30).map((id) => ({ id, file: `reads/lane-${id % 4}.fastq` })),
  );
  const disks = await start('disks', 2);
  begin(disks, TASKS.write, [...upTo(12).map((disk) => ({ disk })), {}]);

  // A group of two, of which one never registers.
  const [master, sentinel, worker] = [await connected(), await connected(), await connected()];
  await master.openWorkspace('group', { metadata: new Map([['wstype', 'sleigh']]) });
  for (const client of [sentinel, worker]) await client.useWorkspace('group');
  for (let i = 0; i < 2; i++) await sentinel.fetch('group', 'worker_ids');
  await worker.store('group', 'worker_ids', '0');
  master.fetch('group', 'status', new Map([['delay', '600']])).catch(() => undefined);

  // Ordinary variables, of names and values that are long.
  const space = 'an ordinary workspace whose name is much longer than a column of a table is wide';
  const shop = await connected();
  await shop.openWorkspace(space);
  for (const [name, value] of [
    ['orders', { id: 17, items: ['sledge', 'reins'], paid: true }],
    ['orders', { id: 18, items: [], paid: false }],
    ['a_variable_with_a_name_that_has_no_space_in_it_and_does_not_end_for_a_long_time', 'x'.repeat(5_000)],
    ['bytes', Buffer.from(Array.from({ length: 600 }, (_, i) => i % 256))],
  ])
    await shop.store(space, name, value);

  // Of 100,000 tasks, in threads of this process.
  const large = await start('large', 4, { launch: threads() });
  const largeDone = begin(large, TASKS.quick, upTo(many), { chunkSize: 1 });
  // Not all at once, so that this process always answers.
  const wide = await start('crowd', Math.min(crowd, AT_ONCE), { launch: threads(), join: 'elastic' });
  for (let count = AT_ONCE; count < crowd; count += AT_ONCE) {
    await wide.launch({ workers: Math.min(crowd - count, AT_ONCE), launch: threads() });
    while ((await wide.status()).workers < Math.min(crowd, count + AT_ONCE)) await pause(100);
  }
  begin(wide, TASKS.steps, upTo(100 * crowd), { chunkSize: 1, loadFactor: 2 });
  const ended = await start('ended', 2);
  await begin(
    ended,
    TASKS.resize,
    upTo(40).map((number) => ({ number })),
  );
  await ended.stop();
  await largeDone;

  const sleigh = (job, rest = '') => path('sleighs', job.workspace.name, rest);
  return {
    url: server.url,
    token: TOKEN,
    pages: {
      overview: '/',
      workspaces: '/workspaces',
      workspace: path('workspaces', space),
      'workspace of a job': path('workspaces', images.workspace.name),
      variable: path('workspaces', space, '/variables/orders'),
      bytes: path('workspaces', space, '/variables/bytes'),
      clients: '/clients',
      client: '/clients/2',
      failing: sleigh(images),
      disks: sleigh(disks),
      poisoned: sleigh(poisoned),
      stuck: sleigh(stuck),
      'stuck worker': sleigh(stuck, '/workers/0'),
      large: sleigh(large),
      crowd: sleigh(wide),
      'crowd as a table': sleigh(wide, '?as=table'),
      group: path('sleighs', 'group'),
      actor: sleigh(poisoned, '/charts?actor=worker.0'),
      actors: sleigh(wide, '/charts?chart=worker'),
      shutdown: sleigh(stuck, '/charts?actor=shutdown'),
      charts: '/charts',
      chart: '/charts/worker',
      'client chart': '/charts/sleighPool',
      'ended jobs': '/ended',
      missing: '/workspaces/nobody',
    },
    async close() {
      stop.abort();
      for (const client of clients) client.close();
      await Promise.all(jobs.map((job) => job.stop()));
      server.child.kill();
      await once(server.child, 'exit');
      rmSync(folder, { recursive: true });
    },
  };
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const path = (kind, name, rest = '') => `/${kind}/${encodeURIComponent(name)}${rest}`;
const upTo = (n) => Array.from({ length: n }, (_, i) => i);
