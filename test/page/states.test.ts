import type { AnyStateMachine } from 'xstate';
import { describe, expect, test } from 'vitest';
import { CHARTS } from '../../src/charts/pages.ts';
import { statesOf } from '../../src/charts/moves.ts';
import { ordered, stateName, statePath, toneOf } from '../../src/page/lib/states.ts';

const leaves = (machine: AnyStateMachine): string[] =>
  statesOf(machine.root)
    .filter((node) => Object.keys(node.states).length === 0)
    .map((node) => node.path.join('.'));

describe('the style of a state', () => {
  test('has an explicit tone for every state of every machine, and none of them is the tone of unknown states', () => {
    const plain = CHARTS.flatMap(({ machine }) =>
      leaves(machine).filter((state) => toneOf(state, machine.id) === 'reserved'),
    );
    expect(plain.sort()).toEqual(
      [
        'reserved',
        'replacing',
        'claiming',
        'securing',
        'open.handshaking.greeting',
        'open.handshaking.negotiating',
        'open.handshaking.securing',
        'starting',
        'starting',
        'up.grace',
      ].sort(),
    );
  });

  test('marks a closed join phase as done, and a closed connection as left', () => {
    expect(toneOf('closed', 'joinPhase')).toBe('done');
    expect(toneOf('closed', 'connection')).toBe('left');
  });

  test('names a state by its leaf, with its parent if the leaf alone is ambiguous', () => {
    expect(stateName('registered.busy')).toBe('busy');
    expect(stateName('open.blocked.silent')).toBe('blocked');
    expect(toneOf('open.blocked.receiving', 'connection')).toBe('waiting');
    expect(stateName('shuttingDown.byItself')).toBe('shutting down by itself');
    expect(statePath('gathering.joining.byStatus')).toBe('gathering › joining › by status');
    expect(statePath('')).toBe('nothing');
  });

  test('puts dead workers first and departed ones last, in any input order', () => {
    const counts = { left: 1, 'registered.idle': 4, dead: 2, 'registered.busy': 3 };
    expect(ordered(counts).map(([state]) => state)).toEqual([
      'dead',
      'registered.busy',
      'registered.idle',
      'left',
    ]);
  });
});
