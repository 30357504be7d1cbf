/**
 * Deletes and fetches from the page. Each request carries a token, which is asked for once and kept for this tab
 * only.
 */
import { createContext } from 'preact';
import type { ErrorView } from '../../views/types.ts';

/** Whether the server allows changes. */
export const WritableContext = createContext(false);

const KEY = 'sleigh.token';

/** Asks the user for a token; resolves to undefined if none is given. */
let askForToken: (reason: string) => Promise<string | undefined> = () => Promise.resolve(undefined);

export function askTokensBy(ask: typeof askForToken): void {
  askForToken = ask;
}

export type Written<T> = { readonly value: T } | { readonly error: string } | undefined;

/** @returns the response of the server, or the reason why it refused; undefined if no token was given */
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
