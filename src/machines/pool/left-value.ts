/**
 * A value of a call of `submit` that stays at the server for other calls, from its task on.
 *
 * - S35.4 The master deletes the value when the calls that take it are settled and the program has the value, or holds the
 *   promise no longer. A value that only the program may still want is deleted, too, if there are too many of them.
 */
import { setup } from 'xstate';
import { rule } from '../rule.ts';

export type LeftValueEvent =
  /** The first call takes it as its element. */
  | { type: 'taken' }
  /** No call with this element is left: each is settled. */
  | { type: 'released' }
  /** The value is at the server. */
  | { type: 'left' }
  /** The program has the value, or holds the promise no longer. */
  | { type: 'let.go' }
  /** Too many bytes are kept only for the program. */
  | { type: 'crowded.out' }
  | { type: 'master.ends' };

export type LeftValueCommand = 'countAsUnused' | 'countAsUsed' | 'deleteValue';

/** `present`: the value is at the server. */
export type LeftValueTag = 'present';

const ends = {
  'master.ends': { target: 'deleted', ...rule('S35.4', 'The master ends, and its job stays.') },
} as const;

export const leftValueMachine = setup({
  types: {
    events: {} as LeftValueEvent,
    tags: {} as LeftValueTag,
  },
  actions: {
    /** From now on its bytes are kept for the program only. */
    countAsUnused: () => undefined,
    countAsUsed: () => undefined,
    deleteValue: () => undefined,
    reportUnexpected: () => undefined,
  } satisfies Record<LeftValueCommand | 'reportUnexpected', () => void>,
}).createMachine({
  id: 'leftValue',
  initial: 'absent',
  on: { '*': { actions: 'reportUnexpected' } },
  states: {
    absent: {
      on: {
        taken: { target: 'awaited', ...rule('S35.1', 'A call waits for the value.') },
        left: { target: 'kept', ...rule('S35.4', 'No call takes the value any more.') },
      },
    },
    awaited: {
      on: {
        released: {
          target: 'absent',
          ...rule('S35.3', 'The call was not made, or has got the value otherwise.'),
        },
        left: { target: 'used', ...rule('S35.1', 'The value stays for the call.') },
      },
    },
    used: {
      tags: 'present',
      on: {
        ...ends,
        released: {
          target: 'kept',
          ...rule('S35.4', 'The calls are settled, and the program may want the value.'),
        },
        'let.go': { target: 'usedOnly', ...rule('S35.4', 'Only the calls need the value.') },
      },
    },
    usedOnly: {
      tags: 'present',
      on: {
        ...ends,
        released: { target: 'deleted', ...rule('S35.4', 'Nobody needs the value any more.') },
        'let.go': rule('S35.4', 'The program does not need the value already.'),
      },
    },
    kept: {
      tags: 'present',
      entry: 'countAsUnused',
      exit: 'countAsUsed',
      on: {
        ...ends,
        taken: { target: 'used', ...rule('S35.4', 'Another call takes the value.') },
        'let.go': { target: 'deleted', ...rule('S35.4', 'Nobody needs the value any more.') },
        'crowded.out': { target: 'deleted', ...rule('S35.4', 'Newer values are kept instead.') },
      },
    },
    deleted: { type: 'final', entry: 'deleteValue' },
  },
});
