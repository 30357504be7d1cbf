import { afterEach, beforeEach, expect, test } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { Job } from '../../src/verify/job.ts';
import type { Reply } from '../../src/verify/client-codec.ts';
import type { ProtocolClient } from '../../src/verify/protocol-client.ts';

let server: Server;
beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'error' });
});
afterEach(() => server.close());

/** The same numbers each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

/** A worker whose network fails: it remembers its last task, and comes back on a new connection. */
class Worker {
  readonly #job: Job;
  readonly #rank: string;
  readonly #chance: () => number;
  #protocolClient: ProtocolClient | undefined;
  /** Its current task, or the one whose result it has sent without a reply. */
  #task: Reply | undefined;
  returns = 0;
  /** The sleigh has shut down: a disconnected worker has left. */
  isOver = false;

  constructor(job: Job, rank: number, chance: () => number) {
    this.#job = job;
    this.#rank = String(rank);
    this.#chance = chance;
  }

  /** Works until no more tasks arrive. */
  async run(): Promise<void> {
    for (;;)
      try {
        if (!(await this.#connect())) return;
        while (await this.#turn());
        return;
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
        this.returns++;
      }
  }

  /** @returns whether it may continue */
  async #connect(): Promise<boolean> {
    this.#protocolClient = await this.#job.guest();
    const number = this.#task?.metadata['nwsTask'];
    const doing: Record<string, string> = number === undefined ? {} : { doing: number };
    const session = { session: `worker ${this.#rank}` };
    const { status, reason, metadata } = await this.#job.store(
      this.#protocolClient,
      'worker_ids',
      this.#rank,
      {
        ...session,
        ...doing,
      },
    );
    if (this.isOver && status !== '0000') return false;
    expect([status, reason]).toEqual(['0000', '']);
    if (metadata['nwsBusy'] === '0') this.#task = undefined;
    this.#mayFail();
    return true;
  }

  /**
   * Sends a result and requests the next task in one segment.
   * @returns whether there is one
   */
  async #turn(): Promise<boolean> {
    const { workspace } = this.#job;
    const protocolClient = this.#protocolClient;
    if (protocolClient === undefined) throw new Error('it is not connected');
    const done = this.#task;
    const stored =
      done === undefined
        ? undefined
        : protocolClient.begin(['store', workspace, 'result', '1', `${done.value} done`]);
    const asked = protocolClient.begin(['fetch', workspace, 'task']);
    // A reset, at once or when the server may have replied: the reply is lost.
    for (const { whenAnswered } of [stored, asked].filter((one) => one !== undefined))
      whenAnswered.catch(() => undefined);
    this.#mayFail();
    if (this.#chance() < 0.2) {
      await new Promise((resolve) => setTimeout(resolve, this.#chance() * 5));
      this.#fail();
    }
    if (stored !== undefined) expect((await stored.whenAnswered).status).toBe('0000');
    const next = await asked.whenAnswered;
    this.#task = next.status === '0000' ? next : undefined;
    this.#mayFail();
    return this.#task !== undefined;
  }

  #mayFail(): void {
    if (this.#chance() < 0.2) this.#fail();
  }
  #fail(): never {
    this.#protocolClient?.vanish();
    throw new Lost();
  }
}

class Lost extends Error {}

test('workers whose connections are reset at any time reconnect, and each task has one result (S18)', async () => {
  const address = { host: '127.0.0.1', port: server.port };
  const job = await Job.open(address, { join: 'elastic', reconnectGrace: '60', maxAttempts: '1' });
  const sentinel = await job.guest();
  const workers = [0, 1, 2].map((rank) => new Worker(job, rank, random(rank + 1)));
  for (const rank of ['0', '1', '2']) await job.mustGet(sentinel, ['fetch', 'worker_ids'], { value: rank });
  const tasks = Array.from({ length: 60 }, (_, n) => `task ${n}`);
  for (const task of tasks) await job.mustStore(job.master, ['task', task]);

  const working = Promise.all(workers.map((worker) => worker.run()));
  const results: string[] = [];
  for (const _ of tasks) results.push((await job.mustGet(job.master, ['fetch', 'result'], {})).value);
  expect(results.sort()).toEqual(tasks.map((task) => `${task} done`).sort());

  await job.mustGet(job.master, ['fetchTry', 'result'], { status: '0001' });
  await job.mustRun(0);
  expect(await job.groupOf('Worker 0')).not.toBe('Dead workers');
  expect(workers.every(({ returns }) => returns > 3)).toBe(true);
  for (const worker of workers) worker.isOver = true;
  await job.mustStore(job.master, ['Sleigh ride over', '1']);
  await job.leave(sentinel);
  await working;
  job.close();
}, 60_000);
