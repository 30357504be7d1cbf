/**
 * One batch of a master: elements that are sent as tasks, and their outcomes.
 *
 * - S23.1 Elements are read from the input and sent as the window allows.
 * - S23.2 When the input has ended or failed, the elements read from it are completed. The batch is settled when each
 *   of them is, and nothing of it is left on the server.
 * - S23.3 A cancelled batch reads and sends nothing more, and is marked for the sentinels until it is settled. Its
 *   later results are discarded.
 * - S23.4 When no worker can run its elements, because none can be started or none can load the module, the available
 *   results are kept. Every other element fails with the reason, including those not yet read from the input.
 * - S23.5 When the job has ended, no element gets an outcome any more.
 */
import { setup } from 'xstate';
import { rule } from '../rule.ts';

export type BatchEvent =
  | { type: 'input.ended' }
  /** Every element that was read is settled. */
  | { type: 'emptied' }
  | { type: 'cancelled' }
  /** No worker can be had any more. */
  | { type: 'workers.gone' }
  /** No worker can load the module. */
  | { type: 'module.unloadable' }
  | { type: 'job.ended' };

/** The actions of the batch. */
export type BatchCommand = 'mark' | 'unmark' | 'dropUnsent' | 'refuseUnsent';

/** The allowed operations in each state. */
export type BatchTag = 'takes-input' | 'hands-out' | 'keeps-outcomes' | 'over';

export const batchMachine = setup({
  types: {
    events: {} as BatchEvent,
    tags: {} as BatchTag,
  },
  actions: {
    /**
     * Marks the batch as cancelled for the sentinels: queued elements are not called, and running calls are stopped.
     */
    mark: () => undefined,
    unmark: () => undefined,
    dropUnsent: () => undefined,
    refuseUnsent: () => undefined,
    reportUnexpected: () => undefined,
  } satisfies Record<BatchCommand | 'reportUnexpected', () => void>,
}).createMachine({
  id: 'batch',
  initial: 'feeding',
  on: {
    '*': { actions: 'reportUnexpected' },
    'job.ended': { target: '.ended', ...rule('S23.5', 'The job has ended, and the batch with it.') },
    'input.ended': rule('S23.3', 'Nothing more was wanted of the input.'),
    emptied: rule('S23.1', 'All elements so far are done, and more may come.'),
  },
  states: {
    feeding: {
      tags: ['takes-input', 'hands-out', 'keeps-outcomes'],
      on: {
        'input.ended': {
          target: 'draining',
          ...rule('S23.2', 'All elements have come, and those under way are awaited.'),
        },
        cancelled: {
          target: 'cancelling',
          ...rule('S23.3', 'The batch is cancelled, and what was not sent is dropped.'),
        },
        'workers.gone': {
          target: 'refusing',
          ...rule('S23.4', 'No worker is left, so what was not sent is refused.'),
        },
        'module.unloadable': {
          target: 'refusing',
          actions: 'mark',
          ...rule('S23.4', 'The module cannot be loaded, so what was not sent is refused.'),
        },
      },
    },
    draining: {
      tags: ['hands-out', 'keeps-outcomes'],
      on: {
        emptied: {
          target: 'settled',
          ...rule('S23.2', 'The last element is done, and the batch is settled.'),
        },
        cancelled: {
          target: 'cancelling',
          ...rule('S23.3', 'The batch is cancelled, and what was not sent is dropped.'),
        },
        'workers.gone': {
          target: 'refusing.draining',
          ...rule('S23.4', 'No worker is left, so what was not sent is refused.'),
        },
        'module.unloadable': {
          target: 'refusing.draining',
          actions: 'mark',
          ...rule('S23.4', 'The module cannot be loaded, so what was not sent is refused.'),
        },
      },
    },
    refusing: {
      entry: 'refuseUnsent',
      tags: 'keeps-outcomes',
      initial: 'feeding',
      on: {
        cancelled: {
          target: 'cancelling',
          ...rule('S23.3', 'The batch is cancelled, and nothing more is refused.'),
        },
        'workers.gone': rule('S23.4', 'What was not sent is refused already.'),
        'module.unloadable': rule('S23.4', 'What was not sent is refused already.'),
      },
      states: {
        feeding: {
          tags: 'takes-input',
          on: {
            'input.ended': {
              target: 'draining',
              ...rule('S23.4', 'All elements have come, and are refused.'),
            },
          },
        },
        draining: {
          on: {
            emptied: {
              target: '#batch.settled',
              ...rule('S23.4', 'The last element is refused, and the batch is settled.'),
            },
          },
        },
      },
    },
    cancelling: {
      entry: ['dropUnsent', 'mark'],
      on: {
        emptied: {
          target: 'settled',
          ...rule('S23.3', 'What was under way has ended, and the batch is settled.'),
        },
        cancelled: rule('S23.3', 'The batch is cancelled already.'),
        'workers.gone': rule('S23.3', 'A cancelled batch needs no workers.'),
        'module.unloadable': rule('S23.3', 'A cancelled batch wants nothing more of its module.'),
      },
    },
    settled: {
      type: 'final',
      tags: 'over',
      entry: 'unmark',
    },
    ended: {
      type: 'final',
      tags: 'over',
    },
  },
});
