import { KEY, VARIABLE, VERB } from '../../wire/names.ts';
import { mustHold } from '../mismatch.ts';
import type { ProtocolClient } from '../protocol-client.ts';
import type { ClauseTrial, Scene } from './scene.ts';

/** Clients that have registered under ranks that were fetched before (S2, S3). */
async function workers(scene: Scene, count: number): Promise<ProtocolClient[]> {
  const sentinel = await scene.guest();
  const ranks = Array.from({ length: count }, (_, rank) => String(rank));
  for (const rank of ranks) await scene.get(sentinel, VERB.fetch, VARIABLE.workerIds, { value: rank });
  const clients = await Promise.all(ranks.map(() => scene.guest()));
  for (const [rank, client] of clients.entries()) await scene.store(client, VARIABLE.workerIds, String(rank));
  return clients;
}

async function oneWorker(scene: Scene): Promise<ProtocolClient> {
  const [worker] = await workers(scene, 1);
  if (worker === undefined) throw new Error('there is no worker');
  return worker;
}

export const JOB_CLAUSES: readonly ClauseTrial[] = [
  {
    clause: 'S2',
    what: 'Each rank is given once, in rising order.',
    run: async (scene) => {
      await scene.master();
      const sentinel = await scene.guest();
      for (const rank of ['0', '1', '2'])
        await scene.get(sentinel, VERB.fetch, VARIABLE.workerIds, { value: rank });
    },
  },
  {
    clause: 'S3',
    what: 'A rank that was never given cannot register.',
    run: async (scene) => {
      await scene.master();
      const stranger = await scene.guest();
      await scene.store(stranger, VARIABLE.workerIds, '7', {}, { status: '0001' });
    },
  },
  {
    clause: 'S7',
    what: 'A master that asks for the results of a batch gets those of that batch.',
    run: async (scene) => {
      const master = await scene.master();
      const busy = await oneWorker(scene);
      const other = await scene.guest();
      const waiting = scene.wait(other, VERB.fetch, VARIABLE.result, { batchId: 'second' });
      for (const batchId of ['first', 'second'])
        await scene.store(master, VARIABLE.task, `task of ${batchId}`, { batchId });
      for (const batchId of ['first', 'second']) {
        const { metadata } = await scene.get(busy, VERB.fetch, VARIABLE.task, {
          value: `task of ${batchId}`,
        });
        await scene.store(busy, VARIABLE.result, `result of ${batchId}`, metadata);
      }
      await scene.answered(waiting, 'fetch result of the second batch', { value: 'result of second' });
      const metadata = { batchId: 'first' };
      await scene.get(master, VERB.fetchTry, VARIABLE.result, { value: 'result of first' }, { metadata });
      await scene.get(master, VERB.fetchTry, VARIABLE.result, { status: '0001' }, { metadata });
    },
  },
  {
    clause: 'S7',
    what: 'A result carries the rank of its worker.',
    run: async (scene) => {
      const master = await scene.master();
      const busy = await oneWorker(scene);
      await scene.store(master, VARIABLE.task, 'task');
      await scene.get(busy, VERB.fetch, VARIABLE.task, { value: 'task' });
      await scene.store(busy, VARIABLE.result, 'result');
      const { metadata } = await scene.get(master, VERB.fetch, VARIABLE.result, { value: 'result' });
      const rank = metadata[KEY.workerRank];
      mustHold(rank === '0', `the metadata ${KEY.workerRank} is "${rank}", not "0"`);
    },
  },
  {
    clause: 'S13',
    what: 'Under the policy requeue the task of a dead worker goes to another one.',
    run: async (scene) => {
      const master = await scene.master({ onDeadWorker: 'requeue' });
      const [dying, other] = await workers(scene, 2);
      if (dying === undefined || other === undefined) throw new Error('there are no workers');
      await scene.store(master, VARIABLE.task, 'task');
      await scene.get(dying, VERB.fetch, VARIABLE.task, { value: 'task' });
      const waiting = scene.wait(other, VERB.fetch, VARIABLE.task);
      dying.vanish();
      await scene.answered(waiting, 'fetch task of the worker that lives', { value: 'task' });
    },
  },
];
