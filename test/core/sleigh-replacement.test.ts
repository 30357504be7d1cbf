import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { StorageAccounting, ServerAccounting } from '../../src/workspace/storage-accounting.ts';
import { BoundedRegistry } from '../../src/sleigh/bounded-registry.ts';
import { OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { SESSION, DEAD, Supervised, TWO, OPEN, supervised } from './supervised.ts';

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

  it('keeps its rank when its predecessor comes back too late (S18)', (server) => {
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
  });

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
