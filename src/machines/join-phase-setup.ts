import { assign, setup } from 'xstate';
import { unbound, unboundWith } from './bind.ts';
import type { SentinelState } from './sentinel.ts';
import type { JoinPhaseEvent, RankState, RefusedFor } from './join-phase-events.ts';

/** Whether a client was a sentinel. It gets no rank any more (S13, S14). */
const wasSentinel = (state: SentinelState): boolean => state === 'dead' || state === 'left';

/** No maximum is set (S4). */
export const NO_MAXIMUM = -1;

export interface JoinPhaseContext {
  maximum: number;
  /** The maximum number of ranks that any sleigh assigns (P12). */
  limit: number;
  frozen: boolean;
  ranksGiven: number;
  /** Assigned ranks whose worker may still register. */
  reserved: number;
  /** Workers that are registered and have not died. */
  registered: number;
  /** In seconds, as set by a store to `status`. */
  duration: number;
  /** The duration of this join phase in seconds. */
  delay: number;
  /** The number of workers registered when the group closed. */
  registeredAtClosing: number;
}

/** The number of workers that the group should have (S4). */
export const expected = ({ maximum, ranksGiven }: JoinPhaseContext): number =>
  maximum === NO_MAXIMUM ? ranksGiven : maximum;

const frozen = ({ maximum, ranksGiven }: JoinPhaseContext): Partial<JoinPhaseContext> => ({
  frozen: true,
  maximum: maximum === NO_MAXIMUM ? ranksGiven : maximum,
});

/** The counters of an elastic group after this event. */
function after(context: JoinPhaseContext, event: JoinPhaseEvent): Partial<JoinPhaseContext> {
  const { reserved, registered } = context;
  if (event.type === 'worker.registered') return { reserved: reserved - 1, registered: registered + 1 };
  if (event.type === 'rank.expired') return { reserved: reserved - 1 };
  if (event.type === 'rank.replaced') return { reserved: reserved + 1 };
  return event.type === 'maximum.set' ? { maximum: event.maximum } : {};
}

/** The types, guards and actions of the machine in `join-phase.ts`. */
export const joinPhase = setup({
  types: {
    context: {} as JoinPhaseContext,
    input: {} as { maximum: number; limit: number },
    events: {} as JoinPhaseEvent,
  },
  guards: {
    maximumIsReached: ({ context: { maximum, ranksGiven } }) => maximum > 0 && ranksGiven >= maximum,
    limitIsReached: ({ context }) => context.ranksGiven >= context.limit,
    allWillBeThere: ({ context, event }) =>
      context.registered + (event.type === 'worker.registered' ? 1 : 0) === expected(context),
    mayWait: ({ event }) => 'waits' in event && event.waits,
    isFull: ({ context: { maximum, limit, reserved, registered } }) =>
      reserved + registered >= (maximum > 0 ? Math.min(maximum, limit) : limit),
    allAreThere: ({ context, event }) => {
      const { maximum, reserved, registered } = { ...context, ...after(context, event) };
      return registered > 0 && (reserved === 0 || (maximum > 0 && registered >= maximum));
    },
    returns: ({ event }) =>
      event.type === 'registration.asked' && event.rank === 'registered' && event.session === 'same',
    replaces: ({ event }) => event.type === 'registration.asked' && event.rank === 'replacing',
    rankIs: ({ event }, { rank }: { rank: RankState }) =>
      event.type === 'registration.asked' && event.rank === rank,
    isOthersConnection: ({ event }) => event.type === 'registration.asked' && event.connection === 'others',
    wasReplaced: ({ event }) =>
      event.type === 'registration.asked' && event.rank !== 'registered' && event.formerSession === 'same',
    sentinelHasEnded: ({ event }) => event.type === 'rank.asked' && wasSentinel(event.sentinel),
  },
  actions: {
    countRank: assign(({ context }) => ({
      ranksGiven: context.ranksGiven + 1,
      reserved: context.reserved + 1,
    })),
    countRegistration: assign(({ context, event }) => after(context, event)),
    countExpiry: assign(({ context, event }) => after(context, event)),
    countReplacement: assign(({ context, event }) => after(context, event)),
    countLoss: assign(({ context }) => ({ registered: context.registered - 1 })),
    setMaximum: assign(({ context, event }) => after(context, event)),
    setDuration: assign(({ event }) => (event.type === 'duration.set' ? { duration: event.seconds } : {})),
    setDelay: assign(({ context, event }) => ({
      delay: (event.type === 'status.asked' ? event.delay : undefined) ?? context.duration,
    })),
    freezeMaximum: assign(({ context }) => frozen(context)),
    reduceMaximum: assign(({ context }) =>
      context.frozen ? {} : { maximum: Math.min(expected(context), context.ranksGiven) },
    ),
    noteNumber: assign(({ context }) => ({ registeredAtClosing: context.registered })),
    ...unbound(
      'giveRank',
      'refuseRank',
      'registerWorker',
      'storeBroadcast',
      'storeBroadcastForAbsent',
      'replyMaximum',
      'holdForStatus',
      'holdForWorkerCount',
      'replyNotYet',
      'replyWorkerCount',
      'replyRegistered',
      'replyWorkerCountToAll',
      'startJoinTimer',
      'stopJoinTimer',
      'reportUnexpected',
    ),
    ...unboundWith<{ refuseRegistration: { because: RefusedFor } }>({ refuseRegistration: true }),
  },
});
