import { describe, expect, test } from 'vitest';
import { Job } from '../support/job.ts';
import type { Reply } from '../../src/verify/client-codec.ts';
import { OK, refused } from '../support/replies.ts';
import { simulated, SimulatedServer } from '../support/simulated-server.ts';
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

const it = (name: string, body: (story: Story, server: SimulatedServer) => void, options?: Entries): void =>
  test(
    name,
    simulated((server) => body(new Story(server, options), server)),
  );

describe('a worker that has lost its connection (S18)', () => {
  it('is disconnected and not dead: it counts as registered and keeps its task', (story) => {
    story.job.task('t');
    story.fetch();
    story.disconnect();
    expect([story.group(), story.job.master.read('rankCount'), story.job.status()]).toEqual([
      'Lost',
      '1',
      { pending: 1, running: 1 },
    ]);
  });

  it('comes back under its rank and resumes', (story) => {
    story.job.task('t');
    expect(story.fetch()).toEqual(['t', '1']);
    story.disconnect();
    expect([story.comeBack('1'), story.group()]).toEqual(['1', 'Active']);
    expect(story.worker.store('result', 'r').status).toBe(OK.status);
    expect(story.values()).toEqual(['r']);
    expect(story.job.master.get('fetchTry', 'worker registrations').value).toBe('0');
    expect(story.job.master.get('fetchTry', 'worker registrations').status).toBe('0001');
  });

  it('comes back idle if it was waiting, and gets the next task', (story) => {
    story.worker.wait('fetch', 'task');
    story.disconnect();
    story.job.task('t');
    expect([story.comeBack(), story.group(), story.fetch()]).toEqual(['0', 'Idle', ['t', '1']]);
  });

  it('is dead if it has not come back within the grace period, and its task is tried elsewhere', (story, server) => {
    story.job.task('t');
    story.fetch();
    const other = story.job.worker(1);
    story.disconnect();
    server.advance(GRACE * 1_000 - 1);
    expect(other.get('fetchTry', 'task').status).toBe('0001');
    server.advance(1);
    expect(other.get('fetchTry', 'task').value).toBe('t');
    expect(story.register(story.job.visitor(), '1')).toMatchObject(failed('the worker of rank 0 is dead'));
  });

  it('has the full grace period each time', (story, server) => {
    for (let n = 0; n < 3; n++) {
      story.disconnect();
      server.advance(GRACE * 1_000 - 1);
      story.comeBack();
    }
    server.advance(GRACE * 1_000);
    expect(story.group()).toBe('Idle');
  });

  it('comes back to a closed group, which refuses new workers', (story) => {
    story.job.close();
    story.disconnect();
    expect(story.register(story.job.visitor(), undefined, 'another')).toMatchObject(failed('group closed'));
    expect(story.comeBack()).toBe('0');
  });

  it('gets the broadcasts that were stored while it was disconnected', (story) => {
    story.disconnect();
    story.job.broadcast('b');
    story.comeBack();
    expect(story.fetch()).toEqual(['b', '1']);
  });

  it('is recognized only by its session; any other client with the rank of a connected worker is a duplicate', (story) => {
    story.disconnect();
    const other = story.job.visitor();
    expect(story.register(other, undefined, 'theirs')).toMatchObject(failed('duplicate worker id'));
    expect(other.store('worker_ids', '0')).toMatchObject(failed('duplicate worker id'));
    expect(story.group()).toBe('Lost');
  });

  it('is dead at once if it gave no session', (story) => {
    const old = story.job.worker(1);
    story.job.task('t');
    expect(old.get('fetch', 'task').metadata).toEqual({});
    old.leave();
    expect([story.job.master.read('rankCount'), story.fetch()]).toEqual(['1', ['t', '1']]);
  });

  test('is dead at once if no grace period is set, whatever its session', () => {
    const server = new SimulatedServer();
    const job = new Job(server, { onDeadWorker: 'null' });
    job.sentinel(2);
    const worker = job.visitor();
    const metadata = { session: 'mine' };
    expect(worker.store('worker_ids', '0', { metadata }).metadata).toEqual({});
    job.task('t');
    expect(worker.get('fetch', 'task').metadata).toEqual({});
    expect(job.visitor().store('worker_ids', '0', { metadata })).toMatchObject(failed('duplicate worker id'));
    worker.leave();
    expect(job.master.read('rankCount')).toBe('0');
    server.end();
  });

  it('dies when its death is reported', (story) => {
    story.disconnect();
    story.job.master.store('worker_dead', '0');
    expect(story.group()).toBe('Dead');
  });

  it('dies with its sentinel', (story, server) => {
    story.disconnect();
    story.sentinel.leave();
    expect(story.group()).toBe('Dead');
    server.advance(GRACE * 1_000);
  });

  it('has left if the sleigh shuts down', (story, server) => {
    story.job.task('t');
    story.fetch();
    story.disconnect();
    story.job.master.store('Sleigh ride over', '1');
    expect([story.job.master.read('rankCount'), story.group()]).toEqual(['0', undefined]);
    expect(story.register(story.job.visitor(), '1')).toMatchObject(failed('the worker of rank 0 is left'));
    server.advance(GRACE * 1_000);
  });

  it('and was the last one of a closed group lets the job continue until its grace period ends', (story, server) => {
    story.job.close();
    story.disconnect();
    expect(story.job.isShuttingDown).toBe(false);
    server.advance(GRACE * 1_000);
    expect(story.job.isShuttingDown).toBe(true);
  });

  it('states its activity as a number, and any other value is refused by name (P5.5)', (story) => {
    story.job.task('t');
    story.fetch();
    story.disconnect();
    expect(story.register(story.job.visitor(), 'this and that')).toMatchObject(
      refused('doing must be a number, not "this and that".'),
    );
    expect(story.group()).toBe('Lost');
  });
});

describe('a reply that is lost with the connection (S18)', () => {
  it('to a result that was not received: the worker still has its task, and sends the result again', (story) => {
    story.job.task('t');
    const [, number] = story.fetch();
    story.disconnect();
    expect(story.comeBack(number)).toBe('1');
    story.worker.store('result', 'r');
    expect([story.values(), story.job.status()]).toEqual([['r'], { pending: 0, running: 0 }]);
  });

  it('to a result that was received: the worker learns this, and no second result is stored', (story) => {
    story.job.task('t');
    const [, number] = story.fetch();
    story.worker.store('result', 'r');
    story.disconnect();
    expect(story.comeBack(number)).toBe('0');
    expect(story.worker.store('result', 'r')).toMatchObject(
      refused('Store failed: no current task to store a result of.'),
    );
    expect(story.values()).toEqual(['r']);
  });

  it(
    'to a result and the next task in one segment: the next task counts no attempt',
    (story) => {
      for (const task of ['t1', 't2', 't3']) story.job.task(task);
      const [, number] = story.fetch();
      story.sendResultAndAsk('r1');
      story.disconnect();
      expect(story.comeBack(number)).toBe('0');
      expect([story.values(), story.job.status()]).toEqual([['r1'], { pending: 2, running: 0 }]);
      // It is handed out again even with a single attempt in all, and keeps its position.
      expect(story.fetch()).toEqual(['t2', '3']);
      story.worker.store('result', 'r2');
      expect(story.fetch()).toEqual(['t3', '4']);
      expect(story.values()).toEqual(['r2']);
    },
    { maxAttempts: '1' },
  );

  it('with the first task: the task goes to a waiting worker', (story) => {
    const other = story.job.worker(1);
    story.job.task('t');
    story.fetch();
    story.disconnect();
    other.wait('fetch', 'task');
    expect(story.comeBack()).toBe('0');
    expect(other.reply().value).toBe('t');
    expect(story.worker.get('fetchTry', 'task').status).toBe('0001');
  });

  it('to a return: the worker repeats its message and gets the same reply', (story) => {
    for (const task of ['t1', 't2']) story.job.task(task);
    const [, number] = story.fetch();
    for (let n = 0; n < 3; n++) {
      story.disconnect();
      expect(story.comeBack(number)).toBe('1');
    }
    story.sendResultAndAsk('r1');
    for (let n = 0; n < 3; n++) {
      story.disconnect();
      expect(story.comeBack(number)).toBe('0');
    }
    expect([story.values(), story.fetch()]).toEqual([['r1'], ['t2', '3']]);
  });

  it('to the first registration: the worker comes back as a returning one', (story) => {
    story.disconnect();
    expect([story.comeBack(), story.group()]).toEqual(['0', 'Idle']);
  });

  it('to a task that the worker skipped does not give the task back to it (S7.1)', (story) => {
    for (const task of ['t1', 't2']) story.job.task(task);
    const [, first] = story.fetch();
    const [again, second] = story.fetch();
    expect([again, second]).toEqual(['t1', '2']);
    story.disconnect();
    expect(story.comeBack(first)).toBe('0');
    story.disconnect();
    expect(story.comeBack(second)).toBe('0');
    // It was handed out twice, once without effect: one attempt of three is left after the next.
    expect(story.fetch()).toEqual(['t1', '3']);
  });

  it('with a copy of a broadcast: the same worker gets the copy again, before anything else', (story) => {
    story.job.task('t');
    story.job.broadcast('b1', { batchId: 'b' });
    story.job.broadcast('b2', { batchId: 'b' });
    story.fetch();
    story.disconnect();
    const other = story.job.worker(1);
    other.get('fetch', 'task');
    expect(story.comeBack()).toBe('0');
    const given = ['b1', 'b2', 't'].map((value) => {
      const [found] = story.fetch();
      story.worker.store('result', value);
      return found;
    });
    expect(given).toEqual(['b1', 'b2', 't']);
    expect(story.job.results('b').map(({ value }) => value)).toEqual(['b1', 'b2']);
  });
});

describe('a broken connection that the server has not noticed yet (S18)', () => {
  it('is replaced: its pending requests end, and everything that still arrives on it is ignored', (story) => {
    const old = story.worker;
    old.wait('fetch', 'task');
    expect(story.comeBack()).toBe('0');
    expect(old.reply()).toMatchObject(refused('the worker has come back on another connection'));
    story.job.task('t');
    expect(story.fetch()).toEqual(['t', '1']);
    expect(old.store('result', 'late')).toMatchObject(
      refused('Store failed: no current task to store a result of.'),
    );
    expect(old.get('fetchTry', 'task')).toMatchObject(refused('no value available.'));
    old.leave();
    expect(story.group()).toBe('Active');
    story.worker.store('result', 'r');
    expect(story.values()).toEqual(['r']);
  });

  it('is replaced during a task: a late result on the old connection is refused', (story) => {
    story.job.task('t');
    const old = story.worker;
    const [, number] = story.fetch();
    expect(story.comeBack(number)).toBe('1');
    expect(old.store('result', 'late').status).toBe('0001');
    story.worker.store('result', 'r');
    expect(story.values()).toEqual(['r']);
  });

  it('is replaced while the worker waits for a result, too', (story) => {
    const old = story.worker;
    old.wait('fetch', 'result', { metadata: { batchId: 'b' } });
    story.comeBack();
    expect(old.reply()).toMatchObject(refused('the worker has come back on another connection'));
  });

  it('is replaced by itself if a worker registers twice on it', (story) => {
    story.job.task('t');
    const [, number] = story.fetch();
    expect(story.register(story.worker, number).metadata).toEqual({ nwsBusy: '1', nwsGrace: String(GRACE) });
    story.worker.leave();
    expect(story.group()).toBe('Lost');
  });

  it('drops with the sleigh a task that never reached the worker before the shutdown', (story, server) => {
    story.job.task('t');
    story.fetch();
    story.job.master.store('Sleigh ride over', '1');
    server.advance(10_000);
    expect(story.comeBack()).toBe('0');
    expect(story.job.status()).toEqual({ pending: 0, running: 0 });
    expect(server.core.accounting.bytes).toBe(2);
  });
});

describe('returning to an elastic group (S17, S18)', () => {
  it(
    'a disconnected worker counts until its grace period ends; it has then left if it has no task or copy',
    (story, server) => {
      story.job.master.store('workerCount', '3');
      story.disconnect();
      expect(story.job.rank(story.job.visitor())).toBe(-1);
      server.advance(GRACE * 1_000);
      expect([story.group(), story.job.isShuttingDown, story.job.rank(story.job.visitor())]).toEqual([
        undefined,
        false,
        3,
      ]);
    },
    { join: 'elastic', onDeadWorker: 'shutdown' },
  );

  it(
    'and it is dead if it owes an answer',
    (story, server) => {
      story.disconnect();
      story.job.broadcast('b', { batchId: 'b' });
      server.advance(GRACE * 1_000);
      expect(story.group()).toBe('Dead');
      expect(story.job.results('b').map(({ metadata }) => metadata)).toEqual([
        { batchId: 'b', nwsNull: '1', nwsWorkerRank: '0', nwsCopies: '1' },
      ]);
    },
    { join: 'elastic' },
  );
});
