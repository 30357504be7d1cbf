import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  createActor,
  fromTransition,
  setup,
  type AnyActorRef,
  type AnyStateMachine,
  type EventObject,
} from 'xstate';
import { actorOf, type ActorOf } from '../../src/actors/actor.ts';
import { compiled, tableOf } from '../../src/actors/compiled.ts';
import { withoutEffects } from '../../src/machines/bind.ts';
import { connectionMachine } from '../../src/machines/connection.ts';
import { joinPhaseMachine } from '../../src/machines/join-phase.ts';
import { sentinelMachine } from '../../src/machines/sentinel.ts';
import { shutdownMachine } from '../../src/machines/shutdown.ts';
import { sleighMachine } from '../../src/machines/sleigh.ts';
import { workerMachine } from '../../src/machines/worker.ts';
import { anyEvents, anyMachine } from './any-machine.ts';
import { byForm } from '../support/form.ts';

const INPUT = { id: 1, rank: 2, maximum: 2, limit: 9, policy: 'null' };

/** Records its events, including the end of its child. */
const listener = (name: string, seen: unknown[]) =>
  fromTransition((state: null, event: EventObject) => {
    if (!['xstate.init', 'xstate.stop'].includes(event.type)) seen.push([name, event]);
    return state;
  }, null);

/** The actor that records what its children send. */
const parentOf = (seen: unknown[]): AnyActorRef => createActor(listener('parent', seen)).start();

/** A way to take an actor from one snapshot to the next. */
const WAYS = {
  interpreted: (machine: AnyStateMachine, parent: AnyActorRef) =>
    createActor(machine, { parent, id: 'it', input: INPUT }),
  /** An actor of XState whose transitions come from a table: for the children of a supervisor. */
  compiled: (machine: AnyStateMachine, parent: AnyActorRef) =>
    createActor(compiled(machine), { parent, id: 'it', input: INPUT }),
  /** A compiled actor: for connections, workers and sentinels. */
  table: (machine: AnyStateMachine, parent: AnyActorRef): ActorOf<AnyStateMachine> =>
    actorOf(compiled(machine), { parent, id: 'it', input: INPUT }),
};
type Way = keyof typeof WAYS;

/**
 * Runs events through a machine and records everything that is observable: actions, events to others, and each
 * snapshot.
 */
function story(machine: AnyStateMachine, events: readonly EventObject[], way: Way): unknown[] {
  const seen: unknown[] = [];
  const names = Object.keys(machine.implementations.actions);
  const recorders = names
    .filter((name) => !('resolve' in (machine.implementations.actions[name] ?? {})))
    .map((name) => [
      name,
      ({ context, event }: { context: unknown; event: EventObject }, params: unknown) =>
        seen.push(['action', name, structuredClone(context), event.type, params]),
    ]);
  const children = Object.keys(machine.implementations.actors).map((name) => [name, listener(name, seen)]);
  const own = machine.provide({
    actions: Object.fromEntries(recorders),
    actors: Object.fromEntries(children),
  });
  const parent = parentOf(seen);
  const actor = WAYS[way](own, parent);
  // An event that arrives before the start is queued.
  const [early, ...later] = events;
  if (early !== undefined) actor.send(early);
  actor.start();
  const look = (): boolean => {
    const { value, context, status, tags, output } = actor.getSnapshot();
    seen.push([value, structuredClone(context), status, [...tags], output]);
    return status === 'active';
  };
  while (look()) {
    const event = later.shift();
    if (event === undefined) break;
    actor.send(event);
  }
  return seen;
}

/** Any events of the machine and an unknown one, with every payload that a guard reads. */
const eventsOf = (machine: AnyStateMachine): fc.Arbitrary<EventObject[]> => {
  const types = machine.events.filter((type) => !type.includes('*'));
  return fc.array(
    fc.record({
      type: fc.constantFrom(...types, 'nobody.knows.this'),
      queued: fc.nat(1),
      enough: fc.boolean(),
      session: fc.constantFrom('same', 'other', 'none'),
      doing: fc.nat(1),
      has: fc.nat(1),
      waits: fc.boolean(),
      byItself: fc.boolean(),
      hasSession: fc.boolean(),
      tasks: fc.nat(1),
      copies: fc.nat(1),
      secure: fc.boolean(),
      delay: fc.constant(undefined),
      maximum: fc.integer({ min: -1, max: 3 }),
      rank: fc.nat(9),
      registeredWorkers: fc.nat(2),
      seconds: fc.nat(9),
    }),
    { maxLength: 40 },
  );
};

const path = (machine: AnyStateMachine, ...types: string[]) => [machine.id, machine, types] as const;

const RUNS = Number(process.env['COMPILED_RUNS'] ?? byForm(80, 500, 500));

test('all done events of children share one entry in the table of their supervisor', () => {
  const machine = sleighMachine.provide({});
  const table = tableOf(compiled(machine));
  const { serving } = machine.root.states;
  const stepFor = (worker: number): unknown =>
    serving && table?.stateOf(serving).step({}, { type: `xstate.done.actor.worker.${worker}` });
  expect(stepFor(1)).toBeDefined();
  expect(stepFor(2)).toBe(stepFor(1));
});

describe('a compiled machine', () => {
  const supervisor: AnyStateMachine = sleighMachine;
  const machines: AnyStateMachine[] = [
    connectionMachine,
    joinPhaseMachine,
    sentinelMachine,
    shutdownMachine,
    supervisor,
    workerMachine,
  ];
  it.each(machines.map((machine) => [machine.id, machine] as const))(
    'runs the same actions in the same order and reaches the same snapshots as the interpreter: %s',
    (_id, machine) => {
      fc.assert(
        fc.property(eventsOf(machine), (events) => {
          const expected = story(machine, events, 'interpreted');
          expect(story(machine, events, 'compiled')).toEqual(expected);
          // Supervisors spawn their children when they start, which only XState can do.
          if (machine !== supervisor) expect(story(machine, events, 'table')).toEqual(expected);
        }),
        { numRuns: RUNS },
      );
    },
    // About 3 ms per run on a slow machine.
    20_000 + 10 * RUNS,
  );

  it(
    'behaves like the interpreter for any machine of the subset',
    () => {
      const heard: unknown[] = [];
      const peer = createActor(listener('peer', heard)).start();
      fc.assert(
        fc.property(
          anyMachine(() => peer),
          anyEvents,
          (machine, events) => {
            const ran = (way: Way): unknown[] => [...story(machine, events, way), ...heard.splice(0)];
            const expected = ran('interpreted');
            expect(ran('compiled')).toEqual(expected);
            expect(ran('table')).toEqual(expected);
          },
        ),
        { numRuns: RUNS },
      );
    },
    20_000 + 10 * RUNS,
  );

  it.each([
    path(workerMachine, 'registration.asked', 'task.asked', 'task.offered', 'result.stored'),
    path(connectionMachine, 'greeted.old', 'request.begun', 'request.complete', 'request.blocked'),
    path(joinPhaseMachine, 'rank.asked', 'registration.asked', 'worker.registered'),
    path(sleighMachine, 'worker.registered', 'worker.died'),
    path(shutdownMachine, 'worker.registered', 'task.failed', 'worker.died'),
    path(sentinelMachine, 'rank.given', 'alive.asked', 'heartbeat.came'),
  ])('processes the frequent events of %s from its table', (_id, machine, types) => {
    const own = withoutEffects<AnyStateMachine>(machine);
    const interpret = own.transition.bind(own);
    let interpreted = 0;
    own.transition = (snapshot, event, scope) => {
      interpreted++;
      return interpret(snapshot, event, scope);
    };
    const parent: AnyActorRef = createActor(listener('parent', [])).start();
    const actor = createActor(compiled(own), { parent, id: 'it', input: INPUT }).start();
    for (const type of types) actor.send({ type, queued: 0, copies: 0, waits: true, delay: undefined });
    actor.send({ type: 'nobody.knows.this' });
    expect(interpreted).toBe(0);
  });

  it('stops with the error of an action, as the interpreter does', () => {
    const broken = withoutEffects(shutdownMachine).provide({
      actions: {
        countIn: () => {
          throw new Error('out of fingers');
        },
      },
    });
    const actor = createActor(compiled(broken), { input: { policy: 'null' } });
    const errors: unknown[] = [];
    actor.subscribe({ error: (error) => errors.push(error) });
    actor.start().send({ type: 'worker.registered' });
    expect(actor.getSnapshot().status).toBe('error');
    expect(errors).toEqual([new Error('out of fingers')]);
  });

  it('prefers a wildcard of an inner state to a named event of an outer state, as the interpreter does', () => {
    const machine = setup({ actions: { inner: () => undefined, outer: () => undefined } }).createMachine({
      initial: 'it',
      on: { 'a.b': { actions: 'outer' } },
      states: { it: { on: { 'a.*': { actions: 'inner' } } } },
    });
    const expected = story(machine, [{ type: 'a.b' }], 'interpreted');
    expect(story(machine, [{ type: 'a.b' }], 'compiled')).toEqual(expected);
  });
});
