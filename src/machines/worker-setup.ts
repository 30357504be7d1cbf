import { assign, setup } from 'xstate';
import { unbound } from './bind.ts';
import type { SessionMatch } from './session-match.ts';
import type { TaskFate, WorkerEnd } from './worker-end.ts';

/** The facts about one worker. */
export interface WorkerContext {
  rank: number;
  /** Its sentinel reports how it ended (S19). */
  isSupervised: boolean;
  /** Its group never closes (S17). */
  isElastic: boolean;
  /** Seconds within which a worker that gave its session may come back; 0 for none (S18). */
  reconnectGrace: number;
  /** It gave a session when it registered (S18). */
  sentSession: boolean;
}

type WorkerInput = Omit<WorkerContext, 'sentSession'>;

/** The unfinished work of a worker: its task, and the copies of broadcasts that it has not had (S17). */
interface Owing {
  tasks: number;
  copies: number;
}

export type WorkerEvent =
  | {
      type: 'registration.asked';
      request: number;
      session: SessionMatch;
      /** Whether it gives a session by which it can later show that it has come back (S18). */
      sendsSession: boolean;
      /** The number of the task that it names, and of the one that it has (S18). */
      doing: number | undefined;
      has: number | undefined;
    }
  /** With the number of queued tasks that it has not declined, and of copies that it has not had. */
  | { type: 'task.asked'; request: number; waits: boolean; queued: number; copies: number }
  | { type: 'task.offered' }
  | { type: 'result.stored'; request: number }
  | { type: 'group.closed' }
  | ({ type: 'sentinel.gone'; sleigh: 'serves' | 'shutsDown' } & Owing)
  | ({ type: 'connection.closed' } & Owing)
  | ({ type: 'return.elapsed' } & Owing)
  | { type: 'death.reported'; task: TaskFate; end: WorkerEnd | undefined }
  | { type: 'rank.replaced' }
  | { type: 'waiting.ended' }
  | { type: 'left' };

/** The types, guards and actions of the machine in `worker.ts`. */
export const worker = setup({
  types: {
    context: {} as WorkerContext,
    input: {} as WorkerInput,
    events: {} as WorkerEvent,
    tags: {} as 'isRegistered',
  },
  guards: {
    taskIsAvailable: ({ event }) => event.type === 'task.asked' && (event.queued > 0 || event.copies > 0),
    mayWait: ({ event }) => event.type === 'task.asked' && event.waits,
    mayReturn: ({ context }) => context.sentSession && context.reconnectGrace > 0,
    mayLeave: ({ context, event }) =>
      context.isElastic && 'tasks' in event && event.tasks === 0 && event.copies === 0,
    returns: ({ event }) => event.type === 'registration.asked' && event.session === 'same',
    isSupervised: ({ context }) => context.isSupervised,
    sleighShutsDown: ({ event }) => event.type === 'sentinel.gone' && event.sleigh === 'shutsDown',
    taskIs: ({ event }, { task }: { task: TaskFate }) =>
      event.type === 'death.reported' && event.task === task,
    returnsToTask: ({ event }) =>
      event.type === 'registration.asked' &&
      event.session === 'same' &&
      event.has !== undefined &&
      event.doing === event.has,
  },
  actions: {
    noteSession: assign(({ event }) => ({
      sentSession: event.type === 'registration.asked' && event.sendsSession,
    })),
    ...unbound(
      'acceptRegistration',
      'refuseDuplicate',
      'replaceConnection',
      'startReturnTimer',
      'stopReturnTimer',
      'replyBusy',
      'takeBackTask',
      'replyIdle',
      'giveTask',
      'holdForTask',
      'replyNoTask',
      'replySleighIsDead',
      'completeTask',
      'refuseResult',
      'failTask',
      'askAgain',
      'noteEnd',
      'noteUnreported',
      'recoverWork',
      'failTaskForGood',
      'declineTask',
      'returnTask',
      'answerCopies',
      'leaveWork',
      'end',
      'reportUnexpected',
    ),
  },
});
