import { KEY, VERB } from '../../wire/names.ts';
import { cookieOf } from '../client-codec.ts';
import { mustHold } from '../mismatch.ts';
import type { ClauseTrial } from './scene.ts';

export const VARIABLE_CLAUSES: readonly ClauseTrial[] = [
  {
    clause: 'V3',
    what: 'A value is kept with its metadata; a single has its last value.',
    run: async (scene) => {
      const client = await scene.owner();
      await scene.store(client, 'v', 'value', { type: 'text' });
      const { metadata } = await scene.get(client, VERB.find, 'v', { value: 'value' });
      mustHold(metadata[KEY.type] === 'text', `the metadata "type" is "${metadata[KEY.type]}", not "text"`);
      await scene.declare(client, 's', 'single');
      for (const value of ['1', '2']) await scene.store(client, 's', value);
      await scene.get(client, VERB.fetchTry, 's', { value: '2' });
      await scene.get(client, VERB.fetchTry, 's', { status: '0001' });
    },
  },
  ...(['fifo', 'lifo'] as const).map((mode) => ({
    clause: 'V4',
    what: `A find reads, and a fetch removes, the ${mode === 'fifo' ? 'oldest' : 'newest'} value of a ${mode}.`,
    run: async (scene: Parameters<ClauseTrial['run']>[0]) => {
      const client = await scene.owner();
      await scene.declare(client, 'v', mode);
      const values = ['1', '2', '3'];
      for (const value of values) await scene.store(client, 'v', value);
      for (const value of mode === 'fifo' ? values : values.toReversed()) {
        await scene.get(client, VERB.find, 'v', { value });
        await scene.get(client, VERB.fetch, 'v', { value });
      }
      await scene.get(client, VERB.fetchTry, 'v', { status: '0001', reason: 'no value available' });
    },
  })),
  {
    clause: 'V5',
    what: 'A store serves every find that waits, then the fetch that has waited longest.',
    run: async (scene) => {
      const client = await scene.owner();
      const first = scene.wait(await scene.guest(), VERB.fetch, 'v');
      await scene.waitersOf(client, 'v', 1);
      const second = scene.wait(await scene.guest(), VERB.fetch, 'v');
      await scene.waitersOf(client, 'v', 2);
      const find = scene.wait(await scene.guest(), VERB.find, 'v');
      await scene.waitersOf(client, 'v', 3);
      await scene.store(client, 'v', '1');
      await scene.answered(find, 'a find that waits', { value: '1' });
      await scene.answered(first, 'the fetch that has waited longest', { value: '1' });
      await scene.stillWaits(second, 'the second fetch', client);
      await scene.store(client, 'v', '2');
      await scene.answered(second, 'the fetch that waits', { value: '2' });
    },
  },
  {
    clause: 'V6',
    what: 'A client that disconnects while waiting consumes no value.',
    run: async (scene) => {
      const client = await scene.owner();
      const waiter = await scene.guest();
      scene.wait(waiter, VERB.fetch, 'v').whenAnswered.catch(() => undefined);
      await scene.waitersOf(client, 'v', 1);
      waiter.vanish();
      await scene.waitersOf(client, 'v', 0);
      await scene.store(client, 'v', 'value');
      await scene.get(client, VERB.fetchTry, 'v', { value: 'value' });
    },
  },
  {
    clause: 'V10',
    what: 'An iteration returns each value of a fifo once, in order.',
    run: async (scene) => {
      const client = await scene.owner();
      const values = ['1', '2', '3'];
      for (const value of values) await scene.store(client, 'v', value);
      let cookie: readonly string[] = [];
      for (const [n, value] of values.entries()) {
        const answer = await scene.get(client, VERB.ifindTry, 'v', { value }, { cookie });
        cookie = cookieOf(answer);
        mustHold(cookie[1] === String(n), `"${value}" has the number ${cookie[1]}, not ${n}`);
      }
      await scene.get(client, VERB.ifindTry, 'v', { status: '0001' }, { cookie });
    },
  },
  {
    clause: 'V12',
    what: 'The members of a barrier are released when all of them wait.',
    run: async (scene) => {
      const [one, other] = [await scene.owner(), await scene.guest()];
      await scene.declare(one, 'b', '__barrier');
      for (const member of [one, other]) await scene.store(member, 'b', '');
      const waiting = scene.wait(one, VERB.find, 'b');
      const third = await scene.guest();
      await scene.get(third, VERB.findTry, 'b', { value: '1 out of 2 at barrier' });
      await scene.stillWaits(waiting, 'a find of one of two members', third);
      await scene.get(other, VERB.find, 'b', { value: '2' });
      await scene.answered(waiting, 'the find of the first member', { value: '2' });
    },
  },
];
