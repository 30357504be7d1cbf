/**
 * One worker, from the assignment of its rank to its end.
 *
 * - S2 A rank is reserved when a sentinel gets it.
 * - S3 The worker registers once under its rank. A second registration is a duplicate.
 * - S7 It gets one task at a time: at once if one is queued, otherwise when one arrives while it waits. Only a busy
 *   worker can store a result, which completes its task.
 * - S7.1 A busy worker that asks for a task has failed the one that it has, and stays registered.
 * - S13 It dies with its connection, with its sentinel, or when its death is reported. If it never registered it is a
 *   deadbeat.
 * - S14 A worker that disconnects while the sleigh shuts down has left, and did not die.
 * - P15.5 A worker with a session may lose its connection while it waits, and asks again over the next one.
 * - S17 In an elastic group, a worker without a task or an unanswered copy has left when its connection closes or its
 *   sentinel disconnects.
 * - S18 A worker that gave its session is disconnected when its connection closes, and may come back within the grace
 *   period. It keeps its task if it names that task when it comes back. Its older connection is replaced, whether it
 *   has closed or not.
 * - S19 A worker with a supervising sentinel is disconnected, too, until the sentinel reports how it ended and what
 *   becomes of its task. It has died only if its task was tried; otherwise it has left. A replacement may register in a
 *   closed group.
 */
import { or, sendParent } from 'xstate';
import { rule } from './rule.ts';
import { worker } from './worker-setup.ts';

export const workerMachine = worker.createMachine({
  id: 'worker',
  context: ({ input }) => ({ ...input, sentSession: false }),
  initial: 'reserved',
  on: {
    '*': { actions: 'reportUnexpected' },
    'waiting.ended': rule('S14', 'A worker that does not wait for a task gets no reply.'),
  },
  states: {
    reserved: {
      on: {
        'registration.asked': {
          target: 'registered',
          actions: ['noteSession', 'acceptRegistration'],
          ...rule('S3', 'The worker registers under its rank.'),
        },
        'group.closed': {
          target: 'deadbeat',
          ...rule('S6.1', 'The group has closed before the worker registered.'),
        },
        'sentinel.gone': {
          target: 'deadbeat',
          ...rule('S13', 'The sentinel is gone before the worker registered.'),
        },
        'death.reported': rule('S13', 'The death of a worker that has not registered changes nothing.'),
        'rank.replaced': {
          target: 'replacing',
          ...rule('S19', 'The sentinel asks for another worker before this one registered.'),
        },
        left: {
          target: 'left',
          ...rule('S14', 'The job is over or deleted, and the worker is no longer awaited.'),
        },
      },
    },
    replacing: {
      ...rule('S19', 'A worker that replaces another one is awaited in a closed group, too.'),
      on: {
        'registration.asked': {
          target: 'registered',
          actions: ['noteSession', 'acceptRegistration'],
          ...rule('S3, S19', 'The replacement registers under the rank.'),
        },
        'group.closed': rule('S19', 'A replacement may come after the group has closed.'),
        'sentinel.gone': {
          target: 'deadbeat',
          ...rule('S13', 'The sentinel is gone before the replacement registered.'),
        },
        'death.reported': rule('S13', 'The death of a worker that has not registered changes nothing.'),
        'rank.replaced': rule('S19', 'A replacement is awaited already.'),
        left: {
          target: 'left',
          ...rule('S14', 'The job is over or deleted, and the replacement is no longer awaited.'),
        },
      },
    },
    registered: {
      tags: 'isRegistered',
      initial: 'idle',
      entry: sendParent(({ context }) => ({ type: 'worker.registered', rank: context.rank })),
      on: {
        'registration.asked': [
          {
            guard: 'returnsToTask',
            target: '.busy',
            actions: ['replaceConnection', 'replyBusy'],
            ...rule('S18', 'The worker has come back to the task that it has.'),
          },
          {
            guard: 'returns',
            target: '.idle',
            actions: ['replaceConnection', 'takeBackTask', 'replyIdle'],
            ...rule('S18', 'The worker has come back, and the task that never reached it is taken back.'),
          },
          { actions: 'refuseDuplicate', ...rule('S3', 'A worker registers once under its rank.') },
        ],
        'result.stored': { actions: 'refuseResult', ...rule('S7', 'Only a busy worker can store a result.') },
        'sentinel.gone': [
          {
            guard: 'sleighShutsDown',
            ...rule(
              'S14',
              'While the sleigh shuts down a registered worker stays until its own connection closes.',
            ),
          },
          {
            guard: 'mayLeave',
            target: 'left',
            ...rule(
              'S17',
              'A worker of an elastic group without unfinished work has left with its sentinel.',
            ),
          },
          { target: 'dead', ...rule('S13', 'A worker dies with its sentinel.') },
        ],
        'connection.closed': [
          {
            guard: or(['mayReturn', 'isSupervised']),
            target: '.disconnected',
            ...rule('S18, S19', 'The worker may come back, or its sentinel reports how it ended.'),
          },
          {
            guard: 'mayLeave',
            target: 'left',
            ...rule(
              'S17',
              'A worker of an elastic group without unfinished work has left with its connection.',
            ),
          },
          { target: 'dead', ...rule('S13', 'A worker dies with its connection.') },
        ],
        'death.reported': [
          {
            guard: { type: 'taskIs', params: { task: 'tried' } },
            target: 'dead',
            actions: 'noteEnd',
            ...rule(
              'S13, S19',
              'The worker has died over its task, by the report of its sentinel or of somebody else.',
            ),
          },
          {
            guard: { type: 'taskIs', params: { task: 'failed' } },
            target: 'left',
            actions: ['noteEnd', 'failTaskForGood', 'answerCopies'],
            ...rule(
              'S19',
              'The task of the worker has failed for good, and its copies of broadcasts are answered for.',
            ),
          },
          {
            guard: { type: 'taskIs', params: { task: 'declined' } },
            target: 'left',
            actions: ['noteEnd', 'declineTask', 'answerCopies'],
            ...rule('S19', 'The worker has declined its task, which is for others.'),
          },
          {
            target: 'left',
            actions: ['noteEnd', 'returnTask', 'answerCopies'],
            ...rule('S19', 'The worker has not begun its task, which is for others.'),
          },
        ],
        'rank.replaced': {
          target: 'dead',
          actions: 'noteUnreported',
          ...rule('S19', 'The sentinel replaces the worker without a report of how it ended.'),
        },
        left: { target: 'left', ...rule('S14', 'The job is over or deleted, and the worker has left.') },
      },
      states: {
        idle: {
          on: {
            'task.asked': [
              {
                guard: 'taskIsAvailable',
                target: 'busy',
                actions: 'giveTask',
                ...rule('S7', 'There is a task or a copy of a broadcast, and the worker gets it.'),
              },
              {
                guard: 'mayWait',
                target: 'waiting',
                actions: 'holdForTask',
                ...rule('S7', 'The worker waits for a task.'),
              },
              {
                actions: 'replyNoTask',
                ...rule('S7', 'The worker does not wait, and is told that there is no task.'),
              },
            ],
          },
        },
        waiting: {
          on: {
            'task.asked': [
              {
                guard: 'taskIsAvailable',
                target: 'busy',
                actions: 'giveTask',
                ...rule('P15.5', 'The worker asks again over another connection, and there is a task now.'),
              },
              {
                guard: 'mayWait',
                actions: 'holdForTask',
                ...rule('P15.5', 'The worker asks again over another connection, and waits on.'),
              },
              {
                target: 'idle',
                actions: 'replyNoTask',
                ...rule(
                  'P15.5',
                  'The worker asks again over another connection, and does not wait any more.',
                ),
              },
            ],
            'task.offered': {
              target: 'busy',
              actions: 'giveTask',
              ...rule('S7, S8', 'A task or a copy of a broadcast has come, and the waiting worker gets it.'),
            },
            'waiting.ended': {
              target: 'idle',
              actions: 'replySleighIsDead',
              ...rule('S14, S14.1', 'The worker is told that the sleigh is dead, and waits no longer.'),
            },
          },
        },
        busy: {
          on: {
            'result.stored': {
              target: 'idle',
              actions: 'completeTask',
              ...rule('S7', 'The result ends the task of the worker.'),
            },
            'task.asked': {
              target: 'idle',
              actions: ['failTask', 'askAgain'],
              ...rule('S7.1', 'A busy worker that asks for a task has failed the one that it has.'),
            },
          },
        },
        disconnected: {
          entry: 'startReturnTimer',
          exit: 'stopReturnTimer',
          on: {
            'return.elapsed': [
              {
                guard: 'mayLeave',
                target: '#worker.left',
                ...rule(
                  'S17, S18, S19',
                  'The worker has no unfinished work and has not come back in time, so it has left.',
                ),
              },
              {
                target: '#worker.dead',
                ...rule(
                  'S18, S19',
                  'The worker has neither come back in time, nor has its end been reported.',
                ),
              },
            ],
          },
        },
      },
    },
    deadbeat: {
      type: 'final',
      entry: ['end', sendParent({ type: 'rank.expired' })],
    },
    dead: {
      type: 'final',
      entry: [
        'recoverWork',
        'end',
        sendParent(({ context }) => ({ type: 'worker.died', rank: context.rank })),
      ],
    },
    left: {
      type: 'final',
      entry: ['leaveWork', 'end', sendParent(({ context }) => ({ type: 'worker.left', rank: context.rank }))],
    },
  },
});
