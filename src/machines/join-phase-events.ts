import type { SessionMatch } from './sessions.ts';

/**
 * What the rank is that a registration names: it, or its session, cannot be read (`unreadable`), it was never given out (`unknown`), its worker has ended
 * and is not known any more (`forgotten`) or still is (`ended`), nobody has registered under it yet (`declared`), or not
 * since its worker was replaced (`replacing`, S19), or somebody has (`registered`).
 */
export type RankState =
  'unreadable' | 'unknown' | 'forgotten' | 'ended' | 'declared' | 'replacing' | 'registered';

export type JoinPhaseEvent =
  | { type: 'elastic.chosen' }
  | { type: 'rank.asked'; request: number; sentinel: 'none' | 'there' | 'ended' }
  | { type: 'rank.lapsed' }
  | { type: 'rank.replaced' }
  | {
      type: 'registration.asked';
      request: number;
      rank: RankState;
      /** Compared with that of the worker of the rank (S18), and with that of whom it has replaced (S19). */
      session: SessionMatch;
      formerSession: SessionMatch;
      /** Whose the connection is: that of no worker, of the worker of the rank, or of another one. */
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
