/**
 * Sessions are secrets by which a worker shows that it has come back (S18), and a sentinel that it supervises (S19). They are
 * compared here; events carry what came of it, never a session.
 */

/** `same`: whoever asks is who it says it is. `other`: it is not. `none`: no session is known, so nobody can be. */
export type SessionMatch = 'same' | 'other' | 'none';

/** @param known the session that the server remembers. @param shown that of whoever asks */
export function matchSession(known: string | undefined, shown: string | undefined): SessionMatch {
  if (known === undefined) return 'none';
  return known === shown ? 'same' : 'other';
}
