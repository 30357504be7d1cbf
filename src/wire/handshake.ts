import { encodeDictionary } from './dictionary.ts';
import { OPTION } from './names.ts';
import type { Metadata } from './payload.ts';
import type { ReplyFormat } from './reply.ts';

/** The first four bytes of a client (P2). */
export type Greeting = { kind: 'new' } | { kind: 'old'; format: ReplyFormat };

export function readGreeting(four: string): Greeting {
  if (four.startsWith('X')) return { kind: 'new' };
  return { kind: 'old', format: { metadata: false, cookie: four !== '0000' && four !== '1111' } };
}

/** The first bytes of a client of the new handshake, and of the offer of the server (P2.1). */
export const GREETING = 'X000';
export const OFFER = 'P000';
/** The reply to the old handshake (P2.4). */
export const OLD_ANSWER = '2223';
export const ACCEPTED = 'A000';
export const DENIED = 'F000';
/** The first bytes of the client's options (P2.2). */
export const OPTIONS = 'R000';

/** The result of the new handshake (P3). */
export interface Settings {
  readonly metadataToServer: boolean;
  readonly metadataFromServer: boolean;
  readonly killServerOnClose: boolean;
  readonly secure: boolean;
}

/** The options that a server offers and requires. */
export interface Terms {
  /** The value that each option requires; '' accepts any value (P2.1). */
  readonly offer: ReadonlyMap<string, string>;
  /** An option that every client must choose, which excludes the old handshake (P2.5). */
  readonly demanded: typeof OPTION.tls | typeof OPTION.token | undefined;
  readonly admits: Admits;
}

/**
 * Decides whether a client is admitted (P2.5).
 * @param said the client's value of `Token`
 * @param nonce if present, `said` must be a proof that the client knows the token; otherwise the token itself
 */
export type Admits = (said: string | undefined, nonce: string | undefined) => boolean;

/** The terms for clients that are admitted already. */
export const UNGUARDED = { demanded: undefined, admits: () => true } as const;

export interface TermsOptions {
  readonly webPort?: number | undefined;
  readonly tls: 'none' | 'offered' | 'required';
  readonly admits?: Admits | undefined;
  /** When something is durable (D7); undefined without a store. */
  readonly durability?: string | undefined;
  /** The name of the store that several servers share, if clients are told who owns a workspace (D24). */
  readonly store?: string | undefined;
  /** Whether clients may stop the server (P3). The default is true. */
  readonly mayBeStopped?: boolean | undefined;
}

export function makeTerms({
  webPort,
  tls,
  admits,
  durability,
  store,
  mayBeStopped = true,
}: TermsOptions): Terms {
  const offer = new Map<string, string>([
    [OPTION.metadataToServer, ''],
    [OPTION.metadataFromServer, ''],
  ]);
  if (mayBeStopped) offer.set(OPTION.killServerOnClose, '');
  if (webPort !== undefined) offer.set(OPTION.webPort, String(webPort));
  if (durability !== undefined) offer.set(OPTION.durability, durability);
  if (store !== undefined) offer.set(OPTION.store, store);
  if (tls !== 'none') offer.set(OPTION.tls, '');
  if (admits !== undefined) offer.set(OPTION.token, '');
  const demanded = tls === 'required' ? OPTION.tls : admits === undefined ? undefined : OPTION.token;
  return { offer, demanded, admits: admits ?? (() => true) };
}

/**
 * The terms for one connection.
 * @param nonce the nonce of this connection, hexadecimal; undefined if no token is required
 */
export function termsWith(terms: Terms, nonce: string | undefined): Terms {
  if (nonce === undefined || !terms.offer.has(OPTION.token)) return terms;
  const rest = [...terms.offer].filter(([name]) => name !== OPTION.token);
  return { ...terms, offer: new Map([...rest, [OPTION.tokenNonce, nonce], [OPTION.token, '']]) };
}

export const encodeOffer = ({ offer }: Terms): string => OFFER + encodeDictionary(offer);

/** @returns the settings, or the name of the option that is not offered, missing or wrong (P2.3, P2.5) */
export function settle({ offer, demanded, admits }: Terms, wanted: Metadata): Settings | { refused: string } {
  for (const [name, value] of wanted) {
    const required = offer.get(name);
    if (required === undefined || (required !== '' && required !== value)) return { refused: name };
    if (name === OPTION.tls && value !== '' && value !== '1') return { refused: name };
  }
  if (demanded !== undefined && !wanted.has(demanded)) return { refused: demanded };
  if (!admits(wanted.get(OPTION.token), wanted.get(OPTION.tokenNonce))) return { refused: OPTION.token };
  return {
    metadataToServer: wanted.get(OPTION.metadataToServer) === '1',
    metadataFromServer: wanted.get(OPTION.metadataFromServer) === '1',
    killServerOnClose: wanted.get(OPTION.killServerOnClose) === '1',
    secure: wanted.has(OPTION.tls),
  };
}
