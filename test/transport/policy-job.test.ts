import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Sleigh, tasks } from '../../src/client/index.ts';
import {
  createServer,
  localityByHost,
  requeueWithBackoff,
  speculativeCopies,
  type JobEvent,
  type JobPolicy,
  type Server,
} from '../../src/index.ts';
import { isShort } from '../support/form.ts';

const task = tasks<typeof import('../client/modules/rough.mjs')>(
  new URL('../client/modules/rough.mjs', import.meta.url),
);

const { square } = tasks<typeof import('../client/modules/tasks.mjs')>(
  new URL('../client/modules/tasks.mjs', import.meta.url),
);

/** A server that checks each step. @param errors gets what it logs about faults */
const serverWith = (policy: JobPolicy, events: JobEvent[], errors: string[]): Promise<Server> =>
  createServer({
    port: 0,
    verify: true,
    plugins: [{ name: 'policy', policy, onEvent: (event) => events.push(event) }],
    logger: pino({ level: 'error' }, { write: (line) => void errors.push(line) }),
  });

// Each starts worker processes.
describe.skipIf(isShort)('a job of real workers under requeue with backoff (S30.3)', () => {
  it('tries the task of a worker that has died again after the wait, and each step is one of the machine', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sleigh-policy-'));
    const events: JobEvent[] = [];
    const errors: string[] = [];
    const server = await serverWith(requeueWithBackoff({ firstMilliseconds: 400 }), events, errors);
    const sleigh = await Sleigh.start({
      workers: 2,
      server: { host: server.host, port: server.port },
      onDeadWorker: 'requeue',
      onOutput: () => undefined,
    });
    try {
      expect(await sleigh.submit(task.dying, { log: join(folder, 'log'), times: 1 })).toBe('done');
      const death = events.find(({ type }) => type === 'dead_worker');
      const given = events.filter(({ type }) => type === 'assign_task');
      expect(given).toHaveLength(2);
      expect((given[1]?.time ?? 0) - (death?.time ?? 0)).toBeGreaterThanOrEqual(400);
      expect(errors).toEqual([]);
    } finally {
      await sleigh.stop();
      await server.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe.skipIf(isShort)('a job of real workers under speculative copies (S31)', () => {
  it('gets the result of the second copy while the first worker hangs, and discards what that one stores later', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sleigh-policy-'));
    const file = join(folder, 'go on');
    const errors: string[] = [];
    const events: JobEvent[] = [];
    const server = await serverWith(
      speculativeCopies({ finished: 2, everyMilliseconds: 200 }),
      events,
      errors,
    );
    const sleigh = await Sleigh.start({
      workers: 2,
      server: { host: server.host, port: server.port },
      onDeadWorker: 'requeue',
    });
    const stored = (): number => events.filter(({ type }) => type === 'finish_task_post').length;
    try {
      const elements = [true, false, false, false].map((slow) => ({ slow, file }));
      expect(await sleigh.eachElem(task.slowAtFirst, elements, { chunkSize: 1 })).toEqual([2, 1, 1, 1]);
      writeFileSync(file, '');
      // The worker that hung is there again.
      const rest = elements.map(() => ({ slow: false, file }));
      expect(await sleigh.eachElem(task.slowAtFirst, rest, { chunkSize: 1 })).toEqual([1, 1, 1, 1]);
      expect(stored()).toBe(8);
      expect(errors).toEqual([]);
    } finally {
      writeFileSync(file, '');
      await sleigh.stop();
      await server.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe.skipIf(isShort)('a job of real workers under locality by host (S32)', () => {
  it('keeps elements for the host that an option names, and only while a worker is there', async () => {
    const errors: string[] = [];
    const events: JobEvent[] = [];
    const server = await serverWith(localityByHost({ waitMilliseconds: 300 }), events, errors);
    const sleigh = await Sleigh.start({ workers: 1, server: { host: server.host, port: server.port } });
    try {
      for (const host of [hostname(), 'nowhere'])
        expect(await sleigh.eachElem(square, [2, 3], { host })).toEqual([4, 9]);
      const tasks = events.flatMap((event) => (event.type === 'new_unicast_pre' ? [event.task] : []));
      expect(new Set(tasks.map(({ value }) => value.metadata['taskHost']))).toEqual(
        new Set([hostname(), 'nowhere']),
      );
      expect(errors).toEqual([]);
      await expect(sleigh.submit(square, 1, { host: '' })).rejects.toThrow('`host`');
    } finally {
      await sleigh.stop();
      await server.close();
    }
  });
});
