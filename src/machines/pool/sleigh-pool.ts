/**
 * A SleighPool: a job that starts at the first call, and ends when no call was made for a while.
 *
 * - S25.1 The first call starts the job. Calls that are made while it starts wait for it.
 * - S25.2 While a call is under way, the pool keeps its process alive. An idle pool does not.
 * - S25.3 A pool that was idle for its time limit stops the job. The next call starts another one.
 * - S25.4 When the job ends by itself, the calls under way fail, what is left of it is ended, and the next call starts another
 *   one. When it cannot be started, the calls that wait for it fail.
 * - S25.5 A closed pool takes no more calls. Its calls under way fail.
 */
import { setup } from 'xstate';
import { rule } from '../rule.ts';

export type SleighPoolEvent =
  | { type: 'call.made' }
  /** The last call under way has ended. */
  | { type: 'calls.ended' }
  | { type: 'job.started' }
  | { type: 'job.failed' }
  /** The job has ended by itself. */
  | { type: 'job.closed' }
  | { type: 'idle.elapsed' }
  | { type: 'close.asked' };

export type SleighPoolCommand =
  | 'startJob'
  | 'stopJob'
  | 'startIdleTimer'
  | 'stopIdleTimer'
  | 'holdProcess'
  | 'releaseProcess';

export type SleighPoolTag = 'takes-calls';

export const sleighPoolMachine = setup({
  types: {
    events: {} as SleighPoolEvent,
    tags: {} as SleighPoolTag,
  },
  actions: {
    startJob: () => undefined,
    stopJob: () => undefined,
    startIdleTimer: () => undefined,
    stopIdleTimer: () => undefined,
    /** Keeps the process alive. */
    holdProcess: () => undefined,
    releaseProcess: () => undefined,
    reportUnexpected: () => undefined,
  } satisfies Record<SleighPoolCommand | 'reportUnexpected', () => void>,
}).createMachine({
  id: 'sleighPool',
  initial: 'empty',
  on: {
    '*': { actions: 'reportUnexpected' },
    'call.made': rule('S25.1', 'The job is there, or is on its way.'),
    'calls.ended': rule('S25.4', 'The calls have ended with the job.'),
    'job.closed': rule('S25.3', 'The job was stopped.'),
    'job.started': rule('S25.5', 'The job has started, and is stopped already.'),
    'job.failed': rule('S25.5', 'The job could not be started, and is not wanted any more.'),
    'close.asked': {
      target: '.closed',
      actions: 'stopJob',
      ...rule('S25.5', 'The pool is closed, and the job is stopped.'),
    },
  },
  states: {
    empty: {
      tags: 'takes-calls',
      on: {
        'call.made': { target: 'starting', ...rule('S25.1', 'The first call starts the job.') },
        'close.asked': { target: 'closed', ...rule('S25.5', 'The pool is closed, and has no job.') },
      },
    },
    starting: {
      tags: 'takes-calls',
      entry: ['holdProcess', 'startJob'],
      exit: 'releaseProcess',
      on: {
        'job.started': { target: 'busy', ...rule('S25.1', 'The job has started, and takes the calls.') },
        'job.failed': { target: 'empty', ...rule('S25.4', 'The job could not be started.') },
      },
    },
    busy: {
      tags: 'takes-calls',
      entry: 'holdProcess',
      exit: 'releaseProcess',
      on: {
        'calls.ended': { target: 'idle', ...rule('S25.2', 'No call is under way any more.') },
        'job.closed': {
          target: 'empty',
          actions: 'stopJob',
          ...rule('S25.4', 'The job has ended by itself, and what is left of it is ended.'),
        },
      },
    },
    idle: {
      tags: 'takes-calls',
      entry: 'startIdleTimer',
      exit: 'stopIdleTimer',
      on: {
        'call.made': { target: 'busy', ...rule('S25.2', 'A call is made, and the job takes it.') },
        'idle.elapsed': {
          target: 'empty',
          actions: 'stopJob',
          ...rule('S25.3', 'No call was made for a while, so the job is stopped.'),
        },
        'job.closed': {
          target: 'empty',
          actions: 'stopJob',
          ...rule('S25.4', 'The job has ended by itself, and what is left of it is ended.'),
        },
      },
    },
    closed: { type: 'final' },
  },
});
