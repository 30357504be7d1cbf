import { OPTION } from '../wire/names.ts';
import { ProtocolClient, type Address } from './protocol-client.ts';

/** Where charts are tried: a running server, and what may be done with it. */
export interface TestTarget {
  readonly server: Address;
  /** Seconds that the server gives a handshake (P12). */
  readonly handshakeSeconds: number;
  /** Seconds in which some of a request that has begun must come (P12). */
  readonly requestSeconds: number;
  /** A `wstype` with which the server fails, where there is one. */
  readonly faultyKind?: string;
  /** Starts another server, which may be stopped. */
  readonly disposable?: () => Promise<Address>;
}

/** What only some servers can be asked for. */
export const NEEDS = ['stop', 'tls', 'fault'] as const;
export type Need = (typeof NEEDS)[number];

/** Why it is left out where it cannot be had. */
export const WITHOUT: Readonly<Record<Need, string>> = {
  stop: 'it would stop the server',
  tls: 'the server offers no TLS',
  fault: 'the server has no known fault',
};

/** @throws when the server cannot be reached or does not speak the protocol */
export async function needsMetBy({ server, faultyKind, disposable }: TestTarget): Promise<ReadonlySet<Need>> {
  const speaker = await ProtocolClient.open(server);
  try {
    const offer = await speaker.greet();
    const met = new Set<Need>();
    if (offer.has(OPTION.tls)) met.add('tls');
    if (faultyKind !== undefined) met.add('fault');
    if (disposable !== undefined) met.add('stop');
    return met;
  } finally {
    speaker.vanish();
  }
}
