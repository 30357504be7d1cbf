import { createHmac } from 'node:crypto';
import type { ByteQueue } from '../../wire/byte-queue.ts';
import { DictionaryDecoder, encodeDictionary, MALFORMED } from '../../wire/dictionary.ts';
import type { ConnectionLostCode } from './errors.ts';
import { ACCEPTED, OFFER, OPTIONS } from '../../wire/handshake.ts';
import { OPTION } from '../../wire/names.ts';
import { CONNECTION } from '../errors/connection.ts';
import type { ErrorText } from '../../wire/error-kind.ts';

/** The options that this client always chooses: metadata in both directions (P3). */
const WANTED: readonly [name: string, value: string][] = [
  [OPTION.metadataToServer, '1'],
  [OPTION.metadataFromServer, '1'],
];

export type HandshakeStep =
  | { type: 'say'; bytes: string }
  | { type: 'done' }
  /** @param why what is wrong with the server; follows its address in the message */
  | { type: 'failed'; why: (address: string) => ErrorText<ConnectionLostCode> };

const failed = (why: (address: string) => ErrorText<ConnectionLostCode>): HandshakeStep => ({
  type: 'failed',
  why,
});

/** Proves that this client knows the token, without revealing it to someone who reads the traffic (P2.5). */
const proofOf = (token: string, nonce: string): string =>
  createHmac('sha256', Buffer.from(token, 'latin1')).update(nonce, 'latin1').digest('hex');

/**
 * The client's side of the new handshake (P2). The server's bytes may arrive in pieces of any size. It uses no
 * socket.
 */
export class ClientHandshake {
  readonly #input: ByteQueue;
  #hasPage = false;
  /** What the server refuses this client for, if it does. */
  #refusal: (address: string) => ErrorText<ConnectionLostCode> = CONNECTION.refusedOptions;
  /** Whether the server keeps its data when it ends (D7). */
  isStored = false;
  /** The name of the store that the server shares with others, if it says who owns a workspace (D24). */
  store: string | undefined;
  readonly #isSecure: boolean;
  readonly #offer = new DictionaryDecoder(Number.POSITIVE_INFINITY);
  readonly #token: string | undefined;
  #stage: 'greeted' | 'offered' | 'asked' = 'greeted';

  /** @param wants whether to use TLS (P2.3); the token for a server that requires one (P2.5) */
  constructor(
    input: ByteQueue,
    { isSecure = false, token }: { isSecure?: boolean; token?: string | undefined } = {},
  ) {
    this.#input = input;
    this.#isSecure = isSecure;
    this.#token = token;
  }

  /** Whether the server has a web page, when it has offered its options. */
  get hasPage(): boolean {
    return this.#hasPage;
  }

  /** @returns what to do next, or undefined while bytes are missing */
  next(): HandshakeStep | undefined {
    if (this.#stage === 'greeted') {
      const four = this.#input.text(4);
      if (four === undefined) return undefined;
      if (four !== OFFER) return failed(CONNECTION.noNws);
      this.#stage = 'offered';
    }
    if (this.#stage === 'offered') {
      const offer = this.#offer.next(this.#input);
      if (offer === undefined) return undefined;
      if (offer === MALFORMED) return failed(CONNECTION.badOffer);
      if (this.#isSecure && !offer.has(OPTION.tls)) return failed(CONNECTION.noTls);
      this.#stage = 'asked';
      this.#hasPage = offer.has(OPTION.webPort);
      const wanted = new Map(WANTED);
      // The token is used only if the server requires one. An old server would refuse it.
      if (this.#token !== undefined && offer.has(OPTION.token)) {
        const nonce = offer.get(OPTION.tokenNonce);
        // Options travel before TLS begins: what a listener must not hear is not said.
        if (nonce === undefined && (this.#isSecure || offer.has(OPTION.tls)))
          return failed(CONNECTION.tokenInTheOpen);
        if (nonce !== undefined) wanted.set(OPTION.tokenNonce, nonce);
        wanted.set(OPTION.token, nonce === undefined ? this.#token : proofOf(this.#token, nonce));
      }
      this.#refusal = this.#refusalAfter(offer);
      this.isStored = offer.has(OPTION.durability);
      this.store = offer.get(OPTION.store);
      if (this.#isSecure) wanted.set(OPTION.tls, '1');
      return { type: 'say', bytes: OPTIONS + encodeDictionary(wanted) };
    }
    const four = this.#input.text(4);
    if (four === undefined) return undefined;
    if (four === ACCEPTED) return { type: 'done' };
    return failed(this.#refusal);
  }

  /** The server does not say why it refuses, so its offer must. */
  #refusalAfter(offer: ReadonlyMap<string, string>): (address: string) => ErrorText<ConnectionLostCode> {
    if (WANTED.some(([name]) => !offer.has(name))) return CONNECTION.noMetadata;
    const mayWantTls = offer.has(OPTION.tls) && !this.#isSecure;
    if (!offer.has(OPTION.token)) return mayWantTls ? CONNECTION.needsTls : CONNECTION.refusedOptions;
    if (this.#token === undefined) return CONNECTION.needsToken;
    return mayWantTls ? CONNECTION.badTokenOrNoTls : CONNECTION.badToken;
  }
}
