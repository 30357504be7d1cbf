import type { Fault } from './fault.ts';

/** Kills the owner, and starts it again when another server has taken over. */
export const kill: Fault = {
  name: 'kill of the owner',
  inflict: async ({ servers, killed }) => {
    const { name, epoch } = await servers.owner;
    const ended = servers.kill(name);
    killed();
    await ended;
    await servers.ownerAfter(epoch);
    await servers.restart(name);
  },
};
