import { encodeDictionary } from './dictionary.ts';
import type { Metadata } from './payload.ts';
import type { ReplyFormat } from './reply.ts';

/** The first four bytes of a client (P2). */
export type Greeting = { kind: 'new' } | { kind: 'old'; format: ReplyFormat };

export function readGreeting(four: string): Greeting {
  if (four.startsWith('X')) return { kind: 'new' };
  return { kind: 'old', format: { metadata: false, cookie: four !== '0000' && four !== '1111' } };
}

/** The answer to the old handshake (P2.4). */
export const OLD_ANSWER = '2223';
export const ACCEPTED = 'A000';
export const DENIED = 'F000';
/** How the options of a client begin (P2.2). */
export const OPTIONS = 'R000';

/** What the new handshake settled (P3). */
export interface Settings {
  readonly metadataToServer: boolean;
  readonly metadataFromServer: boolean;
  readonly killServerOnClose: boolean;
  readonly secure: boolean;
}

/** Options that a server offers, with the value that each requires; '' leaves it to the client (P2.1). */
export type Offer = ReadonlyMap<string, string>;

export function makeOffer(server: { webPort?: number | undefined; tls: boolean }): Offer {
  const offer = new Map([
    ['MetadataToServer', ''],
    ['MetadataFromServer', ''],
    ['KillServerOnClose', ''],
  ]);
  if (server.webPort !== undefined) offer.set('NwsWebPort', String(server.webPort));
  if (server.tls) offer.set('SSL', '');
  return offer;
}

export const encodeOffer = (offer: Offer): string => `P000${encodeDictionary(offer)}`;

/** @returns what was settled, or the name of the option that cannot be had (P2.3) */
export function settle(offer: Offer, wanted: Metadata): Settings | { refused: string } {
  for (const [name, value] of wanted) {
    const required = offer.get(name);
    if (required === undefined || (required !== '' && required !== value)) return { refused: name };
    if (name === 'SSL' && value !== '' && value !== '1') return { refused: name };
  }
  return {
    metadataToServer: wanted.get('MetadataToServer') === '1',
    metadataFromServer: wanted.get('MetadataFromServer') === '1',
    killServerOnClose: wanted.get('KillServerOnClose') === '1',
    secure: wanted.has('SSL'),
  };
}
