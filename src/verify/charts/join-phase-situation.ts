import { NO_MAXIMUM, type JoinPhaseContext } from '../../machines/join-phase-setup.ts';
import { type JoinPhaseEvent } from '../../machines/join-phase-events.ts';
import { OUT_OF_BOUNDS, type Effect, type Situation, type Stimulus } from '../model.ts';
import { JoinPhaseFixture, SHORT } from './join-phase-fixture.ts';

export interface Facts {
  /** The rank whose worker registers or expires next, in turn. */
  readonly nextRank: number;
  /** A client waits for an elastic group to be complete (S17). */
  readonly waits: boolean;
  /** A worker is being replaced, and the replacement has not registered (S19). */
  readonly isReplaced: boolean;
}

export type At = Situation<JoinPhaseContext, Facts>;
export type Act = Effect<Facts, JoinPhaseFixture>;

/** Ranks that are assigned if no maximum limits them. */
export const RANKS = 2;
/** Leads to many situations in which the phase may begin. */
export const BEFORE_PHASE = new Set(['rank.asked', 'maximum.set', 'maximum.read', 'maximum.listed']);

export const isOpen = ({ state }: At): boolean => state === 'gathering.open';
export const isClosed = ({ state }: At): boolean => state === 'closed';
export const isElastic = ({ state }: At): boolean => state === 'elastic';
export const expected = ({ maximum, ranksGiven }: JoinPhaseContext): number =>
  maximum === NO_MAXIMUM ? ranksGiven : maximum;

export const stimulus = (
  aims: readonly string[],
  comesTo: (at: At) => Act,
  pace: Pick<Stimulus<JoinPhaseContext, Facts, JoinPhaseFixture>, 'timed'> = {},
): Stimulus<JoinPhaseContext, Facts, JoinPhaseFixture> => ({
  aims,
  // A duration is only set before the phase that uses it.
  comesTo: (at) =>
    isOpen(at) && at.context.duration === SHORT && aims.some((aim) => BEFORE_PHASE.has(aim))
      ? OUT_OF_BOUNDS
      : comesTo(at),
  ...pace,
});

/** On the connection of a client without a role, without a session. */
export const registration = (facts: Partial<Extract<JoinPhaseEvent, { type: 'registration.asked' }>>) => ({
  type: 'registration.asked',
  session: 'none',
  formerSession: 'none',
  connection: 'free',
  ...facts,
});

/** Ranks without a registered worker; a replacement may register after the group has closed (S19). */
export const waitedFor = ({ context, facts }: At): number => context.reserved - (facts.isReplaced ? 1 : 0);

/** S6.1: these expire when the group closes. */
export const expiries = (reserved: number) =>
  Array.from({ length: reserved }, () => ({ type: 'rank.expired' }));

/** S17: whether all have registered after the change. */
export const allAreThere = ({ context }: At, change: Partial<JoinPhaseContext> = {}): boolean => {
  const { maximum, reserved, registered } = { ...context, ...change };
  return registered > 0 && (reserved === 0 || (maximum > 0 && registered >= maximum));
};

/** The replies of an elastic group, and the clients that then wait. */
export const changes = (at: At, change: Partial<JoinPhaseContext>, facts: Facts) => {
  const tells = isElastic(at) && allAreThere(at, change);
  const told = (stage: JoinPhaseFixture) => stage.mustReply(change.registered ?? at.context.registered);
  return {
    facts: tells ? { ...facts, waits: false } : facts,
    check: tells ? told : () => Promise.resolve(),
  };
};

export const failed = (why: string) => ({ status: '0001', reason: `Worker registration failed: ${why}.` });
