import { OPTION } from '../wire/names.ts';
import { ProtocolClient, type Address } from './protocol-client.ts';

/** The target of the tests: a running server, and what it offers. */
export interface TestTarget {
  readonly server: Address;
  /** The handshake timeout of the server in seconds (P12). */
  readonly handshakeSeconds: number;
  /** Seconds within which some bytes of an incomplete request must arrive (P12). */
  readonly requestSeconds: number;
  /** A `wstype` on which the server fails, if there is one. */
  readonly faultyKind?: string;
  /** Starts another server, which may be stopped. */
  readonly disposable?: () => Promise<Address>;
}

/** Features that only some servers offer. */
export const NEEDS = ['stop', 'tls', 'fault'] as const;
export type Need = (typeof NEEDS)[number];

/** The reason for leaving it out if it is not available. */
export const WITHOUT: Readonly<Record<Need, string>> = {
  stop: 'it would stop the server',
  tls: 'the server offers no TLS',
  fault: 'the server has no known fault',
};

/** @throws when the server cannot be reached or does not speak the protocol */
export async function needsMetBy({ server, faultyKind, disposable }: TestTarget): Promise<ReadonlySet<Need>> {
  const protocolClient = await ProtocolClient.open(server);
  try {
    const offer = await protocolClient.greet();
    const met = new Set<Need>();
    if (OPTION.tls in offer) met.add('tls');
    if (faultyKind !== undefined) met.add('fault');
    if (disposable !== undefined) met.add('stop');
    return met;
  } finally {
    protocolClient.vanish();
  }
}
