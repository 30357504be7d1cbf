import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { NetWorkSpace } from '../../src/client/index.ts';
import { createServer, type ServerOptions } from '../../src/server.ts';
import type { JobEvent } from '../../src/sleigh/job-event.ts';
import type { JobOutcome, JobPlugin } from '../../src/transport/job-plugin.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
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
