import type { Writes } from './writes.ts';

/** Where views come from: a running server, or a trace. */
export interface ViewSource {
  /**
   * @param path as it stands in the URL, percent-encoded
   * @returns the view (src/views/types.ts), or undefined when there is none
   * @throws URIError when the path is badly encoded
   */
  get(path: string, query: URLSearchParams): object | undefined;
  /** Called once a second, for figures over time. */
  sample(): void;
}

/** What a web server shows. */
export interface Site {
  readonly views: ViewSource;
  /** A number that grows whenever a view may have changed: nothing is computed again while it stays. */
  readonly changes: () => number;
  readonly isReady: () => boolean;
  /** Deleting and fetching, where that is allowed. */
  readonly writes?: Writes | undefined;
  /** Text for Prometheus. */
  readonly metrics?: (() => Promise<string>) | undefined;
}
