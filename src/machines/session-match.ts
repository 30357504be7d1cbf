/**
 * Sessions are secrets by which a worker shows that it has come back (S18), and a sentinel that it supervises (S19).
 * They are compared here; events carry the result and never a session.
 */

/** `same`: the sessions are equal. `other`: they differ. `none`: the server knows no session, so none can match. */
export type SessionMatch = 'same' | 'other' | 'none';

/**
 * @param known the session that the server remembers.
 * @param shown the session in the request
 */
export function matchSession(known: string | undefined, shown: string | undefined): SessionMatch {
  if (known === undefined) return 'none';
  return known === shown ? 'same' : 'other';
}
