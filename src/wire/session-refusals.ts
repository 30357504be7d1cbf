import { constant, errorKind, type Catalogue } from './error-kind.ts';

/** Of sessions (P15). */
export const SESSION = {
  none: constant(
    'no-session',
    'There is no such session.',
    'Its grace has passed: open a new session, and the workspaces again (P15.3).',
  ),
  hasOne: constant(
    'has-session',
    'This connection has a session already.',
    'Open or resume a session once on each connection (P15).',
  ),
  hasNone: constant('no-session', 'This connection has no session.', 'Open a session first (P15).'),
  late: constant(
    'late-session',
    'A session begins with the first request of a connection.',
    'Open or resume the session before all other requests (P15).',
  ),
  elsewhere: constant(
    'session-elsewhere',
    'The client of this session has come back over another connection.',
    'A server gets this reply in the place of a client that it has lost (D18).',
  ),
  badPartition: errorKind(
    'bad-partition',
    (text: string, most: number) => `a partition has a number from 0 to below ${most}, not "${text}".`,
    'Only servers note partitions (D18).',
    'x',
    256,
  ),
  badSecret: errorKind(
    'bad-secret',
    (length: number, most: number) => `the secret of a session has 1 to ${most} bytes, not ${length}.`,
    'Use a random text of such a length (P15).',
    0,
    255,
  ),
} as const satisfies Catalogue;
