import type { ListenOptions } from './web-server.ts';
import type { Optional } from '../wire/with-defaults.ts';

export interface WebOptions extends Optional<ListenOptions> {
  /** The page may delete and fetch, with a token: this one, or one that is made. */
  readonly write?: boolean | undefined;
  readonly token?: string | undefined;
  /** When its port is in use, the server goes on without a page and says so in its log. */
  readonly isOptional?: boolean | undefined;
}

export interface WebAddress {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** What deleting and fetching asks for; undefined where neither is possible. */
  readonly token: string | undefined;
}

/** The web page has no place to listen at. */
export class WebListenError extends Error {
  override readonly name = 'WebListenError';

  /** @param address HOST:PORT that was to be listened on */
  constructor(address: string, cause: unknown) {
    super(address, { cause });
  }
}
