import type { Fault } from './fault.ts';

/** Kills the owner, and starts it again when another server has taken over. */
export const kill: Fault = {
  name: 'kill of the owner',
  inflict: async ({ servers, random, killed }) => {
    const owner = await servers.someOwner(random);
    const ended = servers.kill(owner.name);
    killed();
    await ended;
    await servers.ownerAfter(owner);
    await servers.restart(owner.name);
  },
};
