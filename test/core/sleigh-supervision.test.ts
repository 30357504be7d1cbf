import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { StorageAccounting, ServerAccounting } from '../../src/workspace/storage-accounting.ts';
import { BoundedRegistry } from '../../src/sleigh/bounded-registry.ts';
import { Job } from '../support/job.ts';
import { OK, refused, type Reply } from '../support/replies.ts';
import type { Entries } from '../support/simulated-client.ts';
import { simulated, type SimulatedServer } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';

const SESSION = 'a secret';
const DEAD = refused('worker is dead');

/** A job with a sentinel that supervises its workers, of which the first ones have registered. */
class Supervised {
  readonly job: Job;
  readonly server: SimulatedServer;
  readonly sentinel: Visitor;
  readonly workers: Visitor[];

  constructor(server: SimulatedServer, { ranks, registered }: Size, options: Entries = {}) {
    this.server = server;
    this.job = new Job(server, { onDeadWorker: 'requeue', ...options });
    this.sentinel = this.job.visitor();
    for (let n = 0; n < ranks; n++)
      this.sentinel.get('fetch', 'worker_ids', { metadata: { session: SESSION } });
    this.workers = Array.from({ length: registered }, (_, rank) => this.job.worker(rank));
  }

  worker(rank: number): Visitor {
    const worker = this.workers[rank];
    if (worker === undefined) throw new Error(`nobody is registered under ${rank}`);
    return worker;
  }

  /** On a connection of its own, because that of the sentinel may be blocked. */
  report(rank: number, metadata: Entries = {}, session = SESSION): Reply {
    return this.once((who) => who.store('worker_dead', String(rank), { metadata: { session, ...metadata } }));
  }

  askToReplace(replaces: number | string, session = SESSION): Reply {
    const metadata = { session, replaces: String(replaces) };
    return this.once((who) => who.get('fetch', 'worker_ids', { metadata }));
  }

  replace(rank: number): Visitor {
    expect(this.askToReplace(rank)).toMatchObject({ value: String(rank), metadata: { allocated: '1' } });
    const worker = this.job.worker(rank);
    this.workers[rank] = worker;
    return worker;
  }

  once(act: (who: Visitor) => Reply): Reply {
    const who = this.job.visitor();
    const reply = act(who);
    who.leave();
    return reply;
  }

  groupOf(rank: number): string | undefined {
    return new RegExp(`^(\\w+) workers\\n(?: {2}- .*\\n)*? {2}- Worker ${rank}:`, 'm').exec(
      this.job.master.read('agentStatus') ?? '',
    )?.[1];
  }

  /** Ranks and values of a batch; `null` is a null result. */
  answers(batchId?: string): [rank: string | undefined, value: string | null | undefined][] {
    return this.job
      .results(batchId)
      .map(({ metadata, value }) => [metadata['nwsWorkerRank'], metadata['nwsNull'] === '1' ? null : value]);
  }

  work(rank: number): string | undefined {
    const { value } = this.worker(rank).get('fetch', 'task');
    this.worker(rank).store('result', `${value} by ${rank}`);
    return value;
  }
}

interface Size {
  ranks: number;
  registered: number;
}

const TWO: Size = { ranks: 2, registered: 2 };
const OPEN: Size = { ranks: 3, registered: 2 };

const supervised = (size: Size, body: (it: Supervised) => void, options: Entries = {}) =>
  simulated((server) => body(new Supervised(server, size, options)));

describe('a supervised worker whose connection closes (S19)', () => {
  test(
    'is disconnected and keeps its task, and is dead after 10 seconds without a report',
    supervised(TWO, (it) => {
      it.job.task('t');
      it.worker(0).get('fetch', 'task');
      it.worker(0).leave();
      expect([it.groupOf(0), it.job.master.read('rankCount'), it.job.status().running]).toEqual([
        'Lost',
        '2',
        1,
      ]);
      it.server.advance(9_999);
      expect(it.groupOf(0)).toBe('Lost');
      it.server.advance(1);
      expect([it.groupOf(0), it.job.master.read('rankCount')]).toEqual(['Dead', '1']);
      expect(it.work(1)).toBe('t');
    }),
  );

  test(
    'is waited for during its grace period, if that is longer',
    supervised(
      TWO,
      (it) => {
        it.worker(0).leave();
        it.server.advance(29_999);
        expect(it.groupOf(0)).toBe('Lost');
        it.server.advance(1);
        expect(it.groupOf(0)).toBe('Dead');
      },
      { reconnectGrace: '30' },
    ),
  );

  test(
    'has then left, in an elastic group, if it has no task or copy',
    supervised(
      TWO,
      (it) => {
        it.worker(0).leave();
        it.server.advance(10_000);
        expect([it.groupOf(0), it.job.master.read('rankCount')]).toEqual([undefined, '1']);
      },
      { join: 'elastic', onDeadWorker: 'shutdown' },
    ),
  );

  test('ends with its sentinel', () =>
    supervised(TWO, (it) => {
      it.worker(0).leave();
      it.sentinel.leave();
      expect(it.job.master.read('rankCount')).toBe('0');
    })());

  test('is dead at once if the sentinel gave no session or gave it too late', () =>
    simulated((server) => {
      const job = new Job(server, { onDeadWorker: 'requeue' });
      const sentinel = job.sentinel(2);
      sentinel.get('fetch', 'worker_ids', { metadata: { session: SESSION } });
      for (const rank of [0, 2]) job.worker(rank).leave();
      expect(job.master.read('rankCount')).toBe('0');
    })());
});

describe('a report of a sentinel (S19)', () => {
  test(
    'tried: declares the worker dead before its connection has closed, and its task is tried again',
    supervised(TWO, (it) => {
      it.job.task('t');
      it.worker(0).get('fetch', 'task');
      expect(it.report(0)).toMatchObject(OK);
      expect(it.groupOf(0)).toBe('Dead');
      expect(it.worker(0).get('fetchTry', 'task')).toMatchObject(DEAD);
      expect(it.work(1)).toBe('t');
    }),
  );

  test(
    'tried: counts the attempt, and the null result contains how the worker ended',
    supervised(
      TWO,
      (it) => {
        it.job.task('t', { batchId: 'b', tag: 'x' });
        it.worker(0).get('fetch', 'task');
        it.report(0, { why: 'out-of-memory', how: 'signal SIGKILL', lastWords: 'last', at: '7' });
        const [result] = it.job.results('b');
        expect(result).toMatchObject({ value: '', descriptor: 1 });
        expect(result?.metadata).toEqual({
          batchId: 'b',
          tag: 'x',
          nwsNull: '1',
          nwsWorkerRank: '0',
          nwsWhy: 'out-of-memory',
          nwsHow: 'signal SIGKILL',
          nwsLastWords: 'last',
          nwsAt: '7',
        });
      },
      { maxAttempts: '1' },
    ),
  );

  test(
    'without details states that the worker died',
    supervised(
      TWO,
      (it) => {
        it.job.task('t', { batchId: 'b' });
        it.worker(0).get('fetch', 'task');
        it.report(0);
        expect(it.job.results('b')[0]?.metadata).toEqual({
          batchId: 'b',
          nwsNull: '1',
          nwsWorkerRank: '0',
          nwsWhy: 'died',
        });
      },
      { onDeadWorker: 'null' },
    ),
  );

  test(
    'untried: the worker has left under every policy, and the attempt does not count',
    supervised(
      TWO,
      (it) => {
        it.job.task('t', { maxAttempts: '1' });
        it.worker(0).get('fetch', 'task');
        it.report(0, { task: 'untried' });
        expect([it.groupOf(0), it.job.isShuttingDown]).toEqual([undefined, false]);
        expect(it.job.status()).toEqual({ pending: 1, running: 0 });
        expect(it.work(1)).toBe('t');
      },
      { onDeadWorker: 'shutdown' },
    ),
  );

  test(
    'untried: gives the task to a waiting worker at once',
    supervised(TWO, (it) => {
      it.job.task('t');
      it.worker(0).get('fetch', 'task');
      it.worker(1).wait('fetch', 'task');
      it.report(0, { task: 'untried' });
      expect(it.worker(1).reply().value).toBe('t');
    }),
  );

  test(
    'untried: does not limit how often the task may be tried',
    supervised(
      { ranks: 3, registered: 3 },
      (it) => {
        it.job.task('t');
        for (const [rank, task] of ['untried', 'tried'].entries()) {
          expect(it.worker(rank).get('fetch', 'task').value).toBe('t');
          it.report(rank, { task });
        }
        expect(it.work(2)).toBe('t');
        expect(it.answers()).toEqual([['2', 't by 2']]);
      },
      { maxAttempts: '2' },
    ),
  );

  test.each(['shutdown', 'requeue', 'null'])(
    'failed: answers the task at once under %s, and the sleigh continues',
    (onDeadWorker) =>
      supervised(
        TWO,
        (it) => {
          it.job.task('t', { batchId: 'b' });
          it.worker(0).get('fetch', 'task');
          it.job.master.wait('fetch', 'result', { metadata: { batchId: 'b' } });
          it.report(0, { task: 'failed', why: 'timed-out' });
          expect(it.job.master.reply().metadata).toMatchObject({ nwsNull: '1', nwsWhy: 'timed-out' });
          expect([it.job.status().pending, it.job.isShuttingDown]).toEqual([0, false]);
        },
        { onDeadWorker },
      )(),
  );

  test(
    'declined: gives the task to other workers, and never to that rank again',
    supervised(TWO, (it) => {
      it.job.task('t', { batchId: 'b' });
      it.worker(0).get('fetch', 'task');
      it.report(0, { task: 'declined', why: 'not-loaded' });
      it.replace(0).wait('fetch', 'task');
      it.job.task('other');
      expect(it.worker(0).reply().value).toBe('other');
      expect(it.work(1)).toBe('t');
    }),
  );

  test(
    'declined by the first waiting worker: gives the task to the next one that has not declined it',
    supervised({ ranks: 3, registered: 3 }, (it) => {
      it.job.task('t');
      it.worker(0).get('fetch', 'task');
      it.worker(1).wait('fetch', 'task');
      it.report(0, { task: 'declined' });
      it.replace(0).wait('fetch', 'task');
      it.worker(2).wait('fetch', 'task');
      expect(it.worker(1).reply().value).toBe('t');
      it.report(1, { task: 'declined' });
      expect(it.worker(2).reply().value).toBe('t');
    }),
  );

  test(
    'declined by all current and future workers: answers the task with the last reason',
    supervised(OPEN, (it) => {
      it.job.task('t', { batchId: 'b' });
      for (const rank of [0, 1]) {
        it.worker(rank).get('fetch', 'task');
        it.report(rank, { task: 'declined', why: 'not-loaded', how: `by ${rank}` });
      }
      expect(it.job.results('b')).toEqual([]);
      it.sentinel.leave();
      const [result] = it.job.results('b');
      expect(result?.metadata).toMatchObject({ nwsNull: '1', nwsWorkerRank: '1', nwsHow: 'by 1' });
      expect(it.job.status().pending).toBe(0);
    }),
  );

  test(
    'declined by the only worker: answers the task at once',
    supervised({ ranks: 1, registered: 1 }, (it) => {
      it.job.task('t', { batchId: 'b' });
      it.worker(0).get('fetch', 'task');
      it.report(0, { task: 'declined', why: 'not-loaded' });
      expect(it.job.results('b')[0]?.metadata).toMatchObject({ nwsWhy: 'not-loaded' });
    }),
  );

  test(
    'changes nothing for a rank that is not registered or has ended',
    supervised(OPEN, (it) => {
      it.worker(0).leave();
      for (const rank of [0, 0, 2]) expect(it.report(rank)).toMatchObject(OK);
      expect([it.job.master.read('rankCount'), it.job.worker(2)]).toBeDefined();
    }),
  );

  test(
    'keeps the end of the last output, without a partial character',
    supervised(
      TWO,
      (it) => {
        it.job.task('t');
        it.worker(0).get('fetch', 'task');
        // Bytes as on the wire: é takes two.
        const lastWords = Buffer.from('é'.repeat(3_000) + 'x').toString('latin1');
        it.report(0, { lastWords, how: 'h'.repeat(300), why: 'w'.repeat(300) });
        const { metadata } = it.job.results()[0] ?? {};
        expect(metadata?.['nwsLastWords']).toBe(Buffer.from('é'.repeat(2_047) + 'x').toString('latin1'));
        expect([metadata?.['nwsHow']?.length, metadata?.['nwsWhy']?.length]).toEqual([255, 64]);
      },
      { onDeadWorker: 'null' },
    ),
  );

  test.each<[name: string, metadata: Entries, reason: string]>([
    [
      'the session',
      { session: 'another' },
      'worker_dead: rank 0 was not given to a sentinel of that session.',
    ],
    ['the word', { task: 'eaten' }, 'task must be tried, untried, failed or declined, not "eaten".'],
    ['the place', { at: 'x' }, 'at must be a number, not "x".'],
  ])('is refused without effect if %s is wrong', (_, metadata, reason) =>
    supervised(TWO, (it) => {
      expect(it.report(0, metadata)).toMatchObject(refused(reason));
      expect([it.groupOf(0), it.job.master.read('rankCount')]).toEqual(['Idle', '2']);
    })(),
  );

  test(
    'is not stored, because it contains the session; one without a session is handled as in S13',
    supervised(TWO, (it) => {
      it.report(0);
      expect(it.job.master.get('findTry', 'worker_dead').status).toBe('0001');
      it.sentinel.store('worker_dead', '1');
      expect([it.job.master.read('worker_dead'), it.groupOf(1)]).toEqual(['1', 'Dead']);
    }),
  );

  test(
    'is trusted for a session that does not appear in the registration of the worker',
    supervised(OPEN, (it) => {
      it.once((who) => who.store('worker_ids', '2', { metadata: { session: 'of the worker', host: 'ada' } }));
      const registrations = [0, 1, 2].map(() => it.job.master.get('fetch', 'worker registrations'));
      expect(registrations.map(({ metadata }) => metadata)).toEqual([{}, {}, { host: 'ada' }]);
    }),
  );
});

describe('a replacement worker (S19)', () => {
  test(
    'registers under the same rank in a closed group, and works',
    supervised(TWO, (it) => {
      expect(it.job.phase).toBe('closed');
      it.report(0);
      expect(it.job.master.read('rankCount')).toBe('1');
      it.replace(0);
      expect([it.job.master.read('rankCount'), it.groupOf(0), it.job.phase]).toEqual(['2', 'Idle', 'closed']);
      it.job.task('t');
      expect(it.work(0)).toBe('t');
    }),
  );

  test(
    'can be replaced itself',
    supervised(TWO, (it) => {
      for (let n = 0; n < 3; n++) {
        it.report(0);
        it.replace(0).leave();
      }
      expect([it.groupOf(0), it.job.master.read('rankCount')]).toEqual(['Lost', '2']);
    }),
  );

  test(
    'makes the worker dead that is still registered, and its task is tried again',
    supervised(TWO, (it) => {
      it.job.task('t');
      it.worker(0).get('fetch', 'task');
      const old = it.worker(0);
      it.replace(0);
      expect(old.get('fetchTry', 'task')).toMatchObject(DEAD);
      expect(old.store('result', 'late').status).toBe('0001');
      expect(it.work(0)).toBe('t');
      old.leave();
      expect(it.job.master.read('rankCount')).toBe('2');
    }),
  );

  test(
    'without a report counts as one with an empty report: null results state that the worker died',
    supervised(
      TWO,
      (it) => {
        it.job.task('t', { batchId: 'b' });
        it.worker(0).get('fetch', 'task');
        it.replace(0);
        expect(it.job.results('b')).toMatchObject([{ metadata: { nwsNull: '1', nwsWhy: 'died' } }]);
      },
      { onDeadWorker: 'null' },
    ),
  );

  test(
    'is counted for its job and for its rank, on request',
    supervised(TWO, (it) => {
      const counted = () => {
        const all = { metadata: { all: '1' } };
        const board = { metadata: { replaced: '1' } };
        const lines = (it.job.master.get('find', 'scoreboard', board).value ?? '').trimEnd().split('\n');
        return [
          it.job.master.get('find', 'jobStatus', all).metadata['nwsReplacements'],
          ...lines.map((line) => line.split('\t')[5]),
        ];
      };
      expect(counted()).toEqual(['0', 'Replaced', '0', '0']);
      it.report(1);
      it.replace(1);
      expect(counted()).toEqual(['1', 'Replaced', '0', '1']);
      expect(it.job.master.read('scoreboard')).not.toContain('Replaced');
      expect(it.job.master.get('find', 'jobStatus').metadata).toEqual({ nwsPending: '0', nwsRunning: '0' });
    }),
  );

  test(
    'of a worker that never registered may join after the group has closed',
    supervised(OPEN, (it) => {
      expect(it.askToReplace(2).value).toBe('2');
      it.job.close();
      expect(it.job.worker(2)).toBeDefined();
      expect(it.job.master.read('rankCount')).toBe('3');
    }),
  );

  test(
    'of a deadbeat may join, too',
    supervised(OPEN, (it) => {
      it.job.close();
      expect(it.once((who) => who.store('worker_ids', '2')).status).toBe('0001');
      it.replace(2);
      expect(it.job.master.read('rankCount')).toBe('3');
    }),
  );

  test(
    'is refused while the sleigh shuts down',
    supervised(TWO, (it) => {
      it.once((who) => who.store('Sleigh ride over', '1'));
      expect(it.askToReplace(0)).toMatchObject({ value: '-1', metadata: { allocated: '1' } });
    }),
  );

  test(
    'is refused when the sentinel has left',
    supervised(OPEN, (it) => {
      it.sentinel.leave();
      expect(it.askToReplace(0).value).toBe('-1');
    }),
  );

  test(
    'under the policy shutdown makes a worker dead that is still registered, and shuts the sleigh down',
    supervised(
      TWO,
      (it) => {
        expect(it.askToReplace(0).value).toBe('-1');
        expect(it.job.isShuttingDown).toBe(true);
      },
      { onDeadWorker: 'shutdown' },
    ),
  );

  test(
    'counts as an assigned rank in an elastic group, even if another worker has taken its place',
    supervised(
      TWO,
      (it) => {
        it.report(0);
        expect(it.sentinel.get('fetch', 'worker_ids').value).toBe('2');
        expect(it.sentinel.get('fetch', 'worker_ids').value).toBe('-1');
        it.job.worker(2);
        it.replace(0);
        expect(it.job.master.read('rankCount')).toBe('3');
      },
      { join: 'elastic', rankCount: '2' },
    ),
  );

  test(
    'is included when a client waits for the number of workers of an elastic group',
    supervised(
      TWO,
      (it) => {
        it.report(0);
        it.askToReplace(0);
        it.job.master.wait('find', 'status');
        it.job.worker(0);
        expect(it.job.master.reply().value).toBe('2');
      },
      { join: 'elastic' },
    ),
  );

  test(
    'keeps its rank when its predecessor comes back too late (S18)',
    simulated((server) => {
      const it = new Supervised(server, { ranks: 2, registered: 0 }, { reconnectGrace: '5' });
      const register = (session: string) => {
        const who = it.job.visitor();
        return [who.store('worker_ids', '0', { metadata: { session } }), who] as const;
      };
      register('old')[1].leave();
      it.report(0);
      it.askToReplace(0);
      expect(register('old')[0]).toMatchObject(
        refused('Worker registration failed: the worker of rank 0 is dead.'),
      );
      expect(register('new')[0]).toMatchObject(OK);
    }),
  );

  test.each<[name: string, replaces: string, session: string, reason: string]>([
    ['no number', 'x', SESSION, 'replaces must be a number, not "x".'],
    ['nobody', '9', SESSION, 'replaces: rank 9 was not given to a sentinel of that session.'],
    ['of another session', '0', 'another', 'replaces: rank 0 was not given to a sentinel of that session.'],
  ])('is refused without effect for a rank that is %s', (_, replaces, session, reason) =>
    supervised(TWO, (it) => {
      expect(it.askToReplace(replaces, session)).toMatchObject(refused(reason));
      expect([it.groupOf(0), it.job.master.read('rankCount')]).toEqual(['Idle', '2']);
    })(),
  );

  test('is refused without a session', () =>
    supervised(TWO, (it) => {
      const reply = it.sentinel.get('fetch', 'worker_ids', { metadata: { replaces: '0' } });
      expect(reply.status).toBe('0001');
    })());
});

describe.each(['shutdown', 'requeue', 'null'])(
  'broadcasts under %s have one result for each rank (S19)',
  (onDeadWorker) => {
    const fate = onDeadWorker === 'shutdown' ? 'untried' : 'tried';

    test(
      'in a closed group: those stored while nobody is registered are answered, and a replacement gets later ones',
      supervised(
        TWO,
        (it) => {
          it.job.broadcast('a', { batchId: 'a' });
          it.report(0, { task: fate });
          it.job.broadcast('b', { batchId: 'b' });
          it.askToReplace(0);
          it.job.broadcast('c', { batchId: 'c' });
          it.workers[0] = it.job.worker(0);
          it.job.broadcast('d', { batchId: 'd' });
          expect(it.work(0)).toBe('d');
          for (const value of ['a', 'b', 'c', 'd']) expect(it.work(1)).toBe(value);
          for (const batch of ['a', 'b', 'c'])
            expect(it.answers(batch)).toEqual([
              ['0', null],
              ['1', `${batch} by 1`],
            ]);
          expect(it.answers('d')).toEqual([
            ['0', 'd by 0'],
            ['1', 'd by 1'],
          ]);
        },
        { onDeadWorker },
      ),
    );

    test(
      'in an open group: a replacement gets those that no worker of its rank has had',
      supervised(
        OPEN,
        (it) => {
          it.job.broadcast('a', { batchId: 'a' });
          it.report(0, { task: fate });
          it.job.broadcast('b', { batchId: 'b' });
          it.replace(0);
          expect([it.work(0), it.worker(0).get('fetchTry', 'task').status]).toEqual(['b', '0001']);
          for (const value of ['a', 'b']) expect(it.work(1)).toBe(value);
          it.job.close();
          expect(it.answers('a')).toEqual([
            ['0', null],
            ['1', 'a by 1'],
            ['2', null],
          ]);
          expect(it.answers('b')).toEqual([
            ['0', 'b by 0'],
            ['1', 'b by 1'],
            ['2', null],
          ]);
        },
        { onDeadWorker },
      ),
    );

    test(
      'in a group that closes before the replacement joins: they are answered',
      supervised(
        OPEN,
        (it) => {
          it.job.broadcast('a', { batchId: 'a' });
          it.report(0, { task: fate });
          it.askToReplace(0);
          it.job.broadcast('b', { batchId: 'b' });
          it.job.close();
          it.job.worker(0);
          for (const value of ['a', 'b']) expect(it.work(1)).toBe(value);
          for (const batch of ['a', 'b'])
            expect(it.answers(batch).toSorted(([a = ''], [b = '']) => a.localeCompare(b))).toEqual([
              ['0', null],
              ['1', `${batch} by 1`],
              ['2', null],
            ]);
        },
        { onDeadWorker },
      ),
    );

    test.each(['untried', 'failed', 'declined'])(
      'when the worker that has a copy is reported %s: the copy is answered',
      (task) =>
        supervised(
          TWO,
          (it) => {
            it.job.broadcast('a', { batchId: 'a' });
            it.worker(0).get('fetch', 'task');
            it.report(0, { task, why: 'gone' });
            expect(it.job.results('a').map(({ metadata }) => metadata)).toMatchObject([
              { nwsNull: '1', nwsWhy: 'gone', nwsWorkerRank: '0' },
            ]);
            expect(it.job.status('a')).toEqual({ pending: 0, running: 0 });
          },
          { onDeadWorker },
        )(),
    );
  },
);

describe('the last worker of a closed group, with a sentinel (S19)', () => {
  const options = { workerGracePeriod: '100' };

  test.each(['tried', 'untried'])(
    'that ended and is reported %s leaves the sleigh running for a grace period, so that results can be fetched',
    (task) =>
      supervised(
        { ranks: 1, registered: 1 },
        (it) => {
          it.server.advance(150_000);
          it.job.task('t');
          it.work(0);
          it.report(0, { task });
          it.server.advance(99_999);
          expect(it.answers()).toEqual([['0', 't by 0']]);
          expect(it.job.isShuttingDown).toBe(false);
          it.server.advance(1);
          expect(it.job.isShuttingDown).toBe(true);
        },
        options,
      )(),
  );

  test(
    'that is replaced within the grace period leaves the sleigh running',
    supervised(
      { ranks: 1, registered: 1 },
      (it) => {
        it.report(0);
        it.server.advance(99_000);
        it.replace(0);
        it.server.advance(100_000);
        expect(it.job.isShuttingDown).toBe(false);
      },
      options,
    ),
  );
});

describe('a task with its own number of attempts (S19)', () => {
  test(
    'is tried that often, whatever the number of the sleigh',
    supervised(
      { ranks: 3, registered: 3 },
      (it) => {
        it.job.task('once', { batchId: 'b', maxAttempts: '1' });
        it.job.task('often', { batchId: 'b', maxAttempts: '4' });
        for (const rank of [0, 1, 2]) {
          it.worker(rank).get('fetch', 'task');
          it.report(rank);
        }
        expect(it.answers('b')).toEqual([['0', null]]);
        expect(it.job.status('b')).toEqual({ pending: 1, running: 0 });
      },
      { maxAttempts: '2' },
    ),
  );

  test.each(['0', '-1', 'x', '1.5'])('is refused if the number is %s', (maxAttempts) =>
    supervised(TWO, (it) => {
      expect(it.job.task('t', { maxAttempts })).toMatchObject(
        refused(`maxAttempts must be a whole number from 1, not "${maxAttempts}".`),
      );
      expect(it.job.status().pending).toBe(0);
    })(),
  );
});

test('an elastic group remembers a rank that is replaced, however many others end later (S17)', () => {
  const registry = new BoundedRegistry<string>(
    2,
    new StorageAccounting(new ServerAccounting(DEFAULT_LIMITS, () => undefined)),
  );
  registry.add(0, 'first');
  registry.markEnded(0);
  registry.add(0, 'its replacement');
  for (const number of [1, 2]) {
    registry.add(number, 'another');
    expect(registry.markEnded(number)).toBeUndefined();
  }
  registry.add(3, 'another');
  expect([registry.markEnded(3), registry.get(0), registry.get(1)]).toEqual([
    'another',
    'its replacement',
    undefined,
  ]);
});
