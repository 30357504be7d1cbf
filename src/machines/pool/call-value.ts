/**
 * The value of one call of `submit`: it comes to the master, or stays at the server for the calls that take it as their
 * element.
 *
 * - S35.1 The value stays at the server if another call takes the promise before the task is sent, and the program does
 *   not await it before.
 * - S35.2 A program that awaits a promise whose value stays at the server gets the value from there.
 * - S35.3 A small value, and the reason of a call that has failed, come to the master as always.
 */
import { setup } from 'xstate';
import { rule } from '../rule.ts';

export type CallValueEvent =
  /** Another call takes the promise as its element. */
  | { type: 'taken' }
  /** The program awaits the promise. */
  | { type: 'awaited' }
  | { type: 'sent' }
  /** The value is at the server. */
  | { type: 'left' }
  /** The value or the reason is here. */
  | { type: 'settled' };

export type CallValueCommand = 'fetchValue';

/** `leaves`: its task says that the value is to stay. */
export type CallValueTag = 'leaves';

const settled = {
  target: '.here',
  ...rule('S35.3', 'The value has come to the master, or the call has failed.'),
} as const;

export const callValueMachine = setup({
  types: {
    events: {} as CallValueEvent,
    tags: {} as CallValueTag,
  },
  actions: {
    fetchValue: () => undefined,
    reportUnexpected: () => undefined,
  } satisfies Record<CallValueCommand | 'reportUnexpected', () => void>,
}).createMachine({
  id: 'callValue',
  initial: 'unsent',
  on: {
    '*': { actions: 'reportUnexpected' },
    taken: rule('S35.1', 'It is known already whether the value stays.'),
    awaited: rule('S35.2', 'The value is on its way.'),
    settled,
  },
  states: {
    unsent: {
      on: {
        taken: { target: 'chained', ...rule('S35.1', 'Another call takes the value.') },
        awaited: { target: 'coming', ...rule('S35.1', 'The program wants the value.') },
        sent: { target: 'coming', ...rule('S35.1', 'No other call has taken the promise.') },
      },
    },
    chained: {
      tags: 'leaves',
      on: {
        awaited: { target: 'coming', ...rule('S35.1', 'The program wants the value, too.') },
        sent: { target: 'leaving', ...rule('S35.1', 'Only other calls want the value.') },
      },
    },
    coming: {
      on: { sent: rule('S35.1', 'The program wants the value.') },
    },
    leaving: {
      on: {
        awaited: { target: 'wanted', ...rule('S35.2', 'The program wants the value, too.') },
        left: { target: 'left', ...rule('S35.1', 'The value stays at the server.') },
      },
    },
    wanted: {
      on: { left: { target: 'fetching', ...rule('S35.2', 'The value is fetched from the server.') } },
    },
    left: {
      on: { awaited: { target: 'fetching', ...rule('S35.2', 'The value is fetched from the server.') } },
    },
    fetching: { entry: 'fetchValue' },
    here: { type: 'final' },
  },
});
