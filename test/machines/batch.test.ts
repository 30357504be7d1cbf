import { describe, expect, it } from 'vitest';
import { createActor, type StateValue } from 'xstate';
import { LifeCycle, LifeCycleTable } from '../../src/client/life-cycle.ts';
import {
  batchMachine,
  type BatchCommand,
  type BatchEvent,
  type BatchTag,
} from '../../src/machines/pool/batch.ts';

type Type = BatchEvent['type'];
const EVENTS: readonly Type[] = [
  'input.ended',
  'emptied',
  'cancelled',
  'workers.gone',
  'module.unloadable',
  'job.ended',
];

/** The next states and the commands; every state and every event is in it. */
const TABLE: readonly (readonly [Type[], string, BatchCommand[]])[] = [
  [[], 'feeding', []],
  [['emptied'], 'feeding', []],
  [['input.ended'], 'draining', []],
  [['cancelled'], 'cancelling', ['dropUnsent', 'mark']],
  [['workers.gone'], 'refusing.feeding', ['refuseUnsent']],
  [['module.unloadable'], 'refusing.feeding', ['mark', 'refuseUnsent']],
  [['job.ended'], 'ended', []],
  [['input.ended', 'emptied'], 'settled', ['unmark']],
  [['input.ended', 'input.ended'], 'draining', []],
  [['input.ended', 'cancelled'], 'cancelling', ['dropUnsent', 'mark']],
  [['input.ended', 'workers.gone'], 'refusing.draining', ['refuseUnsent']],
  [['input.ended', 'module.unloadable'], 'refusing.draining', ['mark', 'refuseUnsent']],
  [['input.ended', 'job.ended'], 'ended', []],
  [['workers.gone', 'input.ended'], 'refusing.draining', []],
  [['workers.gone', 'emptied'], 'refusing.feeding', []],
  [['workers.gone', 'cancelled'], 'cancelling', ['dropUnsent', 'mark']],
  [['workers.gone', 'workers.gone'], 'refusing.feeding', []],
  [['workers.gone', 'module.unloadable'], 'refusing.feeding', []],
  [['workers.gone', 'job.ended'], 'ended', []],
  [['workers.gone', 'input.ended', 'emptied'], 'settled', ['unmark']],
  [['workers.gone', 'input.ended', 'cancelled'], 'cancelling', ['dropUnsent', 'mark']],
  [['cancelled', 'emptied'], 'settled', ['unmark']],
  [['cancelled', 'input.ended'], 'cancelling', []],
  [['cancelled', 'cancelled'], 'cancelling', []],
  [['cancelled', 'workers.gone'], 'cancelling', []],
  [['cancelled', 'module.unloadable'], 'cancelling', []],
  [['cancelled', 'job.ended'], 'ended', []],
  ...EVENTS.map(
    (type) => [['input.ended', 'emptied', type], 'settled', []] as [Type[], string, BatchCommand[]],
  ),
  ...EVENTS.map((type) => [['job.ended', type], 'ended', []] as [Type[], string, BatchCommand[]]),
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

describe('the machine of a batch (S23)', () => {
  it.each(TABLE)('after %j it is %s', (types, state, commands) => {
    expect(after(types)).toEqual([state, commands]);
  });

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
