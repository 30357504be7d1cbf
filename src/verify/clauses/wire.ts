import { VERB } from '../../wire/names.ts';
import { mustBe, mustHold } from '../mismatch.ts';
import type { ClauseTrial } from './scene.ts';

export const WIRE_CLAUSES: readonly ClauseTrial[] = [
  {
    clause: 'P2.4',
    what: 'A client with the old handshake is answered without metadata.',
    run: async (scene) => {
      const client = await scene.oldStranger();
      mustBe(VERB.listWss, await client.ask([VERB.listWss, scene.workspace]), { value: '\n' });
    },
  },
  {
    clause: 'P5.2',
    what: 'Requests that are sent together are answered in their order.',
    run: async (scene) => {
      const client = await scene.owner();
      const names = ['a', 'b', 'c'];
      for (const name of names) await scene.store(client, name, name);
      const all = names.map((name) => client.begin([VERB.findTry, scene.workspace, name]));
      for (const [n, pending] of all.entries())
        await scene.answered(pending, `findTry ${names[n]}`, { value: names[n] ?? '' });
    },
  },
  {
    clause: 'P5.4',
    what: 'An unknown verb and a wrong number of arguments get an error reply, and the connection stays open.',
    run: async (scene) => {
      const client = await scene.owner();
      const unknown = await client.ask(['no such verb']);
      mustBe('an unknown verb', unknown, { status: '0001', reason: 'Unknown verb "no such verb"' });
      mustHold(client.unread === '', 'an unknown verb gets a long reply');
      mustBe('store with one argument', await client.ask([VERB.store, 'x']), {
        status: '0001',
        reason: 'Wrong number of arguments for "store"',
      });
      const { status } = await client.ask([VERB.fetchTry, 'x']);
      mustHold(status === '0001', `fetchTry with one argument: status is "${status}", not "0001"`);
      await scene.store(client, 'v', 'value');
    },
  },
  {
    clause: 'P7.1',
    what: 'In a failed long reply the index is 0, and the id consists of spaces.',
    run: async (scene) => {
      const client = await scene.owner();
      const failed = await scene.get(client, VERB.fetchTry, 'v', { status: '0001', value: '' });
      const { variableId, index } = failed;
      mustHold(
        variableId === '' && index === 0,
        `a failed reply has the id "${variableId}" and the index ${index}`,
      );
    },
  },
  {
    clause: 'P8',
    what: 'A failed reply states its reason.',
    run: async (scene) => {
      const client = await scene.owner();
      await scene.get(client, VERB.fetchTry, 'v', { status: '0001', reason: 'no value available' });
    },
  },
];
