import { describe, expect, it, test } from 'vitest';
import { assign, createActor, fromTransition, setup, type AnyActorRef, type EventObject } from 'xstate';
import { actorOf, hasTag } from '../../src/actors/actor.ts';
import { compiled } from '../../src/actors/compiled.ts';
import { StoryKeeper } from '../../src/actors/story-keeper.ts';
import { withStory, storyOf } from '../../src/actors/story.ts';

// compiled.test.ts checks for all machines and any events that snapshots and actions equal those of the interpreter.

/** A cycle of states whose actions send to the actor itself, or throw. */
const chart = setup({
  types: {
    context: {} as { name: string; laps: number },
    input: {} as { name: string },
    events: {} as { type: 'go' | 'lap' | 'again' | 'break' | 'stop' },
    tags: {} as 'moves',
  },
  actions: {
    count: assign(({ context }) => ({ laps: context.laps + 1 })),
    begin: () => undefined,
    goOn: () => undefined,
    fail: () => {
      throw new Error('a wheel came off');
    },
  },
}).createMachine({
  context: ({ input }) => ({ name: input.name, laps: 0 }),
  initial: 'standing',
  states: {
    standing: { entry: 'begin', on: { go: { target: 'moving', actions: 'goOn' } } },
    moving: {
      tags: 'moves',
      on: {
        lap: { actions: 'count' },
        // This transition is run by the interpreter: the table has none that enters its own state again.
        again: { target: 'moving', actions: 'count', reenter: true },
        break: { actions: 'fail' },
        stop: 'over',
      },
    },
    over: { type: 'final' },
  },
  output: ({ context }) => context.laps,
});

function parentOf(heard: EventObject[]): AnyActorRef {
  return createActor(
    fromTransition((state: null, event: EventObject) => {
      if (event.type !== 'xstate.init') heard.push(event);
      return state;
    }, null),
  ).start();
}

const keeper = new StoryKeeper(() => 1_000);

function begin(actions: Parameters<typeof chart.provide>[0]['actions'] = {}) {
  const heard: EventObject[] = [];
  const machine = compiled(withStory(chart.provide({ actions }), { keeperOf: () => keeper }));
  const failures: unknown[] = [];
  const actor = actorOf(machine, {
    id: 'racer',
    input: { name: 'Ada' },
    parent: parentOf(heard),
    failed: (error) => failures.push(error),
  });
  return { actor, heard, failures };
}

describe('a compiled actor', () => {
  it('runs its entry actions once, when it is started', () => {
    let begun = 0;
    const { actor } = begin({ begin: () => void begun++ });
    expect([begun, actor.getSnapshot().value]).toEqual([0, 'standing']);
    actor.start();
    actor.start();
    expect(begun).toBe(1);
  });

  it('processes an event that one of its actions sends after that action has finished', () => {
    const laps: number[] = [];
    const { actor } = begin({
      goOn: ({ self, context }) => {
        self.send({ type: 'lap' });
        self.send({ type: 'lap' });
        laps.push(context.laps);
      },
    });
    actor.start();
    actor.send({ type: 'go' });
    expect(laps).toEqual([0]);
    expect(actor.getSnapshot()).toMatchObject({ value: 'moving', context: { name: 'Ada', laps: 2 } });
  });

  it('continues from the state that the interpreter reached', () => {
    const { actor } = begin();
    actor.start();
    for (const type of ['go', 'lap', 'again', 'lap'] as const) actor.send({ type });
    expect(actor.getSnapshot()).toMatchObject({ value: 'moving', context: { name: 'Ada', laps: 3 } });
  });

  it('notifies its parent when it is done, and processes no further events', () => {
    const { actor, heard } = begin();
    actor.start();
    for (const type of ['go', 'lap', 'stop', 'lap'] as const) actor.send({ type });
    expect(heard).toEqual([{ type: 'xstate.done.actor.racer', output: 1, actorId: 'racer' }]);
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: 'over', output: 1 });
  });

  it('stops when an action throws: its parent and its observers are notified, and its story contains the error', () => {
    const { actor, heard, failures } = begin();
    actor.start();
    for (const type of ['go', 'break', 'lap'] as const) actor.send({ type });
    const error = new Error('a wheel came off');
    expect(failures).toEqual([error]);
    expect(heard).toEqual([{ type: 'xstate.error.actor.racer', error, actorId: 'racer' }]);
    expect(actor.getSnapshot()).toMatchObject({
      status: 'error',
      error,
      value: 'moving',
      context: { laps: 0 },
    });
    expect(storyOf(actor)?.lines.at(-1)).toContain('a wheel came off: stays moving (an action failed)');
  });

  it('discards its remaining queued events when an action throws', () => {
    const { actor, heard } = begin({
      goOn: ({ self }) => {
        for (const type of ['break', 'stop'] as const) self.send({ type });
      },
    });
    actor.start();
    actor.send({ type: 'go' });
    expect(heard.map(({ type }) => type)).toEqual(['xstate.error.actor.racer']);
  });

  it.each([
    ['at the end', ['go', 'stop'], false],
    ['on its way', ['go'], true],
    ['before', [], false],
    ['when it has failed', ['go', 'break'], true],
  ] as const)('reports tags as XState does: %s', (_when, types, expected) => {
    const { actor } = begin();
    const other = createActor(chart, { input: { name: 'Ada' } });
    other.subscribe({ error: () => undefined });
    for (const one of [actor, other]) {
      one.start();
      for (const type of types) one.send({ type });
      expect(hasTag(one, 'moves')).toBe(expected);
      expect(one.getSnapshot().hasTag('moves')).toBe(expected);
    }
  });

  test("has snapshots with every field of XState's snapshots", () => {
    const { actor } = begin();
    const other = createActor(chart, { input: { name: 'Ada' } });
    for (const one of [actor, other]) {
      one.start();
      one.send({ type: 'go' });
    }
    const [snapshot, expected] = [actor.getSnapshot(), other.getSnapshot()];
    expect(snapshot.toJSON()).toEqual(expected.toJSON());
    for (const name of ['value', 'status', 'output', 'error', 'children', 'historyValue', 'tags'] as const)
      expect(snapshot[name], name).toEqual(expected[name]);
    for (const { matches, hasTag, can, getMeta } of [snapshot, expected].map((it) => ({
      matches: (['moving', 'standing'] as const).map((value) => it.matches(value)),
      hasTag: it.hasTag('moves'),
      can: (['go', 'lap'] as const).map((type) => it.can({ type })),
      getMeta: it.getMeta(),
    }))) {
      expect(matches).toEqual([true, false]);
      expect(hasTag).toBe(true);
      expect(can).toEqual([false, true]);
      expect(getMeta).toEqual({});
    }
  });
});

describe('an actor of a machine that is not compiled', () => {
  it('is an actor of XState', () => {
    const failures: unknown[] = [];
    const actor = actorOf(chart, { id: 'racer', input: { name: 'Ada' }, failed: (e) => failures.push(e) });
    actor.start();
    for (const type of ['go', 'break'] as const) actor.send({ type });
    expect(actor).toHaveProperty('sessionId');
    expect(failures).toHaveLength(1);
  });
});
