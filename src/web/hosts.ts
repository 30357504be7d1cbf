import { authorityOf } from '../wire/authority.ts';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/**
 * Which names a request may call this server by. A page of another site that makes its own name point here (DNS
 * rebinding) still sends that name in `Host`, and gets nothing.
 */
export class Hosts {
  readonly #port: number;
  readonly #allowed: ReadonlySet<string>;

  /**
   * @param address what the server listens on
   * @param names further ones, with a port or, for any port, without
   */
  constructor(address: string, port: number, names: readonly string[]) {
    this.#port = port;
    const own = [...LOOPBACK, address].map((host) => authorityOf(host, port));
    this.#allowed = new Set([...own, ...names].map((name) => name.toLowerCase()));
  }

  /** @param reached the address of this machine that the request came in at: an address cannot be rebound */
  allows(header: string | undefined, reached: string | undefined): boolean {
    if (header === undefined) return false;
    const host = header.toLowerCase();
    const name = host.replace(/:\d+$/, '');
    const full = name === host ? `${host}:80` : host;
    if (this.#allowed.has(full) || this.#allowed.has(name)) return true;
    return reached !== undefined && full === authorityOf(reached.replace(/^::ffff:/, ''), this.#port);
  }
}
