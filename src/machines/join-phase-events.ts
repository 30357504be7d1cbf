import type { SentinelState } from './sentinel.ts';
import type { SessionMatch } from './session-match.ts';

/**
 * The rank in a registration: it, or its session, cannot be read (`unreadable`); it was never assigned (`unknown`); its
 * worker has ended and is no longer known (`forgotten`) or still is (`ended`); nobody has registered under it yet
 * (`reserved`), or not since its worker was replaced (`replacing`, S19); or a worker has registered (`registered`).
 */
export type RankState =
  | 'unreadable'
  | 'unknown'
  | 'forgotten'
  | 'ended'
  | 'reserved'
  | 'replacing'
  | 'registered';

/** Why the join phase refuses a registration (S3, S17–S19). */
export type RefusedFor =
  | Exclude<RankState, 'reserved' | 'replacing' | 'registered'>
  | 'groupClosed'
  | 'connection'
  | 'replaced';

export type JoinPhaseEvent =
  | { type: 'elastic.chosen' }
  | { type: 'rank.asked'; request: number; sentinel: SentinelState }
  | { type: 'rank.expired' }
  | { type: 'rank.replaced' }
  | {
      type: 'registration.asked';
      request: number;
      rank: RankState;
      /** Compared with the session of the worker of the rank (S18), and of the worker that it has replaced (S19). */
      session: SessionMatch;
      formerSession: SessionMatch;
      /** The owner of the connection: no worker, the worker of the rank, or another one. */
      connection: 'free' | 'own' | 'others';
    }
  | { type: 'worker.registered' }
  | { type: 'worker.gone' }
  | { type: 'maximum.set'; maximum: number }
  | { type: 'maximum.read'; request: number }
  | { type: 'maximum.listed' }
  | { type: 'duration.set'; seconds: number }
  | { type: 'status.asked'; request: number; waits: boolean; delay: number | undefined }
  | { type: 'wait.asked'; request: number; waits: boolean; delay: number | undefined }
  | { type: 'broadcast.stored'; request: number }
  | { type: 'joining.elapsed' };
