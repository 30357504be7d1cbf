import { describe, expect } from 'vitest';
import { OK } from '../support/replies.ts';
import type { Entries, SimulatedClient } from '../support/simulated-client.ts';
import { it } from '../support/on-server.ts';
import type { SimulatedServer } from '../support/simulated-server.ts';
import { SessionClient } from './session-client.ts';

const JOB = { wstype: 'sleigh', onDeadWorker: 'null', join: 'elastic', reconnectGrace: '60' };
const KEPT = '#kept';

function master(server: SimulatedServer): SimulatedClient {
  const client = server.connect();
  client.call(['open ws', 'job', 'me', 'yes'], JOB);
  return client;
}

function worker(server: SimulatedServer, rank: string, metadata: Entries = {}): SimulatedClient {
  const client = server.connect();
  client.call(['use ws', 'job', 'me', 'no']);
  if (metadata['session'] === undefined)
    expect(client.call(['fetch', 'job', 'worker_ids'])).toMatchObject({ value: rank });
  expect(client.call(['store', 'job', 'worker_ids', '1', rank], metadata)).toMatchObject(OK);
  return client;
}

const store = (client: SimulatedClient, key: string, more: Entries = {}) =>
  client.call(['store', 'job', 'task', '1', `task ${key}`], {
    keepIn: KEPT,
    keepAs: key,
    batchId: 'b',
    ...more,
  });
const answer = (client: SimulatedClient): void => {
  const { value } = client.call(['fetch', 'job', 'task']);
  expect(client.call(['store', 'job', 'result', '1', `result of ${value}`])).toMatchObject(OK);
};
const kept = (client: SimulatedClient): string | undefined =>
  client
    .call(['list vars', 'job'])
    .value?.split('\n')
    .find((line) => line.startsWith(`${KEPT}\t`));

describe('a task with a key (S29)', () => {
  it('is queued once, whether it is queued, running or done; its result stays in its variable', (server) => {
    const client = master(server);
    const hand = worker(server, '0');
    expect(store(client, 'a').metadata).toEqual({});
    expect(store(client, 'a').metadata).toEqual({ nwsKnown: '1' });
    expect(client.call(['find', 'job', 'jobStatus'], { batchId: 'b' })).toMatchObject({ value: '1' });
    hand.call(['fetch', 'job', 'task']);
    expect(store(client, 'a').metadata).toEqual({ nwsKnown: '1' });
    hand.call(['store', 'job', 'result', '1', 'done'], { keepIn: 'elsewhere', keepAs: 'x' });
    expect(store(client, 'a').metadata).toEqual({ nwsKnown: '1' });
    expect(client.call(['find', 'job', 'jobStatus'], { batchId: 'b' })).toMatchObject({ value: '0' });
    const found = client.call(['ifind', 'job', KEPT]);
    expect(found).toMatchObject({
      value: 'done',
      metadata: { keepAs: 'a', keepIn: KEPT, nwsWorkerRank: '0' },
    });
    expect(client.call(['fetchTry', 'job', 'result'], { batchId: 'b' }).status).toBe('0001');
    expect(kept(client)).toBe(`${KEPT}\t1\t0\t0\tfifo`);
    client.call(['delete var', 'job', KEPT]);
    expect(store(client, 'a').metadata).toEqual({});
  });

  it('has a null result in the variable when its worker has died', (server) => {
    const client = master(server);
    const hand = worker(server, '0');
    store(client, 'a');
    hand.call(['fetch', 'job', 'task']);
    hand.disconnect();
    expect(client.call(['find', 'job', KEPT])).toMatchObject({
      value: '',
      metadata: { keepAs: 'a', nwsNull: '1' },
    });
    expect(store(client, 'a').metadata).toEqual({ nwsKnown: '1' });
  });

  it('is known after a crash, too, whether it is queued, running or done (D8)', (first) => {
    const before = master(first);
    const hand = worker(first, '0');
    for (const key of ['done', 'running', 'queued']) store(before, key);
    answer(hand);
    hand.call(['fetch', 'job', 'task']);
    const server = first.crash();
    const client = master(server);
    for (const key of ['done', 'queued']) expect(store(client, key).metadata).toEqual({ nwsKnown: '1' });
    // The worker without a session has died with its connection.
    expect(client.call(['ifindTry', 'job', KEPT])).toMatchObject({ value: 'result of task done' });
    expect(store(client, 'running').metadata).toEqual({ nwsKnown: '1' });
    expect(store(client, 'new').metadata).toEqual({});
    const next = worker(server, '1');
    answer(next);
    answer(next);
    expect(kept(client)).toBe(`${KEPT}\t4\t0\t0\tfifo`);
    server.end();
  });

  it('is known after a crash while its result is leased (V13, S29.1)', (first) => {
    const before = master(first);
    store(before, 'a');
    answer(worker(first, '0'));
    const reader = new SessionClient(first);
    reader.call(['use ws', 'job', 'me', 'no']);
    const { nwsLease = '' } = reader.call(['take', 'job', KEPT, '60000']).metadata;
    const server = first.crash();
    const client = master(server);
    expect(kept(client)).toBe(`${KEPT}\t0\t0\t0\tfifo`);
    expect(store(client, 'a').metadata).toEqual({ nwsKnown: '1' });
    reader.resume(server);
    expect(reader.call(['end lease', nwsLease, 'back'])).toMatchObject(OK);
    expect(store(client, 'a').metadata).toEqual({ nwsKnown: '1' });
    expect(kept(client)).toBe(`${KEPT}\t1\t0\t0\tfifo`);
    server.end();
  });
});
