/**
 * Streams of views from the server: one for each path, shared by all components that show it. A stream is closed
 * while nothing shows it or the page is hidden, because a browser allows few connections to one host. A stream that
 * breaks is opened again.
 */
import type { ErrorView } from '../../views/types.ts';

/** `failed`: the server could not create the view because of a fault. */
export type FeedStatus = 'loading' | 'live' | 'lost' | 'missing' | 'failed';

/** A view as received text, and as parsed data. */
export interface Reading<T> {
  readonly data: T | undefined;
  readonly status: FeedStatus;
  /** The error of the server for a view that does not exist. */
  readonly error: string | undefined;
  /** When the data arrived, by `performance.now()`. */
  readonly at: number;
}

export const LOADING: Reading<never> = { data: undefined, status: 'loading', error: undefined, at: 0 };

const AGAIN_MILLISECONDS = 1000;

class Feed {
  reading: Reading<string> = LOADING;
  readonly listeners = new Set<() => void>();
  readonly #path: string;
  #source: EventSource | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  open(): void {
    if (this.#source !== undefined || this.#again !== undefined) return;
    const source = new EventSource(this.#path);
    this.#source = source;
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      this.#say({ data, status: 'live', error: undefined, at: performance.now() });
    });
    source.addEventListener('gone', ({ data }: MessageEvent<string>) => {
      const { error }: ErrorView = JSON.parse(data);
      this.#say({ data: undefined, status: 'missing', error, at: performance.now() });
    });
    source.addEventListener('failed', ({ data }: MessageEvent<string>) => {
      const { error }: ErrorView = JSON.parse(data);
      this.#say({ ...this.reading, status: 'failed', error });
    });
    source.addEventListener('error', () => {
      this.close();
      void this.#findOut();
    });
  }

  close(): void {
    this.#source?.close();
    clearTimeout(this.#again);
    this.#source = undefined;
    this.#again = undefined;
  }

  /** A broken stream gives no reason, so this sends a plain request for it. */
  async #findOut(): Promise<void> {
    const answer = await read(this.#path);
    if (this.listeners.size === 0 || this.#source !== undefined) return;
    const { status, error } = answer;
    this.#say({ ...this.reading, status: status === 'live' ? this.reading.status : status, error });
    clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      this.#again = undefined;
      if (this.listeners.size > 0 && !document.hidden) this.open();
    }, AGAIN_MILLISECONDS);
  }

  #say(reading: Reading<string>): void {
    this.reading = reading;
    for (const listener of this.listeners) listener();
    for (const watcher of watchers) watcher();
  }
}

const feeds = new Map<string, Feed>();
const watchers = new Set<() => void>();

/** @returns a function that ends it */
export function follow(path: string, listener: () => void): () => void {
  const feed = feeds.get(path) ?? new Feed(path);
  feeds.set(path, feed);
  feed.listeners.add(listener);
  if (!document.hidden) feed.open();
  return () => {
    feed.listeners.delete(listener);
    if (feed.listeners.size > 0) return;
    feed.close();
    feeds.delete(path);
    for (const watcher of watchers) watcher();
  };
}

export const readingOf = (path: string): Reading<string> => feeds.get(path)?.reading ?? LOADING;

/** Whether the connection to the server is lost. */
export function isLost(): boolean {
  return [...feeds.values()].some(({ reading }) => reading.status === 'lost');
}

/** @returns a function that ends it */
export function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Requests a view once. */
export async function read(path: string, signal?: AbortSignal): Promise<Reading<string>> {
  try {
    const response = await fetch(path, {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      ...(signal && { signal }),
    });
    if (response.ok)
      return { data: await response.text(), status: 'live', error: undefined, at: performance.now() };
    // The server is starting or has too many viewers.
    if (response.status === 503) return { ...LOADING, status: 'lost' };
    const { error }: ErrorView = await response.json();
    return { ...LOADING, status: response.status >= 500 ? 'failed' : 'missing', error };
  } catch {
    return { ...LOADING, status: 'lost' };
  }
}

document.addEventListener('visibilitychange', () => {
  for (const feed of feeds.values()) {
    if (document.hidden) feed.close();
    else feed.open();
  }
});
