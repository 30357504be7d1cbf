import { describe, expect, test } from 'vitest';
import { Job } from '../support/job.ts';
import type { Reply } from '../../src/verify/client-codec.ts';
import { OK, refused } from '../support/replies.ts';
import { simulated, type SimulatedServer } from '../support/simulated-server.ts';
import type { Entries } from '../support/simulated-client.ts';
import type { Visitor } from '../support/visitor.ts';

const GRACE = 30;
const failed = (why: string) => refused(`Worker registration failed: ${why}.`);

/** A job whose workers may come back, with one rank that never registers, so that the group stays open. */
class Story {
  readonly job: Job;
  readonly sentinel: Visitor;
  worker: Visitor;

  constructor(server: SimulatedServer, options: Entries = {}) {
    this.job = new Job(server, { reconnectGrace: String(GRACE), onDeadWorker: 'requeue', ...options });
    this.sentinel = this.job.sentinel(3);
    this.worker = this.job.visitor();
    expect(this.register(this.worker).metadata).toEqual({ nwsBusy: '0', nwsGrace: String(GRACE) });
  }

  register(who: Visitor, doing?: string, session = 'mine'): Reply {
    const metadata = { session, ...(doing === undefined ? {} : { doing }) };
    return who.store('worker_ids', '0', { metadata });
  }

  /**
   * The worker comes back on another connection.
   * @returns whether it still has its task
   */
  comeBack(doing?: string): string | undefined {
    this.worker = this.job.visitor();
    const reply = this.register(this.worker, doing);
    expect(reply.status).toBe(OK.status);
    return reply.metadata['nwsBusy'];
  }

  /** @returns the value of the next task and its number */
  fetch(): (string | undefined)[] {
    const { value, metadata } = this.worker.get('fetch', 'task');
    return [value, metadata['nwsTask']];
  }

  /** Sends the result and requests the next task in one segment, as the worker of this project does. */
  sendResultAndAsk(value: string): void {
    this.worker.client.send(['store', 'job', 'result', '1', value]);
    this.worker.ask('fetch', 'task');
  }

  /** The connection is closed, and the replies on it are lost. */
  disconnect(): void {
    this.worker.client.skip();
    this.worker.leave();
  }

  values(): (string | undefined)[] {
    return this.job.results().map(({ value, metadata }) => (metadata['nwsNull'] === '1' ? 'null' : value));
  }

  group(): string | undefined {
    return /^(\w+) workers\n {2}- Worker 0/m.exec(this.job.master.read('agentStatus') ?? '')?.[1];
  }
}

const story = (body: (story: Story, server: SimulatedServer) => void, options: Entries = {}) =>
  simulated((server) => body(new Story(server, options), server));

describe('a worker that has lost its connection (S18)', () => {
  test(
    'is disconnected and not dead: it counts as registered and keeps its task',
    story((it) => {
      it.job.task('t');
      it.fetch();
      it.disconnect();
      expect([it.group(), it.job.master.read('rankCount'), it.job.status()]).toEqual([
        'Lost',
        '1',
        { pending: 1, running: 1 },
      ]);
    }),
  );

  test(
    'comes back under its rank and resumes',
    story((it) => {
      it.job.task('t');
      expect(it.fetch()).toEqual(['t', '1']);
      it.disconnect();
      expect([it.comeBack('1'), it.group()]).toEqual(['1', 'Active']);
      expect(it.worker.store('result', 'r').status).toBe(OK.status);
      expect(it.values()).toEqual(['r']);
      expect(it.job.master.get('fetchTry', 'worker registrations').value).toBe('0');
      expect(it.job.master.get('fetchTry', 'worker registrations').status).toBe('0001');
    }),
  );

  test(
    'comes back idle if it was waiting, and gets the next task',
    story((it) => {
      it.worker.wait('fetch', 'task');
      it.disconnect();
      it.job.task('t');
      expect([it.comeBack(), it.group(), it.fetch()]).toEqual(['0', 'Idle', ['t', '1']]);
    }),
  );

  test(
    'is dead if it has not come back within the grace period, and its task is tried elsewhere',
    story((it, server) => {
      it.job.task('t');
      it.fetch();
      const other = it.job.worker(1);
      it.disconnect();
      server.advance(GRACE * 1_000 - 1);
      expect(other.get('fetchTry', 'task').status).toBe('0001');
      server.advance(1);
      expect(other.get('fetchTry', 'task').value).toBe('t');
      expect(it.register(it.job.visitor(), '1')).toMatchObject(failed('the worker of rank 0 is dead'));
    }),
  );

  test(
    'has the full grace period each time',
    story((it, server) => {
      for (let n = 0; n < 3; n++) {
        it.disconnect();
        server.advance(GRACE * 1_000 - 1);
        it.comeBack();
      }
      server.advance(GRACE * 1_000);
      expect(it.group()).toBe('Idle');
    }),
  );

  test(
    'comes back to a closed group, which refuses new workers',
    story((it) => {
      it.job.close();
      it.disconnect();
      expect(it.register(it.job.visitor(), undefined, 'another')).toMatchObject(failed('group closed'));
      expect(it.comeBack()).toBe('0');
    }),
  );

  test(
    'gets the broadcasts that were stored while it was disconnected',
    story((it) => {
      it.disconnect();
      it.job.broadcast('b');
      it.comeBack();
      expect(it.fetch()).toEqual(['b', '1']);
    }),
  );

  test(
    'is recognized only by its session; any other client with the rank of a connected worker is a duplicate',
    story((it) => {
      it.disconnect();
      const other = it.job.visitor();
      expect(it.register(other, undefined, 'theirs')).toMatchObject(failed('duplicate worker id'));
      expect(other.store('worker_ids', '0')).toMatchObject(failed('duplicate worker id'));
      expect(it.group()).toBe('Lost');
    }),
  );

  test(
    'is dead at once if it gave no session',
    story((it) => {
      const old = it.job.worker(1);
      it.job.task('t');
      expect(old.get('fetch', 'task').metadata).toEqual({});
      old.leave();
      expect([it.job.master.read('rankCount'), it.fetch()]).toEqual(['1', ['t', '1']]);
    }),
  );

  test(
    'is dead at once if no grace period is set, whatever its session',
    simulated((server) => {
      const job = new Job(server, { onDeadWorker: 'null' });
      job.sentinel(2);
      const worker = job.visitor();
      const metadata = { session: 'mine' };
      expect(worker.store('worker_ids', '0', { metadata }).metadata).toEqual({});
      job.task('t');
      expect(worker.get('fetch', 'task').metadata).toEqual({});
      expect(job.visitor().store('worker_ids', '0', { metadata })).toMatchObject(
        failed('duplicate worker id'),
      );
      worker.leave();
      expect(job.master.read('rankCount')).toBe('0');
    }),
  );

  test(
    'dies when its death is reported',
    story((it) => {
      it.disconnect();
      it.job.master.store('worker_dead', '0');
      expect(it.group()).toBe('Dead');
    }),
  );

  test(
    'dies with its sentinel',
    story((it, server) => {
      it.disconnect();
      it.sentinel.leave();
      expect(it.group()).toBe('Dead');
      server.advance(GRACE * 1_000);
    }),
  );

  test(
    'has left if the sleigh shuts down',
    story((it, server) => {
      it.job.task('t');
      it.fetch();
      it.disconnect();
      it.job.master.store('Sleigh ride over', '1');
      expect([it.job.master.read('rankCount'), it.group()]).toEqual(['0', undefined]);
      expect(it.register(it.job.visitor(), '1')).toMatchObject(failed('the worker of rank 0 is left'));
      server.advance(GRACE * 1_000);
    }),
  );

  test(
    'and was the last one of a closed group lets the job continue until its grace period ends',
    story((it, server) => {
      it.job.close();
      it.disconnect();
      expect(it.job.isShuttingDown).toBe(false);
      server.advance(GRACE * 1_000);
      expect(it.job.isShuttingDown).toBe(true);
    }),
  );

  test(
    'states its activity as a number, and any other value is refused by name (P5.5)',
    story((it) => {
      it.job.task('t');
      it.fetch();
      it.disconnect();
      expect(it.register(it.job.visitor(), 'this and that')).toMatchObject(
        refused('doing must be a number, not "this and that".'),
      );
      expect(it.group()).toBe('Lost');
    }),
  );
});

describe('a reply that is lost with the connection (S18)', () => {
  test(
    'to a result that was not received: the worker still has its task, and sends the result again',
    story((it) => {
      it.job.task('t');
      const [, number] = it.fetch();
      it.disconnect();
      expect(it.comeBack(number)).toBe('1');
      it.worker.store('result', 'r');
      expect([it.values(), it.job.status()]).toEqual([['r'], { pending: 0, running: 0 }]);
    }),
  );

  test(
    'to a result that was received: the worker learns this, and no second result is stored',
    story((it) => {
      it.job.task('t');
      const [, number] = it.fetch();
      it.worker.store('result', 'r');
      it.disconnect();
      expect(it.comeBack(number)).toBe('0');
      expect(it.worker.store('result', 'r')).toMatchObject(
        refused('Store failed: no current task to store a result of.'),
      );
      expect(it.values()).toEqual(['r']);
    }),
  );

  test(
    'to a result and the next task in one segment: the next task counts no attempt',
    story(
      (it) => {
        for (const task of ['t1', 't2', 't3']) it.job.task(task);
        const [, number] = it.fetch();
        it.sendResultAndAsk('r1');
        it.disconnect();
        expect(it.comeBack(number)).toBe('0');
        expect([it.values(), it.job.status()]).toEqual([['r1'], { pending: 2, running: 0 }]);
        // It is handed out again even with a single attempt in all, and keeps its position.
        expect(it.fetch()).toEqual(['t2', '3']);
        it.worker.store('result', 'r2');
        expect(it.fetch()).toEqual(['t3', '4']);
        expect(it.values()).toEqual(['r2']);
      },
      { maxAttempts: '1' },
    ),
  );

  test(
    'with the first task: the task goes to a waiting worker',
    story((it) => {
      const other = it.job.worker(1);
      it.job.task('t');
      it.fetch();
      it.disconnect();
      other.wait('fetch', 'task');
      expect(it.comeBack()).toBe('0');
      expect(other.reply().value).toBe('t');
      expect(it.worker.get('fetchTry', 'task').status).toBe('0001');
    }),
  );

  test(
    'to a return: the worker repeats its message and gets the same reply',
    story((it) => {
      for (const task of ['t1', 't2']) it.job.task(task);
      const [, number] = it.fetch();
      for (let n = 0; n < 3; n++) {
        it.disconnect();
        expect(it.comeBack(number)).toBe('1');
      }
      it.sendResultAndAsk('r1');
      for (let n = 0; n < 3; n++) {
        it.disconnect();
        expect(it.comeBack(number)).toBe('0');
      }
      expect([it.values(), it.fetch()]).toEqual([['r1'], ['t2', '3']]);
    }),
  );

  test(
    'to the first registration: the worker comes back as a returning one',
    story((it) => {
      it.disconnect();
      expect([it.comeBack(), it.group()]).toEqual(['0', 'Idle']);
    }),
  );

  test(
    'to a task that the worker skipped does not give the task back to it (S7.1)',
    story((it) => {
      for (const task of ['t1', 't2']) it.job.task(task);
      const [, first] = it.fetch();
      const [again, second] = it.fetch();
      expect([again, second]).toEqual(['t1', '2']);
      it.disconnect();
      expect(it.comeBack(first)).toBe('0');
      it.disconnect();
      expect(it.comeBack(second)).toBe('0');
      // It was handed out twice, once without effect: one attempt of three is left after the next.
      expect(it.fetch()).toEqual(['t1', '3']);
    }),
  );

  test(
    'with a copy of a broadcast: the same worker gets the copy again, before anything else',
    story((it) => {
      it.job.task('t');
      it.job.broadcast('b1', { batchId: 'b' });
      it.job.broadcast('b2', { batchId: 'b' });
      it.fetch();
      it.disconnect();
      const other = it.job.worker(1);
      other.get('fetch', 'task');
      expect(it.comeBack()).toBe('0');
      const given = ['b1', 'b2', 't'].map((value) => {
        const [found] = it.fetch();
        it.worker.store('result', value);
        return found;
      });
      expect(given).toEqual(['b1', 'b2', 't']);
      expect(it.job.results('b').map(({ value }) => value)).toEqual(['b1', 'b2']);
    }),
  );
});

describe('a broken connection that the server has not noticed yet (S18)', () => {
  test(
    'is replaced: its pending requests end, and everything that still arrives on it is ignored',
    story((it) => {
      const old = it.worker;
      old.wait('fetch', 'task');
      expect(it.comeBack()).toBe('0');
      expect(old.reply()).toMatchObject(refused('the worker has come back on another connection'));
      it.job.task('t');
      expect(it.fetch()).toEqual(['t', '1']);
      expect(old.store('result', 'late')).toMatchObject(
        refused('Store failed: no current task to store a result of.'),
      );
      expect(old.get('fetchTry', 'task')).toMatchObject(refused('no value available.'));
      old.leave();
      expect(it.group()).toBe('Active');
      it.worker.store('result', 'r');
      expect(it.values()).toEqual(['r']);
    }),
  );

  test(
    'is replaced during a task: a late result on the old connection is refused',
    story((it) => {
      it.job.task('t');
      const old = it.worker;
      const [, number] = it.fetch();
      expect(it.comeBack(number)).toBe('1');
      expect(old.store('result', 'late').status).toBe('0001');
      it.worker.store('result', 'r');
      expect(it.values()).toEqual(['r']);
    }),
  );

  test(
    'is replaced while the worker waits for a result, too',
    story((it) => {
      const old = it.worker;
      old.wait('fetch', 'result', { metadata: { batchId: 'b' } });
      it.comeBack();
      expect(old.reply()).toMatchObject(refused('the worker has come back on another connection'));
    }),
  );

  test(
    'is replaced by itself if a worker registers twice on it',
    story((it) => {
      it.job.task('t');
      const [, number] = it.fetch();
      expect(it.register(it.worker, number).metadata).toEqual({ nwsBusy: '1', nwsGrace: String(GRACE) });
      it.worker.leave();
      expect(it.group()).toBe('Lost');
    }),
  );

  test(
    'drops with the sleigh a task that never reached the worker before the shutdown',
    story((it, server) => {
      it.job.task('t');
      it.fetch();
      it.job.master.store('Sleigh ride over', '1');
      server.advance(10_000);
      expect(it.comeBack()).toBe('0');
      expect(it.job.status()).toEqual({ pending: 0, running: 0 });
      expect(server.core.accounting.bytes).toBe(2);
    }),
  );
});

describe('returning to an elastic group (S17, S18)', () => {
  test(
    'a disconnected worker counts until its grace period ends; it has then left if it has no task or copy',
    story(
      (it, server) => {
        it.job.master.store('workerCount', '3');
        it.disconnect();
        expect(it.job.rank(it.job.visitor())).toBe(-1);
        server.advance(GRACE * 1_000);
        expect([it.group(), it.job.isShuttingDown, it.job.rank(it.job.visitor())]).toEqual([
          undefined,
          false,
          3,
        ]);
      },
      { join: 'elastic', onDeadWorker: 'shutdown' },
    ),
  );

  test(
    'and it is dead if it owes an answer',
    story(
      (it, server) => {
        it.disconnect();
        it.job.broadcast('b', { batchId: 'b' });
        server.advance(GRACE * 1_000);
        expect(it.group()).toBe('Dead');
        expect(it.job.results('b').map(({ metadata }) => metadata)).toEqual([
          { batchId: 'b', nwsNull: '1', nwsWorkerRank: '0', nwsCopies: '1' },
        ]);
      },
      { join: 'elastic' },
    ),
  );
});
