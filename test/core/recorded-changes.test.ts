import { describe, expect, it } from 'vitest';
import type { Entity } from '../../src/store/change.ts';
import { refusal } from '../../src/workspace/refusal.ts';
import { Job } from '../support/job.ts';
import { OK } from '../support/replies.ts';
import type { SimulatedClient } from '../support/simulated-client.ts';
import { simulated, SimulatedServer } from '../support/simulated-server.ts';

// Changes that nothing else records in the same event. Mutants that leave out one place in which a change is recorded
// survived until these tests were there: `npm run mutants -- records`.

const SECRET = 'a secret';
const RETURNING = { onDeadWorker: 'requeue', reconnectGrace: '60' };

const storedOf = (server: SimulatedServer, kind: string): Entity[] =>
  server.stored.filter(({ key }) => key[0] === kind);

/** A client with a session whose requests have no numbers, so that their replies are not kept (P15.1). */
function sessionIn(server: SimulatedServer): SimulatedClient {
  const client = server.connect();
  expect(client.call(['open session', SECRET, '100'])).toMatchObject(OK);
  return client;
}

describe('a session (P15)', () => {
  it(
    'records the workspaces that it uses, opens and deletes, also without a reply that is kept',
    simulated((server) => {
      const client = sessionIn(server);
      const other = server.connect();
      for (const name of ['one', 'two']) other.call(['open ws', name, 'me', 'yes']);
      for (const request of [
        ['use ws', 'one', 'me', 'no'],
        ['open ws', 'one', 'me', 'no'],
        ['use ws', 'two', 'me', 'no'],
        ['delete ws', 'two'],
      ]) {
        expect(client.call(request)).toMatchObject(OK);
        server.expectRightStore();
      }
      const [{ fields } = { fields: {} }] = storedOf(server, 'session');
      expect(fields).toMatchObject({ workspaces: [1], owned: [1] });
    }),
  );

  it(
    'has after a crash no reference to a workspace that was deleted before (W5)',
    simulated((server) => {
      const client = sessionIn(server);
      const other = server.connect();
      other.call(['open ws', 'gone', 'me', 'yes']);
      client.call(['use ws', 'gone', 'me', 'no']);
      other.call(['delete ws', 'gone']);
      expect(storedOf(server, 'session')).toMatchObject([{ fields: { workspaces: [1] } }]);
      const next = server.crash();
      next.expectRightStore();
      expect(storedOf(next, 'session')).toMatchObject([{ fields: { workspaces: [] } }]);
      next.end();
      // The reference goes to another workspace now.
      client.call(['use ws', 'gone', 'me', 'no']);
    }),
  );

  it(
    'has no kept reply any more whose file is discarded, whatever acknowledges it (P11, P15.1)',
    simulated(
      (server) => {
        const client = sessionIn(server);
        const ask = (number: number, args: readonly string[]) =>
          client.call(args, { request: String(number), answered: String(number - 1) });
        ask(1, ['open ws', 'own', 'me', 'no']);
        ask(2, ['store', 'own', 'v', '1', 'long '.repeat(1_001)]);
        ask(3, ['fetch', 'own', 'v']);
        expect(storedOf(server, 'reply')).toHaveLength(1);
        expect(server.files.count).toBe(1);
        ask(4, ['list wss', 'own']);
        expect(server.files.count).toBe(0);
        expect(storedOf(server, 'reply')).toEqual([]);
      },
      { limits: { longValueBytes: 5_000 } },
    ),
  );
});

it('a workspace whose plugin refuses its options leaves nothing in the store', () => {
  const server = new SimulatedServer({
    plugins: {
      fussy: (workspace) => {
        workspace.declare('made too early', 'fifo');
        return refusal({ code: 'workspace-refused', message: 'not like this' });
      },
    },
  });
  const client = server.connect();
  expect(client.call(['open ws', 'bad', 'me', 'yes'], { wstype: 'fussy' }).status).toBe('0001');
  server.expectRightStore();
  expect(storedOf(server, 'variable')).toEqual([]);
});

it('a variable that a newer version of a plugin makes is in the store after a restart', () => {
  const names = ['old'];
  const first = new SimulatedServer({
    plugins: {
      growing: (workspace) => {
        for (const name of names) workspace.declare(name, 'fifo');
        return { deleted: () => undefined };
      },
    },
  });
  expect(first.connect().call(['open ws', 'kept', 'me', 'yes'], { wstype: 'growing' })).toMatchObject(OK);
  names.push('new');
  const next = first.crash();
  next.expectRightStore();
  expect(storedOf(next, 'variable').map(({ fields }) => fields['name'])).toEqual(['old', 'new']);
});

describe('a batch (D8)', () => {
  it(
    'whose only copy of a broadcast never reached its worker is not in the store (S18)',
    simulated((server) => {
      const job = new Job(server, RETURNING);
      const rank = job.rank(job.sentinel(0));
      const worker = job.worker(rank, { session: 'mine' });
      job.broadcast('to all', { batchId: 'b' });
      expect(worker.get('fetchTry', 'task')).toMatchObject(OK);
      expect(storedOf(server, 'batch')).toHaveLength(1);
      worker.leave();
      const back = job.worker(rank, { session: 'mine', doing: '0' });
      server.expectRightStore();
      expect(storedOf(server, 'batch')).toEqual([]);
      back.get('fetch', 'task');
      back.store('result', 'done');
      expect(job.results('b')).toHaveLength(1);
    }),
  );

  it(
    'that was empty and is waited for again says so',
    simulated((server) => {
      const job = new Job(server, RETURNING);
      const { workers } = job.openCrew(1);
      const [worker] = workers;
      job.task('a task', { batchId: 'b' });
      worker?.get('fetch', 'task');
      worker?.store('result', 'a result');
      expect(job.master.get('fetch', 'result', { metadata: { batchId: 'b' } })).toMatchObject(OK);
      expect(storedOf(server, 'batch')).toMatchObject([{ fields: { spentAt: expect.any(Number) } }]);
      job.master.ask('fetch', 'result', { metadata: { batchId: 'b' } });
      server.expectRightStore();
      expect(storedOf(server, 'batch')).toMatchObject([{ fields: { spentAt: undefined } }]);
    }),
  );
});

it(
  'a broadcast for all who come is one for those who are there when its job shuts down (S14, S17)',
  simulated((server) => {
    const job = new Job(server, { join: 'elastic' });
    const { workers } = job.crew(1);
    job.broadcast('to all', { batchId: 'b', reach: 'all' });
    workers[0]?.get('fetch', 'task');
    expect(storedOf(server, 'broadcast')).toMatchObject([{ fields: { isLasting: true } }]);
    job.master.store('Sleigh ride over', '1');
    // The drain period is over, and the worker is still there.
    server.advance(600_000);
    server.expectRightStore();
    expect(storedOf(server, 'broadcast')).toMatchObject([{ fields: { isLasting: false } }]);
  }),
);
