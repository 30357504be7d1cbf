/**
 * The turns of the calls of a worker process with several ranks.
 *
 * - S22.14 Calls run side by side.
 * - S22.15 A call that runs alone begins when the other calls have ended, and before those that come later.
 */
import { setup } from 'xstate';
import { rule } from '../rule.ts';

/** A call has come, or has ended, or does not wait any more, or the first one has begun. */
export interface CallTurnsEvent {
  readonly type: 'line.changed';
  /** The number of calls that run. */
  readonly running: number;
  /** How the first call that waits is to run. */
  readonly next: 'none' | 'together' | 'alone';
}

export const callTurnsMachine = setup({
  types: { events: {} as CallTurnsEvent },
  guards: {
    noneWaits: ({ event }) => event.next === 'none',
    nextIsAlone: ({ event }) => event.next === 'alone',
    nextIsAloneAndNoneRuns: ({ event }) => event.next === 'alone' && event.running === 0,
    oneRuns: ({ event }) => event.running > 0,
  },
  actions: {
    /** Begins the first call that waits. */
    beginFirst: () => undefined,
    reportUnexpected: () => undefined,
  },
}).createMachine({
  id: 'callTurns',
  initial: 'together',
  on: { '*': { actions: 'reportUnexpected' } },
  states: {
    together: {
      on: {
        'line.changed': [
          { guard: 'noneWaits', ...rule('S22.14', 'No call waits for its turn.') },
          {
            guard: 'nextIsAloneAndNoneRuns',
            target: 'exclusive',
            actions: 'beginFirst',
            ...rule('S22.15', 'The call runs alone.'),
          },
          {
            guard: 'nextIsAlone',
            target: 'emptying',
            ...rule('S22.15', 'The call waits for those that run, and others wait behind it.'),
          },
          { actions: 'beginFirst', ...rule('S22.14', 'The call runs beside the others.') },
        ],
      },
    },
    emptying: {
      on: {
        'line.changed': [
          {
            guard: 'nextIsAloneAndNoneRuns',
            target: 'exclusive',
            actions: 'beginFirst',
            ...rule('S22.15', 'The other calls have ended, and the call runs alone.'),
          },
          { guard: 'nextIsAlone', ...rule('S22.15', 'Other calls still run.') },
          { guard: 'noneWaits', target: 'together', ...rule('S22.15', 'The call is not wanted any more.') },
          {
            target: 'together',
            actions: 'beginFirst',
            ...rule(
              'S22.15',
              'The call that was to run alone is not wanted any more, and the next one begins.',
            ),
          },
        ],
      },
    },
    exclusive: {
      on: {
        'line.changed': [
          { guard: 'oneRuns', ...rule('S22.15', 'All others wait for their turn.') },
          { guard: 'noneWaits', target: 'together', ...rule('S22.15', 'The call has ended.') },
          {
            guard: 'nextIsAlone',
            actions: 'beginFirst',
            ...rule('S22.15', 'The next call runs alone, too.'),
          },
          {
            target: 'together',
            actions: 'beginFirst',
            ...rule('S22.15', 'The call has ended, and those behind it begin.'),
          },
        ],
      },
    },
  },
});
