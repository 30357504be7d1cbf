import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply } from '../../src/verify/client-codec.ts';
import { ProtocolClient, type Address } from '../../src/verify/protocol-client.ts';

const WORKERS = 3;
/** Tasks without a result that the master leaves in the queue. */
const AHEAD = 12;
const TASK_MS = 5;

/** @throws if the request is refused */
async function said(client: ProtocolClient, args: readonly string[], metadata = {}): Promise<Reply> {
  const reply = await client.begin(args, metadata).whenAnswered;
  if (reply.status !== '0000') throw new Error(`${args.join(' ')}: ${reply.metadata['nwsReason']}`);
  return reply;
}

/** What the master of a job has received. */
export interface LegacyOutcome {
  /** The number of tasks. */
  readonly tasks: number;
  /** Everything that is wrong with the results. */
  readonly wrongs: readonly string[];
}

/**
 * A job of clients that speak as those of 2010 do: one connection each, no sessions, and no attempt to connect again. Under the
 * policy `shutdown` the job ends with the first worker whose death the server sees.
 * @param isOver called after each result: whether the master stores no further task
 */
export async function legacyJob(server: Address, isOver: () => boolean): Promise<LegacyOutcome> {
  const master = await ProtocolClient.ready(server);
  await said(master, ['open ws', 'job', 'master', 'no'], { wstype: 'sleigh' });
  const join = async (): Promise<ProtocolClient> => {
    const client = await ProtocolClient.ready(server);
    await said(client, ['use ws', 'job', 'crew', 'no']);
    return client;
  };
  const sentinel = await join();
  const ranks: string[] = [];
  for (let n = 0; n < WORKERS; n++) ranks.push((await said(sentinel, ['fetch', 'job', 'worker_ids'])).value);
  const watching = (async () => {
    while ((await said(sentinel, ['fetch', 'job', 'sentinel_alive'])).value === '0');
    sentinel.vanish();
  })();
  const work = async (rank: string): Promise<void> => {
    const worker = await join();
    await said(worker, ['store', 'job', 'worker_ids', '1', rank]);
    for (;;) {
      const task = await worker.begin(['fetch', 'job', 'task']).whenAnswered;
      if (task.metadata['nwsReason'] === 'sleigh is dead') break;
      if (task.status !== '0000') throw new Error(`worker ${rank}: ${task.metadata['nwsReason']}`);
      await sleep(TASK_MS);
      await said(worker, ['store', 'job', 'result', '1', `result of ${task.value}`]);
    }
    worker.vanish();
  };
  const crew = Promise.all([watching, ...ranks.map(work)]);
  const outcome = (async () => {
    await said(master, ['find', 'job', 'status']);
    const results: string[] = [];
    let tasks = 0;
    const submit = () => said(master, ['store', 'job', 'task', '1', String(tasks++)]);
    for (let n = 0; n < AHEAD; n++) await submit();
    while (results.length < tasks) {
      const { value, metadata } = await said(master, ['fetch', 'job', 'result']);
      results.push(metadata['nwsNull'] === undefined ? value : `null: ${value}`);
      if (!isOver()) await submit();
    }
    await said(master, ['store', 'job', 'Sleigh ride over', '1', '1']);
    return { tasks, wrongs: differences(tasks, results) };
  })();
  const [done] = await Promise.all([outcome, crew]);
  master.vanish();
  return done;
}

/** Each task has one result. */
function differences(tasks: number, results: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const result of results) counts.set(result, (counts.get(result) ?? 0) + 1);
  const expected = Array.from({ length: tasks }, (_, task) => `result of ${task}`);
  const wrong = expected.filter((result) => counts.get(result) !== 1);
  const unknown = [...counts.keys()].filter((result) => !expected.includes(result));
  return [...wrong.map((result) => `${counts.get(result) ?? 0} times ${result}`), ...unknown];
}
