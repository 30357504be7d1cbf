import { setTimeout as sleep } from 'node:timers/promises';
import type { FullBed } from '../bed/full-bed.ts';
import type { Network } from '../bed/namespaces.ts';
import type { Fault } from './fault.ts';

const MOST_LONGER_MS = 2_000;

/** What does not arrive. */
export type Direction = 'both' | 'sent' | 'received';

/** Nothing that a host sends to others arrives, or nothing that they send to it, or neither. */
function cut(network: Network, host: string, others: readonly string[], direction: Direction): void {
  if (direction !== 'received') network.cut(host, others);
  if (direction !== 'sent') for (const other of others) network.cut(other, [host]);
}

/** The owner and the stores do not reach each other, until another server has taken over, and longer. */
export const fromStores = ({ network, engine }: FullBed, direction: Direction): Fault => ({
  name: `partition of the owner and the stores, ${direction}`,
  inflict: async ({ servers, random }) => {
    const owner = await servers.someOwner(random);
    const { name } = owner;
    cut(network, name, engine.names, direction);
    try {
      await servers.ownerAfter(owner);
      await sleep(random.whole(0, MOST_LONGER_MS));
    } finally {
      network.mend();
    }
  },
});

/** The owner and the other servers do not reach each other. It stays the owner. */
export const fromServers = ({ network }: FullBed, direction: Direction): Fault => ({
  name: `partition of the owner and the other servers, ${direction}`,
  inflict: async ({ servers, random }) => {
    const { name } = await servers.someOwner(random);
    const others = servers.names.filter((each) => each !== name);
    cut(network, name, others, direction);
    try {
      await sleep(random.whole(0, MOST_LONGER_MS));
    } finally {
      network.mend();
    }
  },
});
