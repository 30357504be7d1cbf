import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { SERVER } from './errors.ts';
import { plainError } from '../wire/error-kind.ts';

export interface AdmissionOptions {
  /** The addresses that may connect, such as `10.0.0.0/8` or `::1`. The default is all. */
  allow?: readonly string[] | undefined;
  /** The token that a client must know (P2.5). Latin-1, up to 9,999 bytes. */
  token?: string | undefined;
}

const hash = (text: string): Buffer => createHash('sha256').update(text, 'latin1').digest();

/** Compares two secrets in constant time. */
export const isSameText = (said: string | undefined, secret: string): boolean =>
  timingSafeEqual(hash(said ?? ''), hash(secret));

/** Decides which clients are admitted, by address and by token. Immutable: a reload creates a new one. */
export class Admission {
  readonly #allowed: BlockList | undefined;
  readonly #token: Buffer | undefined;
  /** The key of proofs. */
  readonly #key: Buffer | undefined;

  /** @throws if an address or the token is invalid */
  constructor({ allow = [], token }: AdmissionOptions) {
    if (allow.length > 0) this.#allowed = addressList(allow);
    if (token === undefined) return;
    if (token === '' || token.length > 9_999) throw plainError(SERVER.badToken());
    this.#token = hash(token);
    this.#key = Buffer.from(token, 'latin1');
  }

  get asksForToken(): boolean {
    return this.#token !== undefined;
  }
  get isOpen(): boolean {
    return this.#allowed === undefined && this.#token === undefined;
  }

  /** Compares the token in constant time (P2.5). */
  readonly admits = (said: string | undefined): boolean =>
    this.#token === undefined || timingSafeEqual(hash(said ?? ''), this.#token);

  /**
   * Compares the proof in constant time (P2.5).
   * @param said HMAC-SHA-256 of the nonce, keyed with the token, hexadecimal
   */
  admitsProof(said: string | undefined, nonce: string): boolean {
    if (this.#key === undefined) return true;
    const proof = createHmac('sha256', this.#key).update(nonce).digest('hex');
    return timingSafeEqual(hash(said ?? ''), hash(proof));
  }

  allows(address: string): boolean {
    const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
    return this.#allowed?.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4') ?? true;
  }
}

/**
 * @param allow addresses such as `10.0.0.0/8` or `::1`
 * @throws if one is invalid
 */
export function addressList(allow: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of allow) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const bits = family === 'ipv6' ? 128 : 32;
    const length = prefix === undefined ? bits : Number(prefix);
    if (isIP(address) === 0 || !/^\d+$/.test(prefix ?? '0') || length > bits)
      throw plainError(SERVER.noAddress(entry));
    list.addSubnet(address, length, family);
  }
  return list;
}
