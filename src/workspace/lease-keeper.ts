import { fault } from '../wire/error-kind.ts';
import type { Metadata } from '../wire/payload.ts';
import type { EndableLease, LeasePlace, TakenValue } from './leasing.ts';
import type { Client, Found, PendingGet } from './pending-get.ts';
import type { Refusal } from './refusal.ts';
import type { Value } from './value.ts';

/** Keeps the leases of a server. */
export interface LeaseKeeper {
  /** @returns the metadata of the reply */
  begin(taken: TakenValue, client: Client, milliseconds: number): Metadata;
  /** @returns the lease of that number; a refusal if this client does not hold it */
  heldBy(number: string, client: Client): EndableLease | Refusal;
}

/**
 * Answers a get that takes a value: for good, or for a time (V13).
 * @returns whether it was for a time, so that the value still counts
 */
export function give(get: PendingGet, found: Found, value: Value, place: LeasePlace): boolean {
  if (get.lease === undefined) {
    get.answer(found);
    return false;
  }
  const lease = get.lease({ number: found.index, value, place });
  get.answer({ ...found, metadata: new Map([...found.metadata, ...lease]) });
  return true;
}

/** For a world without clients of ordinary variables: the variables of a job give no leases (V13.5). */
export const NO_LEASE_KEEPER: LeaseKeeper = {
  begin: () => {
    throw fault('a job variable gave a lease');
  },
  heldBy: () => {
    throw fault('nobody holds a lease');
  },
};
