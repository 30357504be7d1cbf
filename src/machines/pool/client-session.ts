/**
 * One session, from the side of the client (P15).
 *
 * - P15.2 When its connection is lost the client connects again, and repeats the requests without a reply.
 * - P15.3 After the grace, or when the server does not know the session, it gives up.
 * - P5.3 A get that is withdrawn ends the connection, unless its answer comes first. The session then ends with it.
 */
import { setup } from 'xstate';
import { rule } from '../rule.ts';

export type ClientSessionEvent =
  | { type: 'connection.lost' }
  /** Another connection has taken up the session. */
  | { type: 'resumed' }
  /** There is no connection within the grace, or the server refuses the session. */
  | { type: 'gave.up' }
  /** The get that waits is not wanted any more. */
  | { type: 'get.withdrawn' }
  /** The get that was withdrawn is answered. */
  | { type: 'get.answered' }
  | { type: 'closed' };

export type ClientSessionCommand = 'connectAgain' | 'repeat' | 'withdraw' | 'end';
/** `connected`: requests are sent at once. */
export type ClientSessionTag = 'connected' | 'over';

export const clientSessionMachine = setup({
  types: { events: {} as ClientSessionEvent, tags: {} as ClientSessionTag },
  actions: {
    connectAgain: () => undefined,
    repeat: () => undefined,
    withdraw: () => undefined,
    end: () => undefined,
    reportUnexpected: () => undefined,
  } satisfies Record<ClientSessionCommand | 'reportUnexpected', () => void>,
}).createMachine({
  id: 'clientSession',
  initial: 'connected',
  on: {
    '*': { actions: 'reportUnexpected' },
    closed: {
      target: '.ended',
      ...rule('P15.4', 'The program closes the connection, and ends the session.'),
    },
    'gave.up': {
      target: '.ended',
      ...rule('P15.3', 'There is no way back, and the requests without a reply fail.'),
    },
    'get.answered': rule('P15.1', 'The get that is answered was not withdrawn.'),
  },
  states: {
    connected: {
      tags: 'connected',
      on: {
        'connection.lost': {
          target: 'resuming',
          actions: 'connectAgain',
          ...rule('P15.2', 'The connection is lost, and the client tries to come back.'),
        },
        'get.withdrawn': {
          target: 'withdrawing',
          actions: 'withdraw',
          ...rule('P5.3', 'The get is withdrawn, and the server says which came first.'),
        },
      },
    },
    withdrawing: {
      tags: 'connected',
      on: {
        'get.answered': {
          target: 'connected',
          ...rule('P5.3', 'The answer came first, and the connection stays.'),
        },
        'get.withdrawn': rule('P5.3', 'The get is withdrawn already.'),
        'connection.lost': {
          target: 'ended',
          ...rule('P5.3', 'The withdrawal has ended the connection, and the session with it.'),
        },
      },
    },
    resuming: {
      on: {
        resumed: {
          target: 'connected',
          actions: 'repeat',
          ...rule('P15.2', 'The client is back, and repeats its requests.'),
        },
        'get.withdrawn': {
          target: 'resumingToWithdraw',
          ...rule(
            'P15.2',
            'Only the server knows whether the get was answered, so the client comes back first.',
          ),
        },
      },
    },
    resumingToWithdraw: {
      on: {
        resumed: {
          target: 'withdrawing',
          actions: ['repeat', 'withdraw'],
          ...rule('P5.3, P15.2', 'The client is back, repeats its requests, and withdraws the get.'),
        },
        'get.withdrawn': rule('P5.3', 'The get is withdrawn already.'),
      },
    },
    ended: { type: 'final', tags: 'over', entry: 'end' },
  },
});
