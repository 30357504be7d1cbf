/**
 * One worker of a sentinel, a process or a thread, from its start to its end, and the report of that end to the server.
 *
 * - S22.1 It is starting until it has registered. One that has not registered within two minutes is killed.
 * - S22.2 The worker reports a call that takes long, with its batch and its limit. A worker that is blocked beyond the
 *   limit is killed, and its task fails as `timed-out`. A worker that loads its module is killed as well, and its task
 *   is declined.
 * - S22.3 When the batch of its call is cancelled, the call has half a second to end, or none, as the master chooses.
 *   Then the worker is killed, and its task fails as `cancelled`.
 * - S22.4 A call is condemned before its worker is killed for it: a call that ends at that moment counts as ended, and
 *   the worker stays. A worker that does not answer is killed all the same.
 * - S22.5 A worker that announces that it leaves has no task, and its end is not a death. One that could not load a
 *   module has declined its task.
 * - S22.6 A worker that is told to leave completes its current call first. One that is released must end at once, and
 *   is killed otherwise; its task returns untried.
 * - S22.7 Any other end is a death: its task has been tried.
 * - S22.14 A process may have several ranks, with a call of each at the same time. Each rank has an actor of this
 *   machine, and each of them ends when it does. A task that waited for its turn returns untried. A call that was
 *   blocked beyond its limit beside others has been tried, because one of them may have blocked it.
 */
import { rule } from '../rule.ts';
import {
  ANSWER_LIMIT_MS,
  DIED,
  endOf,
  HEED_MS,
  PLANNED,
  START_LIMIT_MS,
  workerProcess,
} from './worker-process-setup.ts';

export const workerProcessMachine = workerProcess.createMachine({
  id: 'workerProcess',
  context: {
    call: 0,
    batch: '',
    at: 0,
    limit: Infinity,
    task: 'tried',
    why: DIED,
    words: '',
    wasReady: false,
  },
  initial: 'starting',
  on: {
    '*': { actions: 'reportUnexpected' },
    'leave.asked': {
      actions: 'askToLeave',
      ...rule('S22.6', 'The worker is asked to leave after its task.'),
    },
    'worker.leaving': {
      target: '.leaving',
      actions: 'noteLeaving',
      ...rule('S22.5', 'The worker says that it leaves, and why.'),
    },
    'release.asked': {
      target: '.leaving',
      actions: ['noteReleased', 'releaseProcess'],
      ...rule('S22.6', 'The worker is to go at once.'),
    },
    'batch.cancelled': rule('S22.3', 'The worker does something else than the cancelled batch.'),
    'call.ended': rule('S22.2', 'The end of the call has been told already.'),
    'call.condemned': rule('S22.4', 'The process is ended for another reason.'),
    'child.ended': [
      {
        guard: 'wasWaiting',
        target: '.ended',
        actions: 'noteUntried',
        ...rule('S22.14', 'The process has ended while the task of this rank waited for its turn.'),
      },
      {
        target: '.ended',
        actions: 'noteDeath',
        ...rule('S22.7', 'The process has ended without a word.'),
      },
    ],
  },
  states: {
    starting: {
      entry: { type: 'startTimer', params: { milliseconds: START_LIMIT_MS } },
      exit: 'stopTimer',
      on: {
        'worker.registered': {
          target: 'ready',
          actions: 'noteReady',
          ...rule('S22.1', 'The worker has registered in time.'),
        },
        'timer.elapsed': {
          target: 'stopping',
          ...rule('S22.1', 'The worker has not registered in time, so its process is killed.'),
        },
      },
    },
    ready: {
      on: {
        'call.lasts': [
          {
            guard: { type: 'isCancelled', params: { how: 'kill' } },
            target: 'condemning',
            actions: ['noteCall', 'noteCancelled'],
            ...rule('S22.3', 'The batch of the call is cancelled at once, so the call is condemned.'),
          },
          {
            guard: { type: 'isCancelled', params: { how: 'ask' } },
            target: 'busy.heeding',
            actions: ['noteCall', 'noteCancelled'],
            ...rule('S22.3', 'The batch of the call is cancelled, and the call has time to end by itself.'),
          },
          {
            guard: 'isLoading',
            target: 'busy.loading',
            actions: ['noteCall', 'noteLoading'],
            ...rule('S22.2', 'The call loads its module, which may take as long as a call.'),
          },
          {
            target: 'busy.calling',
            actions: 'noteCall',
            ...rule('S22.2', 'The call lasts, and has as long as its timeout says.'),
          },
        ],
      },
    },
    busy: {
      initial: 'calling',
      exit: 'stopTimer',
      on: {
        'call.ended': { target: 'ready', ...rule('S22.2', 'The call has ended in time.') },
        'timer.elapsed': {
          target: 'condemning',
          ...rule('S22.2, S22.3', 'The call has lasted too long, so it is condemned.'),
        },
        'batch.cancelled': [
          {
            guard: { type: 'isItsBatch', params: { how: 'kill' } },
            target: 'condemning',
            actions: 'noteCancelled',
            ...rule('S22.3', 'The batch of the call is cancelled at once, so the call is condemned.'),
          },
          {
            guard: { type: 'isItsBatch', params: { how: 'ask' } },
            target: '.heeding',
            actions: ['stopTimer', 'noteCancelled'],
            ...rule('S22.3', 'The batch of the call is cancelled, and the call has time to end by itself.'),
          },
        ],
      },
      states: {
        calling: {
          entry: { type: 'startTimer', params: ({ context }) => ({ milliseconds: context.limit }) },
        },
        loading: {
          entry: { type: 'startTimer', params: ({ context }) => ({ milliseconds: context.limit }) },
        },
        heeding: {
          entry: { type: 'startTimer', params: { milliseconds: HEED_MS } },
          on: {
            'batch.cancelled': [
              {
                guard: { type: 'isItsBatch', params: { how: 'kill' } },
                target: '#workerProcess.condemning',
                ...rule('S22.3', 'The call was given time to end by itself, and is to end at once.'),
              },
              rule('S22.3', 'The cancellation has been told to the call already.'),
            ],
          },
        },
      },
    },
    condemning: {
      entry: [
        { type: 'condemnCall', params: ({ context }) => ({ call: context.call }) },
        { type: 'startTimer', params: { milliseconds: ANSWER_LIMIT_MS } },
      ],
      exit: 'stopTimer',
      on: {
        'call.condemned': {
          guard: 'isItsCall',
          target: 'stopping',
          ...rule('S22.4', 'The worker cannot end its condemned call any more, so its process is killed.'),
        },
        'call.ended': {
          target: 'ready',
          ...rule('S22.4', 'The call ended before it was condemned, and its worker goes on.'),
        },
        'timer.elapsed': {
          target: 'stopping',
          ...rule('S22.4', 'The worker does not answer, so its process is killed.'),
        },
      },
    },
    leaving: {
      entry: { type: 'startTimer', params: { milliseconds: ANSWER_LIMIT_MS } },
      exit: 'stopTimer',
      on: {
        'leave.asked': rule('S22.5', 'The worker leaves already.'),
        'worker.leaving': rule('S22.6', 'A worker that was told to leave announces that it leaves.'),
        'release.asked': {
          actions: 'releaseProcess',
          ...rule('S22.5', 'A worker that leaves is told to end at once.'),
        },
        'timer.elapsed': {
          actions: 'killProcess',
          ...rule('S22.5', 'The worker has said that it leaves, and stays, so its process is killed.'),
        },
        'child.ended': { target: 'ended', ...rule('S22.5', 'The worker has left.') },
      },
    },
    stopping: {
      entry: 'killProcess',
      on: {
        'leave.asked': rule('S22.7', 'The process is being killed already.'),
        'worker.leaving': rule('S22.7', 'The process is being killed already.'),
        'release.asked': rule('S22.7', 'The process is being killed already.'),
        'child.ended': [
          {
            guard: 'wasLateTogether',
            target: 'ended',
            actions: 'noteTried',
            ...rule(
              'S22.14',
              'The killed process has ended, and another of its calls may have blocked this one.',
            ),
          },
          { target: 'ended', ...rule('S22.2, S22.3, S22.6', 'The killed process has ended.') },
        ],
      },
    },
    ended: {
      type: 'final',
      entry: {
        type: 'reportEnd',
        params: ({ context, event }) => ({
          end: endOf(context, event.type === 'child.ended' ? event.how : ''),
          wasReady: context.wasReady,
          isPlanned: PLANNED.has(context.why),
        }),
      },
    },
  },
});
