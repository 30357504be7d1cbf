import { NO_MAXIMUM, type JoinPhaseContext } from '../../machines/join-phase-setup.ts';
import { type JoinPhaseEvent } from '../../machines/join-phase-events.ts';
import { OUT_OF_BOUNDS, type Effect, type Situation, type Stimulus } from '../model.ts';
import { JoinPhaseFixture, SHORT } from './join-phase-fixture.ts';

export interface Facts {
  /** The rank whose worker registers or lapses next: they take their turns. */
  readonly nextRank: number;
  /** Somebody waits for an elastic group to be complete (S17). */
  readonly waits: boolean;
  /** A worker is to be replaced, and nobody has come yet (S19). */
  readonly isReplaced: boolean;
}

export type At = Situation<JoinPhaseContext, Facts>;
export type Act = Effect<Facts, JoinPhaseFixture>;

export const NO_VALUE = { status: '0001', reason: 'no value available.' };
/** Ranks that are given out where no maximum forbids it. */
export const RANKS = 2;
/** What makes for many situations in which the phase may begin. */
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
  // A duration that was set is followed by the phase that it is meant for.
  comesTo: (at) =>
    isOpen(at) && at.context.duration === SHORT && aims.some((aim) => BEFORE_PHASE.has(aim))
      ? OUT_OF_BOUNDS
      : comesTo(at),
  ...pace,
});

/** By a connection of nobody, without a session. */
export const registration = (facts: Partial<Extract<JoinPhaseEvent, { type: 'registration.asked' }>>) => ({
  type: 'registration.asked',
  session: 'none',
  formerSession: 'none',
  connection: 'free',
  ...facts,
});

/** Ranks that nobody has registered under yet; a replacement may come when the group has closed (S19). */
export const waitedFor = ({ context, facts }: At): number => context.declared - (facts.isReplaced ? 1 : 0);

/** S6.1: these lapse when the group closes. */
export const lapses = (declared: number) => Array.from({ length: declared }, () => ({ type: 'rank.lapsed' }));

/** S17: whether all are there, once things have changed so. */
export const allAreThere = ({ context }: At, change: Partial<JoinPhaseContext> = {}): boolean => {
  const { maximum, declared, registered } = { ...context, ...change };
  return registered > 0 && (declared === 0 || (maximum > 0 && registered >= maximum));
};

/** What an elastic group is told, and who waits then. */
export const changes = (at: At, change: Partial<JoinPhaseContext>, facts: Facts) => {
  const tells = isElastic(at) && allAreThere(at, change);
  const told = (stage: JoinPhaseFixture) => stage.mustTell(change.registered ?? at.context.registered);
  return {
    facts: tells ? { ...facts, waits: false } : facts,
    check: tells ? told : () => Promise.resolve(),
  };
};

export const failed = (why: string) => ({ status: '0001', reason: `Worker registration failed: ${why}.` });
