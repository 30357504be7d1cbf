/**
 * The group of workers: who may still join, and how many are expected.
 *
 * - S2  Ranks are given out in order until the maximum is reached or the group is closed.
 * - S4  Expected are the maximum, or as many as ranks were given out; reading the maximum freezes it, and so does
 *       closing. Whether all expected are there is looked at on each registration and when `status` begins the phase.
 * - S5  open → joining → closed. `status` begins the phase and so does a broadcast; it ends after its duration. Closing
 *       that `status` began reduces a maximum that was not frozen to the ranks given out.
 * - S6  `waitForWorkers` is told when the group closes and closes nothing.
 * - S3  When the group is closed nobody registers.
 * - S17 An elastic group never closes. Ranks are given out while fewer than the maximum are in use; who asks for the
 *       number is told when all that have a rank are there, or the maximum is reached.
 * - S18 A worker that comes back is no new one: a closed group lets it in.
 * - S19 A rank whose worker is to be replaced waits for one again, whatever the group is doing; a closed one lets it in.
 */
import { and, assign, not, or, sendParent, setup } from 'xstate';
import { unbound } from './bind.ts';
import type { SessionMatch } from './sessions.ts';

/** No maximum is set (S4). */
export const NO_MAXIMUM = -1;
/** The default length of the join phase in seconds (S5). */
const DEFAULT_DURATION = 60;

export interface JoinPhaseContext {
  maximum: number;
  /** The largest number of ranks of any sleigh (P12). */
  limit: number;
  frozen: boolean;
  ranksGiven: number;
  /** The number of ranks given out whose worker may still register. */
  declared: number;
  /** The number of registered, living workers. */
  registered: number;
  /** The seconds that a store to `status` set. */
  duration: number;
  /** The length of this join phase in seconds. */
  delay: number;
  /** The number of workers that were registered when the group closed. */
  registeredAtClosing: number;
}

/** Who has the rank that a registration names: a worker, one that is to be replaced (S19), or whoever else. */
export type RankState = 'registered' | 'replacing' | 'other';

export type JoinPhaseEvent =
  | { type: 'elastic.chosen' }
  | { type: 'rank.asked'; request: number }
  | { type: 'rank.lapsed' }
  | { type: 'rank.replaced' }
  | { type: 'registration.asked'; request: number; rank: RankState; session: SessionMatch }
  | { type: 'worker.registered' }
  | { type: 'worker.gone' }
  | { type: 'maximum.set'; maximum: number }
  | { type: 'maximum.read'; request: number }
  | { type: 'maximum.listed' }
  | { type: 'duration.set'; seconds: number }
  | { type: 'status.asked'; request: number; waits: boolean; delay: number | undefined }
  | { type: 'wait.asked'; request: number; waits: boolean; delay: number | undefined }
  | { type: 'broadcast.stored' }
  | { type: 'joining.elapsed' };

/** The expected number of workers (S4). */
export const expected = ({ maximum, ranksGiven }: JoinPhaseContext): number =>
  maximum === NO_MAXIMUM ? ranksGiven : maximum;

const frozen = ({ maximum, ranksGiven }: JoinPhaseContext): Partial<JoinPhaseContext> => ({
  frozen: true,
  maximum: maximum === NO_MAXIMUM ? ranksGiven : maximum,
});

/** The counters of an elastic group after this event. */
function after(context: JoinPhaseContext, event: JoinPhaseEvent): Partial<JoinPhaseContext> {
  const { declared, registered } = context;
  if (event.type === 'worker.registered') return { declared: declared - 1, registered: registered + 1 };
  if (event.type === 'rank.lapsed') return { declared: declared - 1 };
  if (event.type === 'rank.replaced') return { declared: declared + 1 };
  return event.type === 'maximum.set' ? { maximum: event.maximum } : {};
}

export const joinPhaseMachine = setup({
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
    isFull: ({ context: { maximum, limit, declared, registered } }) =>
      declared + registered >= (maximum > 0 ? Math.min(maximum, limit) : limit),
    allAreThere: ({ context, event }) => {
      const { maximum, declared, registered } = { ...context, ...after(context, event) };
      return registered > 0 && (declared === 0 || (maximum > 0 && registered >= maximum));
    },
    returns: ({ event }) =>
      event.type === 'registration.asked' && event.rank === 'registered' && event.session === 'same',
    replaces: ({ event }) => event.type === 'registration.asked' && event.rank === 'replacing',
  },
  actions: {
    countRank: assign(({ context }) => ({
      ranksGiven: context.ranksGiven + 1,
      declared: context.declared + 1,
    })),
    countRegistration: assign(({ context, event }) => after(context, event)),
    countLapse: assign(({ context, event }) => after(context, event)),
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
      'refuseGroupClosed',
      'tellMaximum',
      'holdForStatus',
      'holdForNumber',
      'tellNotYet',
      'tellNumber',
      'tellRegistered',
      'tellEveryoneTheNumber',
      'startJoinTimer',
      'stopJoinTimer',
      'reportUnexpected',
    ),
  },
}).createMachine({
  id: 'joinPhase',
  context: ({ input }) => ({
    maximum: input.maximum,
    limit: input.limit,
    frozen: false,
    ranksGiven: 0,
    declared: 0,
    registered: 0,
    duration: DEFAULT_DURATION,
    delay: DEFAULT_DURATION,
    registeredAtClosing: 0,
  }),
  initial: 'gathering',
  on: {
    '*': { actions: 'reportUnexpected' },
    'worker.gone': { actions: 'countLoss', description: 'S13' },
    'rank.lapsed': { actions: 'countLapse', description: 'S6.1, S13' },
    'rank.replaced': { actions: 'countReplacement', description: 'S19' },
    'maximum.set': { actions: 'setMaximum', description: 'S4' },
    'maximum.read': { actions: ['freezeMaximum', 'tellMaximum'], description: 'S4' },
    'maximum.listed': { actions: 'freezeMaximum', description: 'S4: listing it is reading it' },
    'duration.set': { actions: 'setDuration', description: 'S5' },
  },
  states: {
    gathering: {
      initial: 'open',
      on: {
        'rank.asked': [
          {
            guard: or(['maximumIsReached', 'limitIsReached']),
            actions: 'refuseRank',
            description: 'S2, P12',
          },
          { actions: ['giveRank', 'countRank'], description: 'S2' },
        ],
        'registration.asked': { actions: 'registerWorker', description: 'S3' },
        'worker.registered': [
          { guard: 'allWillBeThere', target: 'closed', actions: 'countRegistration', description: 'S4' },
          { actions: 'countRegistration', description: 'S3' },
        ],
        'wait.asked': [
          { guard: 'mayWait', actions: 'holdForNumber', description: 'S6' },
          { actions: 'tellNotYet' },
        ],
      },
      states: {
        open: {
          on: {
            'elastic.chosen': { target: '#joinPhase.elastic', description: 'S17' },
            'status.asked': [
              {
                guard: and(['mayWait', 'allWillBeThere']),
                target: '#joinPhase.closed',
                actions: ['holdForStatus', 'reduceMaximum'],
                description: 'S4, S5',
              },
              { guard: not('mayWait'), actions: 'tellNotYet' },
              { target: 'joining.byStatus', actions: ['holdForStatus', 'setDelay'], description: 'S5' },
            ],
            'broadcast.stored': { target: 'joining.byBroadcast', actions: 'setDelay', description: 'S5, S8' },
          },
        },
        joining: {
          entry: 'startJoinTimer',
          exit: 'stopJoinTimer',
          initial: 'byStatus',
          on: {
            'status.asked': [
              { guard: 'mayWait', actions: 'holdForStatus', description: 'S5' },
              { actions: 'tellNotYet' },
            ],
            'broadcast.stored': { description: 'S8: the phase has begun' },
            'joining.elapsed': { target: '#joinPhase.closed', description: 'S5' },
          },
          states: {
            byStatus: { exit: 'reduceMaximum', description: 'S5' },
            byBroadcast: { description: 'S5: never reduces' },
          },
        },
      },
    },
    elastic: {
      on: {
        'rank.asked': [
          { guard: 'isFull', actions: 'refuseRank', description: 'S17, P12' },
          { actions: ['giveRank', 'countRank'], description: 'S17' },
        ],
        'registration.asked': { actions: 'registerWorker', description: 'S17' },
        'worker.registered': [
          {
            guard: 'allAreThere',
            actions: ['countRegistration', 'tellEveryoneTheNumber'],
            description: 'S17',
          },
          { actions: 'countRegistration', description: 'S17' },
        ],
        'rank.lapsed': {
          guard: 'allAreThere',
          actions: ['countLapse', 'tellEveryoneTheNumber'],
          description: 'S17',
        },
        'maximum.set': {
          guard: 'allAreThere',
          actions: ['setMaximum', 'tellEveryoneTheNumber'],
          description: 'S17',
        },
        'maximum.read': { actions: 'tellRegistered', description: 'S17' },
        'maximum.listed': { description: 'S17: nothing is frozen' },
        'status.asked': [
          { guard: 'allAreThere', actions: 'tellRegistered', description: 'S17' },
          { guard: 'mayWait', actions: 'holdForNumber', description: 'S17' },
          { actions: 'tellNotYet', description: 'S17' },
        ],
        'wait.asked': [
          { guard: 'allAreThere', actions: 'tellRegistered', description: 'S17' },
          { guard: 'mayWait', actions: 'holdForNumber', description: 'S17' },
          { actions: 'tellNotYet', description: 'S17' },
        ],
        'broadcast.stored': { description: 'S17: begins nothing' },
      },
    },
    closed: {
      entry: [
        'freezeMaximum',
        'noteNumber',
        'tellEveryoneTheNumber',
        sendParent(({ context }) => ({ type: 'group.closed', registered: context.registered })),
      ],
      on: {
        'rank.asked': { actions: 'refuseRank', description: 'S2' },
        'registration.asked': [
          { guard: or(['returns', 'replaces']), actions: 'registerWorker', description: 'S18, S19' },
          { actions: 'refuseGroupClosed', description: 'S3' },
        ],
        'worker.registered': { actions: 'countRegistration', description: 'S19' },
        'status.asked': { actions: 'tellNumber', description: 'S5' },
        'wait.asked': { actions: 'tellNumber', description: 'S6' },
        'broadcast.stored': { description: 'S8: goes to those who are there' },
      },
    },
  },
});
