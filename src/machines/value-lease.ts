/**
 * One lease: a value that a client has taken for a time, and that comes back unless the client says that it is done.
 *
 * - V13 A lease is held by the client that has taken the value, for a number of milliseconds.
 * - V13.1 When the client says that it is done, the value is removed.
 * - V13.2 The value returns to its variable when the client gives it back, when the time has elapsed, and when the client
 *   has disconnected for good.
 * - V13.3 The client may extend the lease. Its time then begins again.
 * - V13.4 When the variable is deleted, the value is dropped, and the lease has ended.
 */
import { setup } from 'xstate';
import { unbound } from './bind.ts';
import { rule } from './rule.ts';

export interface ValueLeaseContext {
  /** The number of the lease. */
  readonly id: number;
}

export type ValueLeaseEvent =
  | { type: 'done.asked' }
  | { type: 'back.asked' }
  | { type: 'extended' }
  | { type: 'lease.elapsed' }
  | { type: 'holder.left' }
  | { type: 'variable.deleted' };

export const valueLeaseMachine = setup({
  types: {
    context: {} as ValueLeaseContext,
    input: {} as ValueLeaseContext,
    events: {} as ValueLeaseEvent,
  },
  actions: unbound('startTimer', 'stopTimer', 'recordTime', 'removeValue', 'returnValue', 'reportUnexpected'),
}).createMachine({
  id: 'valueLease',
  context: ({ input }) => input,
  initial: 'held',
  on: { '*': { actions: 'reportUnexpected' } },
  states: {
    held: {
      entry: 'startTimer',
      exit: 'stopTimer',
      on: {
        'done.asked': { target: 'done', ...rule('V13.1', 'The client is done with the value.') },
        'back.asked': { target: 'returned', ...rule('V13.2', 'The client gives the value back.') },
        'lease.elapsed': { target: 'returned', ...rule('V13.2', 'The time of the lease has elapsed.') },
        'holder.left': { target: 'returned', ...rule('V13.2', 'The client has disconnected for good.') },
        extended: {
          actions: ['stopTimer', 'startTimer', 'recordTime'],
          ...rule('V13.3', 'The client extends the lease.'),
        },
        'variable.deleted': {
          target: 'dropped',
          ...rule('V13.4', 'The variable is deleted, with the value.'),
        },
      },
    },
    done: { type: 'final', entry: 'removeValue' },
    returned: { type: 'final', entry: 'returnValue' },
    dropped: { type: 'final', entry: 'removeValue' },
  },
});
