import type { Client } from '../workspace/pending-get.ts';

/**
 * A client that was connected before the server was restarted. Its connection has closed.
 * @param id as it was; it is negated, because another connection may have the same id now
 */
export const formerClient = (id: number, peer: string): Client => ({
  id: -Math.abs(id),
  peer,
  closeListeners: new Set(),
  answer: () => undefined,
  refuse: () => undefined,
});
