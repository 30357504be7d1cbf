import { describe, expect, test } from 'vitest';
import type { EndedJob } from '../../src/sleigh/ended-job.ts';
import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import { sleighPlugin } from '../../src/sleigh/plugin.ts';
import { SimulatedServer, type ServerOptions } from '../support/simulated-server.ts';
import { sleighsOf } from '../support/invariants.ts';
import { OPEN, Supervised } from './supervised.ts';

/** A server that keeps what is worth keeping of its jobs, for the page. */
function keeping(options: ServerOptions = { webPort: 1 }) {
  const kept: EndedJob[] = [];
  const sleigh = sleighPlugin(DEFAULT_OPTIONS, undefined, { onEnd: (job) => void kept.push(job) });
  const server = new SimulatedServer({ ...options, plugins: { sleigh } });
  return { server, kept };
}

/** A job with a failed task, one that is done, and one whose worker dies and is replaced. */
function play(server: SimulatedServer): Supervised {
  const at = new Supervised(server, OPEN);
  const { job } = at;
  for (const index of ['3', '5', '7']) job.task(`element ${index}`, { index, batchId: 'a' });
  const [first, second] = at.workers;
  for (const worker of [first, second]) worker?.get('fetch', 'task');
  server.now += 100;
  first?.store('result', 'failed', { metadata: { error: '1' } });
  server.now += 100;
  second?.store('result', 'done');
  second?.get('fetch', 'task');
  server.now += 100;
  at.report(1);
  at.replace(1);
  return at;
}

describe('what is kept of a job that ends', () => {
  test('is who was there, what became of its tasks and workers, and what its master told (S24)', () => {
    const { server, kept } = keeping();
    const began = server.now;
    const { job } = play(server);
    for (const [name, mode] of [
      ['#progress', 'single'],
      ['#failures', 'fifo'],
    ] as const)
      job.master.declare(name, mode);
    // Its texts are UTF-8, whether they are kept as texts or as bytes.
    const long = `"${'\xc3\xa9'.repeat(3_000)}"`;
    for (const text of ['{"of":"an older one"}', '{"of":"\xc3\xa9"}']) job.master.store('#progress', text);
    for (const text of ['"one"', long]) job.master.store('#failures', text);
    expect(kept).toEqual([]);
    job.owner.client.call(['delete ws', 'job']);
    expect(kept).toEqual([
      {
        name: 'job',
        startedAt: began,
        endedAt: began + 300,
        policy: 'requeue',
        ranks: 3,
        deaths: 1,
        replacements: 1,
        accepted: 3,
        answered: 2,
        failed: 1,
        report: '{"of":"é"}',
        failures: ['"one"', `"${'é'.repeat(3_000)}"`],
        tasks: [
          { rank: 0, began, ended: began + 100, end: 'failed', index: 3 },
          { rank: 1, began, ended: began + 200, end: 'done', index: 5 },
          { rank: 1, began: began + 200, ended: began + 300, end: 'lost', index: 7 },
        ],
        marks: [
          { time: began, rank: 0, mark: 'joined' },
          { time: began, rank: 1, mark: 'joined' },
          { time: began + 300, rank: 1, mark: 'died' },
          { time: began + 300, rank: 1, mark: 'replaced' },
        ],
      },
    ]);
    server.end();
  });

  test('is nothing about tasks and workers without a page, and no text of a large value', () => {
    const { server, kept } = keeping({ limits: { longValueBytes: 5_000 } });
    const { job } = play(server);
    job.master.declare('#failures', 'fifo');
    for (const text of ['x'.repeat(6_000), '"small"']) job.master.store('#failures', text);
    job.owner.client.call(['delete ws', 'job']);
    expect(kept).toMatchObject([{ report: undefined, failures: ['"small"'], tasks: [], marks: [] }]);
    server.end();
  });

  test('is nothing of a job that has failed', () => {
    const { server, kept } = keeping({ expectsErrors: true });
    const { job } = play(server);
    sleighsOf(server)[0]?.fail('sleigh', new Error('on purpose'));
    job.owner.client.call(['delete ws', 'job']);
    expect(kept).toEqual([]);
    server.end();
  });
});
