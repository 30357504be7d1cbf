import { createActor, setup } from 'xstate';
import { describe, expect, test } from 'vitest';
import { bind, unbound, unboundWith, type Implementations } from '../../src/machines/bind.ts';

const lamp = setup({
  types: { events: {} as { type: 'pressed' }, context: {} as { presses: number } },
  actions: { ...unbound('light', 'log'), ...unboundWith<{ paint: { color: string } }>({ paint: true }) },
}).createMachine({
  context: { presses: 0 },
  on: { pressed: { actions: ['light', 'log', { type: 'paint', params: { color: 'red' } }] } },
});

describe('binding a machine', () => {
  test('runs its actions with the bound functions, for the owner of the actor', () => {
    const done: string[] = [];
    const implementations: Implementations<typeof lamp, string[]> = {
      light: (done, { event }) => done.push(`light, ${event.type}`),
      log: (done, { context, self }) => done.push(`log, ${self.id}, ${context.presses}`),
      paint: (done, _command, { color }) => done.push(`paint, ${color}`),
    };
    const bound = bind(lamp, () => done, implementations);
    const actor = createActor(bound, { id: 'lamp' });
    actor.start();
    actor.send({ type: 'pressed' });
    expect(done).toEqual(['light, pressed', 'log, lamp, 0', 'paint, red']);
  });

  test('rejects a missing or misspelled action at compile time', () => {
    // @ts-expect-error -- log is missing
    bind(lamp, () => null, { light: () => undefined });
    const all = { light: () => undefined, log: () => undefined, paint: () => undefined };
    // @ts-expect-error -- there is no action ligth
    bind(lamp, () => null, { ...all, ligth: () => undefined });
    // @ts-expect-error -- a color is no number
    bind(lamp, () => null, { ...all, paint: (_owner, _command, { color }: { color: number }) => color });
    expect(lamp.events).toEqual(['pressed']);
  });

  test('reports an action by name that is run before it is bound', () => {
    const errors: unknown[] = [];
    const actor = createActor(lamp);
    actor.subscribe({ error: (error) => errors.push(error) });
    actor.start();
    actor.send({ type: 'pressed' });
    expect(errors).toEqual([
      new Error('the action "light" is not bound: give its machine an implementation with bind()'),
    ]);
  });
});
