import { describe, expect, test } from 'vitest';
import { Job } from '../support/job.ts';
import { OK, refused } from '../support/replies.ts';
import type { Entries } from '../support/simulated-client.ts';
import { simulated } from '../support/simulated-server.ts';
import { SESSION, DEAD, TWO, OPEN, supervised } from './supervised.ts';

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
