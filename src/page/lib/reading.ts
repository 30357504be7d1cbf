/** What is known of a view, and requests for a view that is read once. */
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

/** Requests a view once. */
export async function read(path: string, signal?: AbortSignal): Promise<Reading<string>> {
  try {
    const response = await fetch(path, {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      redirect: 'manual',
      ...(signal && { signal }),
    });
    // Another server owns the data now: its page shows what this one did.
    if (response.type === 'opaqueredirect') location.reload();
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
