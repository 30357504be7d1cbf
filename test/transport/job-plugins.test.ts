import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { NetWorkSpace } from '../../src/client/index.ts';
import { createServer, type ServerOptions } from '../../src/server.ts';
import type { JobEvent } from '../../src/sleigh/job-event.ts';
import type { JobControl, JobOutcome, JobPlugin } from '../../src/transport/job-plugin.ts';
import { JobPlugins } from '../../src/transport/job-plugins.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
import { openField } from '../support/open-fields.ts';
import { sleigh, startServe } from '../support/serve-process.ts';

const OF_JOB = { metadata: { wstype: 'sleigh', onDeadWorker: 'requeue' } };

describe('plugins of a server (S30)', () => {
  it('are told what happens over TCP, take part, and one that throws harms nobody', async () => {
    const events: JobEvent[] = [];
    const outcomes: JobOutcome[] = [];
    const lines: string[] = [];
    const broken: JobPlugin = {
      name: 'broken',
      onEvent: ({ type }) => {
        if (type === 'new_unicast_pre') throw new Error('on purpose');
        return type === 'new_unicast_post' ? Promise.reject(new Error('later, on purpose')) : undefined;
      },
    };
    const helper: JobPlugin = {
      name: 'helper',
      onEvent: async (event, control) => {
        events.push(event);
        if (event.type !== 'new_unicast_post' || event.task.value.payload !== 'ask') return;
        outcomes.push(await control.submit({ payload: 'told', metadata: { batchId: 'helper' } }));
        outcomes.push(await control.killWorker(7));
        expect(control.worker(7)).toBeUndefined();
      },
    };
    const server = await createServer({
      port: 0,
      plugins: [broken, helper],
      logger: pino(
        { level: 'error', serializers: { error: pino.stdSerializers.err } },
        { write: (line) => void lines.push(line) },
      ),
    });
    try {
      const { port } = server;
      const job = await NetWorkSpace.open('job', { port, ...OF_JOB });
      await job.store('task', 'ask');
      await eventually(() => outcomes.length === 2, 'both operations end');
      expect(outcomes).toEqual([
        { isDone: true },
        { isDone: false, reason: 'no worker is registered under rank 7' },
      ]);
      const types = events.map(({ type }) => type);
      expect(types).toEqual(['new_unicast_pre', 'new_unicast_post', 'new_unicast_pre', 'new_unicast_post']);
      await eventually(() => lines.length === 4, 'four failures are logged');
      for (const line of lines)
        expect(JSON.parse(line)).toMatchObject({ msg: 'a plugin failed', plugin: 'broken', job: 'job' });
      expect(lines.join()).toContain('later, on purpose');
      job.close();
    } finally {
      await server.close();
    }
  });

  it.each<[string, unknown, RegExp]>([
    [
      'that are no array',
      { sleigh: () => undefined },
      /`plugins` must be an array, got a value of type object/,
    ],
    ['without a name', [{}], /plugin 0 cannot be used: it has no `name`/],
    ['with the same name', [{ name: 'a' }, { name: 'a' }], /plugin 1 .* another one is called "a"/],
    ['whose `onEvent` is no function', [{ name: 'a', onEvent: 1 }], /`onEvent` is no function/],
    ['that are nothing', [undefined], /it is undefined/],
  ])('%s are refused with a sentence', async (_what, plugins, why) => {
    const options: ServerOptions = { port: 0 };
    Reflect.set(options, 'plugins', plugins);
    await expect(createServer(options)).rejects.toThrow(why);
  });

  describe.skipIf(isShort)('of `sleigh serve --plugin FILE`', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sleigh-plugin-'));
    const file = join(folder, 'watch.mjs');
    afterAll(() => rmSync(folder, { recursive: true }));

    it('are loaded, and told of jobs', async () => {
      writeFileSync(
        file,
        `export default { name: 'watch', onEvent: ({ type, job }) => console.log(type + ' in ' + job) };`,
      );
      await using server = await startServe('--plugin', file);
      const job = await NetWorkSpace.open('job', { port: server.port, ...OF_JOB });
      await job.store('task', 'x');
      await eventually(() => server.output().includes('new_unicast_post in job'), 'the plugin prints');
      job.close();
    });

    it('that cannot be loaded end the command with a sentence', async () => {
      const { code, errors } = await sleigh(['serve', '--port', '0', '--no-web', '--plugin', '/no/file.mjs']);
      expect(code).toBe(1);
      expect(errors).toMatch(/\/no\/file\.mjs/);
    });
  });
});

/** The plugins, and what they ask of the server. */
function pluginsOf(...plugins: JobPlugin[]) {
  const asked: unknown[] = [];
  const failures: unknown[] = [];
  const made = new JobPlugins(plugins, {
    handle: (event) => void asked.push(event),
    worker: (job, rank) => ({ rank, sentinel: 2, state: 'idle', host: job, task: undefined }),
    failed: (fields) => void failures.push(fields),
  });
  return { made, asked, failures };
}

const EVENT = { type: 'group_close_post', job: 'j', time: 1, workers: 2 } as const;

describe('the control of a job', () => {
  it('makes an event of each operation, and says what became of it', async () => {
    let control: JobControl | undefined;
    const { made, asked } = pluginsOf({ name: 'a', onEvent: (_, given) => void (control = given) });
    made.perform({ type: 'jobEvent', event: EVENT });
    if (control === undefined) throw new Error('it was not told');
    const value = { payload: 'x' };
    const outcomes = [
      control.submit(value),
      control.putResult(3, value),
      control.killWorker(4),
      control.killSentinel(5),
    ];
    expect(asked).toEqual(
      [
        { type: 'submit', value },
        { type: 'putResult', rank: 3, value },
        { type: 'killWorker', rank: 4 },
        { type: 'killSentinel', sentinel: 5 },
      ].map((what, n) => ({ type: 'jobOperation', operation: n + 1, job: 'j', what })),
    );
    for (const [operation, reason] of [
      [2, 'no'],
      [1, undefined],
      [4, undefined],
      [3, 'never'],
      // One that nobody waits for.
      [9, undefined],
    ] as const)
      made.perform({ type: 'operationEnded', operation, reason });
    expect(await Promise.all(outcomes)).toEqual([
      { isDone: true },
      { isDone: false, reason: 'no' },
      { isDone: false, reason: 'never' },
      { isDone: true },
    ]);
    expect(control.worker(7)).toMatchObject({ rank: 7, host: 'j' });
    expect(control.job).toBe('j');
  });

  it('is the same for all events of a job', () => {
    const controls: JobControl[] = [];
    const { made } = pluginsOf({ name: 'a', onEvent: (_, control) => void controls.push(control) });
    for (const job of ['j', 'k', 'j']) made.perform({ type: 'jobEvent', event: { ...EVENT, job } });
    expect(controls[2]).toBe(controls[0]);
    expect(controls[1]?.job).toBe('k');
  });

  it('is kept for the events of a thousand jobs', () => {
    const controls: JobControl[] = [];
    const { made } = pluginsOf({ name: 'a', onEvent: (_, control) => void controls.push(control) });
    const tell = (n: number): void =>
      made.perform({ type: 'jobEvent', event: { ...EVENT, job: `job ${n}` } });
    for (let n = 0; n < 1_000; n++) tell(n);
    tell(0);
    expect(controls.at(-1)).toBe(controls[0]);
    tell(1_000);
    tell(0);
    expect(controls.at(-1)).not.toBe(controls[0]);
  });

  it('does not hold what has ended', async () => {
    const { made } = pluginsOf({ name: 'a', onEvent: (_, control) => control.killWorker(1) });
    made.perform({ type: 'jobEvent', event: EVENT });
    const pending = openField(made, 'pending', Map);
    expect(pending.size).toBe(1);
    made.perform({ type: 'operationEnded', operation: 1, reason: undefined });
    expect(pending.size).toBe(0);
  });

  it('is not given to plugins that do not listen, and a failure names its plugin', async () => {
    const error = new Error('on purpose');
    const { made, failures } = pluginsOf(
      { name: 'deaf' },
      {
        name: 'throws',
        onEvent: () => {
          throw error;
        },
      },
      { name: 'rejects', onEvent: () => Promise.reject(error) },
    );
    made.perform({ type: 'jobEvent', event: EVENT });
    await new Promise((resolve) => setImmediate(resolve));
    expect(failures).toEqual(
      ['throws', 'rejects'].map((plugin) => ({ plugin, event: 'group_close_post', job: 'j', error })),
    );
  });
});
