/**
 * The work of one job, from its creation until it shuts down: the tasks, broadcasts and results that it accepts and
 * hands out.
 *
 * - S7 A stored task is queued. The machine of a worker serves the worker's request for a task; any other client may
 *   wait and never gets one. Tasks can be fetched and not found. Only a registered worker may store a result.
 * - S7 A result goes to a client that asks for one of its batch or waits for it. A worker that has ended is told so.
 * - S8 A broadcast is stored by the group, which decides whom it reaches.
 * - S14 While the sleigh shuts down no task and no broadcast is accepted, and a client that asks for one is told that
 *   the sleigh is dead. Results are accepted until the end.
 * - S18 A task that never reached its worker returns to the queue, and is dropped while the sleigh shuts down.
 */
import { not, setup } from 'xstate';
import { rule } from './rule.ts';
import { unbound } from './bind.ts';

/** The client: a registered worker, one that has ended, or any other client. */
export type Asker = 'worker' | 'ended' | 'outsider';

export type WorkEvent =
  | { type: 'task.stored'; request: number }
  | { type: 'broadcast.stored'; request: number }
  | { type: 'result.stored'; request: number; asker: Asker }
  | { type: 'task.asked'; request: number; asker: Asker; takes: boolean; waits: boolean }
  /** With the number of available results of its batch. */
  | { type: 'result.asked'; request: number; asker: Asker; waits: boolean; available: number }
  | { type: 'task.returned'; rank: number }
  | { type: 'shutdown.started' };

export const workMachine = setup({
  types: { context: {}, events: {} as WorkEvent },
  guards: {
    askerIs: ({ event }, { asker }: { asker: Asker }) => 'asker' in event && event.asker === asker,
    takes: ({ event }) => event.type === 'task.asked' && event.takes,
    mayWait: ({ event }) => 'waits' in event && event.waits,
    resultIsAvailable: ({ event }) => event.type === 'result.asked' && event.available > 0,
  },
  actions: {
    ...unbound(
      'queueTask',
      'storeBroadcast',
      'storeResult',
      'refuseResult',
      'refuseFind',
      'askWorker',
      'holdOutsider',
      'giveResult',
      'holdForResult',
      'replyNoValue',
      'replyWorkerIsDead',
      'replySleighIsDead',
      'refuseShuttingDown',
      'returnTask',
      'giveUpTask',
      'reportUnexpected',
    ),
  },
}).createMachine({
  id: 'work',
  initial: 'open',
  on: {
    '*': { actions: 'reportUnexpected' },
    'result.stored': [
      {
        guard: { type: 'askerIs', params: { asker: 'worker' } },
        actions: 'storeResult',
        ...rule('S7', 'The machine of the worker decides about its result.'),
      },
      {
        actions: 'refuseResult',
        ...rule('S7', 'A client that is no worker, or no longer one, has no task to store a result of.'),
      },
    ],
  },
  states: {
    open: {
      on: {
        'task.stored': {
          actions: 'queueTask',
          ...rule('S7', 'The task is queued, and offered to the worker that has waited longest.'),
        },
        'broadcast.stored': {
          actions: 'storeBroadcast',
          ...rule('S8', 'The group decides which workers get a copy of the broadcast.'),
        },
        'task.asked': [
          {
            guard: not('takes'),
            actions: 'refuseFind',
            ...rule('S7', 'A task can be fetched, and not found.'),
          },
          {
            guard: { type: 'askerIs', params: { asker: 'worker' } },
            actions: 'askWorker',
            ...rule('S7', 'The machine of the worker decides whether it gets a task.'),
          },
          {
            guard: { type: 'askerIs', params: { asker: 'ended' } },
            actions: 'replyWorkerIsDead',
            ...rule('S13', 'A worker that has ended gets no task.'),
          },
          {
            guard: 'mayWait',
            actions: 'holdOutsider',
            ...rule('S7', 'A client that is no worker waits until the sleigh ends.'),
          },
          {
            actions: 'replyNoValue',
            ...rule('S7', 'A client that is no worker, and does not wait, is told that there is none.'),
          },
        ],
        'result.asked': [
          {
            guard: { type: 'askerIs', params: { asker: 'ended' } },
            actions: 'replyWorkerIsDead',
            ...rule('S13', 'A worker that has ended gets no result.'),
          },
          {
            guard: 'resultIsAvailable',
            actions: 'giveResult',
            ...rule('S7', 'The client gets the oldest result of its batch.'),
          },
          {
            guard: 'mayWait',
            actions: 'holdForResult',
            ...rule('S7', 'The client waits for a result of its batch.'),
          },
          {
            actions: 'replyNoValue',
            ...rule('S7', 'The client is told that there is no result of its batch.'),
          },
        ],
        'task.returned': {
          actions: 'returnTask',
          ...rule('S18', 'A task that never reached its worker counts as not tried.'),
        },
        'shutdown.started': {
          target: 'closed',
          ...rule('S14', 'The sleigh shuts down, and accepts and hands out no more work.'),
        },
      },
    },
    closed: {
      on: {
        'task.stored': {
          actions: 'refuseShuttingDown',
          ...rule('S14', 'A sleigh that shuts down takes no tasks.'),
        },
        'broadcast.stored': {
          actions: 'refuseShuttingDown',
          ...rule('S14', 'A sleigh that shuts down takes no broadcasts.'),
        },
        'task.asked': {
          actions: 'replySleighIsDead',
          ...rule('S14', 'A client that asks for a task is told that the sleigh is dead.'),
        },
        'result.asked': {
          actions: 'replySleighIsDead',
          ...rule('S14', 'A client that asks for a result is told that the sleigh is dead.'),
        },
        'task.returned': {
          actions: 'giveUpTask',
          ...rule('S14, S18', 'A task that never reached its worker is dropped.'),
        },
      },
    },
  },
});
