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
 */
import { and, assign, not, or, sendParent, setup } from 'xstate';
import type { Ask } from '../workspace/ask.ts';
import type { Storing } from './storing.ts';

/** No maximum is set (S4). */
export const NO_MAXIMUM = -1;
/** Seconds that the join phase takes when nobody says otherwise (S5). */
const DEFAULT_DURATION = 60;

export interface JoinPhaseContext {
  maximum: number;
  /** Most ranks that any sleigh gives out (P12). */
  limit: number;
  frozen: boolean;
  ranksGiven: number;
  /** Workers that are registered and have not died. */
  registered: number;
  /** Seconds; what a store to `status` set. */
  duration: number;
  /** Seconds that this join phase takes. */
  delay: number;
  /** How many were registered when the group closed. */
  registeredAtClosing: number;
}

export type JoinPhaseEvent =
  | { type: 'rank.asked'; ask: Ask }
  | { type: 'registration.asked'; storing: Storing }
  | { type: 'worker.registered' }
  | { type: 'worker.gone' }
  | { type: 'maximum.set'; maximum: number }
  | { type: 'maximum.read'; ask: Ask }
  | { type: 'maximum.listed' }
  | { type: 'duration.set'; seconds: number }
  | { type: 'status.asked'; ask: Ask; delay: number | undefined }
  | { type: 'wait.asked'; ask: Ask; delay: number | undefined }
  | { type: 'broadcast.stored' }
  | { type: 'joining.elapsed' };

/** Workers that the group is to have (S4). */
export const expected = ({ maximum, ranksGiven }: JoinPhaseContext): number =>
  maximum === NO_MAXIMUM ? ranksGiven : maximum;

const frozen = ({ maximum, ranksGiven }: JoinPhaseContext): Partial<JoinPhaseContext> => ({
  frozen: true,
  maximum: maximum === NO_MAXIMUM ? ranksGiven : maximum,
});

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
    mayWait: ({ event }) => 'ask' in event && event.ask.waits,
  },
  actions: {
    countRank: assign(({ context }) => ({ ranksGiven: context.ranksGiven + 1 })),
    countRegistration: assign(({ context }) => ({ registered: context.registered + 1 })),
    countLoss: assign(({ context }) => ({ registered: context.registered - 1 })),
    setMaximum: assign(({ event }) => (event.type === 'maximum.set' ? { maximum: event.maximum } : {})),
    setDuration: assign(({ event }) => (event.type === 'duration.set' ? { duration: event.seconds } : {})),
    setDelay: assign(({ context, event }) => ({
      delay: (event.type === 'status.asked' ? event.delay : undefined) ?? context.duration,
    })),
    freezeMaximum: assign(({ context }) => frozen(context)),
    reduceMaximum: assign(({ context }) =>
      context.frozen ? {} : { maximum: Math.min(expected(context), context.ranksGiven) },
    ),
    noteNumber: assign(({ context }) => ({ registeredAtClosing: context.registered })),
    giveRank: () => undefined,
    refuseRank: () => undefined,
    registerWorker: () => undefined,
    refuseGroupClosed: () => undefined,
    tellMaximum: () => undefined,
    holdForStatus: () => undefined,
    holdForClosing: () => undefined,
    tellNotYet: () => undefined,
    tellNumber: () => undefined,
    tellEveryoneTheNumber: () => undefined,
    startJoinTimer: () => undefined,
    stopJoinTimer: () => undefined,
    reportUnexpected: () => undefined,
  },
}).createMachine({
  id: 'joinPhase',
  context: ({ input }) => ({
    maximum: input.maximum,
    limit: input.limit,
    frozen: false,
    ranksGiven: 0,
    registered: 0,
    duration: DEFAULT_DURATION,
    delay: DEFAULT_DURATION,
    registeredAtClosing: 0,
  }),
  initial: 'gathering',
  on: {
    '*': { actions: 'reportUnexpected' },
    'worker.gone': { actions: 'countLoss', description: 'S13' },
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
          { guard: 'mayWait', actions: 'holdForClosing', description: 'S6' },
          { actions: 'tellNotYet' },
        ],
      },
      states: {
        open: {
          on: {
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
    closed: {
      entry: [
        'freezeMaximum',
        'noteNumber',
        'tellEveryoneTheNumber',
        sendParent(({ context }) => ({ type: 'group.closed', registered: context.registered })),
      ],
      on: {
        'rank.asked': { actions: 'refuseRank', description: 'S2' },
        'registration.asked': { actions: 'refuseGroupClosed', description: 'S3' },
        'status.asked': { actions: 'tellNumber', description: 'S5' },
        'wait.asked': { actions: 'tellNumber', description: 'S6' },
        'broadcast.stored': { description: 'S8: goes to those who are there' },
      },
    },
  },
});
