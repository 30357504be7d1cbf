import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.ts';

const MOST_LONGER_MS = 300;

/** Pauses the owner until another server has taken over, and longer. */
export const pause: Fault = {
  name: 'pause longer than the lease',
  inflict: async ({ servers, random }) => {
    const owner = await servers.someOwner(random);
    servers.pause(owner.name);
    await servers.ownerAfter(owner);
    await sleep(random.whole(0, MOST_LONGER_MS));
    servers.resume(owner.name);
  },
};
