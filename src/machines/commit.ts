/**
 * The commits of one server to a store that several servers share.
 *
 * - D9 A commit names the epoch of its server and the number of the last commit. It changes nothing if either differs. A
 *   server that finds another epoch is fenced: another server has claimed the data.
 * - D10 The outcome of a commit is unknown if the connection is lost before the answer, or if the store may not have waited
 *   for its standbys. Then the server reads the epoch and the number of the last commit. It repeats a commit that was not
 *   carried out. After one that was, it makes a further commit without changes, which becomes durable only together with
 *   everything before it.
 */
import { assign, setup } from 'xstate';
import { unbound } from './bind.ts';
import { rule } from './rule.ts';

export type CommitEvent =
  | { type: 'commit.asked' }
  /** The store has carried it out, and has waited for its standbys. */
  | { type: 'commit.done' }
  /** The epoch or the number of the last commit is another one. */
  | { type: 'commit.refused' }
  /** The store cannot carry out such a statement. */
  | { type: 'commit.impossible' }
  | { type: 'outcome.unknown' }
  /** What the store has: whether the epoch is that of this server, and how many commits it has that are not acknowledged. */
  | { type: 'head.read'; isOwn: boolean; ahead: number }
  | { type: 'store.unreachable' }
  | { type: 'patience.elapsed' };

const IMPOSSIBLE = { target: 'failed', ...rule('D6', 'The store cannot carry out the commit.') } as const;
const IMPATIENT = {
  target: 'failed',
  ...rule('D6', 'The store has not said in time what became of the commit.'),
} as const;
const DOUBTED = {
  target: 'doubtful',
  ...rule('D10', 'The commit may be in the store, and may be lost again.'),
} as const;
const REFUSED = {
  target: 'doubtful',
  ...rule('D9', 'The store has another epoch, or the commit was carried out before.'),
} as const;

export const commitMachine = setup({
  types: {
    context: {} as { isCarriedOut: boolean },
    events: {} as CommitEvent,
  },
  guards: {
    isFenced: ({ event }) => event.type === 'head.read' && !event.isOwn,
    isNotCarriedOut: ({ context, event }) =>
      event.type === 'head.read' && !context.isCarriedOut && event.ahead === 0,
    isCarriedOut: ({ context, event }) =>
      event.type === 'head.read' && (event.ahead === 1 || (context.isCarriedOut && event.ahead === 0)),
  },
  actions: {
    noteCarriedOut: assign({ isCarriedOut: true }),
    forgetCarriedOut: assign({ isCarriedOut: false }),
    ...unbound(
      'write',
      'writeBarrier',
      'readHead',
      'readHeadLater',
      'setHead',
      'acknowledge',
      'reportFenced',
      'reportFailed',
      'reportUnexpected',
    ),
  },
}).createMachine({
  id: 'commit',
  context: { isCarriedOut: false },
  initial: 'idle',
  on: { '*': { actions: 'reportUnexpected' } },
  states: {
    idle: {
      on: {
        'commit.asked': {
          target: 'writing',
          ...rule('D9', 'The changes are written if the epoch is the same.'),
        },
      },
    },
    writing: {
      entry: 'write',
      on: {
        'commit.done': { target: 'idle', actions: 'acknowledge', ...rule('D2', 'The changes are durable.') },
        'commit.refused': REFUSED,
        'commit.impossible': IMPOSSIBLE,
        'outcome.unknown': DOUBTED,
        'patience.elapsed': IMPATIENT,
      },
    },
    doubtful: {
      entry: 'readHead',
      on: {
        'head.read': [
          { guard: 'isFenced', target: 'fenced', ...rule('D9', 'Another server has claimed the data.') },
          {
            guard: 'isNotCarriedOut',
            target: 'writing',
            ...rule('D10', 'The commit was not carried out, and is repeated.'),
          },
          {
            guard: 'isCarriedOut',
            target: 'securing',
            actions: ['setHead', 'noteCarriedOut'],
            ...rule('D10', 'The commit was carried out. A further one shows that it is durable.'),
          },
          { target: 'failed', ...rule('D6', 'The store has lost commits that it had acknowledged.') },
        ],
        'store.unreachable': { actions: 'readHeadLater', ...rule('D10', 'The store cannot be asked yet.') },
        'patience.elapsed': IMPATIENT,
      },
    },
    securing: {
      entry: 'writeBarrier',
      on: {
        'commit.done': {
          target: 'idle',
          actions: ['forgetCarriedOut', 'acknowledge'],
          ...rule('D10', 'The changes are durable, because a later commit is.'),
        },
        'commit.refused': REFUSED,
        'commit.impossible': IMPOSSIBLE,
        'outcome.unknown': DOUBTED,
        'patience.elapsed': IMPATIENT,
      },
    },
    fenced: { type: 'final', entry: 'reportFenced' },
    failed: { type: 'final', entry: 'reportFailed' },
  },
});
