import { authorityOf } from '../wire/authority.ts';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/**
 * The host names by which a request may call this server. If another site makes its own name point here (DNS
 * rebinding), its page still sends that name in `Host` and is refused.
 */
export class Hosts {
  readonly #port: number;
  readonly #allowed: ReadonlySet<string>;

  /**
   * @param address the address that the server listens on
   * @param names further names; a name without a port allows any port
   */
  constructor(address: string, port: number, names: readonly string[]) {
    this.#port = port;
    const own = [...LOOPBACK, address].map((host) => authorityOf(host, port));
    this.#allowed = new Set([...own, ...names].map((name) => name.toLowerCase()));
  }

  /** @param reached the local address of the connection, which cannot be rebound */
  allows(header: string | undefined, reached: string | undefined): boolean {
    if (header === undefined) return false;
    const host = header.toLowerCase();
    const name = host.replace(/:\d+$/, '');
    const full = name === host ? `${host}:80` : host;
    if (this.#allowed.has(full) || this.#allowed.has(name)) return true;
    return reached !== undefined && full === authorityOf(reached.replace(/^::ffff:/, ''), this.#port);
  }
}
