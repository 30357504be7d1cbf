import { describe, expect, test, vi } from 'vitest';
import { VERSION } from '../../src/version.ts';
import { OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { simulated } from '../support/simulated-server.ts';
import { Job } from '../support/job.ts';

const JOB_VARIABLES = [
  'version',
  'plugin_version',
  'join_status',
  'rankCount',
  'workerCount',
  'status',
  'waitForWorkers',
  'worker_ids',
  'worker registrations',
  'sentinel_alive',
  'task',
  'broadcast',
  'result',
  'jobStatus',
  'fixedargID',
  'agentStatus',
  'scoreboard',
  'bye',
  'logDebug',
  'logError',
];
/** A line of `list vars`. */
const line = (name: string, values: number): string => `${name}\t${values}\t0\t0\tcustom`;

const STORE_REFUSED = refused('Store is not supported for this variable.');

describe('the options of a new sleigh (S1)', () => {
  test.each([
    ['rankCount', 'many', 'rankCount must be a whole number up to 100000, not "many"'],
    ['rankCount', '1.5', 'rankCount must be a whole number up to 100000, not "1.5"'],
    ['rankCount', '100001', 'rankCount must be a whole number up to 100000, not "100001"'],
    ['sentinelRefreshPeriod', '0', 'sentinelRefreshPeriod must be a number of seconds over 0, not "0"'],
    ['sentinelRefreshPeriod', 'x', 'sentinelRefreshPeriod must be a number of seconds over 0, not "x"'],
    ['workerGracePeriod', '-1', 'workerGracePeriod must be a number of seconds from 0, not "-1"'],
    ['onDeadWorker', 'mourn', 'onDeadWorker must be shutdown, requeue or null, not "mourn"'],
    ['maxAttempts', '0', 'maxAttempts must be a whole number from 1, not "0"'],
  ])('are refused by value, and no workspace is created, for %s of %j', (name, value, reason) =>
    simulated((server) => {
      const client = server.connect();
      const metadata = { wstype: 'sleigh', [name]: value };
      const refusal = refused(`Failed to create workspace: ${reason}.`);
      expect(client.call(['open ws', 'job', '', 'no'], metadata)).toMatchObject(refusal);
      expect(client.call(['mktemp ws'], metadata)).toMatchObject(refusal);
      expect(client.call(['list wss', 'job']).value).toBe('\n');
    })(),
  );

  it('may be padded with spaces', (server) => {
    const job = new Job(server, {
      rankCount: ' 2 ',
      sentinelRefreshPeriod: '0.5',
      workerGracePeriod: '1e1',
      onDeadWorker: 'null',
      maxAttempts: '1',
    });
    expect(job.master.read('workerCount')).toBe('2');
  });
});

describe('the variables of a job', () => {
  it('are listed in a new job without the hidden ones, with the mode custom', (server) => {
    const constants = ['agentStatus', 'join_status', 'plugin_version', 'rankCount'];
    expect(new Job(server).master.list()).toEqual([
      ...constants.map((name) => line(name, 1)),
      line('result', 0),
      line('scoreboard', 1),
      line('task', 0),
      line('workerCount', 1),
    ]);
  });

  test.each([
    ['version', '1'],
    ['plugin_version', `sleigh ${VERSION}`],
    ['join_status', 'open'],
    ['rankCount', '0'],
    ['workerCount', '0'],
    ['broadcast', '0'],
    ['jobStatus', '0'],
    ['sentinel_alive', '1'],
  ])('include %s, which is %j in a new job for every form of get, with id and index 0', (name, value) =>
    simulated((server) => {
      const { master } = new Job(server);
      for (const verb of ['find', 'fetch', 'findTry', 'fetchTry', 'ifind'])
        expect(master.get(verb, name)).toMatchObject({
          ...OK,
          descriptor: 1,
          value,
          index: 0,
          variableId: expect.stringMatching(/^.{20}$/),
        });
    })(),
  );

  test.each([
    'version',
    'plugin_version',
    'join_status',
    'rankCount',
    'sentinel_alive',
    'jobStatus',
    'fixedargID',
    'agentStatus',
    'scoreboard',
  ])('include %s, which refuses stores', (name) =>
    simulated((server) => {
      expect(new Job(server).master.store(name, '1')).toMatchObject(STORE_REFUSED);
    })(),
  );

  it('report only refusals other than a deletion in the log', (server) => {
    const job = new Job(server);
    const log = vi.spyOn(server.core, 'log');
    expect(job.master.delete('worker_ids')).toMatchObject(
      refused('Variable "worker_ids" is part of the workspace and cannot be deleted.'),
    );
    expect(job.master.delete('nothing').status).toBe('0001');
    expect(log).not.toHaveBeenCalled();
    job.master.declare('task', 'sauna');
    expect(log).toHaveBeenCalledTimes(1);
  });

  test.each(JOB_VARIABLES)(
    'include %s, which cannot be deleted nor declared with another mode (S7.2)',
    (name) =>
      simulated((server) => {
        const { master } = new Job(server);
        expect(master.delete(name)).toMatchObject(
          refused(`Variable "${name}" is part of the workspace and cannot be deleted.`),
        );
        expect(master.declare(name, 'single').status).toBe('0001');
      })(),
  );

  test.each(['workerCount', 'status', 'waitForWorkers'])(
    'include %s, to which a value that is no number is refused (P5.5)',
    (name) =>
      simulated((server) => {
        expect(new Job(server).master.store(name, 'soon')).toMatchObject(
          refused(`${name} must be a number, not "soon".`),
        );
      })(),
  );

  test.each(['status', 'waitForWorkers'])(
    'include %s, for which a delay that is no number is refused (P5.5)',
    (name) =>
      simulated((server) => {
        const { master } = new Job(server);
        expect(master.get('find', name, { metadata: { delay: 'soon' } })).toMatchObject(
          refused('delay must be a number, not "soon".'),
        );
      })(),
  );

  it('leave every clause of workspaces in force for other variables', (server) => {
    const { master } = new Job(server);
    master.declare('mine', 'lifo');
    master.store('mine', 'x');
    expect(master.list()).toContain('mine\t1\t0\t0\tlifo');
  });

  it('include fixedargID, of which each get returns the name of a new hidden single variable (S11)', (server) => {
    const { master } = new Job(server);
    const names = ['find', 'fetch', 'findTry'].map((verb) => master.get(verb, 'fixedargID').value);
    expect(names).toEqual(['#fixedArg1', '#fixedArg2', '#fixedArg3']);
    for (const value of ['old', 'new']) master.store('#fixedArg1', value);
    expect(master.read('#fixedArg1')).toBe('new');
    expect(master.list().some((line) => line.includes('#fixedArg'))).toBe(false);
  });

  it('are independent of those of another job', (server) => {
    const one = new Job(server);
    const two = server.connect();
    two.call(['open ws', 'two', '', 'no'], { wstype: 'sleigh' });
    one.task('x');
    expect(two.call(['find', 'two', 'jobStatus'], { all: '1' }).value).toBe('0');
  });
});
