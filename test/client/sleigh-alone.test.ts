import { describe, expect, it } from 'vitest';
import type { LaunchOrder } from '../../src/client/launchers/launcher.ts';
import type { SleighOptions } from '../../src/client/options/sleigh-options.ts';
import type { Task } from '../../src/client/task/task.ts';
import { JOB_ORDERS, type JobOrder } from '../../src/wire/job-order.ts';
import { JOB_REPORT } from '../../src/wire/job-report.ts';
import { KEY, VARIABLE, VERB } from '../../src/wire/names.ts';
import { STATUS } from '../../src/wire/reply.ts';
import { failureOf } from '../../src/client/task/outcome.ts';
import { ScriptedJob } from '../support/scripted-job.ts';
import { refusal } from '../support/scripted-server.ts';
import { fateOf, shortReply } from '../support/server-line.ts';

// A master without a server and without workers: the test answers its requests, and does its tasks.

const TASK: Task = { module: '/t.mjs', name: 'f' };
const REQUEUE = { wstype: 'sleigh', onDeadWorker: 'requeue', maxAttempts: '3' };
const DECLARED = ['declare var | W | #cancelled | single', 'declare var | W | #progress | single'];
/** Whether the workspace is a job. */
const IS_JOB = 'findTry | W | worker_ids';
const RIDE_OVER = 'store | W | Sleigh ride over | 1 | 1';

const order = (job: ScriptedJob, value: JobOrder): Promise<void> => job.give(JOB_ORDERS, value);
const tasksOf = (job: ScriptedJob): Record<string, string>[] => job.metadataOf(VERB.store, VARIABLE.task);
const transfer = (): ArrayBuffer[] => [];

describe('a job', () => {
  it.each<
    [
      what: string,
      options: Partial<SleighOptions>,
      metadata: Readonly<Record<string, string>>,
      asked: readonly string[],
      order: Partial<LaunchOrder> | undefined,
    ]
  >([
    [
      'with workers is opened for these, and then they are started',
      {},
      REQUEUE,
      ['open ws | W | sleigh | no | yes', 'store | W | workerCount | 1 | 2'],
      { workers: 2, hosts: [], preload: undefined },
    ],
    [
      'whose workers have several calls has as many ranks, and one more attempt',
      { concurrency: 2, maxAttempts: 5, label: 'mine' },
      { ...REQUEUE, maxAttempts: '6' },
      ['open ws | W | mine | no | yes', 'store | W | workerCount | 1 | 4'],
      { workers: 2, concurrency: 2 },
    ],
    [
      'that fails the element of a worker that ends tries each once',
      { onDeadWorker: 'null', maxAttempts: 5 },
      { ...REQUEUE, onDeadWorker: 'null', maxAttempts: '1' },
      ['open ws | W | sleigh | no | yes', 'store | W | workerCount | 1 | 2'],
      { workers: 2 },
    ],
    [
      'that is elastic expects no number of workers',
      { join: 'elastic', reconnectGrace: 2.5 },
      { ...REQUEUE, join: 'elastic', reconnectGrace: '2.5' },
      ['open session | secret 2 | 2.5', 'open ws | W | sleigh | no | yes'],
      { workers: 2 },
    ],
    [
      'with a name is elastic, and stays when its program ends',
      { name: 'render' },
      { ...REQUEUE, join: 'elastic' },
      ['open ws | W | sleigh | yes | yes'],
      { workers: 2 },
    ],
    [
      'without workers starts none',
      { join: 'elastic', workers: 0 },
      { ...REQUEUE, join: 'elastic' },
      ['open ws | W | sleigh | no | yes'],
      undefined,
    ],
  ])('%s', async (_what, options, metadata, requests, order) => {
    const job = new ScriptedJob();
    const sleigh = await job.start(options);
    const { name } = sleigh.workspace;
    expect(job.metadataOf('open ws')).toEqual([metadata]);
    const opened = requests.findIndex((each) => each.startsWith('open ws')) + 1;
    expect(job.asked(name)).toEqual([...requests.toSpliced(opened, 0, IS_JOB), ...DECLARED]);
    expect(job.orders).toEqual(
      order === undefined ? [] : [expect.objectContaining({ ...order, workspace: name })],
    );
    expect(sleigh.workers).toBe(options.workers ?? 2);
    expect(job.server.wanted[0]).toMatchObject({
      host: 'ada',
      port: 8765,
      workspace: name,
      reconnectGrace: options.reconnectGrace ?? 'stored',
    });
    await sleigh.stop();
    await job.turns();
    expect([job.stopped, job.server.clock.running]).toEqual([order === undefined ? 0 : 1, 0]);
    expect(job.server.lines.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it('of another master is used, and left as it is', async () => {
    const job = new ScriptedJob();
    const sleigh = await job.start({ name: 'render', workers: 0 }, true);
    expect(job.asked('render')).toEqual(['use ws | W |  | no | no', IS_JOB, ...DECLARED]);
    await sleigh.stop();
    expect(job.asked('render').filter((each) => /^(store|delete)/.test(each))).toEqual([]);
    expect(await sleigh.closed).toMatchObject({ code: 'stopped' });
  });

  it.each<[what: string, options: Partial<SleighOptions>, asked: string[]]>([
    ['is ended', {}, [RIDE_OVER]],
    ['stays if it has a name, because it may be that of an earlier run', { name: 'render' }, []],
  ])('whose workers cannot be started %s, and nothing is left running', async (_what, options, asked) => {
    const job = new ScriptedJob();
    const launch = { start: () => Promise.reject(new Error('no host')) };
    await expect(job.start({ ...options, launch })).rejects.toThrow('no host');
    const workspace = options.name ?? job.server.asked[0]?.args[1] ?? '';
    expect(job.asked(workspace).filter((each) => /^(store . W . Sleigh|delete)/.test(each))).toEqual(asked);
    expect([job.server.clock.running, job.server.lines.every(({ destroyed }) => destroyed)]).toEqual([
      0,
      true,
    ]);
  });

  it('is none if its workspace is a plain one, which stays as it is', async () => {
    const job = new ScriptedJob();
    job.values.delete(VARIABLE.workerIds);
    await expect(job.start({ name: 'plain' }, true)).rejects.toThrow('"plain" is a plain workspace');
    expect(job.asked('plain').filter((each) => /^(store|delete|declare)/.test(each))).toEqual([]);
    expect([job.orders, job.server.clock.running]).toEqual([[], 0]);
  });

  it('whose signal is aborted fails with its reason, before it begins or while it does', async () => {
    const job = new ScriptedJob();
    const abort = new AbortController();
    const launch = {
      start: () => {
        abort.abort(new RangeError('enough'));
        return Promise.reject(new Error('no host'));
      },
    };
    const { signal } = abort;
    await expect(job.start({ launch, signal })).rejects.toThrow('enough');
    expect(job.server.wanted[0]?.signal).toBe(signal);
    const connections = job.server.wanted.length;
    await expect(job.start({ signal })).rejects.toThrow('enough');
    expect(job.server.wanted).toHaveLength(connections);
  });
});

describe('the end of a job', () => {
  it('is asked for once, then its workers are ended, and a job with a name is deleted', async () => {
    const job = new ScriptedJob();
    const sleigh = await job.start({ name: 'render' });
    job.asked('render');
    const stopping = sleigh.stop();
    expect(sleigh.stop()).toBe(stopping);
    await stopping;
    const asked = job.asked('render');
    expect([asked[0], asked.at(-1), job.stopped]).toEqual([RIDE_OVER, 'delete ws | W', 1]);
    expect(await sleigh.closed).toMatchObject({ name: 'SleighError', code: 'stopped' });
  });

  it('does not wait longer than two seconds for a server that does not answer', async () => {
    const job = new ScriptedJob();
    const sleigh = await job.start();
    job.before = ({ args }) => (args[2] === VARIABLE.rideOver ? '' : undefined);
    const fate = fateOf(sleigh.stop());
    await job.pass(1_999);
    expect([fate.outcome, job.server.lines[0]?.destroyed]).toEqual(['pending', false]);
    await job.pass(1);
    expect([fate.outcome, job.server.lines[0]?.destroyed, job.stopped]).toEqual([undefined, true, 1]);
    expect(job.server.clock.running).toBe(0);
  });

  it('deletes the job also if the server refuses that', async () => {
    const job = new ScriptedJob();
    const sleigh = await job.start({ name: 'render' });
    job.before = ({ args: [verb = '', , variable] }) =>
      verb === VERB.deleteWs || variable === VARIABLE.rideOver ? refusal(verb, STATUS.failed) : undefined;
    await sleigh.stop();
    expect(job.server.lines.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it('may be that of its connection, which ends everything under way', async () => {
    const job = new ScriptedJob();
    const sleigh = await job.start();
    const results = sleigh.eachElem(TASK, ['a']);
    const failed = expect(results).rejects.toMatchObject({ name: 'ConnectionLostError' });
    await job.turns();
    job.server.lines[0]?.destroy();
    await failed;
    expect(await sleigh.closed).toMatchObject({ name: 'ConnectionLostError', code: 'lost' });
    await expect(sleigh.scatter(1)).rejects.toMatchObject({ code: 'lost' });
    await expect(sleigh.submit(TASK, 1)).rejects.toMatchObject({ code: 'lost' });
    await sleigh.stop();
    expect(await sleigh.closed).toMatchObject({ code: 'lost' });
  });

  it('comes when no worker can be had any more, and fails each element with the reason', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    const results = fateOf(sleigh.eachElem(TASK, ['a'], { errors: 'collect' }).then((all) => all));
    await job.turns();
    job.has(VARIABLE.rankCount, '0');
    job.has(VARIABLE.jobStatus, '', { [KEY.pending]: '1', [KEY.running]: '0' });
    job.endWorkers('all of them have crashed');
    await job.turns();
    expect(results.outcome).toBe('pending');
    await job.pass(50);
    expect(results.outcome).toMatchObject([{ code: 'no-workers', index: 0 }]);
    expect(await sleigh.closed).toMatchObject({
      code: 'no-workers',
      message: expect.stringContaining('all of them have crashed'),
    });
    // Nothing is stored for what is called afterwards.
    job.server.taken();
    const later = await Promise.allSettled([
      sleigh.eachElem(TASK, ['b']),
      sleigh.submit(TASK, 'b'),
      sleigh.eachWorker(TASK, 'b'),
      sleigh.scatter('b'),
    ]);
    const refused = { status: 'rejected', reason: { code: 'no-workers' } };
    expect(later).toMatchObject([refused, refused, refused, refused]);
    expect(job.asked(sleigh.workspace.name)).toEqual([]);
  });

  it('does not come with the workers of an elastic job, or after it was stopped', async () => {
    for (const options of [{ join: 'elastic' }, {}] as const) {
      const job = new ScriptedJob();
      const sleigh = await job.start(options);
      if (options.join === undefined) await sleigh.stop();
      job.has(VARIABLE.rankCount, '0');
      job.has(VARIABLE.jobStatus, '', { [KEY.pending]: '0', [KEY.running]: '0' });
      job.endWorkers('all of them have crashed');
      await job.pass(1_000);
      await sleigh.stop();
      expect(await sleigh.closed).toMatchObject({ code: 'stopped' });
    }
  });
});

describe('more workers', () => {
  it('can be started in an elastic job only, with the options of its start, and raise the attempts', async () => {
    const closing = new ScriptedJob();
    await using closed = await closing.start();
    await expect(closed.launch({ workers: 1 })).rejects.toThrow(
      'no workers can be added to a group that closes',
    );
    const job = new ScriptedJob();
    const sleigh = await job.start({ join: 'elastic', workers: 0, maxTasksPerWorker: 7 });
    await expect(sleigh.launch({ workers: -1 })).rejects.toThrow('`workers`');
    void sleigh.submit(TASK, 'a').catch(() => undefined);
    await job.turns();
    await sleigh.launch({ workers: 3, concurrency: 2 });
    void sleigh.submit(TASK, 'b').catch(() => undefined);
    await job.turns();
    expect(job.orders).toMatchObject([{ workers: 3, concurrency: 2, maxTasksPerWorker: 7 }]);
    expect(
      job.metadataOf(VERB.store, VARIABLE.task).map(({ [KEY.maxAttempts]: attempts }) => attempts),
    ).toEqual([undefined, '4']);
    await sleigh.stop();
    expect(job.stopped).toBe(1);
    await expect(sleigh.launch({ workers: 1 })).rejects.toMatchObject({ code: 'stopped' });
  });

  it('are followed while elements are under way, because they get more tasks', async () => {
    const job = new ScriptedJob();
    job.has(VARIABLE.rankCount, '1');
    await using sleigh = await job.start({ join: 'elastic', workers: 0 });
    const results = fateOf(
      sleigh.eachElem(TASK, [1, 2, 3, 4, 5], { chunkSize: 1, loadFactor: 1 }).then((all) => all),
    );
    await job.turns();
    const tasks = (): number => job.metadataOf(VERB.store, VARIABLE.task).length;
    expect(tasks()).toBe(1);
    job.has(VARIABLE.rankCount, '3');
    await job.pass(249);
    expect(tasks()).toBe(1);
    await job.pass(1);
    expect(tasks()).toBe(3);
    for (let n = 0; n < 5; n++) await job.result(`r${n}`, n);
    expect(results.outcome).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
    job.server.taken();
    await job.pass(1_000);
    expect(job.asked(sleigh.workspace.name)).not.toContain(`find | W | ${VARIABLE.rankCount}`);
  });
});

describe('a master', () => {
  it('stores its tasks, and knows the hosts of the workers from their results', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    const { name } = sleigh.workspace;
    job.asked(name);
    const options = { chunkSize: 1, timeout: 500, priority: 2, seed: 3, host: 'grace' };
    const results = fateOf(sleigh.eachElem(TASK, ['a', 'b'], options).then((all) => all));
    await job.turns();
    const own = {
      [KEY.module]: '/t.mjs',
      [KEY.function]: 'f',
      [KEY.batchId]: '1',
      [KEY.mailbox]: 'master',
      [KEY.timeout]: '500',
      [KEY.priority]: '2',
      [KEY.seed]: '3',
      [KEY.taskHost]: 'grace',
      [KEY.type]: 'text',
      [KEY.share]: '1',
      [KEY.attempt]: '1',
    };
    expect(job.metadataOf(VERB.store, VARIABLE.task)).toEqual([
      { ...own, [KEY.index]: '0', [KEY.task]: '0' },
      { ...own, [KEY.index]: '1', [KEY.task]: '1' },
    ]);
    expect(job.asked(name).slice(1)).toEqual(['store | W | task | 1 | a', 'store | W | task | 1 | b']);
    await job.result('B', 1);
    await job.result('A', 0, { [KEY.workerRank]: '5', [KEY.host]: 'ada' });
    expect(results.outcome).toEqual(['A', 'B']);
    expect(sleigh.hosts).toEqual(
      new Map([
        [4, 'grace'],
        [5, 'ada'],
      ]),
    );
  });

  it('waits until the group closes, for so long, and not longer than its job lasts', async () => {
    const job = new ScriptedJob();
    const sleigh = await job.start();
    const joined = fateOf(sleigh.join(2.5));
    await job.turns();
    expect(job.metadataOf(VERB.fetch, VARIABLE.status)).toEqual([{ [KEY.delay]: '2.5' }]);
    await job.give(VARIABLE.status, '2');
    expect(joined.outcome).toBe(2);
    const abort = new AbortController();
    const withdrawn = fateOf(sleigh.join(Infinity, { signal: abort.signal }));
    const over = fateOf(sleigh.join(0));
    await job.turns();
    abort.abort(new RangeError('enough'));
    await job.turns();
    expect([withdrawn.outcome, over.outcome]).toEqual([new RangeError('enough'), 'pending']);
    await sleigh.stop();
    expect(over.outcome).toMatchObject({ code: 'stopped' });
    await expect(sleigh.join(-1)).rejects.toThrow('`delay`');
    await expect(sleigh.join(1, { timeout: -1 })).rejects.toThrow('`timeout`');
  });

  it('says how many workers and tasks there are', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    job.has(VARIABLE.workerCount, '3');
    job.has(VARIABLE.joinStatus, 'joining');
    job.has(VARIABLE.jobStatus, '', { [KEY.pending]: '5', [KEY.running]: '4' });
    expect(await sleigh.status()).toEqual({
      workers: 2,
      expected: 3,
      group: 'joining',
      pending: 5,
      running: 4,
    });
    expect(job.metadataOf(VERB.find, VARIABLE.jobStatus)).toEqual([{ [KEY.all]: '1' }]);
  });
});

describe('a call of each worker', () => {
  it('that reaches those that join later passes their results on', async () => {
    const job = new ScriptedJob();
    job.has(VARIABLE.workerCount, '1');
    job.before = ({ args }) =>
      args[2] === VARIABLE.broadcast ? shortReply(STATUS.ok, new Map([[KEY.copies, '1']])) : undefined;
    await using sleigh = await job.start({ join: 'elastic', workers: 0 });
    const late: unknown[] = [];
    const onLate = (outcome: unknown): void => void late.push(outcome);
    const results = fateOf(sleigh.eachWorker(TASK, 'x', { reach: 'all', onLate }));
    await job.turns();
    expect(job.metadataOf(VERB.store, VARIABLE.broadcast)).toMatchObject([
      { [KEY.everyone]: '1', [KEY.reach]: 'all', [KEY.batchId]: '1' },
    ]);
    const answer = (rank: number): Promise<void> => {
      const about = { [KEY.batchId]: '1', [KEY.workerRank]: String(rank), [KEY.copies]: '1' };
      return job.give(VARIABLE.result, `of ${rank}`, about, { variableId: '' });
    };
    await answer(4);
    expect(results.outcome).toEqual(['of 4']);
    await answer(7);
    expect(late).toMatchObject([{ index: 7, value: 'of 7' }]);
  });

  it('needs an elastic group to reach later ones, and ends if the server refuses it', async () => {
    const job = new ScriptedJob();
    job.has(VARIABLE.workerCount, '2');
    await using sleigh = await job.start();
    await expect(sleigh.eachWorker(TASK, 'x', { reach: 'all' })).rejects.toThrow(
      'reach is for an elastic group',
    );
    job.before = ({ args: [verb = '', , variable] }) =>
      variable === VARIABLE.broadcast ? refusal(verb, STATUS.failed, 'too large') : undefined;
    await expect(sleigh.eachWorker(TASK, 'x')).rejects.toThrow('too large');
    await job.pass(1_000);
    const [report] = job.server.asked.filter(({ args }) => args[2] === JOB_REPORT.progress).slice(-1);
    expect(report?.args[4]).toMatch(/"ended":0/);
    const abort = AbortSignal.abort(new RangeError('enough'));
    await expect(sleigh.eachWorker(TASK, 'x', { signal: abort })).rejects.toThrow('enough');
  });
});

describe('the page', () => {
  it('has orders for a master only if the server has a page', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    await job.turns();
    expect([sleigh.workers, job.awaited]).toEqual([2, [VARIABLE.logDebug, VARIABLE.logError]]);
  });

  it('may cancel a batch, and call failed elements again until it is too late', async () => {
    const job = new ScriptedJob({ webPort: 80 });
    await using sleigh = await job.start();
    const batch = (): { outcome: unknown } =>
      fateOf(sleigh.eachElem(TASK, ['a', 'b'], { chunkSize: 1, errors: 'collect' }).then((all) => all));
    const results = batch();
    await job.turns();
    await job.result(failureOf({ code: 'threw', message: 'Error: no' }), 0, { [KEY.error]: '1' });
    job.server.taken();
    await order(job, { order: 'retry', batch: '1', indexes: [0, 1] });
    await order(job, { order: 'retry', batch: 'of another master', indexes: [0] });
    const failures = job.server.asked.filter(({ args }) => args[2] === JOB_REPORT.failures);
    expect(failures.map(({ args }): unknown => JSON.parse(args[4] ?? ''))).toEqual([
      { batch: '1', index: 0, retry: 'begun', at: 0 },
      { batch: '1', index: 1, retry: 'too-late', at: 0 },
    ]);
    expect(job.metadataOf(VERB.store, VARIABLE.task)).toMatchObject([{ [KEY.index]: '0', [KEY.task]: '2' }]);
    await job.result('A', 2);
    await job.result('B', 1);
    expect(results.outcome).toEqual(['A', 'B']);
    const cancelled = batch();
    await job.turns();
    await order(job, { order: 'cancel', batch: '1' });
    expect(cancelled.outcome).toBe('pending');
    await order(job, { order: 'cancel', batch: '2' });
    expect(cancelled.outcome).toMatchObject({
      code: 'stopped',
      unfinished: [0, 1],
      message: expect.stringContaining('on the page'),
    });
  });
});

describe('a batch with a name', () => {
  const RESULTS = '#results frames';
  const named = { name: 'frames' };
  const begin = async (job: ScriptedJob, elements: readonly unknown[] = ['a', 'b']) => {
    const sleigh = await job.start({ name: 'render', workers: 0 });
    job.asked('render');
    const results = fateOf(sleigh.eachElem(TASK, elements, named).then((all) => all));
    await job.turns();
    return { sleigh, results };
  };

  it('keeps its results at the server until its program has all of them', async () => {
    const job = new ScriptedJob();
    const { sleigh, results } = await begin(job);
    expect(tasksOf(job)).toMatchObject([
      { [KEY.keepIn]: RESULTS, [KEY.keepAs]: '0', [KEY.batchId]: expect.stringMatching(/ 1$/) },
      { [KEY.keepIn]: RESULTS, [KEY.keepAs]: '1' },
    ]);
    expect(tasksOf(job)[0]).not.toHaveProperty(KEY.mailbox);
    expect(job.asked('render')[0]).toBe('findTry | W | #cancelled frames');
    for (let times = 0; times < 2; times++)
      await job.give(RESULTS, 'B', { [KEY.keepAs]: '1', [KEY.workerRank]: '3', [KEY.host]: 'ada' });
    expect([sleigh.hosts, results.outcome]).toEqual([new Map([[3, 'ada']]), 'pending']);
    await job.give(RESULTS, 'A', { [KEY.keepAs]: '0', [KEY.workerRank]: '3' });
    expect(results.outcome).toEqual(['A', 'B']);
    await job.pass(1_000);
    const [report] = job.server.asked.filter(({ args }) => args[2] === JOB_REPORT.progress).slice(-1);
    expect(JSON.parse(report?.args[4] ?? '')).toMatchObject({ done: 2, failed: 0 });
    expect(job.asked('render')).toContain(`delete var | W | ${RESULTS}`);
    // Neither its results nor the mailbox are awaited any more.
    expect(job.awaited.filter((each) => !each.startsWith('log'))).toEqual([VARIABLE.result]);
    for (let n = 2; n < 5; n++) {
      const other = fateOf(sleigh.submit(TASK, 'c'));
      await job.turns();
      await job.result('C', n - 2);
      expect([n, other.outcome, job.awaited.includes(VARIABLE.result)]).toEqual([n, 'C', false]);
    }
    await sleigh.stop();
    // The number of workers was followed.
    await job.pass(250);
    expect(job.server.clock.running).toBe(0);
  });

  it('finds the results of an earlier run, and does not store their tasks', async () => {
    const job = new ScriptedJob();
    const sleigh = await job.start({ name: 'render', workers: 0 });
    let next: ((element: string) => void) | undefined;
    const elements = (async function* (): AsyncGenerator<string> {
      for (let n = 0; n < 2; n++) yield await new Promise<string>((resolve) => (next = resolve));
    })();
    const results = fateOf(sleigh.eachElem(TASK, elements, named).then((all) => all));
    await job.turns();
    await job.give(RESULTS, 'B', { [KEY.keepAs]: '1', [KEY.workerRank]: '3' });
    next?.('a');
    await job.turns();
    next?.('b');
    await job.turns();
    expect(tasksOf(job).map(({ [KEY.keepAs]: key }) => key)).toEqual(['0']);
    await job.give(RESULTS, 'A', { [KEY.keepAs]: '0', [KEY.workerRank]: '3' });
    expect(results.outcome).toEqual(['A', 'B']);
    await sleigh.stop();
  });

  it('that is cancelled on the page stays so, and its results are forgotten', async () => {
    const job = new ScriptedJob({ webPort: 80 });
    const { sleigh, results } = await begin(job);
    const batch = tasksOf(job)[0]?.[KEY.batchId] ?? '';
    job.asked('render');
    // The program is told nothing of what the server refuses then.
    job.before = ({ args: [verb = '', , variable = ''] }) =>
      verb.startsWith('delete') || variable === '#cancelled frames'
        ? refusal(verb, STATUS.failed)
        : undefined;
    await job.give(JOB_ORDERS, { order: 'cancel', batch });
    expect(results.outcome).toMatchObject({ code: 'stopped' });
    expect(job.asked('render').slice(0, 2)).toEqual([
      'declare var | W | #cancelled frames | single',
      'store | W | #cancelled frames | 1 | {"at":0}',
    ]);
    const cancelled = failureOf({ code: 'cancelled', message: 'cancelled' });
    for (const key of ['0', '1'])
      await job.give(RESULTS, cancelled, { [KEY.keepAs]: key, [KEY.workerRank]: '3', [KEY.error]: '1' });
    expect(job.asked('render')).toContain(`delete var | W | ${RESULTS}`);
    job.before = () => undefined;
    job.has('#cancelled frames', { at: 0 });
    await expect(sleigh.eachElem(TASK, ['a'], named)).rejects.toThrow('#cancelled frames');
    await sleigh.stop();
  });

  it.each<[what: string, status: typeof STATUS.failed | typeof STATUS.noWorkspace, outcome: unknown]>([
    ['the element fails', STATUS.failed, [expect.objectContaining({ code: 'not-sent' })]],
    ['the job has ended', STATUS.noWorkspace, expect.objectContaining({ code: 'over' })],
  ])('whose task is refused: %s', async (_what, status, outcome) => {
    const job = new ScriptedJob();
    const sleigh = await job.start({ name: 'render', workers: 0 });
    job.before = ({ args: [verb = '', , variable] }) =>
      variable === VARIABLE.task ? refusal(verb, status, 'no') : undefined;
    const options = { ...named, errors: 'collect' } as const;
    const results = fateOf(sleigh.eachElem(TASK, ['a'], options).then((all) => all));
    await job.turns();
    expect(results.outcome).toEqual(outcome);
    await sleigh.stop();
  });

  it('needs an elastic group, and cannot move memory', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    await expect(sleigh.eachElem(TASK, ['a'], named)).rejects.toThrow(
      'a batch with a name needs an elastic group',
    );
    for (const options of [named, { retry: { attempts: 2 } }])
      await expect(sleigh.eachElem(TASK, ['a'], { ...options, transfer })).rejects.toThrow(
        '`transfer` excludes',
      );
  });
});
