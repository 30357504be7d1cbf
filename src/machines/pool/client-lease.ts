/**
 * A value that a client has taken for a time, from the side of the client.
 *
 * - V13 The client counts the time of the lease as well, from before the server does, so it never counts longer.
 * - V13.1, V13.2 The client asks for the end of the lease once. Its connection serves another request when the reply has come.
 * - V13.2 The lease is lost when its time has elapsed and when the connection is lost.
 * - V13.3 The client extends the lease. Its time then begins again.
 * - V13.5 The lease is lost when the server refuses to extend it, for example because the variable was deleted.
 */
import { setup } from 'xstate';
import { rule } from '../rule.ts';

export type ClientLeaseEvent =
  | { type: 'end.asked' }
  /** The server has replied to that, or the connection is lost. */
  | { type: 'end.answered' }
  | { type: 'extended' }
  /** The server has refused to extend it. */
  | { type: 'refused' }
  | { type: 'time.elapsed' }
  | { type: 'connection.lost' };

export type ClientLeaseCommand = 'startTimer' | 'stopTimer' | 'notifyLost' | 'giveConnectionBack';

/** `held`: the program may end and extend it. */
export type ClientLeaseTag = 'held';

export const clientLeaseMachine = setup({
  types: {
    events: {} as ClientLeaseEvent,
    tags: {} as ClientLeaseTag,
  },
  actions: {
    /** Begins the time again. */
    startTimer: () => undefined,
    stopTimer: () => undefined,
    /** Aborts the signal of the lease. */
    notifyLost: () => undefined,
    giveConnectionBack: () => undefined,
    reportUnexpected: () => undefined,
  } satisfies Record<ClientLeaseCommand | 'reportUnexpected', () => void>,
}).createMachine({
  id: 'clientLease',
  initial: 'held',
  on: { '*': { actions: 'reportUnexpected' } },
  states: {
    held: {
      tags: 'held',
      on: {
        'end.asked': {
          target: 'ending',
          actions: 'stopTimer',
          ...rule('V13.1, V13.2', 'The program is done with the value, or gives it back.'),
        },
        extended: { actions: 'startTimer', ...rule('V13.3', 'The program extends the lease.') },
        refused: { target: 'lost', ...rule('V13.5', 'The lease has ended on the server.') },
        'time.elapsed': { target: 'lost', ...rule('V13.2', 'The time of the lease has elapsed.') },
        'connection.lost': {
          target: 'lost',
          ...rule('V13.2', 'The value returns when its client disconnects.'),
        },
      },
    },
    ending: {
      on: {
        'end.answered': { target: 'over', ...rule('V13.1, V13.2', 'The server has replied.') },
        refused: rule('V13.5', 'The program has asked for the end meanwhile.'),
        'connection.lost': rule('V13.2', 'The request for the end fails, and says so.'),
      },
    },
    over: { type: 'final', entry: 'giveConnectionBack' },
    lost: { type: 'final', entry: ['stopTimer', 'notifyLost', 'giveConnectionBack'] },
  },
});
