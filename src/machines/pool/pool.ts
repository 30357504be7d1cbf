/**
 * The workers of one sentinel, supervised in the sense of Erlang/OTP: how many there are, and when one is replaced.
 *
 * - S22.8 A worker that ends is replaced under its rank, unless the sentinel was told to replace nobody. An end that is
 *   part of the work, such as a timeout, is not a sign of trouble: the replacement starts at once.
 * - S22.9 Of other ends, a limited number in a period are replaced at once: the restart budget. Beyond it each
 *   replacement is delayed twice as long as the one before, until ends become rarer. The pool goes on however many
 *   workers have died that were ready.
 * - S22.10 The replacement of a worker that ended before it was ready is delayed in the same way. After a number of
 *   such starts in a row the pool gives up.
 * - S22.11 A job that accepts no replacement has ended, or soon will.
 * - S22.12 A pool that drains asks its workers to leave after their current call, within a limit, and replaces nobody.
 * - S22.13 A pool that stops releases its workers.
 */
import type { RestartBudget } from './restart-budget.ts';
import { and, assign, not, setup } from 'xstate';
import type { WorkerEnd } from './worker-process-setup.ts';
import { rule } from '../rule.ts';

/** The number of failed starts in a row, for each wanted worker, after which the pool gives up. */
export const FAILED_STARTS_PER_WORKER = 3;
/** The delay of the first delayed replacement in milliseconds. */
export const FIRST_DELAY_MS = 100;

export interface PoolContext {
  /** The wanted number of workers. */
  readonly workers: number;
  /** Undefined if workers are not replaced. */
  readonly budget: RestartBudget | undefined;
  /** The number of workers that were started and have not ended. */
  readonly living: number;
  /** The number of ranks to fetch, whose workers are then started. */
  readonly awaited: number;
  /** When workers were replaced at once within the budget, in milliseconds of the clock. */
  readonly restarts: readonly number[];
  /** The number of delayed replacements in a row. */
  readonly delayed: number;
  /** The number of failed starts in a row. */
  readonly failedStarts: number;
  /** Why the pool has ended. */
  readonly reason: string;
}

export type PoolEvent =
  | { type: 'rank.given'; rank: number }
  | { type: 'rank.refused' }
  | { type: 'worker.ready' }
  | { type: 'worker.ended'; end: WorkerEnd; wasReady: boolean; isPlanned: boolean; now: number }
  | { type: 'replacement.due'; rank: number }
  | { type: 'drain.asked'; milliseconds: number }
  | { type: 'drain.elapsed' }
  | { type: 'stop.asked' };

const recent = ({ budget, restarts }: PoolContext, now: number): readonly number[] =>
  restarts.filter((time) => now - time < (budget?.within ?? 0));

/** The delay of a replacement in milliseconds after a number of delayed ones. */
const delayAfter = ({ budget }: PoolContext, times: number): number =>
  Math.min(FIRST_DELAY_MS * 2 ** times, budget?.maxDelay ?? 0);

type Ended = Extract<PoolEvent, { type: 'worker.ended' }>;
const endIn = (event: PoolEvent): Ended | undefined => (event.type === 'worker.ended' ? event : undefined);

const describe = ({ how, words }: Pick<WorkerEnd, 'how' | 'words'> = { how: '', words: '' }): string =>
  words === '' ? how : `${how}: ${words}`;

export const poolMachine = setup({
  types: {
    context: {} as PoolContext,
    input: {} as Pick<PoolContext, 'workers' | 'budget'>,
    events: {} as PoolEvent,
  },
  guards: {
    replacesNobody: ({ context }) => context.budget === undefined,
    isLastOne: ({ context }) => context.living === 1 && context.awaited === 0,
    isLastToLive: ({ context }) => context.living === 1,
    isLastHope: ({ context }) => context.living === 0 && context.awaited === 1,
    nobodyLives: ({ context }) => context.living === 0,
    wasReady: ({ event }) => endIn(event)?.wasReady === true,
    startsInVain: ({ context }) => context.failedStarts + 1 >= FAILED_STARTS_PER_WORKER * context.workers,
    isPlanned: ({ event }) => endIn(event)?.isPlanned === true,
    isWithinBudget: ({ context, event }) =>
      recent(context, endIn(event)?.now ?? 0).length < (context.budget?.restarts ?? 0),
  },
  actions: {
    countStart: assign(({ context }) => ({ living: context.living + 1, awaited: context.awaited - 1 })),
    countRefusal: assign(({ context }) => ({ awaited: context.awaited - 1 })),
    countOut: assign(({ context }) => ({ living: context.living - 1 })),
    countReplacement: assign(({ context }) => ({ living: context.living - 1, awaited: context.awaited + 1 })),
    countRestart: assign(({ context, event }) => {
      const { now = 0 } = endIn(event) ?? {};
      return { restarts: [...recent(context, now), now], delayed: 0 };
    }),
    countDelay: assign(({ context }) => ({ delayed: context.delayed + 1 })),
    countFailedStart: assign(({ context }) => ({ failedStarts: context.failedStarts + 1 })),
    countSuccess: assign({ failedStarts: 0 }),
    awaitNobody: assign({ awaited: 0 }),
    noteEnded: assign(({ event }) => ({
      reason: `every worker has ended; the last one: ${describe(endIn(event)?.end)}`,
    })),
    noteGivenUp: assign(({ context, event }) => ({
      reason: `${context.failedStarts + 1} workers in a row ended before they were ready; the last one: ${describe(endIn(event)?.end)}`,
    })),
    noteRefused: assign({ reason: 'the job accepts no more workers' }),
    noteStopped: assign({ reason: 'the workers were told to go' }),
    askForRanks: (_args, _params: { count: number }) => undefined,
    askForReplacement: (_args, _params: { rank: number }) => undefined,
    startWorker: (_args, _params: { rank: number }) => undefined,
    startReplacementTimer: (_args, _params: { rank: number; milliseconds: number }) => undefined,
    stopReplacementTimers: () => undefined,
    askWorkersToLeave: () => undefined,
    startDrainTimer: (_args, _params: { milliseconds: number }) => undefined,
    stopDrainTimer: () => undefined,
    releaseWorkers: () => undefined,
    notifyStopped: (_args, _params: { reason: string }) => undefined,
    reportUnexpected: () => undefined,
  },
}).createMachine({
  id: 'pool',
  context: ({ input }) => ({
    ...input,
    living: 0,
    awaited: input.workers,
    restarts: [],
    delayed: 0,
    failedStarts: 0,
    reason: '',
  }),
  entry: { type: 'askForRanks', params: ({ context }) => ({ count: context.workers }) },
  initial: 'supervising',
  on: {
    '*': { actions: 'reportUnexpected' },
    'worker.ended': [
      {
        guard: 'isLastToLive',
        target: '.stopped',
        actions: 'countOut',
        ...rule('S22.12, S22.13', 'The last worker has ended, and the pool has stopped.'),
      },
      {
        actions: 'countOut',
        ...rule('S22.12, S22.13', 'A worker has ended as it was asked to, and others are left.'),
      },
    ],
    'worker.ready': rule('S22.12', 'The worker is asked to leave already.'),
    'rank.given': rule('S22.12', 'A pool that ends starts no workers.'),
    'rank.refused': rule('S22.12', 'A pool that ends starts no workers.'),
    'replacement.due': rule('S22.12', 'A pool that ends replaces no workers.'),
  },
  states: {
    supervising: {
      exit: ['stopReplacementTimers', 'awaitNobody'],
      on: {
        'rank.given': {
          actions: ['countStart', { type: 'startWorker', params: ({ event }) => ({ rank: event.rank }) }],
          ...rule('S2, S22.8', 'A worker is started under the rank.'),
        },
        'rank.refused': [
          {
            guard: 'isLastHope',
            target: 'stopped',
            actions: 'noteRefused',
            ...rule('S22.11', 'The job accepts no more workers, and none is left.'),
          },
          {
            actions: 'countRefusal',
            ...rule('S22.11', 'The job accepts no more workers, and others are left.'),
          },
        ],
        'worker.ready': {
          actions: 'countSuccess',
          ...rule('S22.10', 'A worker that is ready ends the series of failed starts.'),
        },
        'worker.ended': [
          {
            guard: and(['replacesNobody', 'isLastOne']),
            target: 'stopped',
            actions: ['countOut', 'noteEnded'],
            ...rule('S22.8', 'The last worker has ended, and this pool replaces nobody.'),
          },
          {
            guard: 'replacesNobody',
            actions: 'countOut',
            ...rule('S22.8', 'A worker has ended, and this pool replaces nobody.'),
          },
          {
            guard: and([not('wasReady'), 'startsInVain', 'isLastToLive']),
            target: 'stopped',
            actions: ['countOut', 'noteGivenUp'],
            ...rule(
              'S22.10',
              'Too many workers in a row have ended before they were ready, and none is left.',
            ),
          },
          {
            guard: and([not('wasReady'), 'startsInVain']),
            target: 'stopping',
            actions: ['countOut', 'noteGivenUp'],
            ...rule(
              'S22.10',
              'Too many workers in a row have ended before they were ready, so the others are stopped.',
            ),
          },
          {
            guard: not('wasReady'),
            actions: [
              'countReplacement',
              {
                type: 'startReplacementTimer',
                params: ({ context, event }) => ({
                  rank: event.end.rank,
                  milliseconds: delayAfter(context, Math.floor(context.failedStarts / context.workers)),
                }),
              },
              'countFailedStart',
            ],
            ...rule('S22.10', 'The worker ended before it was ready, and is replaced after a delay.'),
          },
          {
            guard: 'isPlanned',
            actions: [
              'countReplacement',
              { type: 'askForReplacement', params: ({ event }) => ({ rank: event.end.rank }) },
            ],
            ...rule('S22.8', 'The worker ended as planned, and is replaced at once.'),
          },
          {
            guard: 'isWithinBudget',
            actions: [
              'countReplacement',
              'countRestart',
              { type: 'askForReplacement', params: ({ event }) => ({ rank: event.end.rank }) },
            ],
            ...rule(
              'S22.9',
              'The worker ended by accident within the restart budget, and is replaced at once.',
            ),
          },
          {
            actions: [
              'countReplacement',
              {
                type: 'startReplacementTimer',
                params: ({ context, event }) => ({
                  rank: event.end.rank,
                  milliseconds: delayAfter(context, context.delayed),
                }),
              },
              'countDelay',
            ],
            ...rule('S22.9', 'The restart budget is used up, so the worker is replaced after a delay.'),
          },
        ],
        'replacement.due': {
          actions: { type: 'askForReplacement', params: ({ event }) => ({ rank: event.rank }) },
          ...rule('S22.9, S22.10', 'The delay of a replacement is over.'),
        },
        'drain.asked': [
          {
            guard: 'nobodyLives',
            target: 'stopped',
            actions: 'noteStopped',
            ...rule('S22.12', 'The pool is to drain, and no worker is left.'),
          },
          {
            target: 'draining',
            actions: 'noteStopped',
            ...rule('S22.12', 'The pool is to drain, so its workers are asked to leave.'),
          },
        ],
        'stop.asked': [
          {
            guard: 'nobodyLives',
            target: 'stopped',
            actions: 'noteStopped',
            ...rule('S22.13', 'The pool is to stop, and no worker is left.'),
          },
          {
            target: 'stopping',
            actions: 'noteStopped',
            ...rule('S22.13', 'The pool is to stop, so its workers are released.'),
          },
        ],
      },
    },
    draining: {
      entry: [
        'askWorkersToLeave',
        {
          type: 'startDrainTimer',
          params: ({ event }) => ({ milliseconds: event.type === 'drain.asked' ? event.milliseconds : 0 }),
        },
      ],
      exit: 'stopDrainTimer',
      on: {
        'drain.elapsed': {
          target: 'stopping',
          ...rule('S22.12', 'The drain period has elapsed, so the workers that are left are released.'),
        },
        'stop.asked': { target: 'stopping', ...rule('S22.13', 'A pool that drains is to stop at once.') },
        'drain.asked': rule('S22.12', 'The pool drains already.'),
      },
    },
    stopping: {
      entry: 'releaseWorkers',
      on: {
        'drain.asked': rule('S22.13', 'A pool that stops has no time to drain.'),
        'stop.asked': rule('S22.13', 'The pool stops already.'),
      },
    },
    stopped: {
      type: 'final',
      entry: { type: 'notifyStopped', params: ({ context }) => ({ reason: context.reason }) },
    },
  },
});
