/**
 * One batch of a master: elements that are handed out as tasks, and their outcomes.
 *
 * - S23.1 Elements are taken from the input and handed out as the window lets them.
 * - S23.2 When the input has ended, or has failed, what was taken from it is brought to its end. The batch is settled when each
 *         element is, and nothing of it is left on the server.
 * - S23.3 A batch that is cancelled takes and hands out nothing more, and is marked for the sentinels until it is settled. What
 *         still comes of it is thrown away.
 * - S23.4 When nobody can do its elements, because no worker can be had or none can load the module, results that are there
 *         are kept. Every other element fails with the reason, those included that are yet to be taken from the input.
 * - S23.5 When the job has ended, nothing is answered any more.
 */
import { setup } from 'xstate';

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

/** What it may do in a state. */
export type BatchTag = 'takes-input' | 'hands-out' | 'keeps-outcomes' | 'over';

export const batchMachine = setup({
  types: {
    events: {} as BatchEvent,
    tags: {} as BatchTag,
  },
  actions: {
    /** Tells the sentinels that it is cancelled: what is queued is not called, what runs is ended. */
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
    'job.ended': { target: '.ended', description: 'S23.5' },
    'input.ended': { description: 'S23.3: nothing more was wanted of it' },
    emptied: { description: 'S23.1: more may come' },
  },
  states: {
    feeding: {
      tags: ['takes-input', 'hands-out', 'keeps-outcomes'],
      on: {
        'input.ended': { target: 'draining', description: 'S23.2' },
        cancelled: { target: 'cancelling', description: 'S23.3' },
        'workers.gone': { target: 'refusing', description: 'S23.4' },
        'module.unloadable': { target: 'refusing', actions: 'mark', description: 'S23.4' },
      },
    },
    draining: {
      tags: ['hands-out', 'keeps-outcomes'],
      on: {
        emptied: { target: 'settled', description: 'S23.2' },
        cancelled: { target: 'cancelling', description: 'S23.3' },
        'workers.gone': { target: 'refusing.draining', description: 'S23.4' },
        'module.unloadable': { target: 'refusing.draining', actions: 'mark', description: 'S23.4' },
      },
    },
    refusing: {
      entry: 'refuseUnsent',
      tags: 'keeps-outcomes',
      initial: 'feeding',
      on: {
        cancelled: { target: 'cancelling', description: 'S23.3' },
        'workers.gone': { description: 'S23.4: they are refused already' },
        'module.unloadable': { description: 'S23.4: they are refused already' },
      },
      states: {
        feeding: {
          tags: 'takes-input',
          on: { 'input.ended': { target: 'draining', description: 'S23.4' } },
        },
        draining: {
          on: { emptied: { target: '#batch.settled', description: 'S23.4' } },
        },
      },
    },
    cancelling: {
      entry: ['dropUnsent', 'mark'],
      on: {
        emptied: { target: 'settled', description: 'S23.3' },
        cancelled: { description: 'S23.3: it is already' },
        'workers.gone': { description: 'S23.3: nothing more is wanted of them' },
        'module.unloadable': { description: 'S23.3: nothing more is wanted of it' },
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
