import { describe, expect, it } from 'vitest';
import { OK, refused } from '../support/replies.ts';
import { it as test } from '../support/on-server.ts';
import type { Entries, SimulatedClient } from '../support/simulated-client.ts';
import { simulated, type SimulatedServer } from '../support/simulated-server.ts';

const LARGE = 'x'.repeat(65_536);

/** A master and a worker. */
function begin(server: SimulatedServer): { master: SimulatedClient; hand: SimulatedClient } {
  const master = server.connect();
  master.call(['open ws', 'job', 'me', 'yes'], { wstype: 'sleigh', onDeadWorker: 'null', join: 'elastic' });
  const hand = server.connect();
  hand.call(['use ws', 'job', 'me', 'no']);
  hand.call(['fetch', 'job', 'worker_ids']);
  hand.call(['store', 'job', 'worker_ids', '1', '0']);
  return { master, hand };
}

function answer(
  { master, hand }: ReturnType<typeof begin>,
  value: string,
  task: Entries = { leaveIn: '#left' },
  result: Entries = {},
): void {
  master.call(['store', 'job', 'task', '1', ''], { mailbox: 'm', ...task });
  hand.call(['fetch', 'job', 'task']);
  expect(hand.call(['store', 'job', 'result', '1', value], result)).toMatchObject(OK);
}
const mail = (master: SimulatedClient) => master.call(['fetchTry', 'job', 'result'], { mailbox: 'm' });

describe('a result that stays at the server (S34)', () => {
  test('is in its variable, and its master learns of its size', (server) => {
    const job = begin(server);
    answer(job, LARGE, { leaveIn: '#left' }, { type: 'json', leaveIn: 'elsewhere' });
    expect(mail(job.master)).toMatchObject({ value: '', metadata: { nwsLeft: '65536', nwsWorkerRank: '0' } });
    for (const client of [job.master, job.hand])
      expect(client.call(['findTry', 'job', '#left'])).toMatchObject({
        value: LARGE,
        metadata: { type: 'json' },
      });
    expect(job.master.call(['list vars', 'job']).value).not.toContain('#left');
    expect(job.master.call(['delete var', 'job', '#left'])).toMatchObject(OK);
    expect(job.master.call(['findTry', 'job', '#left'])).toMatchObject(refused('no value available'));
  });

  test('answers a master that waits for it', (server) => {
    const job = begin(server);
    job.master.send(['fetch', 'job', 'result'], { mailbox: 'm' });
    const other = server.connect();
    other.call(['use ws', 'job', 'me', 'no']);
    answer({ ...job, master: other }, LARGE);
    expect(job.master.reply()).toMatchObject({ value: '', metadata: { nwsLeft: '65536' } });
  });

  test('survives a crash of the server (D8)', (first) => {
    const job = begin(first);
    answer(job, LARGE);
    const server = first.crash();
    const client = server.connect();
    client.call(['use ws', 'job', 'me', 'no']);
    expect(client.call(['findTry', 'job', '#left'])).toMatchObject({ value: LARGE });
    expect(mail(client)).toMatchObject({ metadata: { nwsLeft: '65536' } });
    server.end();
  });

  it.each<[string, string, Entries, Entries]>([
    ['a smaller one', LARGE.slice(1), { leaveIn: '#left' }, {}],
    ['a failure', LARGE, { leaveIn: '#left' }, { error: '1' }],
    ['one of a task without a variable', LARGE, {}, { leaveIn: '#left' }],
    ['one that is kept elsewhere', LARGE, { leaveIn: '#left', keepIn: '#kept', keepAs: 'a' }, {}],
  ])('%s goes where it always goes (S34.1)', (_, value, task, result) => {
    simulated((server) => {
      const job = begin(server);
      answer(job, value, task, result);
      const found =
        task['keepIn'] === undefined ? mail(job.master) : job.master.call(['findTry', 'job', '#kept']);
      expect(found).toMatchObject({ value });
      expect(found.metadata).not.toHaveProperty('nwsLeft');
      expect(job.master.call(['findTry', 'job', '#left']).status).toBe('0001');
    })();
  });

  test('goes to the master if the variable exists already (S34.1)', (server) => {
    const job = begin(server);
    job.master.call(['store', 'job', '#left', '1', 'mine']);
    answer(job, LARGE);
    expect(mail(job.master)).toMatchObject({ value: LARGE });
    expect(job.master.call(['findTry', 'job', '#left'])).toMatchObject({ value: 'mine' });
  });

  test('is none if its worker has died (S34.1)', (server) => {
    const job = begin(server);
    job.master.call(['store', 'job', 'task', '1', ''], { mailbox: 'm', leaveIn: '#left' });
    job.hand.call(['fetch', 'job', 'task']);
    job.hand.disconnect();
    expect(mail(job.master)).toMatchObject({ value: '', metadata: { nwsNull: '1' } });
  });

  test('is none of a broadcast (S34.1)', (server) => {
    const job = begin(server);
    job.master.call(['store', 'job', 'broadcast', '1', ''], { mailbox: 'm', leaveIn: '#left' });
    job.hand.call(['fetch', 'job', 'task']);
    expect(job.hand.call(['store', 'job', 'result', '1', LARGE])).toMatchObject(OK);
    expect(mail(job.master)).toMatchObject({ value: LARGE });
  });
});
