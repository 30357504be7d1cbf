/**
 * One client of a server with a shared store: which owner gets its requests, and when.
 *
 * - D17 Unanswered requests of a client are all at the owner of one partition. A request for another partition is sent when
 *   all earlier ones are answered, so replies and effects have the order of the requests.
 * - D15 A client whose first request begins or resumes a session of its own gets the reply of the session's home.
 * - D24 The server to which the client is connected says itself who owns a workspace, when all earlier requests are answered.
 * - D18 A session that comes back is resumed in each partition that its home has noted, before its client gets the reply.
 */
import { assign, setup } from 'xstate';
import { unbound } from './bind.ts';
import { rule } from './rule.ts';

export type ForwardedClientEvent =
  /** Whether the client begins or resumes a session of its own with it; whether all owners are asked, or this server. */
  | { type: 'request.came'; isOwnSession: boolean; isForAll: boolean; isForFront: boolean }
  /** The request that has waited longest. */
  | { type: 'request.next'; isForAll: boolean; isForFront: boolean }
  /** No request waits for its turn. Whether the owners have got all that came. */
  | { type: 'line.empty'; isSent: boolean }
  /** The next request is for another partition than the unanswered ones, or for all. */
  | { type: 'line.elsewhere' }
  /** No request is unanswered, except those that wait for their turn. */
  | { type: 'requests.answered' }
  /** The owners have answered, and the client has the reply. */
  | { type: 'gathered' }
  /** Requests are sent to the owner of a partition, or sent again. Whether the session is resumed wherever it was; whether the owners have got all that came. */
  | { type: 'session.ready'; isJoined: boolean; isSent: boolean }
  /** An owner has no such session. */
  | { type: 'session.refused' }
  /** The client has come back over another connection. */
  | { type: 'session.superseded' }
  /** The client has a part of a reply that is another one now. */
  | { type: 'reply.differs' }
  /** An owner may have carried out a request that cannot be repeated. */
  | { type: 'request.unrepeatable' }
  /** No owner was reached in time. */
  | { type: 'wait.elapsed' }
  /** The client has disconnected. Whether the owners have got all that came, and learn of it at once. */
  | { type: 'client.gone'; isSent: boolean }
  | { type: 'stop.asked' };

export interface ForwardedClientContext {
  readonly id: number;
  /** Whether the client has disconnected. */
  readonly isGone: boolean;
}

/** The first request that is neither answered nor sent. */
const NEXT = [
  {
    guard: 'isForAll',
    target: 'gathering',
    ...rule('D17', 'Each owner has a part of the reply, and is asked for it.'),
  },
  {
    guard: 'isForFront',
    actions: ['locate', 'takeNext'],
    ...rule('D24', 'This server says who owns the workspace, and asks no owner.'),
  },
  { target: 'busy', actions: 'pass', ...rule('D17', 'The request goes to the owner of its partition.') },
] as const;

const DONE = {
  guard: 'isGoneAndSent',
  target: '#forwardedClient.ended',
  ...rule('D13', 'The client has disconnected, and the owners have got its last request.'),
} as const;
const EMPTY = [DONE, rule('D17', 'No request waits for its turn.')] as const;

export const forwardedClientMachine = setup({
  types: {
    context: {} as ForwardedClientContext,
    input: {} as { id: number },
    events: {} as ForwardedClientEvent,
  },
  guards: {
    isOwnSession: ({ event }) => event.type === 'request.came' && event.isOwnSession,
    isForAll: ({ event }) => 'isForAll' in event && event.isForAll,
    isForFront: ({ event }) => 'isForFront' in event && event.isForFront,
    isJoined: ({ event }) => event.type === 'session.ready' && event.isJoined,
    isSent: ({ event }) => 'isSent' in event && event.isSent,
    isGoneAndSent: ({ context, event }) => context.isGone && 'isSent' in event && event.isSent,
  },
  actions: {
    noteGone: assign({ isGone: true }),
    ...unbound(
      'joinHome',
      'joinOthers',
      'replyJoined',
      'replyNotJoined',
      'refuseJoining',
      'takeNext',
      'pass',
      'probe',
      'gather',
      'locate',
      'sendFinalReply',
      'endReady',
      'endSessions',
      'end',
      'reportUnexpected',
    ),
  },
}).createMachine({
  id: 'forwardedClient',
  context: ({ input }) => ({ ...input, isGone: false }),
  initial: 'idle',
  on: {
    'wait.elapsed': {
      target: '.ended',
      ...rule('D12', 'No owner was reached in time, and the connection of the client is closed.'),
    },
    'session.superseded': {
      target: '.ended',
      ...rule('D18', 'The client has come back to a server, and this connection is an older one.'),
    },
    'stop.asked': { target: '.ended', ...rule('P3', 'A server that stops ends all connections.') },
    '*': { actions: 'reportUnexpected' },
  },
  states: {
    idle: {
      on: {
        'request.came': [
          {
            guard: 'isOwnSession',
            target: 'joining',
            ...rule('D15', 'The client begins or resumes a session of its own.'),
          },
          {
            guard: 'isForFront',
            actions: 'locate',
            ...rule('D24', 'The client asks where to be. A session of its own may still begin.'),
          },
          {
            target: 'serving',
            ...rule('D13', 'The first request of a client without a session.'),
          },
        ],
        'client.gone': { target: 'ended', ...rule('D12', 'The client has asked nothing.') },
      },
    },
    joining: {
      initial: 'home',
      on: {
        'request.came': rule('D15', 'The request waits until the session has begun.'),
        'client.gone': {
          actions: 'noteGone',
          ...rule('D13', 'The client has disconnected. The owners still get its requests.'),
        },
      },
      states: {
        home: {
          entry: 'joinHome',
          on: {
            'session.ready': [
              {
                guard: 'isJoined',
                target: '#forwardedClient.serving',
                actions: 'replyJoined',
                ...rule('D15', 'The session has begun, or is resumed where it was.'),
              },
              { target: 'others', ...rule('D18', 'The session was used in other partitions, too.') },
            ],
            'session.refused': {
              target: '#forwardedClient.serving',
              actions: 'replyNotJoined',
              ...rule('D15', 'The client gets the refusal, and goes on without a session of its own.'),
            },
          },
        },
        others: {
          entry: 'joinOthers',
          on: {
            'session.ready': [
              {
                guard: 'isJoined',
                target: '#forwardedClient.serving',
                actions: 'replyJoined',
                ...rule('D18', 'The session is resumed in each of its partitions.'),
              },
              rule('D18', 'The session is not resumed in all of its partitions yet.'),
            ],
            'session.refused': {
              target: '#forwardedClient.serving',
              actions: ['endSessions', 'refuseJoining'],
              ...rule('D18', 'The session has ended in one of its partitions, and so it has ended.'),
            },
          },
        },
      },
    },
    serving: {
      initial: 'free',
      on: {
        'session.ready': [DONE, rule('D13', 'The owner has got the requests without a reply.')],
        'client.gone': [
          {
            guard: 'isSent',
            target: '#forwardedClient.ended',
            ...rule('D14', 'The client has disconnected, and the session that is held for it ends.'),
          },
          {
            actions: ['noteGone', 'endReady'],
            ...rule(
              'V6',
              'The client has disconnected. What waits for it takes no value, and the rest goes on.',
            ),
          },
        ],
        'session.refused': {
          target: 'ended',
          actions: ['endSessions', 'sendFinalReply'],
          ...rule('D13', 'An owner has ended the session, and the client gets its last reply.'),
        },
        'reply.differs': {
          target: 'ended',
          ...rule('D16', 'The client has a part of a reply that the owner does not continue.'),
        },
        'request.unrepeatable': {
          target: 'ended',
          ...rule('D15', 'The client numbers no requests, and comes back by itself.'),
        },
      },
      states: {
        free: {
          entry: 'takeNext',
          on: {
            'request.came': NEXT,
            'request.next': NEXT,
            'line.empty': EMPTY,
            'line.elsewhere': rule('D17', 'All earlier requests have been answered meanwhile.'),
          },
        },
        busy: {
          on: {
            'request.came': {
              actions: 'pass',
              ...rule('D17', 'The request goes to the same owner, unless it is for another one.'),
            },
            'line.elsewhere': { target: 'crossing', ...rule('D17', 'The next request must wait.') },
            'line.empty': EMPTY,
            'requests.answered': { target: 'free', ...rule('D17', 'All requests are answered.') },
          },
        },
        crossing: {
          entry: 'probe',
          on: {
            'request.came': rule('D17', 'An earlier request waits, too.'),
            'requests.answered': {
              target: 'free',
              ...rule('D17', 'All earlier requests are answered, and the next one is sent.'),
            },
          },
        },
        gathering: {
          entry: 'gather',
          on: {
            'request.came': rule('D17', 'The request waits until the one for all owners is answered.'),
            gathered: { target: 'free', ...rule('D17', 'Each owner has answered.') },
          },
        },
      },
    },
    ended: { type: 'final', entry: 'end' },
  },
});
