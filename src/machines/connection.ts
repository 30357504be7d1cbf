/**
 * One connection: what may come next on it.
 *
 * - P2  The handshake, the new one with options and, if both want it, TLS; or an old one. It has a time limit (P12).
 * - P12  A request that has begun to come goes on coming, or the connection ends. Between requests it may be silent.
 * - P5.1 A malformed request or an empty one ends the connection.
 * - P5.3 So does a request that comes while an earlier one is blocked.
 */
import { setup } from 'xstate';

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
  | { type: 'request.elapsed'; enough: boolean }
  | { type: 'request.empty' }
  | { type: 'request.blocked' }
  | { type: 'request.answered' }
  | { type: 'request.overran' }
  | { type: 'fault' }
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
    enoughCame: ({ event }) => event.type === 'request.elapsed' && event.enough,
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
    'request.complete': { target: 'silent', description: 'P12' },
    'request.elapsed': [
      { guard: 'enoughCame', actions: 'startRequestTimer', description: 'P12: slow, and steady' },
      { target: '#connection.closing', actions: 'logStalled', description: 'P12' },
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
        malformed: { target: 'closing', actions: 'logMalformed', description: 'P2.2, P5.1' },
        fault: { target: 'closing', description: 'a fault of the server stays with the connection' },
        'server.stopping': { target: 'closing', description: 'P3: the server stops' },
        'peer.gone': { target: 'closed', description: 'V6' },
      },
      states: {
        handshaking: {
          initial: 'greeting',
          entry: 'startHandshakeTimer',
          exit: 'stopHandshakeTimer',
          on: {
            'handshake.elapsed': { target: '#connection.closing', actions: 'logTooSlow', description: 'P12' },
          },
          states: {
            greeting: {
              tags: 'readsGreeting',
              on: {
                'greeted.new': { target: 'negotiating', actions: 'sendOffer', description: 'P2.1' },
                'options.denied': {
                  target: '#connection.closing',
                  actions: 'sendDenied',
                  description: 'P2.5: no old handshake will do',
                },
                'greeted.old': {
                  target: '#connection.open.ready',
                  actions: 'sendOldAnswer',
                  description: 'P2.4',
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
                    description: 'P2.3',
                  },
                  { target: '#connection.open.ready', actions: 'sendAccepted', description: 'P2.3' },
                ],
                'options.denied': {
                  target: '#connection.closing',
                  actions: 'sendDenied',
                  description: 'P2.3',
                },
              },
            },
            securing: { on: { secured: { target: '#connection.open.ready', description: 'P2.3' } } },
          },
        },
        ready: {
          tags: 'readsRequests',
          initial: 'silent',
          states: {
            silent: {
              on: {
                'request.begun': { target: 'receiving', description: 'P12' },
                'request.blocked': { target: '#connection.open.blocked', description: 'V4' },
                'request.empty': {
                  target: '#connection.closing',
                  actions: 'refuseEmpty',
                  description: 'P5.1',
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
                'request.begun': { target: 'receiving', description: 'P12' },
                'request.answered': { target: '#connection.open.ready', description: 'V5' },
                'request.overran': {
                  target: '#connection.closing',
                  actions: 'refuseOverrun',
                  description: 'P5.3',
                },
              },
            },
            receiving: {
              ...receiving,
              on: {
                ...receiving.on,
                'request.complete': { target: 'silent', description: 'P5.3' },
                'request.answered': { target: '#connection.open.ready.receiving', description: 'V5' },
              },
            },
          },
        },
      },
    },
    closing: {
      entry: 'close',
      on: {
        'peer.gone': { target: 'closed', description: 'P1: all was said' },
        secured: { description: 'P2.3: too late' },
        fault: { description: 'it ends already' },
        'server.stopping': { description: 'it ends already' },
      },
    },
    closed: { type: 'final' },
  },
});
