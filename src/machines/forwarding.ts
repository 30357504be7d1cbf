/**
 * What a server does for one client at the owner of one partition.
 *
 * - D12 The requests of the client wait while nobody is known to own the partition, and the connection of the client is closed
 *   when that takes too long.
 * - D13 The server holds a session with the owner for the client, or uses the client's own. When the owner changes, it resumes
 *   the session with the next one, and repeats the requests that have no reply yet.
 * - D18 A session of the client's own is noted by its home before the owner of another partition gets a request of it.
 */
import { assign, not, setup } from 'xstate';
import { unbound } from './bind.ts';
import { rule } from './rule.ts';

export type ForwardingEvent =
  /** A request of the client is for this partition. */
  | { type: 'request.passed' }
  /** A server owns the partition. Whether it is another one than before. */
  | { type: 'owner.known'; isOther: boolean }
  | { type: 'retry.due'; isKnown: boolean }
  /** The owner takes requests on the link. */
  | { type: 'link.ready' }
  | { type: 'link.lost' }
  /** Whether each request that an owner may have received can be repeated. */
  | { type: 'session.begun'; isRepeatable: boolean }
  /** The owner has no such session, or begins none. */
  | { type: 'session.refused' }
  /** The home of the session knows that it is used in this partition. */
  | { type: 'session.noted' }
  /** A reply of which the client has received a part is another one now. */
  | { type: 'reply.differs' }
  | { type: 'wait.elapsed' }
  /** The client needs this partition no longer. */
  | { type: 'client.ended' }
  /** The session has ended in another partition, and is to end here, too. */
  | { type: 'end.asked' };

export interface ForwardingContext {
  readonly id: number;
  /** Whether only a listing is asked for, which needs no session. */
  readonly isBare: boolean;
  /** Whether the session has begun. */
  readonly hasSession: boolean;
  /** Whether the home of the session knows this partition, or need not. */
  readonly isNoted: boolean;
  /** Whether the session is to end. */
  readonly isEnding: boolean;
}

const LOST = {
  target: '#forwarding.absent.seeking',
  ...rule('D13', 'The link to the owner is lost. The session is resumed with the next owner.'),
} as const;
const CHANGED = [
  {
    guard: 'isOther',
    target: '#forwarding.absent.seeking',
    ...rule('D13', 'Another server owns the partition, and the session is resumed with it.'),
  },
  rule('D13', 'The same server still owns the partition.'),
] as const;
const CONNECTS = rule('D12', 'A server owns the partition, and this one connects to it.');

export const forwardingMachine = setup({
  types: {
    context: {} as ForwardingContext,
    input: {} as Omit<ForwardingContext, 'isEnding'>,
    events: {} as ForwardingEvent,
  },
  guards: {
    isKnown: ({ event }) => event.type === 'retry.due' && event.isKnown,
    isOther: ({ event }) => event.type === 'owner.known' && event.isOther,
    isRepeatable: ({ event }) => event.type === 'session.begun' && event.isRepeatable,
    isBare: ({ context }) => context.isBare,
    isNoted: ({ context }) => context.isNoted,
    isEnding: ({ context }) => context.isEnding,
  },
  actions: {
    noteSession: assign({ hasSession: true }),
    noteNoted: assign({ isNoted: true }),
    noteEnding: assign({ isEnding: true }),
    ...unbound(
      'startWaitTimer',
      'stopWaitTimer',
      'seekOwner',
      'connect',
      'beginSession',
      'noteAtHome',
      'sendUnanswered',
      'sendRequest',
      'endSession',
      'reportMissing',
      'reportRefused',
      'reportDiffers',
      'reportUnrepeatable',
      'end',
      'reportUnexpected',
    ),
  },
}).createMachine({
  id: 'forwarding',
  context: ({ input }) => ({ ...input, isEnding: false }),
  initial: 'absent',
  on: {
    'client.ended': { target: '.ended', ...rule('D13', 'The client needs this partition no longer.') },
    '*': { actions: 'reportUnexpected' },
  },
  states: {
    absent: {
      initial: 'seeking',
      entry: 'startWaitTimer',
      exit: 'stopWaitTimer',
      on: {
        'request.passed': rule('D13', 'The request waits until an owner is reached.'),
        'wait.elapsed': {
          target: 'ended',
          actions: 'reportMissing',
          ...rule('D12', 'No owner was reached in time.'),
        },
        'session.noted': {
          actions: 'noteNoted',
          ...rule('D18', 'The link was lost meanwhile, and the note need not be repeated.'),
        },
        'end.asked': {
          actions: 'noteEnding',
          ...rule('D18', 'The session ends here when the owner is reached.'),
        },
      },
      states: {
        seeking: {
          entry: 'seekOwner',
          on: {
            'owner.known': { target: 'connecting', ...CONNECTS },
            'retry.due': [
              { guard: 'isKnown', target: 'connecting', ...CONNECTS },
              rule('D12', 'Nobody is known to own the partition. The client waits.'),
            ],
          },
        },
        connecting: {
          entry: 'connect',
          on: {
            'link.ready': [
              {
                guard: 'isBare',
                target: '#forwarding.holding',
                ...rule('D17', 'The owner is reached, and is asked for a listing only.'),
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
                guard: 'isEnding',
                target: '#forwarding.ended',
                actions: 'endSession',
                ...rule('D18', 'The session has ended in another partition, and ends here, too.'),
              },
              {
                guard: not('isRepeatable'),
                target: '#forwarding.ended',
                actions: 'reportUnrepeatable',
                ...rule('D15', 'A request that the former owner may have carried out has no number.'),
              },
              {
                guard: 'isNoted',
                target: '#forwarding.holding',
                actions: 'noteSession',
                ...rule('D13', 'The session is open. Requests without a reply are sent, or sent again.'),
              },
              {
                target: 'noting',
                actions: 'noteSession',
                ...rule('D18', 'The session is open in a partition that its home does not know yet.'),
              },
            ],
            'session.refused': {
              target: '#forwarding.ended',
              actions: 'reportRefused',
              ...rule('D13', 'The owner has ended the session, or begins none.'),
            },
            'link.lost': LOST,
            'owner.known': CHANGED,
          },
        },
        noting: {
          entry: 'noteAtHome',
          on: {
            'session.noted': {
              target: '#forwarding.holding',
              actions: 'noteNoted',
              ...rule('D18', 'The home knows the partition. Requests are sent.'),
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
        'end.asked': {
          target: 'ended',
          actions: 'endSession',
          ...rule('D18', 'The session has ended in another partition, and ends here, too.'),
        },
        'request.passed': { actions: 'sendRequest', ...rule('D13', 'The owner gets the request at once.') },
        'link.lost': LOST,
        'owner.known': CHANGED,
        'reply.differs': {
          target: 'ended',
          actions: 'reportDiffers',
          ...rule('D16', 'The client has a part of a reply that the owner does not continue.'),
        },
      },
    },
    ended: { type: 'final', entry: 'end' },
  },
});
