/**
 * Views as they come from the server: one stream for each path, shared by all that look at it, closed while nobody does
 * or the page is hidden (a browser holds few connections to one host). A stream that breaks is opened again.
 */
import type { ErrorView } from '../../views/types.ts';

/** `failed`: the server could not make it, by a fault of its own. */
export type FeedStatus = 'loading' | 'live' | 'lost' | 'missing' | 'failed';

/** As it came: text; as it is used: what the text says. */
export interface Reading<T> {
  readonly data: T | undefined;
  readonly status: FeedStatus;
  /** What the server said of a view that is not there. */
  readonly error: string | undefined;
  /** When the data came, by `performance.now()`. */
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

  /** A broken stream does not say why: the plain request does. */
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

/** @returns how to stop */
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

/** Whether what is shown is up to date. */
export function isLost(): boolean {
  return [...feeds.values()].some(({ reading }) => reading.status === 'lost');
}

/** @returns how to stop */
export function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Asks for a view once. */
export async function read(path: string, signal?: AbortSignal): Promise<Reading<string>> {
  try {
    const response = await fetch(path, {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      ...(signal && { signal }),
    });
    if (response.ok)
      return { data: await response.text(), status: 'live', error: undefined, at: performance.now() };
    // It starts, or is full.
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
