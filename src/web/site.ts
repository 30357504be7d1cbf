import type { Writes } from './writes.ts';

/** Which view: its path, percent-encoded, and its query. */
export interface ViewAddress {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** The source of views: a running server, or a trace. */
export interface ViewSource {
  /**
   * @param path the path as in the URL, percent-encoded
   * @returns the view (src/views/types.ts), or undefined if there is none
   * @throws URIError if the path is not encoded correctly
   */
  get(path: string, query: URLSearchParams): object | undefined;
  /** Called once a second, for metrics over time. */
  sample(): void;
}

/** The content of a web server. */
export interface Site {
  readonly views: ViewSource;
  /**
   * Called before views are read for the first time, if what they show is at other servers.
   * @returns when what they need has come, or does not come
   */
  readonly prepare?: (views: readonly ViewAddress[]) => Promise<void>;
  /**
   * A number that increases when a view may have changed. Views are not computed again while it stays the same. Called
   * again and again while somebody looks.
   */
  readonly changes: () => number;
  readonly isReady: () => boolean;
  /** Deletes and fetches, if changes are enabled. */
  readonly writes?: Writes | undefined;
  /**
   * The bytes of a value as they were stored, and their number; undefined if there is no such value.
   * @param index its place among the values of the variable, from 0
   */
  readonly bytesOf?: (
    workspace: string,
    variable: string,
    index: number,
  ) => { readonly size: number; read(): string | Uint8Array } | undefined;
}
