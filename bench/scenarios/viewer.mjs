import { once } from 'node:events';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { NwsConnection } from '../../dist/client/connection/connection.js';
import { atMost, figure } from '../bed.mjs';
import { beside, inTurns, quantile } from '../measure.mjs';

const WORKERS = 20;
/** Unfinished tasks at a time. */
const WINDOW = 200;
/** Two transitions of a worker per task: busy and idle. */
const TRANSITIONS = 2;
const RATE = 5_000;

export const viewer = {
  name: 'viewer',
  about: 'a farm of 100 workers with viewers on the page, beside without; how late a view is',
  async run(bed) {
    const seen = await bed.sleigh();
    const page = await seen.page();
    const load = await bed.awakeLoad(seen);
    await load.does('sleigh', 100);
    await load.does('join', 100);
    const tasks = () => load.does('tasks', bed.size(20_000, 500), 400, 64);
    const cost = await bed.rounds(async () => {
      const { without, viewed } = await inTurns({
        without: tasks,
        viewed: async () => {
          const streams = await viewEverything(page);
          const answer = await tasks();
          for (const { close } of streams) close();
          return answer;
        },
      });
      return [
        figure(
          'a task with four streams of views, beside without',
          '×',
          beside(viewed, without),
          atMost(1.05),
        ),
      ];
    });
    const late = await bed.sleigh();
    const address = await late.page();
    return [
      ...cost,
      ...(await bed.rounds(() => delays(late.port, address, bed.size(5_000, 500)), { warmUp: false })),
    ];
  },
};

/** The views of an overview, of the clients, of a sleigh and of its workers. */
async function viewEverything(page) {
  const { sleighs } = await (await fetch(`${page}api/overview`)).json();
  const path = `api/sleighs/${encodeURIComponent(sleighs[0].name)}`;
  const paths = ['api/overview', 'api/clients?count=100', path, `${path}/workers?count=100`];
  return Promise.all(paths.map((one) => watch(page + one)));
}

/**
 * Streams a view.
 * @param told is called with each view that arrives
 */
async function watch(url, told = () => undefined) {
  const request = get(url, { headers: { Accept: 'text/event-stream' }, agent: false });
  const [response] = await once(request, 'response');
  let rest = '';
  response.setEncoding('utf8').on('error', () => undefined);
  response.on('data', (text) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) if (block.startsWith('data: ')) told(JSON.parse(block.slice(6)));
  });
  return { close: () => request.destroy() };
}

let jobs = 0;

/** Workers in this process work at RATE; measures for each result the time from sending it until a stream shows it. */
async function delays(port, page, milliseconds) {
  const name = `job ${jobs++}`;
  const connections = [];
  const open = async () => {
    const connection = await NwsConnection.open({ host: '127.0.0.1', port });
    connections.push(connection);
    return connection;
  };
  const master = await open();
  await master.openWorkspace(name, { metadata: new Map([['wstype', 'sleigh']]) });
  await master.store(name, 'workerCount', String(WORKERS));
  const sentinel = await open();
  await sentinel.useWorkspace(name);
  const sentAt = [];
  for (let rank = 0; rank < WORKERS; rank++) {
    await sentinel.fetch(name, 'worker_ids');
    const worker = await open();
    await worker.useWorkspace(name);
    await worker.store(name, 'worker_ids', String(rank));
    const work = async () => {
      for (;;) {
        await worker.fetch(name, 'task');
        sentAt.push(performance.now());
        await worker.store(name, 'result', 'done');
      }
    };
    work().catch(() => undefined);
  }
  const seenAt = [];
  const stream = await watch(`${page}api/sleighs/${encodeURIComponent(name)}`, ({ completed }) => {
    const now = performance.now();
    while (seenAt.length < completed) seenAt.push(now);
  });
  const collecting = await open();
  await collecting.useWorkspace(name);
  let collected = 0;
  const collect = async () => {
    for (; ; collected++) await collecting.fetch(name, 'result');
  };
  collect().catch(() => undefined);
  const began = performance.now();
  let stored = 0;
  for (let now = began; now - began < milliseconds; now = performance.now()) {
    const due = ((now - began) / 1_000) * (RATE / TRANSITIONS);
    const stores = [];
    for (; stored < due && stored - collected < WINDOW; stored++)
      stores.push(master.store(name, 'task', 'x'));
    await Promise.all(stores);
    await sleep(2);
  }
  const seconds = (performance.now() - began) / 1_000;
  while (seenAt.length < stored) await sleep(10);
  stream.close();
  for (const connection of connections) connection.close();
  const late = seenAt.map((at, i) => at - sentAt[i]);
  return [
    figure('transitions', 'a second', (TRANSITIONS * stored) / seconds),
    figure('a result until a view tells of it, p50', 'ms', quantile(late, 0.5)),
    figure('a result until a view tells of it, p99', 'ms', quantile(late, 0.99), atMost(200)),
  ];
}
