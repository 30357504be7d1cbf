import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { callTurnsMachine, type CallTurnsEvent } from '../../src/machines/pool/call-turns.ts';
import { describeChart } from '../support/chart.ts';
import { callTurnsChecks } from './checks/call-turns.ts';

describeChart(callTurnsChecks);

/** The number of calls that run, and how the first one that waits is to run. */
type Line = readonly [running: number, next: CallTurnsEvent['next']];

/** @returns for each change of the line whether the first call begins, and the state afterwards */
function after(lines: readonly Line[]): { begins: boolean; state: unknown } {
  let begins = false;
  const actor = createActor(
    callTurnsMachine.provide({ actions: { beginFirst: () => void (begins = true) } }),
  ).start();
  for (const [running, next] of lines) {
    begins = false;
    actor.send({ type: 'line.changed', running, next });
  }
  return { begins, state: actor.getSnapshot().value };
}

const EMPTYING: readonly Line[] = [[1, 'alone']];
const EXCLUSIVE: readonly Line[] = [[0, 'alone']];

/** For each state: the change, whether the first call begins, and the next state. */
const TABLE: readonly [state: string, path: readonly Line[], rows: readonly [...Line, boolean, string][]][] =
  [
    [
      'together',
      [],
      [
        [0, 'none', false, 'together'],
        [3, 'none', false, 'together'],
        [0, 'together', true, 'together'],
        [3, 'together', true, 'together'],
        [0, 'alone', true, 'exclusive'],
        [3, 'alone', false, 'emptying'],
      ],
    ],
    [
      'emptying',
      EMPTYING,
      [
        [2, 'alone', false, 'emptying'],
        [0, 'alone', true, 'exclusive'],
        [2, 'none', false, 'together'],
        [2, 'together', true, 'together'],
      ],
    ],
    [
      'exclusive',
      EXCLUSIVE,
      [
        [1, 'none', false, 'exclusive'],
        [1, 'together', false, 'exclusive'],
        [1, 'alone', false, 'exclusive'],
        [0, 'none', false, 'together'],
        [0, 'alone', true, 'exclusive'],
        [0, 'together', true, 'together'],
      ],
    ],
  ];

describe.each(TABLE)('the calls of a process, %s (S22.14, S22.15)', (state, path, rows) => {
  it.each(rows)('with %i that run, and %s next: begins is %s, then %s', (running, next, begins, target) => {
    expect(after(path).state).toBe(state);
    expect(after([...path, [running, next]])).toEqual({ begins, state: target });
  });
});
