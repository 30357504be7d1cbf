import type { ListenOptions } from './web-server.ts';
import type { Optional } from '../wire/with-defaults.ts';

export interface WebOptions extends Optional<ListenOptions> {
  /** Whether the page may delete and fetch, with the given token or a random one. */
  readonly write?: boolean | undefined;
  readonly token?: string | undefined;
  /** If its port is in use, the server runs without a page and logs that. */
  readonly isOptional?: boolean | undefined;
}

export interface WebAddress {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** The token for changes; undefined if changes are disabled. */
  readonly token: string | undefined;
}

/** The web server cannot listen. */
export class WebListenError extends Error {
  override readonly name = 'WebListenError';

  /** @param address the HOST:PORT that it cannot listen on */
  constructor(address: string, cause: unknown) {
    super(address, { cause });
  }
}
