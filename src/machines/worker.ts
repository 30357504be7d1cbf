/**
 * One worker, from the rank that is given out for it to its end.
 *
 * - S2  A rank is declared when a sentinel is given it.
 * - S3  It registers once, under that rank; a second registration is a duplicate.
 * - S7  It is given one task at a time: at once when there is one, else when one comes while it waits.
 *       Only a busy worker can store a result, and that ends its task.
 * - S7.1 A busy worker that asks for a task has failed the one that it has, and stays registered.
 * - S13 It dies with its connection, with its sentinel, or when its death is reported; unregistered it is a deadbeat.
 * - S14 What leaves while the sleigh shuts down has left, and did not die.
 * - S17 In an elastic group one that owes nothing has left when its connection closes, or its sentinel is gone.
 * - S18 One that told its session is lost when its connection closes, and may come back within the grace; it comes
 *       back to its task if that is what it says it is doing. An older connection is replaced, closed or not.
 * - S19 One whose sentinel supervises is lost, too, until its sentinel says how it ended, and what becomes of its task.
 *       Only one whose task was tried has died; otherwise it has left. A replacement may come when the group is closed.
 */
import { or, sendParent, setup } from 'xstate';
import { unbound } from './bind.ts';
import type { SessionMatch } from './sessions.ts';
import type { TaskFate } from './worker-end.ts';

/** Of one worker. */
export interface WorkerContext {
  rank: number;
  /** Its sentinel says how it ended (S19). */
  isSupervised: boolean;
  /** Its group never closes (S17). */
  isElastic: boolean;
}

/** What a worker owes: its task, and copies of broadcasts that it has not had (S17). */
interface Owing {
  tasks: number;
  copies: number;
}

export type WorkerEvent =
  | {
      type: 'registration.asked';
      request: number;
      session: SessionMatch;
      /** The number of the task that it says it is doing, and of the one that it has (S18). */
      doing: number | undefined;
      has: number | undefined;
    }
  /** With the tasks in the queue that it has not declined, and the copies of broadcasts that it has not had. */
  | { type: 'task.asked'; request: number; waits: boolean; queued: number; copies: number }
  | { type: 'task.offered' }
  | { type: 'result.stored'; request: number }
  | { type: 'group.closed' }
  | ({ type: 'sentinel.gone' } & Owing)
  | ({ type: 'connection.closed'; hasSession: boolean } & Owing)
  | ({ type: 'return.elapsed' } & Owing)
  | { type: 'death.reported'; task: TaskFate }
  | { type: 'rank.replaced' }
  | { type: 'waiting.ended' }
  | { type: 'departed' };

export const workerMachine = setup({
  types: {
    context: {} as WorkerContext,
    input: {} as WorkerContext,
    events: {} as WorkerEvent,
  },
  guards: {
    taskIsAvailable: ({ event }) => event.type === 'task.asked' && (event.queued > 0 || event.copies > 0),
    mayWait: ({ event }) => event.type === 'task.asked' && event.waits,
    mayReturn: ({ event }) => event.type === 'connection.closed' && event.hasSession,
    mayLeave: ({ context, event }) =>
      context.isElastic && 'tasks' in event && event.tasks === 0 && event.copies === 0,
    returns: ({ event }) => event.type === 'registration.asked' && event.session === 'same',
    isSupervised: ({ context }) => context.isSupervised,
    taskWasTried: ({ event }) => event.type === 'death.reported' && event.task === 'tried',
    taskHasFailed: ({ event }) => event.type === 'death.reported' && event.task === 'failed',
    taskWasDeclined: ({ event }) => event.type === 'death.reported' && event.task === 'declined',
    returnsToTask: ({ event }) =>
      event.type === 'registration.asked' &&
      event.session === 'same' &&
      event.has !== undefined &&
      event.doing === event.has,
  },
  actions: {
    ...unbound(
      'acceptRegistration',
      'refuseDuplicate',
      'replaceConnection',
      'startReturnTimer',
      'stopReturnTimer',
      'tellBusy',
      'takeBackTask',
      'tellIdle',
      'giveTask',
      'letWait',
      'tellNoTask',
      'tellSleighIsDead',
      'completeTask',
      'refuseResult',
      'failTask',
      'askAgain',
      'recoverWork',
      'failTaskForGood',
      'declineTask',
      'returnTask',
      'answerCopies',
      'leaveWork',
      'retire',
      'reportUnexpected',
    ),
  },
}).createMachine({
  id: 'worker',
  context: ({ input }) => input,
  initial: 'declared',
  on: { '*': { actions: 'reportUnexpected' } },
  states: {
    declared: {
      on: {
        'registration.asked': { target: 'registered', actions: 'acceptRegistration', description: 'S3' },
        'group.closed': { target: 'deadbeat', description: 'S6.1' },
        'sentinel.gone': { target: 'deadbeat', description: 'S13' },
        'death.reported': { description: 'S13: not registered, changes nothing' },
        'rank.replaced': { target: 'replacing', description: 'S19' },
        departed: { target: 'left', description: 'S14' },
      },
    },
    replacing: {
      description: 'S19: a closed group lets it in',
      on: {
        'registration.asked': { target: 'registered', actions: 'acceptRegistration', description: 'S3, S19' },
        'group.closed': { description: 'S19: it may come later' },
        'sentinel.gone': { target: 'deadbeat', description: 'S13' },
        'death.reported': { description: 'S13: not registered, changes nothing' },
        'rank.replaced': { description: 'S19: it is already' },
        departed: { target: 'left', description: 'S14' },
      },
    },
    registered: {
      initial: 'idle',
      entry: sendParent(({ context }) => ({ type: 'worker.registered', rank: context.rank })),
      on: {
        'registration.asked': [
          {
            guard: 'returnsToTask',
            target: '.busy',
            actions: ['replaceConnection', 'tellBusy'],
            description: 'S18',
          },
          {
            guard: 'returns',
            target: '.idle',
            actions: ['replaceConnection', 'takeBackTask', 'tellIdle'],
            description: 'S18',
          },
          { actions: 'refuseDuplicate', description: 'S3' },
        ],
        'result.stored': { actions: 'refuseResult', description: 'S7' },
        'sentinel.gone': [
          { guard: 'mayLeave', target: 'left', description: 'S17' },
          { target: 'dead', description: 'S13' },
        ],
        'connection.closed': [
          { guard: or(['mayReturn', 'isSupervised']), target: '.lost', description: 'S18, S19' },
          { guard: 'mayLeave', target: 'left', description: 'S17' },
          { target: 'dead', description: 'S13' },
        ],
        'death.reported': [
          { guard: 'taskWasTried', target: 'dead', description: 'S13, S19' },
          {
            guard: 'taskHasFailed',
            target: 'left',
            actions: ['failTaskForGood', 'answerCopies'],
            description: 'S19',
          },
          {
            guard: 'taskWasDeclined',
            target: 'left',
            actions: ['declineTask', 'answerCopies'],
            description: 'S19',
          },
          { target: 'left', actions: ['returnTask', 'answerCopies'], description: 'S19' },
        ],
        'rank.replaced': { target: 'dead', description: 'S19' },
        departed: { target: 'left', description: 'S14' },
      },
      states: {
        idle: {
          on: {
            'task.asked': [
              { guard: 'taskIsAvailable', target: 'busy', actions: 'giveTask', description: 'S7' },
              { guard: 'mayWait', target: 'waiting', actions: 'letWait', description: 'S7' },
              { actions: 'tellNoTask', description: 'S7' },
            ],
          },
        },
        waiting: {
          on: {
            'task.offered': { target: 'busy', actions: 'giveTask', description: 'S7, S8' },
            'waiting.ended': { target: 'idle', actions: 'tellSleighIsDead', description: 'S14, S14.1' },
          },
        },
        busy: {
          on: {
            'result.stored': { target: 'idle', actions: 'completeTask', description: 'S7' },
            'task.asked': { target: 'idle', actions: ['failTask', 'askAgain'], description: 'S7.1' },
          },
        },
        lost: {
          entry: 'startReturnTimer',
          exit: 'stopReturnTimer',
          on: {
            'return.elapsed': [
              { guard: 'mayLeave', target: '#worker.left', description: 'S17, S18, S19' },
              { target: '#worker.dead', description: 'S18, S19' },
            ],
          },
        },
      },
    },
    deadbeat: {
      type: 'final',
      entry: ['retire', sendParent({ type: 'rank.lapsed' })],
    },
    dead: {
      type: 'final',
      entry: [
        'recoverWork',
        'retire',
        sendParent(({ context }) => ({ type: 'worker.died', rank: context.rank })),
      ],
    },
    left: {
      type: 'final',
      entry: [
        'leaveWork',
        'retire',
        sendParent(({ context }) => ({ type: 'worker.left', rank: context.rank })),
      ],
    },
  },
});
