/** Deleting and fetching from the page: a token goes with each request, asked for once and kept for this tab alone. */
import { createContext } from 'preact';
import type { ErrorView } from '../../views/types.ts';

/** Whether the server lets pages write at all. */
export const WritableContext = createContext(false);

const KEY = 'sleigh.token';

/** What the page does to ask for a token: it resolves to undefined when nobody gives one. */
let askForToken: (reason: string) => Promise<string | undefined> = () => Promise.resolve(undefined);

export function askTokensBy(ask: typeof askForToken): void {
  askForToken = ask;
}

export type Written<T> = { readonly value: T } | { readonly error: string } | undefined;

/**
 * @returns what the server answered, or why it did not do it; undefined when the token was not given
 */
export async function write<T>(method: 'DELETE' | 'POST', path: string): Promise<Written<T>> {
  let reason = '';
  for (;;) {
    const token = sessionStorage.getItem(KEY) ?? (await askForToken(reason));
    if (token === undefined) return undefined;
    let response: Response;
    try {
      response = await fetch(path, {
        method,
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      });
    } catch {
      return { error: 'The server cannot be reached.' };
    }
    if (response.status === 401) {
      sessionStorage.removeItem(KEY);
      reason = 'The server does not know this token.';
      continue;
    }
    sessionStorage.setItem(KEY, token);
    if (response.ok) {
      const value: T = await response.json();
      return { value };
    }
    const { error }: ErrorView = await response.json();
    return { error };
  }
}
