import { callTurnsMachine, type CallTurnsEvent } from '../../../src/machines/pool/call-turns.ts';
import type { ChartChecks, ChartTable } from '../../support/chart.ts';

const changed = (running: number, next: CallTurnsEvent['next']): CallTurnsEvent => ({
  type: 'line.changed',
  running,
  next,
});

const table: ChartTable = {
  input: undefined,
  isInterpreted: true,
  start: { context: {}, calls: [] },
  events: {
    'none runs, none waits': changed(0, 'none'),
    'one runs, none waits': changed(1, 'none'),
    'none runs, together': changed(0, 'together'),
    'one runs, together': changed(1, 'together'),
    'none runs, alone': changed(0, 'alone'),
    'one runs, alone': changed(1, 'alone'),
  },
  states: {
    // S22.14, S22.15
    together: {
      after: [],
      on: {
        'none runs, none waits': ['together'],
        'one runs, none waits': ['together'],
        'none runs, together': ['together', 'beginFirst'],
        'one runs, together': ['together', 'beginFirst'],
        'none runs, alone': ['exclusive', 'beginFirst'],
        'one runs, alone': ['emptying'],
      },
    },
    // S22.15
    emptying: {
      after: ['one runs, alone'],
      on: {
        'none runs, none waits': ['together'],
        'one runs, none waits': ['together'],
        'none runs, together': ['together', 'beginFirst'],
        'one runs, together': ['together', 'beginFirst'],
        'none runs, alone': ['exclusive', 'beginFirst'],
        'one runs, alone': ['emptying'],
      },
    },
    exclusive: {
      after: ['none runs, alone'],
      on: {
        'none runs, none waits': ['together'],
        'one runs, none waits': ['exclusive'],
        'none runs, together': ['together', 'beginFirst'],
        'one runs, together': ['exclusive'],
        'none runs, alone': ['exclusive', 'beginFirst'],
        'one runs, alone': ['exclusive'],
      },
    },
  },
  finals: {},
};

export const callTurnsChecks: ChartChecks = { machine: callTurnsMachine, table, stories: {} };
