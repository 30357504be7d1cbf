/**
 * One session of a client: what lasts when its connection does not.
 *
 * - P15 A session begins with the first request of a connection, and has at most one connection at a time.
 * - P15.3 When its connection closes the session is disconnected. It ends when nobody takes it up within its grace.
 * - P15.3 A connection that the server closes ends its session, and so does one whose client has asked for that. But a
 *   server with a store that stops leaves its sessions disconnected.
 */
import { setup } from 'xstate';
import { unbound } from './bind.ts';
import { rule } from './rule.ts';

/** Who closed a connection: its client, the server for a reason of this connection, or a server with a store that stops. */
export type ClosedBy = 'client' | 'server' | 'stop';

export type SessionEvent =
  /** A connection has taken it up. */
  | { type: 'resumed' }
  | { type: 'connection.closed'; by: ClosedBy }
  | { type: 'end.asked' }
  | { type: 'grace.elapsed' };

export const sessionMachine = setup({
  types: {
    context: {} as { id: number },
    input: {} as { id: number },
    events: {} as SessionEvent,
  },
  guards: {
    isByClient: ({ event }) => event.type === 'connection.closed' && event.by === 'client',
    isByStop: ({ event }) => event.type === 'connection.closed' && event.by === 'stop',
  },
  actions: unbound('replaceConnection', 'startGrace', 'stopGrace', 'leaveRest', 'end', 'reportUnexpected'),
}).createMachine({
  id: 'session',
  context: ({ input }) => input,
  initial: 'connected',
  on: { '*': { actions: 'reportUnexpected' } },
  states: {
    connected: {
      on: {
        resumed: {
          actions: 'replaceConnection',
          ...rule('P15.2', 'The client has come back before the server knew that its connection is lost.'),
        },
        'connection.closed': [
          {
            guard: 'isByClient',
            target: 'disconnected',
            ...rule('P15.3', 'The connection has closed, and the client may come back.'),
          },
          {
            guard: 'isByStop',
            target: 'disconnected',
            actions: 'leaveRest',
            ...rule(
              'P15.3',
              'The server stops with its store, and the client may come back when it is started again.',
            ),
          },
          {
            target: 'ended',
            ...rule('P15.3', 'The server has closed the connection, and the session ends with it.'),
          },
        ],
        'end.asked': {
          target: 'ending',
          ...rule('P15.4', 'The client has asked that the session ends with this connection.'),
        },
      },
    },
    ending: {
      on: {
        'connection.closed': {
          target: 'ended',
          ...rule(
            'P15.4',
            'The connection has closed, and the session ends with it, as its client has asked.',
          ),
        },
        resumed: {
          target: 'connected',
          actions: 'replaceConnection',
          ...rule('P15.2', 'The client has come back after all.'),
        },
        'end.asked': rule('P15.4', 'The session ends with this connection already.'),
      },
    },
    disconnected: {
      entry: 'startGrace',
      exit: 'stopGrace',
      on: {
        resumed: { target: 'connected', ...rule('P15.2', 'The client has come back within the grace.') },
        'grace.elapsed': {
          target: 'ended',
          ...rule('P15.3', 'The client has not come back in time, and has disconnected for good.'),
        },
      },
    },
    ended: { type: 'final', entry: 'end' },
  },
});
