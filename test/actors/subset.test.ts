import { describe, expect, it, test } from 'vitest';
import {
  assign,
  cancel,
  createActor,
  createMachine,
  emit,
  enqueueActions,
  fromTransition,
  log,
  raise,
  sendTo,
  spawnChild,
  stateIn,
  stopChild,
  not,
  type AnyStateMachine,
} from 'xstate';
import { actorOf } from '../../src/actors/actor.ts';
import { compiled, tableOf } from '../../src/actors/compiled.ts';
import { NotCompilableError } from '../../src/actors/not-compilable.ts';
import { keepStepCatalog, StepCatalog, stepCatalogOf } from '../../src/actors/step-catalog.ts';
import { StoryKeeper } from '../../src/actors/story-keeper.ts';
import { withStory } from '../../src/actors/story.ts';

const nobody = fromTransition((state: null) => state, null);

/** A machine with one additional feature in its state `deep.inner`. */
const withInner = (inner: object, implementations: object = {}): AnyStateMachine =>
  createMachine(
    {
      id: 'it',
      initial: 'deep',
      states: { deep: { initial: 'inner', states: { inner, other: {} } }, elsewhere: {} },
    },
    { actors: { nobody }, ...implementations },
  );

const onGo = (action: unknown): AnyStateMachine => withInner({ on: { go: { actions: action } } });
const INNER = 'the state "deep.inner"';

describe('a feature outside of the supported subset is refused when the machine is compiled', () => {
  test.each<[feature: string, state: string, machine: AnyStateMachine]>([
    ['parallel states', INNER, withInner({ type: 'parallel', states: { left: {}, right: {} } })],
    [
      'a history state',
      'the state "deep.inner.before"',
      withInner({ initial: 'one', states: { one: {}, before: { type: 'history' } } }),
    ],
    ['transitions without an event (`always`)', INNER, withInner({ always: '#it.elsewhere' })],
    ['delayed transitions (`after`)', INNER, withInner({ after: { 100: '#it.elsewhere' } })],
    ['`invoke` below the root', INNER, withInner({ invoke: { src: 'nobody' } })],
    ['a final state below the top level', INNER, withInner({ type: 'final' })],
    ['a transition that enters the root again', INNER, withInner({ on: { go: '#it' } })],
    [
      'a transition that enters the root again',
      'the root',
      createMachine({
        id: 'it',
        on: { go: { target: '.a', reenter: true } },
        initial: 'a',
        states: { a: {} },
      }),
    ],
    ['the guard "stateIn"', INNER, withInner({ on: { go: { guard: not(stateIn({ deep: 'inner' })) } } })],
    [
      'the guard "isRed", which is not implemented',
      INNER,
      withInner({ on: { go: { guard: not('isRed'), target: '#it.elsewhere' } } }),
    ],
    [
      'the action "paint", which is not implemented',
      INNER,
      withInner({ entry: { type: 'paint', params: {} } }),
    ],
    ['an event that is sent after a delay', INNER, onGo(sendTo('one', { type: 'x' }, { delay: 5 }))],
    ['the action "raise"', INNER, onGo(raise({ type: 'x' }))],
    ['the action "emit"', INNER, onGo(emit({ type: 'x' }))],
    ['the action "log"', INNER, onGo(log('x'))],
    ['the action "cancel"', INNER, onGo(cancel('x'))],
    ['the action "spawnChild"', INNER, onGo(spawnChild('nobody'))],
    ['the action "stopChild"', INNER, onGo(stopChild('nobody'))],
    ['the action "enqueueActions"', INNER, onGo(enqueueActions(() => undefined))],
    ['the action "raise"', INNER, withInner({ exit: raise({ type: 'x' }) })],
    [
      'the action "raise"',
      INNER,
      withInner({
        initial: { target: 'one', actions: raise({ type: 'x' }) },
        states: { one: {} },
      }),
    ],
  ])('%s, in %s', (feature, state, machine) => {
    const error = catching(() => compiled(machine));
    expect(error).toBeInstanceOf(NotCompilableError);
    expect(error).toHaveProperty(
      'message',
      `The machine "it" cannot be compiled: ${state} uses ${feature}. ` +
        'Do without it, or leave this machine to XState: use it without `compiled`.',
    );
  });

  it('several targets of one transition', () => {
    const machine = withInner({ on: { go: { target: ['#it.elsewhere'] } } });
    const [go] = machine.root.states['deep']?.states['inner']?.transitions.get('go') ?? [];
    const { elsewhere } = machine.root.states;
    if (go?.target === undefined || elsewhere === undefined) throw new Error('the machine has both');
    Object.assign(go, { target: [...go.target, elsewhere] });
    expect(() => compiled(machine)).toThrow('the state "deep.inner" uses a transition with several targets');
  });
});

describe('a compiled actor', () => {
  const parent = createActor(nobody).start();
  const begun = (machine: AnyStateMachine) => actorOf(compiled(machine), { id: 'one', input: {}, parent });

  test.each<[feature: string, root: object]>([
    ['the action "spawnChild"', { entry: spawnChild('nobody') }],
    ['the action "assign"', { initial: 'a', states: { a: { entry: assign({}) } } }],
    ['the action "sendTo"', { entry: sendTo(({ self }) => self, { type: 'x' }) }],
    ['`invoke`', { invoke: { src: 'nobody' } }],
  ])('refuses an initial state with %s', (feature, root) => {
    const machine = createMachine({ id: 'it', ...root }, { actors: { nobody } });
    expect(() => begun(machine)).toThrow(
      `The machine "it" cannot be compiled: its beginning uses ${feature}, which only an actor of XState can begin with.`,
    );
    // An actor of XState does this as before.
    expect(createActor(compiled(machine)).start().getSnapshot().status).toBe('active');
  });

  it('refuses a final state as its initial state', () => {
    const machine = createMachine({ id: 'it', initial: 'a', states: { a: { type: 'final' } } });
    expect(() => begun(machine)).toThrow('its beginning uses a final state');
  });

  it('requires a parent, and notifies it when it ends', () => {
    expect(() => actorOf(compiled(withInner({})), { id: 'one', input: {} })).toThrow(
      'The actor "one" of a compiled machine needs a `parent`, got none.',
    );
  });

  it('reports a target that it cannot send to', () => {
    const errors: unknown[] = [];
    const actor = actorOf(compiled(onGo(sendTo('somebody', { type: 'x' }))), {
      id: 'one',
      input: {},
      parent,
      failed: (error) => errors.push(error),
    });
    actor.start();
    actor.send({ type: 'go' });
    expect(errors).toEqual([new Error('"one" (it) has no actor "somebody" to send an event to.')]);
  });

  it('reports that it cannot spawn in an `assign`', () => {
    const spawning = assign(({ spawn }: { spawn: (src: string) => unknown }) => ({ child: spawn('nobody') }));
    const errors: unknown[] = [];
    const actor = actorOf(compiled(onGo(spawning)), {
      id: 'one',
      input: {},
      parent,
      failed: (error) => errors.push(String(error)),
    });
    actor.start();
    actor.send({ type: 'go' });
    expect(errors).toEqual([expect.stringContaining('A compiled machine cannot spawn')]);
  });
});

const keeperOf = () => new StoryKeeper(() => 0);

describe('a compiled machine', () => {
  it('leaves the original machine unchanged and wraps it', () => {
    const machine = withInner({ on: { go: '#it.elsewhere' } });
    const before = Object.entries(machine);
    const logic = compiled(withStory(machine, { keeperOf }));
    expect(Object.entries(machine)).toEqual(before);
    expect(logic).not.toBe(machine);
    expect([tableOf(machine), stepCatalogOf(machine)]).toEqual([undefined, undefined]);
    expect([tableOf(logic), stepCatalogOf(logic)]).not.toContain(undefined);
    expect(logic.id).toBe('it');
  });

  it('provides the step catalog of its machine', () => {
    const machine = withInner({});
    const catalog = new StepCatalog('some', { keeperOf });
    keepStepCatalog(machine, catalog);
    expect(stepCatalogOf(compiled(machine))).toBe(catalog);
  });
});

function catching(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
