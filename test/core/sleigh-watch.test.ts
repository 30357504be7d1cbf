import { describe, expect, test } from 'vitest';
import { EMPTY_VALUE, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { simulated } from '../support/simulated-server.ts';
import { Job } from '../support/job.ts';

const NO_VALUE = refused('no value available.');

describe('sentinels (S9)', () => {
  it('wait until the next heartbeat, which they share, and are told to continue', (server) => {
    const job = new Job(server);
    const [first, second] = [job.sentinel(), job.sentinel()];
    first.wait('find', 'sentinel_alive');
    server.advance(59_000);
    second.wait('fetch', 'sentinel_alive');
    server.advance(1_000);
    expect([first.reply(), second.reply()]).toMatchObject([
      { value: '0', variableId: '', index: 0 },
      { value: '0' },
    ]);
    first.wait('find', 'sentinel_alive');
  });

  it('get no value from the Try forms', (server) => {
    const sentinel = new Job(server).sentinel();
    for (const verb of ['findTry', 'fetchTry'])
      expect(sentinel.get(verb, 'sentinel_alive')).toMatchObject({ ...NO_VALUE, ...EMPTY_VALUE });
  });

  it('are distinguished from other clients, which are told to stop', (server) => {
    const job = new Job(server);
    const [worker] = job.crew(1).workers;
    for (const visitor of [worker, job.master])
      expect(visitor?.get('find', 'sentinel_alive').value).toBe('1');
  });

  test.each([
    ['absent for three periods after a heartbeat: dead, told to stop, no more ranks', 30_000, '1', '-1'],
    ['away for a little less: alive', 29_999, undefined, '2'],
  ])('leave a worker alive or dead: %s (S13)', (_, away, told, rank) =>
    simulated((server) => {
      const job = new Job(server, { sentinelRefreshPeriod: '10', onDeadWorker: 'requeue' });
      const { sentinel } = job.openCrew(1);
      sentinel.wait('find', 'sentinel_alive');
      server.advance(10_000);
      expect(sentinel.reply().value).toBe('0');
      server.advance(away);
      expect(sentinel.get('fetch', 'worker_ids').value).toBe(rank);
      if (told === undefined) sentinel.wait('find', 'sentinel_alive');
      else expect(sentinel.get('find', 'sentinel_alive').value).toBe(told);
    })(),
  );

  it('keep a worker alive that is busy for ten minutes, as long as they keep asking (S13)', (server) => {
    const job = new Job(server, { sentinelRefreshPeriod: '1', onDeadWorker: 'requeue' });
    const { sentinel, workers } = job.crew(1);
    job.master.store('task', 'a long one');
    expect(workers[0]?.get('fetch', 'task').value).toBe('a long one');
    for (let second = 0; second < 600; second++) {
      sentinel.wait('fetch', 'sentinel_alive');
      server.advance(1_000);
      expect(sentinel.reply().value).toBe('0');
    }
    expect(workers[0]?.store('result', 'at last').status).toBe('0000');
    expect(job.master.get('fetch', 'result').value).toBe('at last');
  });

  it('are not absent while they are blocked, nor if they never used the variable (S13)', (server) => {
    const job = new Job(server, { sentinelRefreshPeriod: '10', onDeadWorker: 'requeue' });
    const { sentinel } = job.openCrew(1);
    const silent = job.sentinel();
    for (let n = 0; n < 10; n++) {
      sentinel.wait('find', 'sentinel_alive');
      server.advance(10_000);
      sentinel.reply();
    }
    server.advance(10_000);
    sentinel.wait('find', 'sentinel_alive');
    expect(silent.get('fetch', 'worker_ids').value).toBe('3');
  });

  it('count as present after a Try form (S13)', (server) => {
    const job = new Job(server, { sentinelRefreshPeriod: '10', onDeadWorker: 'requeue' });
    const { sentinel } = job.openCrew(1);
    sentinel.get('findTry', 'sentinel_alive');
    server.advance(29_000);
    sentinel.get('findTry', 'sentinel_alive');
    server.advance(29_000);
    expect(job.master.read('rankCount')).toBe('1');
    server.advance(1_000);
    expect(job.master.read('rankCount')).toBe('0');
  });
});

/** The members of each group of `agentStatus`, by title. */
function groupsOf(text = ''): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  let title = '';
  for (const line of text.split('\n').slice(1)) {
    if (line.startsWith('  - ')) groups[title]?.push(line.slice(4));
    else if (line !== '') groups[(title = line)] = [];
  }
  return groups;
}

describe('agentStatus (S12)', () => {
  it('of a new job contains the titles, each after an empty line', (server) => {
    const titles = ['Idle workers', 'Blocked workers', 'Active workers', 'Dead workers'];
    const more = ['Blocked sentinels', 'Active sentinels', 'Dead sentinels'];
    expect(new Job(server).master.read('agentStatus')).toBe(
      `Master state: Idle\n${[...titles, ...more].map((title) => `\n${title}\n`).join('')}`,
    );
  });

  it('lists the workers by state', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue' });
    const { sentinel, workers } = job.openCrew(4);
    const [idle, blocked, active, dead] = workers;
    const blockedSentinel = job.sentinel();
    blockedSentinel.wait('find', 'sentinel_alive');
    job.task('x');
    active?.get('fetch', 'task');
    blocked?.wait('fetch', 'task');
    dead?.leave();
    job.visitor().wait('fetch', 'result');
    const text = job.master.read('agentStatus');
    expect(text).toMatch(/^Master state: Blocked for results\n/);
    expect(groupsOf(text)).toEqual({
      'Idle workers': [`Worker 0: ${idle?.client.peer}`],
      'Blocked workers': [`Worker 1: ${blocked?.client.peer}`],
      'Active workers': [`Worker 2: ${active?.client.peer}`],
      'Dead workers': [`Worker 3: ${dead?.client.peer}`],
      'Blocked sentinels': [`Sentinel 5: ${blockedSentinel.client.peer}`],
      'Active sentinels': [`Sentinel 4: ${sentinel.client.peer}`],
      'Dead sentinels': [],
    });
  });

  it('omits the empty line after a group that lists members', (server) => {
    const job = new Job(server);
    const { sentinel, workers } = job.openCrew(1);
    const worker = workers.map(({ client }) => `  - Worker 0: ${client.peer}\n`).join('');
    expect(job.master.read('agentStatus')).toBe(
      `Master state: Idle\n\nIdle workers\n${worker}Blocked workers\n\nActive workers\n\nDead workers\n\n` +
        `Blocked sentinels\n\nActive sentinels\n  - Sentinel 1: ${sentinel.client.peer}\nDead sentinels\n`,
    );
  });

  it('lists dead sentinels', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue' });
    const { sentinel } = job.openCrew(1);
    sentinel.leave();
    expect(groupsOf(job.master.read('agentStatus'))).toMatchObject({
      'Dead sentinels': [`Sentinel 1: ${sentinel.client.peer}`],
      'Active sentinels': [],
    });
  });

  it('does not list sentinels that left before any of their workers had registered (S13)', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue' });
    job.openCrew(1);
    job.sentinel(2).leave();
    expect(groupsOf(job.master.read('agentStatus'))).toMatchObject({ 'Dead sentinels': [] });
  });
});

describe('scoreboard (S12)', () => {
  it('has a line for each worker: tasks completed, mean time, share of time busy, and time on the current task', (server) => {
    const job = new Job(server);
    const [first, second] = job.crew(2).workers;
    for (const seconds of [1, 3]) {
      job.task('x');
      first?.get('fetch', 'task');
      server.advance(seconds * 1_000);
      first?.store('result', '');
    }
    job.task('x');
    second?.get('fetch', 'task');
    server.advance(1_000);
    expect(
      job.master
        .read('scoreboard')
        ?.split('\n')
        .map((line) => line.split('\t')),
    ).toEqual([
      ['Worker', 'Num Completed', 'Average Time (sec)', '% Active', 'Time on Current Task (sec)'],
      [`Worker 0: ${first?.client.peer}`, '2', '2.000', '80.0', '0.000'],
      [`Worker 1: ${second?.client.peer}`, '0', '0.000', '20.0', '1.000'],
      [''],
    ]);
  });
});
