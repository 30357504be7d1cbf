import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TaskWindow, type Outcome } from '../../src/cli/task-window.ts';
import { NwsConnection, type Found } from '../../src/client/connection.ts';
import { createServer, type Server } from '../../src/index.ts';
import { allOf } from '../support/all-of.ts';
import { eventually } from '../support/eventually.ts';

const WINDOW = 5;

let server: Server;
let storing: NwsConnection;
let fetching: NwsConnection;
let worker: NwsConnection;
let witness: NwsConnection;
beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'error', limits: { valueBytes: 1_000 } });
  const open = (): Promise<NwsConnection> => NwsConnection.open({ host: server.host, port: server.port });
  [storing, fetching, worker, witness] = await Promise.all([open(), open(), open(), open()]);
  const metadata = new Map(Object.entries({ wstype: 'sleigh', onDeadWorker: 'requeue', maxAttempts: '1' }));
  await storing.openWorkspace('s', { metadata });
  // One more than come, so that the group stays open and the job outlives its workers (S4, S13).
  await storing.store('s', 'workerCount', 3);
  for (const each of [fetching, worker, witness]) await each.useWorkspace('s');
  await hire(worker);
});
afterEach(() => server.close());

async function hire(connection: NwsConnection): Promise<void> {
  const { value } = await witness.fetch('s', 'worker_ids');
  await connection.store('s', 'worker_ids', value);
}

const windowOf = (isOrdered: boolean): TaskWindow =>
  new TaskWindow({ storing, fetching, workspace: 's', window: WINDOW, isOrdered, maxAttempts: 1 });

/** Inputs that count how many were taken. */
class Inputs {
  taken = 0;
  isReturned = false;

  *upTo(most: number): Generator<number> {
    try {
      while (this.taken < most) yield ++this.taken;
    } finally {
      this.isReturned = true;
    }
  }
}

const pending = async (): Promise<number> =>
  Number((await witness.find('s', 'jobStatus', new Map([['all', '1']]))).value);
/** Nothing is under way any more that could change it. */
async function settles(what: () => Promise<number>, at: number): Promise<void> {
  await eventually(async () => (await what()) === at, `${at} of them`);
  for (let i = 0; i < 20; i++) expect(await what()).toBe(at);
}
const answer = (value: unknown): Promise<void> => worker.store('s', 'result', value);
const task = (): Promise<Found> => worker.fetch('s', 'task');
/** Gives the worker's value to each of so many tasks. */
async function doTasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await answer(`done ${String((await task()).value)}`);
}

describe('the window of tasks', () => {
  it('lets no more lines out than it is wide, however many there are', async () => {
    const inputs = new Inputs();
    const outcomes = windowOf(true).run(inputs.upTo(1_000));
    const first = outcomes.next();
    await settles(pending, WINDOW);
    expect(inputs.taken).toBe(WINDOW);
    await doTasks(1);
    expect((await first).value).toEqual({ line: 1, worker: 0, value: 'done 1' });
    await settles(pending, WINDOW);
    expect(inputs.taken).toBe(WINDOW + 1);
    await outcomes.return(undefined);
    await eventually(() => inputs.isReturned, 'the inputs are given back');
  });

  it('counts what waits for an earlier line, so that results pile up no higher either', async () => {
    const other = await NwsConnection.open({ host: server.host, port: server.port });
    await other.useWorkspace('s');
    await hire(other);
    const inputs = new Inputs();
    const given: Outcome[] = [];
    const running = (async () => {
      for await (const outcome of windowOf(true).run(inputs.upTo(8))) given.push(outcome);
    })();
    const slow = await other.fetch('s', 'task');
    expect(slow.value).toBe(1);
    await doTasks(WINDOW - 1);
    await settles(pending, 1);
    expect([inputs.taken, given]).toEqual([WINDOW, []]);
    await other.store('s', 'result', 'done 1');
    await doTasks(3);
    await running;
    expect(given.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('gives outcomes as they come, when that is wished', async () => {
    const other = await NwsConnection.open({ host: server.host, port: server.port });
    await other.useWorkspace('s');
    await hire(other);
    const outcomes = windowOf(false).run(new Inputs().upTo(3));
    const first = outcomes.next();
    await other.fetch('s', 'task');
    await doTasks(2);
    expect((await first).value).toMatchObject({ line: 2 });
    expect((await outcomes.next()).value).toMatchObject({ line: 3 });
    await other.store('s', 'result', 'done 1');
    expect((await outcomes.next()).value).toMatchObject({ line: 1, worker: 1 });
    expect((await outcomes.next()).done).toBe(true);
  });

  it('is through at once when there is nothing to do', async () => {
    expect(await allOf(windowOf(true).run([]))).toEqual([]);
  });

  it('gives an error in the place of a line that is not taken, or cannot be sent', async () => {
    const inputs = ['x'.repeat(2_000), 'good', () => 1];
    const running = allOf(windowOf(true).run(inputs));
    await doTasks(1);
    expect(await running).toMatchObject([
      { line: 1, error: expect.stringContaining('a value of 2000 bytes') },
      { line: 2, value: 'done good' },
      { line: 3, error: expect.stringContaining('cannot be sent') },
    ]);
  });

  it('gives an error in the place of a line whose worker dies too often (S13)', async () => {
    const running = allOf(windowOf(true).run(['bad']));
    await task();
    worker.close();
    expect(await running).toMatchObject([{ line: 1, error: expect.stringContaining('after 1 attempts') }]);
  });

  it('answers what came before the inputs failed, then throws what they threw', async () => {
    const outcomes = windowOf(true).run(failing());
    const first = outcomes.next();
    await doTasks(1);
    expect((await first).value).toMatchObject({ line: 1 });
    await expect(outcomes.next()).rejects.toThrow('no more');
  });

  it('names the lines that are out when the job ends before its time', async () => {
    const window = windowOf(true);
    const running = allOf(window.run(new Inputs().upTo(2)));
    const ended = expect(running).rejects.toMatchObject({ code: 'sleigh-dead' });
    await settles(pending, 2);
    await witness.store('s', 'Sleigh ride over', 1);
    await ended;
    expect(window.linesOut).toEqual([1, 2]);
  });

  it('ends when its connections do, also while it waits for inputs', async () => {
    const silent = new ReadableStream<number>();
    const running = expect(allOf(windowOf(true).run(silentThen(silent)))).rejects.toMatchObject({
      code: 'closed',
    });
    await settles(pending, 1);
    storing.close();
    fetching.close();
    await running;
  });
});

/** One input, and then an error. */
function* failing(): Generator<number> {
  yield 1;
  throw new Error('no more');
}

/** One input, and no other for ever. */
async function* silentThen(silent: ReadableStream<number>): AsyncGenerator<number> {
  yield 1;
  for await (const input of silent) yield input;
}
