import { describe, expect, it, vi } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import { makeJobMachines } from '../../src/sleigh/job-machines.ts';
import { sleighPlugin } from '../../src/sleigh/plugin.ts';
import { Sleigh } from '../../src/sleigh/sleigh.ts';
import { boundWorker } from '../../src/sleigh/worker-binding.ts';
import type { WorkspacePlugin, WorkspacePluginFactory } from '../../src/workspace/workspace.ts';
import type { Steps } from '../../src/workspace/steps.ts';
import { sleighsOf } from '../support/invariants.ts';
import { simulated, SimulatedServer } from '../support/simulated-server.ts';

// This test makes the machines throw; the server must continue, and no client may be left waiting.

const boom = (): never => {
  throw new Error('on purpose');
};

const FAILED = { status: '2000', reason: 'The sleigh has failed, by a fault of the server.' };
const JOB = { wstype: 'sleigh', onDeadWorker: 'requeue' };

/**
 * A sleigh with a machine that is changed before its use.
 * @param worker the changed machine of its workers, if any
 */
const sabotaged =
  (change: (sleigh: Sleigh) => void, worker?: typeof boundWorker): WorkspacePluginFactory =>
  (workspace, metadata) => {
    const isFaulty = workspace.name === 'job';
    const machines = isFaulty && worker !== undefined ? makeJobMachines(UNTRACED, { worker }) : undefined;
    const sleigh = sleighPlugin(DEFAULT_OPTIONS, machines)(workspace, metadata);
    if (sleigh instanceof Sleigh && isFaulty) change(sleigh);
    return sleigh;
  };
const UNTRACED = { isTraced: false };

function* failingSteps(): Steps {
  yield;
  boom();
}

/** What happens when a connection closes. */
function leaving(sleigh: Sleigh, steps: () => Steps): void {
  sleigh.crew.handleDisconnection = () => sleigh.inSteps(steps());
}

/** The server continues to serve all other clients and jobs. */
function mustGoOn(server: SimulatedServer): void {
  const other = server.connect();
  expect(other.call(['open ws', 'other job', 'x', 'no'], JOB).status).toBe('0000');
  expect(other.call(['store', 'other job', 'task', '1', 'a task']).status).toBe('0000');
  expect(other.call(['find', 'other job', 'jobStatus']).value).toBe('1');
  other.disconnect();
}

describe('an exception in a machine of a sleigh', () => {
  const faults: [string, WorkspacePluginFactory][] = [
    [
      'a guard of a worker',
      sabotaged(() => undefined, boundWorker.provide({ guards: { taskIsAvailable: boom } })),
    ],
    [
      'an action of a worker',
      sabotaged(() => undefined, boundWorker.provide({ actions: { giveTask: boom } })),
    ],
    ['the supervisor', sabotaged(({ crew }) => (crew.handleDisconnection = boom))],
    ['the join phase', sabotaged(({ crew }) => (crew.giveRank = boom))],
    ['steps of their own (P14)', sabotaged((sleigh) => leaving(sleigh, failingSteps))],
  ];
  it.each(faults)(
    'in %s ends that job: every waiting client is notified, and other jobs continue',
    (_what, sleigh) => {
      simulated(
        (server) => {
          const [master, sentinel, worker, idle] = [1, 2, 3, 4].map(() => server.connect());
          if (!master || !sentinel || !worker || !idle) throw new Error('no clients');
          master.call(['open ws', 'job', 'x', 'no'], JOB);
          for (const client of [sentinel, worker, idle]) client.call(['use ws', 'job', 'x', 'no']);
          sentinel.call(['fetch', 'job', 'worker_ids']);
          sentinel.call(['fetch', 'job', 'worker_ids']);
          master.send(['fetch', 'job', 'result']);
          sentinel.send(['fetch', 'job', 'sentinel_alive']);
          const leaver = server.connect();
          leaver.call(['use ws', 'job', 'x', 'no']);
          for (const [rank, client] of [worker, idle].entries()) {
            client.send(['store', 'job', 'worker_ids', '1', String(rank)]);
            if (client.isAnswered) client.skip();
            client.send(['fetch', 'job', 'task']);
          }
          leaver.call(['store', 'job', 'task', '1', 'a task']);
          idle.disconnect();
          // Each of them causes the fault, or is notified of it.
          expect(server.errors.join()).toContain('a chart failed');
          for (const client of [master, sentinel, worker]) expect(client.isWaiting).toBe(false);
          expect(master.reply()).toMatchObject(FAILED);
          expect(sentinel.reply()).toMatchObject(FAILED);
          expect(leaver.call(['findTry', 'job', 'result'])).toMatchObject(FAILED);
          expect(leaver.call(['store', 'job', 'task', '1', 'more'])).toMatchObject(FAILED);
          worker.skip();
          // Nothing of it happens any more, and nothing is kept of connections that close.
          const [failed] = sleighsOf(server);
          expect([failed?.timers.running.size, [...(failed?.deadlines.entities() ?? [])]]).toEqual([0, []]);
          leaver.disconnect();
          sentinel.disconnect();
          const kept = failed?.crew.connections.all.flatMap((clients) => Array.from(clients, ({ id }) => id));
          expect(kept).not.toContain(sentinel.id);
          mustGoOn(server);
        },
        { expectsErrors: true, plugins: { sleigh } },
      )();
    },
  );
});

/** The action of the machine of connections throws the next time. */
function failOnce(server: SimulatedServer, action: string): void {
  const { actions } = server.core.connectionChart.implementations;
  const before = actions[action];
  if (typeof before !== 'function') throw new Error(`there is no ${action}`);
  let armed = true;
  actions[action] = (...args) => {
    if (!armed) return Reflect.apply(before, undefined, args);
    armed = false;
    return boom();
  };
}

describe('an exception in the machine of a connection', () => {
  it.each([
    'sendOffer',
    'startHandshakeTimer',
    'stopHandshakeTimer',
    'sendAccepted',
    'depart',
    'startRequestTimer',
    'stopRequestTimer',
  ])('in %s ends only that connection', (action) => {
    simulated(
      (server) => {
        failOnce(server, action);
        const client = server.accept();
        client.write('X000');
        client.write('R0000000');
        client.write('0001');
        client.disconnect();
        expect(server.errors.join()).toContain('a chart failed');
        expect(client.closed).toBe(true);
        expect(server.core.counts).toEqual({ timers: 0, connections: 0 });
      },
      { expectsErrors: true },
    )();
  });

  it.each(['stopRequestTimer', 'depart', 'close'])(
    'in %s ends what belongs to the connection, once (P3, W6)',
    (action) => {
      simulated(
        (server) => {
          const client = server.connect({ options: { KillServerOnClose: '1' } });
          client.call(['open ws', 'own', 'me', 'no']);
          const log = vi.spyOn(server.core, 'log');
          failOnce(server, action);
          client.write('0002');
          client.write(`${'4'.padStart(20, '0')}list${'x'.repeat(20)}`);
          expect(server.errors.join()).toContain('a chart failed');
          expect(client.closed).toBe(true);
          expect(server.connect().call(['use ws', 'own', '', 'no', 'no']).status).not.toBe('0000');
          const stops = log.mock.calls.filter(([, message]) => message.startsWith('the server stops'));
          expect(stops).toHaveLength(1);
        },
        { expectsErrors: true },
      )();
    },
  );
});

describe('an exception in a workspace or variable', () => {
  const plugin: WorkspacePlugin = { deleted: () => undefined };
  it.each<[string, Partial<WorkspacePlugin>]>([
    ['refuseStore', { refuseStore: boom }],
    ['stored', { stored: boom }],
    ['deleted', { deleted: boom }],
    ['serverStops', { serverStops: boom }],
  ])('in %s closes the connection that sent the request, and affects no other', (_what, bad) => {
    const server = new SimulatedServer({
      expectsErrors: true,
      plugins: { bad: () => ({ ...plugin, ...bad }), good: () => plugin },
    });
    const [client, waiter, bystander] = [1, 2, 3].map(() => server.connect());
    if (!client || !waiter || !bystander) throw new Error('no clients');
    client.call(['open ws', 'bad', 'x', 'no'], { wstype: 'bad' });
    client.call(['open ws', 'good', 'x', 'no'], { wstype: 'good' });
    bystander.call(['open ws', 'bad too', 'x', 'no'], { wstype: 'bad' });
    waiter.call(['use ws', 'good', 'x', 'no']);
    waiter.send(['fetch', 'good', 'x']);
    client.send(['store', 'bad', 'x', '1', 'v']);
    if (!client.closed) {
      expect(client.reply().status).toBe('0000');
      client.disconnect();
    }
    // The workspace that it owned is deleted, whatever its other workspace did.
    expect(waiter.reply()).toMatchObject({ reason: 'Variable purged.' });
    mustGoOn(server);
    server.handle({ type: 'stopping' });
    expect(bystander.closed).toBe(true);
    expect(server.errors).not.toEqual([]);
  });
});
