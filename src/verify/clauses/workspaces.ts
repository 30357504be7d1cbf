import { VERB } from '../../wire/names.ts';
import { eventually, mustBe, mustHold } from '../mismatch.ts';
import type { ClauseTrial } from './scene.ts';

export const WORKSPACE_CLAUSES: readonly ClauseTrial[] = [
  {
    clause: 'W4',
    what: 'A workspace that does not exist and is not to be created gives status 0100.',
    run: async (scene) => {
      const client = await scene.stranger();
      const answer = await client.ask([VERB.useWs, scene.workspace, 'verify', 'no', 'no']);
      mustBe(VERB.useWs, answer, { status: '0100' });
    },
  },
  {
    clause: 'W5',
    what: 'A workspace that a connection has not opened gives status 2001.',
    run: async (scene) => {
      await scene.owner();
      const stranger = await scene.stranger();
      await scene.get(stranger, VERB.findTry, 'v', { status: '2001' });
    },
  },
  {
    clause: 'W6',
    what: 'A workspace is deleted when its owner disconnects.',
    run: async (scene) => {
      const owner = await scene.owner();
      const guest = await scene.guest();
      owner.vanish();
      await eventually(async () => {
        const { value } = await guest.ask([VERB.listWss, scene.workspace]);
        return value.includes(scene.workspace)
          ? 'the workspace is there after its owner has gone'
          : undefined;
      });
    },
  },
  {
    clause: 'W7',
    what: 'A deleted workspace is gone, and those who wait in it are told.',
    run: async (scene) => {
      await scene.owner();
      const guest = await scene.guest();
      const waiter = await scene.guest();
      const waiting = scene.wait(waiter, VERB.fetch, 'v');
      await scene.waitersOf(guest, 'v', 1);
      const deleter = await scene.guest();
      mustBe(VERB.deleteWs, await deleter.ask([VERB.deleteWs, scene.workspace]), {});
      await scene.answered(waiting, 'a fetch that waits', { status: '0001', reason: 'Variable purged.' });
      await scene.get(guest, VERB.findTry, 'v', { status: '0100' });
      const { value } = await guest.ask([VERB.listWss]);
      mustHold(!value.includes(scene.workspace), 'the deleted workspace is still listed');
    },
  },
];
