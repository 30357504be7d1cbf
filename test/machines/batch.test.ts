import { describe, expect, it } from 'vitest';
import { createActor, type StateValue } from 'xstate';
import { LifeCycle, LifeCycleTable } from '../../src/client/life-cycle.ts';
import {
  batchMachine,
  type BatchCommand,
  type BatchEvent,
  type BatchTag,
} from '../../src/machines/pool/batch.ts';
import { describeChart } from '../support/chart.ts';
import { batchChecks } from './checks/batch.ts';

type Type = BatchEvent['type'];
const EVENTS: readonly Type[] = [
  'input.ended',
  'emptied',
  'cancelled',
  'workers.gone',
  'module.unloadable',
  'job.ended',
];

function nameOf(value: StateValue): string {
  if (typeof value === 'string') return value;
  const [[state, inner] = ['', '']] = Object.entries(value);
  return inner === undefined ? state : `${state}.${nameOf(inner)}`;
}

/** @returns the state after these events, and the commands of the last of them */
function after(types: readonly Type[]): [string, string[]] {
  let commands: string[] = [];
  const act = (name: string) => (): void => void commands.push(name);
  const actor = createActor(
    batchMachine.provide({
      actions: {
        mark: act('mark'),
        unmark: act('unmark'),
        dropUnsent: act('dropUnsent'),
        refuseUnsent: act('refuseUnsent'),
      },
    }),
  ).start();
  for (const type of types) {
    commands = [];
    actor.send({ type });
  }
  return [nameOf(actor.getSnapshot().value), commands];
}

describeChart(batchChecks);

describe('the machine of a batch (S23)', () => {
  it('gives the same result as its table of transitions for every sequence of four events', () => {
    const table = new LifeCycleTable(batchMachine);
    const sequences = EVENTS.flatMap((a) =>
      EVENTS.flatMap((b) => EVENTS.flatMap((c) => EVENTS.map((d) => [a, b, c, d]))),
    );
    for (const types of sequences) {
      let commands: BatchCommand[] = [];
      const act = (name: BatchCommand) => (): void => void commands.push(name);
      const life = new LifeCycle<BatchEvent, BatchCommand, BatchTag>(table, {
        mark: act('mark'),
        unmark: act('unmark'),
        dropUnsent: act('dropUnsent'),
        refuseUnsent: act('refuseUnsent'),
      });
      for (const type of types) {
        commands = [];
        life.send({ type });
      }
      const [state, expected] = after(types);
      expect([types, commands]).toEqual([types, expected]);
      expect(life.has('over')).toBe(state === 'settled' || state === 'ended');
      expect(life.has('takes-input')).toBe(state.endsWith('feeding'));
      expect(life.has('hands-out')).toBe(state === 'feeding' || state === 'draining');
    }
  });
});
