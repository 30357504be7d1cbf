import { describe, expect, test } from 'vitest';
import { Views } from '../../src/views/views.ts';
import { Job } from '../support/job.ts';
import { OK } from '../support/replies.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { aboutOf } from '../support/views.ts';

const OF_SENTINEL = 'secret-of-the-sentinel';
const OF_WORKER = 'secret-of-the-worker';

/** A job in which sessions are sent in every possible way; then everything that a client can read of it. */
function everythingTold(traces: boolean): { texts: string[]; server: SimulatedServer } {
  const logged: string[] = [];
  const server = new SimulatedServer({ traces });
  const { core } = server;
  const log = core.log.bind(core);
  core.log = (level, message, fields) => {
    logged.push(`${message} ${JSON.stringify(fields)}`);
    log(level, message, fields);
  };
  const job = new Job(server, { reconnectGrace: '30', onDeadWorker: 'requeue', join: 'elastic' });
  const sentinel = job.visitor();
  const secret = { session: OF_SENTINEL };
  for (let rank = 0; rank < 3; rank++) sentinel.get('fetch', 'worker_ids', { metadata: secret });
  for (let rank = 0; rank < 3; rank++) {
    const worker = job.visitor();
    const mine = { metadata: { session: OF_WORKER, host: 'h', pid: '1' } };
    expect(worker.store('worker_ids', String(rank), mine).status).toBe(OK.status);
    job.task(`t${rank}`);
    worker.get('fetch', 'task', { metadata: { session: OF_WORKER } });
    worker.client.skip();
    worker.leave();
  }
  const back = job.visitor();
  back.store('worker_ids', '0', { metadata: { session: OF_WORKER, doing: '1' } });
  // Refused requests, too: an invalid number, another session, a rank that is taken.
  job.visitor().store('worker_ids', '0', { metadata: { session: OF_WORKER, doing: 'x' } });
  job.visitor().store('worker_ids', '2', { metadata: { session: `${OF_WORKER}, or not` } });
  const report = (how: string, rank: string, session: string): void =>
    void sentinel.store('worker_dead', rank, { metadata: { session, how, task: 'failed', lastWords: 'w' } });
  report('exit status 1', '1', OF_SENTINEL);
  report('exit status 2', '2', `${OF_SENTINEL}, or not`);
  report('exit status 3', 'none', OF_SENTINEL);
  sentinel.get('fetch', 'worker_ids', { metadata: { ...secret, replaces: '1' } });
  sentinel.get('fetch', 'worker_ids', { metadata: { session: `${OF_SENTINEL}, or not`, replaces: '2' } });

  const reader = job.visitor();
  const variables = reader.list().map((line) => line.split('\t')[0] ?? '');
  const replies = variables.flatMap((name) =>
    ['findTry', 'ifindTry'].map((verb) => JSON.stringify(reader.get(verb, name, { metadata: { all: '1' } }))),
  );
  const views = new Views(server.core, aboutOf(server));
  const paths = [
    'overview',
    'workspaces',
    'workspaces/job',
    'clients',
    'sleighs/job',
    'sleighs/job/workers',
    ...['worker', 'sentinel', 'sleigh', 'join-phase', 'shutdown'].map(
      (chart) => `sleighs/job/actors?chart=${chart}`,
    ),
    ...[...server.core.connections].map(({ id }) => `clients/${id}`),
    ...variables.map((name) => `workspaces/job/variables/${encodeURIComponent(name)}`),
    ...[0, 1, 2].map((rank) => `sleighs/job/actors/worker ${rank}`),
  ];
  const seen = paths.map((path) => {
    const { pathname, searchParams } = new URL(`http://page/api/${path}`);
    return JSON.stringify(views.get(pathname, searchParams) ?? `nothing at ${path}`);
  });
  return {
    texts: [...replies, ...seen, ...logged, ...server.trace.map((step) => JSON.stringify(step))],
    server,
  };
}

describe.each([false, true])('session secrets, with a trace: %s', (traces) => {
  test('appear in no variable, report, view, story, log or trace (S18, S19)', () => {
    const { texts, server } = everythingTold(traces);
    // The places that were searched contain something.
    expect(texts.some((text) => text.includes('worker registrations'))).toBe(true);
    expect(texts.some((text) => text.includes('"pid":"1"') || text.includes('"pid": "1"'))).toBe(true);
    expect(texts.some((text) => text.includes('registration-failed'))).toBe(true);
    expect(texts.filter((text) => text.includes('nothing at')).length).toBeLessThan(5);
    expect(texts.length).toBeGreaterThan(traces ? 60 : 40);
    expect(texts.filter((text) => text.includes('secret-of'))).toEqual([]);
    expect(server.errors).toEqual([]);
  });
});
