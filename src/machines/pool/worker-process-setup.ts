import { assign, setup } from 'xstate';
import type { Company } from './company.ts';

/** What happens to the task that the worker had (S19). */
export type TaskFate = 'tried' | 'untried' | 'failed' | 'declined';

/** Milliseconds in which a worker must register. */
export const START_LIMIT_MS = 120_000;
/**
 * Milliseconds that a call has beyond its limit, which is more than a worker needs to answer for a call that is not
 * blocked.
 */
export const BEYOND_LIMIT_MS = 750;
/** Milliseconds that a call has to end after its batch was cancelled. */
export const HEED_MS = 500;
/** Milliseconds that a worker has to confirm that a call is condemned, and to end after it announced that it leaves. */
export const ANSWER_LIMIT_MS = 1_000;

export interface WorkerProcessContext {
  /** The current call if it takes long: its number, its batch, and its place in the chunk. */
  readonly call: number;
  readonly batch: string;
  readonly at: number;
  /** Milliseconds that the call may take before it is condemned; Infinity if there is no limit. */
  readonly limit: number;
  /** The report of its end. */
  readonly task: TaskFate;
  readonly why: string;
  readonly words: string;
  readonly wasReady: boolean;
}

export type WorkerProcessEvent =
  | { type: 'worker.registered' }
  | {
      type: 'call.lasts';
      call: number;
      batch: string;
      at: number;
      /** Milliseconds. */
      limit: number;
      isLoading: boolean;
      /** Whether its batch has been cancelled. */
      cancelled: 'no' | 'ask' | 'kill';
    }
  | { type: 'call.ended' }
  | { type: 'call.condemned'; call: number }
  | { type: 'batch.cancelled'; batch: string; how: 'ask' | 'kill' }
  | { type: 'timer.elapsed' }
  | { type: 'leave.asked' }
  | { type: 'worker.leaving'; why: string; words: string }
  | { type: 'release.asked' }
  | {
      type: 'child.ended';
      how: string;
      /** What ran in the process at its end (S22.14). */
      company: Company;
      /** Why the process was killed, if it was killed for another of its ranks; otherwise empty. */
      killedFor: string;
    };

export interface ProcessEnd {
  readonly how: string;
  readonly task: TaskFate;
  readonly why: string;
  readonly words: string;
  readonly at: number;
}

/** The end of a worker as its sentinel reports it to the server and to the pool. */
export interface WorkerEnd extends ProcessEnd {
  readonly rank: number;
}

/** The reason for the end of a worker if its sentinel knows no better one. */
export const DIED = 'died';
export const TIMED_OUT = 'timed-out';
export const CANCELLED = 'cancelled';
export const NOT_LOADED = 'not-loaded';
export const TOLD_TO_GO = 'told-to-go';
/** The process was killed for a call of another rank. */
export const BESIDE = 'beside';
/** Ends that are part of the work, and no sign of trouble with the workers. */
export const PLANNED: ReadonlySet<string> = new Set([
  'max-tasks',
  'max-memory',
  TIMED_OUT,
  CANCELLED,
  BESIDE,
]);
/** The reasons for which a process is killed because of one of its calls. */
const CALLS: ReadonlySet<string> = new Set([TIMED_OUT, CANCELLED, NOT_LOADED]);

const deathOf = (event: WorkerProcessEvent): string =>
  event.type === 'child.ended' && CALLS.has(event.killedFor) ? BESIDE : DIED;

export const endOf = ({ task, why, words, at }: WorkerProcessContext, how: string): ProcessEnd => ({
  how,
  task,
  why,
  words,
  at,
});

export const workerProcess = setup({
  types: {
    context: {} as WorkerProcessContext,
    events: {} as WorkerProcessEvent,
  },
  guards: {
    isCancelled: ({ event }, { how }: { how: 'ask' | 'kill' }) =>
      event.type === 'call.lasts' && event.cancelled === how,
    isLoading: ({ event }) => event.type === 'call.lasts' && event.isLoading,
    isItsBatch: ({ context, event }, { how }: { how: 'ask' | 'kill' }) =>
      event.type === 'batch.cancelled' && event.batch === context.batch && event.how === how,
    wasWaiting: ({ event }) => event.type === 'child.ended' && event.company === 'waiting',
    wasLateTogether: ({ context, event }) =>
      event.type === 'child.ended' && event.company === 'together' && context.why === TIMED_OUT,
    isItsCall: ({ context, event }) => event.type === 'call.condemned' && event.call === context.call,
  },
  actions: {
    noteReady: assign({ wasReady: true }),
    noteCall: assign(({ event }) =>
      event.type === 'call.lasts'
        ? {
            call: event.call,
            batch: event.batch,
            at: event.at,
            limit: event.limit + BEYOND_LIMIT_MS,
            task: 'failed' as const,
            why: TIMED_OUT,
          }
        : {},
    ),
    noteLoading: assign({ task: 'declined', why: NOT_LOADED }),
    noteCancelled: assign({ task: 'failed', why: CANCELLED }),
    noteLeaving: assign(({ event }) =>
      event.type === 'worker.leaving'
        ? {
            task: event.why === NOT_LOADED ? ('declined' as const) : ('untried' as const),
            why: event.why,
            words: event.words,
          }
        : {},
    ),
    noteReleased: assign({ task: 'untried', why: TOLD_TO_GO }),
    noteDeath: assign(({ event }) => ({ task: 'tried' as const, why: deathOf(event) })),
    noteUntried: assign(({ event }) => ({ task: 'untried' as const, why: deathOf(event) })),
    noteTried: assign({ task: 'tried' }),
    startTimer: (_args, _params: { milliseconds: number }) => undefined,
    stopTimer: () => undefined,
    condemnCall: (_args, _params: { call: number }) => undefined,
    askToLeave: () => undefined,
    releaseProcess: () => undefined,
    killProcess: () => undefined,
    reportEnd: (_args, _params: { end: ProcessEnd; wasReady: boolean; isPlanned: boolean }) => undefined,
    reportUnexpected: () => undefined,
  },
});
