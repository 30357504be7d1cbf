/**
 * One connection: the bytes that it expects next.
 *
 * - P2 The handshake: the new one with options and, if both sides want it, TLS, or the old one. It has a timeout (P12).
 * - P12 A request that has begun to arrive must keep arriving, or the connection is closed. Between requests it may be
 *   silent.
 * - P5.1 A malformed or empty request closes the connection.
 * - P5.3 So does a request that arrives while an earlier one is blocked.
 * - P15.4 A client may end its session while a request of it waits.
 */
import { setup } from 'xstate';
import { rule } from './rule.ts';

export type ConnectionEvent =
  | { type: 'greeted.new' }
  | { type: 'greeted.old' }
  | { type: 'options.accepted'; secure: boolean }
  | { type: 'options.denied'; option: string }
  | { type: 'secured' }
  | { type: 'handshake.elapsed' }
  | { type: 'malformed' }
  | { type: 'request.begun' }
  | { type: 'request.complete' }
  /** With the bytes of the request that arrived in the period, and the bytes that had to arrive (P12). */
  | { type: 'request.elapsed'; bytes: number; required: number }
  | { type: 'request.empty' }
  | { type: 'request.blocked' }
  | { type: 'request.answered' }
  | { type: 'request.overran' }
  /** The client ends its session while a request of it waits. */
  | { type: 'session.left' }
  | { type: 'fault' }
  /** Another connection has taken up its session. */
  | { type: 'session.replaced' }
  | { type: 'server.stopping' }
  | { type: 'peer.gone' };

const connection = setup({
  types: {
    context: {} as { id: number },
    input: {} as { id: number },
    events: {} as ConnectionEvent,
    tags: {} as 'readsGreeting' | 'readsOptions' | 'readsRequests' | 'midRequest',
  },
  guards: {
    wantsTls: ({ event }) => event.type === 'options.accepted' && event.secure,
    enoughCame: ({ event }) => event.type === 'request.elapsed' && event.bytes >= event.required,
  },
  actions: {
    startHandshakeTimer: () => undefined,
    stopHandshakeTimer: () => undefined,
    startRequestTimer: () => undefined,
    stopRequestTimer: () => undefined,
    sendOffer: () => undefined,
    sendOldAnswer: () => undefined,
    sendAccepted: () => undefined,
    sendDenied: () => undefined,
    startTls: () => undefined,
    refuseEmpty: () => undefined,
    refuseOverrun: () => undefined,
    logMalformed: () => undefined,
    logTooSlow: () => undefined,
    logStalled: () => undefined,
    depart: () => undefined,
    close: () => undefined,
    reportUnexpected: () => undefined,
  },
});

/**
 * The transitions for a part of a request. They are the same whether or not an earlier request is blocked, except for
 * additions.
 */
const receiving = connection.createStateConfig({
  tags: 'midRequest',
  entry: 'startRequestTimer',
  exit: 'stopRequestTimer',
  on: {
    'request.complete': { target: 'silent', ...rule('P12', 'The rest of the request has come.') },
    'request.elapsed': [
      {
        guard: 'enoughCame',
        actions: 'startRequestTimer',
        ...rule('P12', 'The request comes slowly and steadily, and gets another period.'),
      },
      {
        target: '#connection.closing',
        actions: 'logStalled',
        ...rule('P12', 'Too few bytes of the request arrived in the period, so the connection is closed.'),
      },
    ],
  },
});

export const connectionMachine = connection.createMachine({
  id: 'connection',
  context: ({ input }) => input,
  initial: 'open',
  on: { '*': { actions: 'reportUnexpected' } },
  states: {
    open: {
      initial: 'handshaking',
      exit: 'depart',
      on: {
        malformed: {
          target: 'closing',
          actions: 'logMalformed',
          ...rule('P2.2, P5.1', 'Bytes that are neither a handshake nor a request end the connection.'),
        },
        fault: {
          target: 'closing',
          ...rule('P9', 'A fault of the server ends the connection in which it happened, and no other.'),
        },
        'server.stopping': { target: 'closing', ...rule('P3', 'A server that stops ends all connections.') },
        'session.replaced': {
          target: 'closing',
          ...rule('P15.2', 'The client has come back on another connection, which has its session now.'),
        },
        'peer.gone': {
          target: 'closed',
          ...rule('V6', 'A client that disconnects while it waits consumes no value.'),
        },
      },
      states: {
        handshaking: {
          initial: 'greeting',
          entry: 'startHandshakeTimer',
          exit: 'stopHandshakeTimer',
          on: {
            'handshake.elapsed': {
              target: '#connection.closing',
              actions: 'logTooSlow',
              ...rule('P12', 'A handshake that takes too long ends the connection.'),
            },
          },
          states: {
            greeting: {
              tags: 'readsGreeting',
              on: {
                'greeted.new': {
                  target: 'negotiating',
                  actions: 'sendOffer',
                  ...rule('P2.1', 'The client begins the new handshake, and gets the options of the server.'),
                },
                'options.denied': {
                  target: '#connection.closing',
                  actions: 'sendDenied',
                  ...rule('P2.5', 'The server requires what an old handshake cannot give.'),
                },
                'greeted.old': {
                  target: '#connection.open.ready',
                  actions: 'sendOldAnswer',
                  ...rule('P2.4', 'The client begins the old handshake, and is ready at once.'),
                },
              },
            },
            negotiating: {
              tags: 'readsOptions',
              on: {
                'options.accepted': [
                  {
                    guard: 'wantsTls',
                    target: 'securing',
                    actions: ['sendAccepted', 'startTls'],
                    ...rule('P2.3', 'Both want TLS, which begins before the first request.'),
                  },
                  {
                    target: '#connection.open.ready',
                    actions: 'sendAccepted',
                    ...rule('P2.3', 'The options are accepted, and the client may send requests.'),
                  },
                ],
                'options.denied': {
                  target: '#connection.closing',
                  actions: 'sendDenied',
                  ...rule('P2.3', 'The server refuses an option that it does not know or allow.'),
                },
              },
            },
            securing: {
              on: {
                secured: {
                  target: '#connection.open.ready',
                  ...rule('P2.3', 'TLS is established, and the client may send requests.'),
                },
              },
            },
          },
        },
        ready: {
          tags: 'readsRequests',
          initial: 'silent',
          states: {
            silent: {
              on: {
                'request.begun': { target: 'receiving', ...rule('P12', 'A part of a request has come.') },
                'request.blocked': {
                  target: '#connection.open.blocked',
                  ...rule('V4', 'The request waits for a value, and its client is blocked.'),
                },
                'request.empty': {
                  target: '#connection.closing',
                  actions: 'refuseEmpty',
                  ...rule('P5.1', 'An empty request ends the connection.'),
                },
              },
            },
            receiving,
          },
        },
        blocked: {
          tags: 'readsRequests',
          initial: 'silent',
          states: {
            silent: {
              on: {
                'request.begun': {
                  target: 'receiving',
                  ...rule('P12', 'A part of the next request has come while the client is blocked.'),
                },
                'request.answered': {
                  target: '#connection.open.ready',
                  ...rule('V5', 'The request that waited is answered, and the client may go on.'),
                },
                'request.overran': {
                  target: '#connection.closing',
                  actions: 'refuseOverrun',
                  ...rule(
                    'P5.3',
                    'A request that comes while an earlier one is blocked ends the connection.',
                  ),
                },
                'session.left': {
                  target: '#connection.closing',
                  ...rule('P15.4', 'The client ends its session. The request that waits is withdrawn.'),
                },
              },
            },
            receiving: {
              ...receiving,
              on: {
                ...receiving.on,
                'request.complete': {
                  target: 'silent',
                  ...rule('P5.3', 'The rest of the next request has come while the client is blocked.'),
                },
                'request.answered': {
                  target: '#connection.open.ready.receiving',
                  ...rule('V5', 'The request that waited is answered while the next one is coming.'),
                },
              },
            },
          },
        },
      },
    },
    closing: {
      entry: 'close',
      on: {
        'peer.gone': {
          target: 'closed',
          ...rule('P1', 'Everything has been sent, and the client has disconnected.'),
        },
        secured: rule('P2.3', 'TLS that is established after the end changes nothing.'),
        fault: rule('P9', 'A connection that ends already has nothing more to lose.'),
        'server.stopping': rule('P3', 'A connection that ends already needs no other end.'),
      },
    },
    closed: { type: 'final' },
  },
});
