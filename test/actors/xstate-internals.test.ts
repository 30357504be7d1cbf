/**
 * What src/actors relies on in XState without a promise of XState. If one of these tests fails after an upgrade, its
 * name says what has changed: adapt src/actors/xstate-internals.ts until compiled.test.ts passes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import {
  and,
  assign,
  createActor,
  createMachine,
  emit,
  forwardTo,
  fromTransition,
  not,
  or,
  raise,
  sendParent,
  sendTo,
  spawnChild,
  type AnyActorRef,
  type AnyActorScope,
  type AnyStateMachine,
  type EventObject,
} from 'xstate';
import {
  doneEvent,
  doneStateEvent,
  errorEvent,
  INIT_EVENT,
  initialContext,
  isChildError,
  leafOf,
  movedTo,
  namedTarget,
  readAction,
  readGuard,
  Reference,
  ScopeActing,
  Snapshot,
  STOP_EVENT,
  takenTransition,
  wrapped,
  type Acting,
} from '../../src/actors/xstate-internals.ts';

const listener = (heard: EventObject[]) =>
  fromTransition((state: null, event: EventObject) => {
    heard.push(event);
    return state;
  }, null);

const machine: AnyStateMachine = createMachine(
  {
    id: 'it',
    context: { count: 0 },
    initial: 'deep',
    states: {
      deep: {
        tags: 'below',
        initial: 'inner',
        states: { inner: { tags: 'here', meta: { depth: 2 }, on: { go: '#it.end' } } },
      },
      end: { type: 'final' },
    },
  },
  { actors: { child: listener([]) } },
);

/** The scope that XState passes to the logic of an actor, and its input. */
function scopeOf(parent?: AnyActorRef): AnyActorScope {
  let scope: AnyActorScope | undefined;
  const logic = wrapped(machine, {
    getInitialSnapshot: (own, input) => {
      scope = own;
      return machine.getInitialSnapshot(own, input);
    },
  });
  createActor(logic, parent === undefined ? {} : { parent });
  if (scope === undefined) throw new Error('XState asked for no initial snapshot');
  return scope;
}

describe('the events that XState sends by itself', () => {
  it('start an actor with the event "xstate.init"', () => {
    const heard: EventObject[] = [];
    createActor(machine, {
      inspect: (inspected) => {
        if (inspected.type === '@xstate.snapshot') heard.push(inspected.event);
      },
    }).start();
    expect(heard.map(({ type }) => type)).toEqual([INIT_EVENT]);
  });

  it('stop the children of an actor that ends with the event "xstate.stop"', () => {
    const heard: EventObject[] = [];
    const parent = createMachine({
      entry: spawnChild(listener(heard), { id: 'child' }),
      initial: 'a',
      states: { a: { on: { go: 'b' } }, b: { type: 'final' } },
    });
    createActor(parent).start().send({ type: 'go' });
    expect(heard.map(({ type }) => type)).toEqual([STOP_EVENT]);
  });

  it('notify a parent that a child is done by "xstate.done.actor.ID" with its output', () => {
    const heard: EventObject[] = [];
    const child = createMachine({ initial: 'a', states: { a: { type: 'final' } }, output: 7 });
    const parent = createActor(listener(heard)).start();
    createActor(child, { parent, id: 'one' }).start();
    expect(heard).toContainEqual(doneEvent('one', 7));
  });

  it('notify a parent that a child has failed by "xstate.error.actor.ID" with its error', () => {
    const heard: EventObject[] = [];
    const error = new Error('a wheel came off');
    const child = fromTransition((state: null, { type }: EventObject) => {
      if (type === 'go') throw error;
      return state;
    }, null);
    const parent = createActor(listener(heard)).start();
    const actor = createActor(child, { parent, id: 'one' });
    actor.start();
    actor.send({ type: 'go' });
    expect(heard).toContainEqual(errorEvent('one', error));
    expect(heard.filter(isChildError)).toHaveLength(1);
  });

  it('make an actor fail that has no transition for the error of a child', () => {
    const actor = createActor(machine).start();
    actor.subscribe({ error: () => undefined });
    actor.send(errorEvent('one', new Error('a wheel came off')));
    expect(actor.getSnapshot()).toMatchObject({ status: 'error', error: new Error('a wheel came off') });
  });

  it('carry the output of a machine: it is computed from the event "xstate.done.state.ID" with the output of the final state', () => {
    const ending = createMachine({
      initial: 'a',
      states: { a: { id: 'last', type: 'final', output: 7 } },
      output: ({ event }) => event,
    });
    expect(createActor(ending).start().getSnapshot().output).toEqual(doneStateEvent('last', 7));
  });
});

describe('an actor of XState', () => {
  it('accepts an object as a machine that inherits the fields of a machine, and requests its transitions', () => {
    const asked: string[] = [];
    const logic = wrapped(machine, {
      transition: (snapshot, event, scope) => {
        asked.push(event.type);
        return machine.transition(snapshot, event, scope);
      },
    });
    const actor = createActor(logic).start();
    actor.send({ type: 'go' });
    expect(asked).toEqual(['go']);
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: 'end' });
    // A machine that spawns it does so, too.
    const parent = createMachine({ entry: spawnChild('child', { id: 'child' }) }).provide({
      actors: { child: logic },
    });
    createActor(parent).start().getSnapshot().children['child']?.send({ type: 'go' });
    expect(asked).toEqual(['go', 'go']);
  });

  it('has its parent in the field `_parent`, its children in its snapshot, and a scope that defers what follows a transition', () => {
    const parent = createActor(listener([])).start();
    const scope = scopeOf(parent);
    const child = createActor(listener([]));
    const acting = new ScopeActing(scope, { ...machine.getInitialSnapshot(scope, {}), children: { child } });
    expect(acting.parent).toBe(parent);
    expect(acting.self).toBe(scope.self);
    expect(acting.system).toBe(parent.system);
    expect(acting.child('child')).toBe(child);
    expect(acting.child('nobody')).toBeUndefined();
  });

  it('sends to another actor by its method `_send`', () => {
    const heard: EventObject[] = [];
    const parent = createActor(listener([])).start();
    class Target extends Reference {
      readonly parent = parent;
      send(event: EventObject): void {
        heard.push(event);
      }
    }
    const target = new Target();
    const sender = createMachine({ on: { go: { actions: sendTo(() => target.self, { type: 'x' }) } } });
    createActor(sender).start().send({ type: 'go' });
    expect(heard).toEqual([{ type: 'x' }]);
  });
});

describe('a machine of XState', () => {
  test.each<[how: string, config: object, expected: object]>([
    ['as it is written', { context: { a: 1 } }, { a: 1 }],
    ['computed from the input', { context: ({ input }: { input: unknown }) => ({ input }) }, { input: 7 }],
    ['empty without one', {}, {}],
  ])('has the initial context of its actors in `config.context`: %s', (_how, config, expected) => {
    const made = createMachine(config);
    const actor = createActor(made, { input: 7 });
    expect(actor.getSnapshot().context).toEqual(expected);
    expect(initialContext(made, 7, actor)).toEqual(expected);
  });

  it('has the active states of an actor as `_nodes` of its snapshot, of which one is atomic or final', () => {
    const actor = createActor(machine).start();
    expect(leafOf(actor.getSnapshot())?.path).toEqual(['deep', 'inner']);
    actor.send({ type: 'go' });
    expect(leafOf(actor.getSnapshot())?.path).toEqual(['end']);
  });

  it('returns from `getTransitionData` the transition that an event takes, and nothing for an unexpected event', () => {
    const snapshot = createActor(machine).start().getSnapshot();
    expect(takenTransition(machine, snapshot, { type: 'go' })?.eventType).toBe('go');
    expect(takenTransition(machine, snapshot, { type: 'x' })).toBeUndefined();
  });

  it('has snapshots that differ between states only in `value`, `tags` and `_nodes`', () => {
    const snapshot = createActor(machine).start().getSnapshot();
    const inEnd = machine.resolveState({ value: 'end', context: {} });
    const moved = movedTo(snapshot, inEnd, { count: 1 });
    expect(moved).toEqual({ ...inEnd, context: { count: 1 }, status: 'active', children: {} });
    expect(moved.can({ type: 'go' })).toBe(false);
    expect(snapshot.can({ type: 'go' })).toBe(true);
  });

  it('has no snapshot field that compiled actors lack', () => {
    const expected = createActor(machine).start().getSnapshot();
    const snapshot = new Snapshot(machine.resolveState({ value: expected.value, context: {} }), { count: 0 });
    for (const name of Object.keys(expected)) {
      const [own, theirs]: unknown[] = [Reflect.get(snapshot, name), Reflect.get(expected, name)];
      expect(typeof own, name).toBe(typeof theirs);
      if (typeof theirs !== 'function') expect(own, name).toEqual(theirs);
    }
    expect(snapshot.toJSON()).toEqual(expected.toJSON());
    expect(snapshot.getMeta()).toEqual(expected.getMeta());
  });
});

const check = (): boolean => true;

describe('the implementations of a machine', () => {
  const written = createMachine(
    {},
    {
      guards: { isRed: check, isNone: not('isRed') },
      actions: { paint: check, count: assign({ count: 1 }), tell: sendParent({ type: 'x' }) },
    },
  );

  test.each<[how: string, guard: unknown, expected: object]>([
    ['a name', 'isRed', { kind: 'function', check }],
    [
      'a name with parameters',
      { type: 'isRed', params: { of: 1 } },
      { kind: 'function', check, params: { of: 1 } },
    ],
    ['a function', check, { kind: 'function', check }],
    ['`and`', and(['isRed', check]), { kind: 'and', parts: ['isRed', check] }],
    ['`or`', or(['isRed']), { kind: 'or', parts: ['isRed'] }],
    ['`not`', not('isRed'), { kind: 'not', parts: ['isRed'] }],
    ['the name of a `not`', 'isNone', { kind: 'not', parts: ['isRed'] }],
    ['a name that is not implemented', 'isBlue', { kind: 'missing', name: 'isBlue' }],
  ])(
    'contain in `implementations.guards`, or as the fields `check` and `guards`, a guard that is %s',
    (_how, guard, expected) => {
      expect(readGuard(written, guard)).toMatchObject(expected);
    },
  );

  test.each<[how: string, action: unknown, expected: object]>([
    ['a name', 'paint', { kind: 'function', exec: check }],
    [
      'a name with parameters',
      { type: 'paint', params: check },
      { kind: 'function', exec: check, params: check },
    ],
    ['a function', check, { kind: 'function', exec: check }],
    ['`assign`', 'count', { kind: 'assign', assignment: { count: 1 } }],
    ['`sendParent`', 'tell', { kind: 'sendTo', send: { to: '#_parent', event: { type: 'x' } } }],
    ['`sendTo` after a delay', sendTo('one', { type: 'x' }, { delay: 5 }), { send: { to: 'one', delay: 5 } }],
    ['`forwardTo`', forwardTo('one'), { kind: 'sendTo', send: { to: 'one' } }],
    ['another one of XState', raise({ type: 'x' }), { kind: 'other', name: 'raise' }],
    ['and one more', emit({ type: 'x' }), { kind: 'other', name: 'emit' }],
    ['a name that is not implemented', 'hide', { kind: 'missing', name: 'hide' }],
  ])(
    'contain in `implementations.actions`, or as the fields `resolve`, `type` and those of each type, an action that is %s',
    (_how, action, expected) => {
      expect(readAction(written, action)).toMatchObject(expected);
    },
  );

  it('send by `execute` of `sendTo`, with the scope of the sender, after the transition', () => {
    const heard: EventObject[] = [];
    const target = createActor(listener(heard)).start();
    const deferred: (() => void)[] = [];
    const sender = createActor(machine);
    const acting: Acting = {
      self: sender,
      system: sender.system,
      parent: undefined,
      child: () => undefined,
      defer: (act) => void deferred.push(act),
    };
    const action = readAction(written, 'tell');
    if (action.kind !== 'sendTo') throw new Error('it is a `sendParent`');
    action.send.execute(acting, target, { type: 'y' });
    expect(heard).toEqual([]);
    for (const act of deferred) act();
    expect(heard).toEqual([{ type: 'y' }]);
  });

  it('address the parent as "#_parent", the actor itself as "#_internal", and a child by its id or by "#_ID"', () => {
    const [parent, self, child]: AnyActorRef[] = [1, 2, 3].map(() => createActor(listener([])));
    const heard: string[] = [];
    const { system } = createActor(machine);
    if (parent === undefined || self === undefined || child === undefined) throw new Error('there are three');
    const acting: Acting = {
      self,
      system,
      parent,
      child: (id) => {
        heard.push(id);
        return child;
      },
      defer: () => undefined,
    };
    const targets = ['#_parent', '#_internal', 'one', '#_one'].map((name) => namedTarget(acting, name));
    expect(targets).toEqual([parent, self, child, child]);
    expect(heard).toEqual(['one', 'one']);
  });
});

test('are the only private parts of XState in use, and no other file of src/actors uses them', () => {
  const inside =
    /\._|\b(_nodes|_parent|_send|__xstatenode|implementations|actionExecutor|getTransitionData)\b|\.config\b|'(check|guards|resolve|execute|assignment)'|#_parent|'xstate\.(init|stop|done|assign|sendTo)/;
  const folder = new URL('../../src/actors/', import.meta.url);
  const wrong = readdirSync(folder)
    .filter((file) => file !== 'xstate-internals.ts')
    .flatMap((file) =>
      readFileSync(new URL(file, folder), 'utf8')
        .split('\n')
        .filter((line) => !/^\s*(\*|\/)/.test(line) && inside.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
  expect(wrong).toEqual([]);
});
