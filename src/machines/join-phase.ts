/**
 * The group of workers: who may still join, and how many are expected.
 *
 * - S2 Ranks are assigned in order until the maximum is reached or the group is closed.
 * - S4 The expected number is the maximum, or otherwise the number of assigned ranks. Reading the maximum freezes it,
 *   and so does the close. Whether all expected workers have registered is checked at each registration and when
 *   `status` begins the join phase.
 * - S5 The states are open, joining and closed. `status` or a broadcast begins the join phase, which ends after its
 *   duration. If `status` began it, the close reduces a maximum that was not frozen to the number of assigned ranks.
 * - S6 `waitForWorkers` is answered when the group closes, and does not close it.
 * - S3 No worker registers in a closed group.
 * - S17 An elastic group never closes. Ranks are assigned while fewer than the maximum are in use. A client that asks
 *   for the number is answered when all ranks have registered or the maximum is reached.
 * - S18 A worker that comes back is not new, so a closed group accepts it.
 * - S19 A rank whose worker is being replaced is expected again, and a closed group accepts the replacement.
 */
import { BOUNDS } from '../wire/bounds.ts';
import { and, not, or, sendParent } from 'xstate';
import { rule } from './rule.ts';
import type { RankState, RefusedFor } from './join-phase-events.ts';
import { joinPhase } from './join-phase-setup.ts';

/** A registration under a rank that nobody registers under any more, or never could. */
const refusedFor = (rank: RankState & RefusedFor, clause: string, description: string) =>
  ({
    guard: { type: 'rankIs', params: { rank } },
    actions: { type: 'refuseRegistration', params: { because: rank } },
    ...rule(clause, description),
  }) as const;

/** S5, S6: a client asks before the group has closed, and does not wait. */
const NOT_YET = {
  actions: 'replyNotYet',
  ...rule('S5, S6', 'The client does not wait, and is told that the group has not closed.'),
} as const;

/** S17: a client asks an elastic group for the number of workers, by `status` or `waitForWorkers`. */
const WHETHER_ALL_ARE_THERE = [
  {
    guard: 'allAreThere',
    actions: 'replyRegistered',
    ...rule('S17', 'All have registered, so the client gets the number at once.'),
  },
  {
    guard: 'mayWait',
    actions: 'holdForWorkerCount',
    ...rule('S17', 'The client waits until all have registered.'),
  },
  {
    actions: 'replyNotYet',
    ...rule('S17', 'The client does not wait, and gets the reply that not all have registered.'),
  },
] as const;

export const joinPhaseMachine = joinPhase.createMachine({
  id: 'joinPhase',
  context: ({ input }) => ({
    maximum: input.maximum,
    limit: input.limit,
    frozen: false,
    ranksGiven: 0,
    reserved: 0,
    registered: 0,
    duration: BOUNDS.joinSeconds.value,
    delay: BOUNDS.joinSeconds.value,
    registeredAtClosing: 0,
  }),
  initial: 'gathering',
  on: {
    '*': { actions: 'reportUnexpected' },
    'worker.gone': { actions: 'countLoss', ...rule('S13', 'A worker that has died or left is counted out.') },
    'rank.expired': {
      actions: 'countExpiry',
      ...rule('S6.1, S13', 'The rank can no longer be registered, so it is not expected any more.'),
    },
    'rank.replaced': {
      actions: 'countReplacement',
      ...rule('S19', 'Another worker is awaited under the rank of one that has ended.'),
    },
    'maximum.set': { actions: 'setMaximum', ...rule('S4', 'A store to `workerCount` sets the maximum.') },
    'maximum.read': {
      actions: ['freezeMaximum', 'replyMaximum'],
      ...rule('S4', 'The first read of the maximum freezes it.'),
    },
    'maximum.listed': {
      actions: 'freezeMaximum',
      ...rule('S4', 'A listing of the variables reads the maximum, which freezes it.'),
    },
    'duration.set': {
      actions: 'setDuration',
      ...rule('S5', 'A store sets how long the next join phase takes.'),
    },
    'registration.asked': [
      refusedFor(
        'unreadable',
        'S3',
        'A worker registers under a number, and with a session that is not too long.',
      ),
      refusedFor('unknown', 'S3', 'A worker registers under a rank that was given out.'),
      refusedFor('forgotten', 'S17', 'The worker of the rank has ended long ago, and nobody else may be it.'),
      refusedFor('ended', 'S3', 'The worker of the rank has ended, and nobody else may be it.'),
      {
        guard: 'isOthersConnection',
        actions: { type: 'refuseRegistration', params: { because: 'connection' } },
        ...rule('S3', 'A connection is that of one worker at most.'),
      },
      {
        guard: 'wasReplaced',
        actions: { type: 'refuseRegistration', params: { because: 'replaced' } },
        ...rule('S18, S19', 'A worker that was replaced has ended, and its successor is to get the rank.'),
      },
      {
        actions: 'registerWorker',
        ...rule('S3', 'The machine of the worker decides about its registration.'),
      },
    ],
  },
  states: {
    gathering: {
      initial: 'open',
      on: {
        'rank.asked': [
          {
            guard: or(['sentinelHasEnded', 'maximumIsReached', 'limitIsReached']),
            actions: 'refuseRank',
            ...rule('S2, P12', 'No rank is left below the maximum and the limit, or the sentinel has ended.'),
          },
          { actions: ['giveRank', 'countRank'], ...rule('S2', 'The sentinel gets the next rank.') },
        ],
        'worker.registered': [
          {
            guard: 'allWillBeThere',
            target: 'closed',
            actions: 'countRegistration',
            ...rule('S4', 'The last of all expected workers has registered, so the group closes.'),
          },
          {
            actions: 'countRegistration',
            ...rule('S3', 'The worker is counted in, and others are still expected.'),
          },
        ],
        'wait.asked': [
          {
            guard: 'mayWait',
            actions: 'holdForWorkerCount',
            ...rule('S6', 'The client waits until the group closes.'),
          },
          NOT_YET,
        ],
      },
      states: {
        open: {
          on: {
            'elastic.chosen': {
              target: '#joinPhase.elastic',
              ...rule('S17', 'The maker of the sleigh has chosen a group that never closes.'),
            },
            'status.asked': [
              {
                guard: and(['mayWait', 'allWillBeThere']),
                target: '#joinPhase.closed',
                actions: ['holdForStatus', 'reduceMaximum'],
                ...rule(
                  'S4, S5',
                  'All expected workers have registered already, so the group closes at once.',
                ),
              },
              {
                guard: not('mayWait'),
                actions: 'replyNotYet',
                ...rule('S5', 'A get of `status` that does not wait begins no join phase.'),
              },
              {
                target: 'joining.byStatus',
                actions: ['holdForStatus', 'setDelay'],
                ...rule('S5', 'The first get of `status` begins the join phase.'),
              },
            ],
            'broadcast.stored': {
              target: 'joining.byBroadcast',
              actions: ['storeBroadcast', 'setDelay'],
              ...rule('S5, S8', 'A broadcast begins the join phase.'),
            },
          },
        },
        joining: {
          entry: 'startJoinTimer',
          exit: 'stopJoinTimer',
          initial: 'byStatus',
          on: {
            'status.asked': [
              {
                guard: 'mayWait',
                actions: 'holdForStatus',
                ...rule('S5', 'The client waits until the group closes.'),
              },
              NOT_YET,
            ],
            'broadcast.stored': {
              actions: 'storeBroadcast',
              ...rule('S8', 'The join phase has begun already.'),
            },
            'joining.elapsed': {
              target: '#joinPhase.closed',
              ...rule('S5', 'The duration of the join phase has elapsed, so the group closes.'),
            },
          },
          states: {
            byStatus: {
              exit: 'reduceMaximum',
              ...rule('S5', 'A join phase that `status` began reduces the maximum to the ranks given out.'),
            },
            byBroadcast: rule('S5', 'A join phase that a broadcast began does not reduce the maximum.'),
          },
        },
      },
    },
    elastic: {
      on: {
        'rank.asked': [
          {
            guard: or(['sentinelHasEnded', 'isFull']),
            actions: 'refuseRank',
            ...rule('S17, P12', 'As many ranks are in use as may be, or the sentinel has ended.'),
          },
          { actions: ['giveRank', 'countRank'], ...rule('S17', 'The sentinel gets the next rank.') },
        ],
        'worker.registered': [
          {
            guard: 'allAreThere',
            actions: ['countRegistration', 'replyWorkerCountToAll'],
            ...rule(
              'S17',
              'With this worker all have registered, and all clients that wait for the number are answered.',
            ),
          },
          {
            actions: 'countRegistration',
            ...rule('S17', 'The worker is counted in, and others are still awaited.'),
          },
        ],
        'rank.expired': {
          guard: 'allAreThere',
          actions: ['countExpiry', 'replyWorkerCountToAll'],
          ...rule(
            'S17',
            'Without the rank all have registered, and all clients that wait for the number are answered.',
          ),
        },
        'maximum.set': {
          guard: 'allAreThere',
          actions: ['setMaximum', 'replyWorkerCountToAll'],
          ...rule(
            'S17',
            'With the new maximum all have registered, and all clients that wait for the number are answered.',
          ),
        },
        'maximum.read': {
          actions: 'replyRegistered',
          ...rule('S17', 'The number of workers is told, and nothing is frozen.'),
        },
        'maximum.listed': rule('S17', 'A listing freezes nothing in an elastic group.'),
        'status.asked': WHETHER_ALL_ARE_THERE,
        'wait.asked': WHETHER_ALL_ARE_THERE,
        'broadcast.stored': {
          actions: 'storeBroadcast',
          ...rule('S17', 'A broadcast begins no join phase in an elastic group.'),
        },
      },
    },
    closed: {
      entry: [
        'freezeMaximum',
        'noteNumber',
        'replyWorkerCountToAll',
        sendParent(({ context }) => ({ type: 'group.closed', registered: context.registered })),
      ],
      on: {
        'rank.asked': { actions: 'refuseRank', ...rule('S2', 'A closed group gives out no ranks.') },
        // Workers that come back or replace another one are handled as in an open group.
        'registration.asked': {
          guard: not(or(['returns', 'replaces'])),
          actions: { type: 'refuseRegistration', params: { because: 'groupClosed' } },
          ...rule('S3', 'A closed group takes no new workers.'),
        },
        'worker.registered': {
          actions: 'countRegistration',
          ...rule('S19', 'A worker that replaces another one is counted in.'),
        },
        'status.asked': {
          actions: 'replyWorkerCount',
          ...rule('S5', 'The number of workers at the closing is told.'),
        },
        'wait.asked': {
          actions: 'replyWorkerCount',
          ...rule('S6', 'The number of workers at the closing is told.'),
        },
        'broadcast.stored': {
          actions: 'storeBroadcastForAbsent',
          ...rule('S8', 'The broadcast reaches the current workers, and is settled for the other ranks.'),
        },
      },
    },
  },
});
