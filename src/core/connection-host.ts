import type { connectionMachine } from '../machines/connection.ts';
import type { Terms } from '../wire/handshake.ts';
import type { ServerAccounting } from '../workspace/storage-accounting.ts';
import type { Audit } from './audit.ts';
import type { CommandSink } from './command-sink.ts';
import type { SessionHost } from './session-host.ts';
import type { Sessions } from './sessions.ts';

/** The part of the core that a connection uses. */
export interface ConnectionHost extends CommandSink, SessionHost {
  readonly terms: Terms;
  readonly accounting: ServerAccounting;
  readonly audit: Audit;
  readonly sessions: Sessions;
  readonly connectionChart: typeof connectionMachine;
  /** Whether the time for the current event is up (P14). */
  readonly isTimeUp: boolean;
  /** The options that a connection is offered (P2.1, P2.5). */
  termsOf(connection: number): Terms;
}
