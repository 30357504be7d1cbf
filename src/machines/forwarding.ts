/**
 * One client of a server that does not own the data.
 *
 * - D12 The requests of the client go to the owner. While nobody owns the data they wait, and the connection of the client
 *   is closed when that takes too long.
 * - D13 For a client without a session of its own this server holds one with the owner. When the owner changes, this server
 *   resumes the session with the next one, and repeats the requests that have no reply yet.
 * - D15 A client with a session of its own comes back by itself. Its bytes are passed on as they are, and its connection is
 *   closed when the owner changes.
 */
import { assign, setup } from 'xstate';
import { unbound } from './bind.ts';
import { rule } from './rule.ts';

export type ForwardingEvent =
  /** Whether the client begins or resumes a session of its own with it. */
  | { type: 'request.came'; isOwnSession: boolean }
  /** A server owns the data. Whether it is another one than before. */
  | { type: 'owner.known'; isOther: boolean }
  | { type: 'retry.due'; isKnown: boolean }
  /** The owner takes requests on the link. */
  | { type: 'link.ready' }
  | { type: 'link.lost' }
  | { type: 'session.begun' }
  /** The owner has no such session, or begins none. */
  | { type: 'session.refused' }
  /** A reply of which the client has received a part is another one now. */
  | { type: 'reply.differs' }
  | { type: 'wait.elapsed' }
  | { type: 'client.gone' }
  | { type: 'stop.asked' };

export interface ForwardingContext {
  readonly id: number;
  /** Whether the client has a session of its own. */
  readonly isRelayed: boolean;
  /** Whether the session that this server holds has begun. */
  readonly hasSession: boolean;
  /** Whether the client has disconnected. */
  readonly isGone: boolean;
}

const LOST = {
  target: '#forwarding.absent.seeking',
  ...rule('D13', 'The link to the owner is lost. The session is resumed with the next owner.'),
} as const;
const CHANGED = [
  {
    guard: 'isOther',
    target: '#forwarding.absent.seeking',
    ...rule('D13', 'Another server owns the data, and the session is resumed with it.'),
  },
  rule('D13', 'The same server still owns the data.'),
] as const;
const CONNECTS = rule('D12', 'A server owns the data, and this one connects to it.');

export const forwardingMachine = setup({
  types: {
    context: {} as ForwardingContext,
    input: {} as { id: number },
    events: {} as ForwardingEvent,
  },
  guards: {
    isOwnSession: ({ event }) => event.type === 'request.came' && event.isOwnSession,
    isKnown: ({ event }) => event.type === 'retry.due' && event.isKnown,
    isOther: ({ event }) => event.type === 'owner.known' && event.isOther,
    isRelayed: ({ context }) => context.isRelayed,
    isRelayedAndGone: ({ context }) => context.isRelayed && context.isGone,
    isGone: ({ context }) => context.isGone,
  },
  actions: {
    noteRelayed: assign({ isRelayed: true }),
    noteSession: assign({ hasSession: true }),
    noteGone: assign({ isGone: true }),
    ...unbound(
      'startWaitTimer',
      'stopWaitTimer',
      'seekOwner',
      'connect',
      'beginSession',
      'sendUnanswered',
      'sendRequest',
      'sendFinalReply',
      'relay',
      'end',
      'reportUnexpected',
    ),
  },
}).createMachine({
  id: 'forwarding',
  context: ({ input }) => ({ ...input, isRelayed: false, hasSession: false, isGone: false }),
  initial: 'idle',
  on: {
    'stop.asked': { target: '.ended', ...rule('P3', 'A server that stops ends all connections.') },
    '*': { actions: 'reportUnexpected' },
  },
  states: {
    idle: {
      on: {
        'request.came': [
          {
            guard: 'isOwnSession',
            target: 'absent',
            actions: 'noteRelayed',
            ...rule('D15', 'The client begins or resumes a session of its own.'),
          },
          { target: 'absent', ...rule('D13', 'The first request of a client without a session.') },
        ],
        'owner.known': rule('D12', 'The client has asked nothing yet, and does not notice.'),
        'client.gone': { target: 'ended', ...rule('D12', 'The client has asked nothing.') },
      },
    },
    absent: {
      initial: 'seeking',
      entry: 'startWaitTimer',
      exit: 'stopWaitTimer',
      on: {
        'request.came': rule('D13', 'The request waits until an owner is reached.'),
        'wait.elapsed': {
          target: 'ended',
          ...rule('D12', 'No owner was reached in time, and the connection of the client is closed.'),
        },
        'client.gone': {
          actions: 'noteGone',
          ...rule(
            'D13',
            'The client has disconnected. The owner still gets its requests, and learns that its session has ended.',
          ),
        },
      },
      states: {
        seeking: {
          entry: 'seekOwner',
          on: {
            'owner.known': { target: 'connecting', ...CONNECTS },
            'retry.due': [
              { guard: 'isKnown', target: 'connecting', ...CONNECTS },
              rule('D12', 'Nobody is known to own the data. The client waits.'),
            ],
          },
        },
        connecting: {
          entry: 'connect',
          on: {
            'link.ready': [
              {
                guard: 'isRelayedAndGone',
                target: '#forwarding.ended',
                actions: 'relay',
                ...rule('D15', 'The owner gets what the client has sent before it disconnected.'),
              },
              {
                guard: 'isRelayed',
                target: '#forwarding.relaying',
                ...rule('D15', 'The owner gets the bytes of the client as they are.'),
              },
              { target: 'opening', ...rule('D13', 'The owner is reached.') },
            ],
            'link.lost': LOST,
            'owner.known': CHANGED,
          },
        },
        opening: {
          entry: 'beginSession',
          on: {
            'session.begun': [
              {
                guard: 'isGone',
                target: '#forwarding.ended',
                actions: 'sendUnanswered',
                ...rule('D13', 'The client has disconnected, and its session ends with the link.'),
              },
              {
                target: '#forwarding.holding',
                actions: 'noteSession',
                ...rule('D13', 'The session is open. Requests without a reply are sent, or sent again.'),
              },
            ],
            'session.refused': {
              target: '#forwarding.ended',
              actions: 'sendFinalReply',
              ...rule('D13', 'The owner has ended the session, and the client gets its last reply.'),
            },
            'link.lost': LOST,
            'owner.known': CHANGED,
          },
        },
      },
    },
    holding: {
      entry: 'sendUnanswered',
      on: {
        'request.came': { actions: 'sendRequest', ...rule('D13', 'The owner gets the request at once.') },
        'link.lost': LOST,
        'owner.known': CHANGED,
        'reply.differs': {
          target: 'ended',
          ...rule('D16', 'The client has a part of a reply that the owner does not continue.'),
        },
        'client.gone': {
          target: 'ended',
          ...rule('D14', 'The client has disconnected, and its session ends with the link.'),
        },
      },
    },
    relaying: {
      entry: 'relay',
      on: {
        'link.lost': { target: 'ended', ...rule('D15', 'The client comes back by itself.') },
        'owner.known': [
          {
            guard: 'isOther',
            target: 'ended',
            ...rule('D15', 'Another server owns the data. The client comes back by itself.'),
          },
          rule('D15', 'The same server still owns the data.'),
        ],
        'client.gone': { target: 'ended', ...rule('D15', 'The client has disconnected.') },
      },
    },
    ended: { type: 'final', entry: 'end' },
  },
});
