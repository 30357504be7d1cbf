import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createActor,
  fromTransition,
  type AnyActorRef,
  type AnyStateMachine,
  type EventObject,
} from 'xstate';
import { compiled } from '../../src/machines/compiled.ts';
import { connectionMachine } from '../../src/machines/connection.ts';
import { joinPhaseMachine } from '../../src/machines/join-phase.ts';
import { sentinelMachine } from '../../src/machines/sentinel.ts';
import { shutdownMachine } from '../../src/machines/shutdown.ts';
import { workerMachine } from '../../src/machines/worker.ts';

const INPUT = { id: 1, rank: 2, maximum: 2, limit: 9, policy: 'null' };

/** Runs events through a machine and writes down all that can be seen: actions, what the parent hears, each snapshot. */
function story(machine: AnyStateMachine, events: readonly EventObject[], isCompiled: boolean): unknown[] {
  const seen: unknown[] = [];
  const names = Object.keys(machine.implementations.actions);
  const recorders = names
    .filter((name) => !('resolve' in (machine.implementations.actions[name] ?? {})))
    .map((name) => [
      name,
      ({ context, event }: { context: unknown; event: EventObject }) =>
        seen.push(['action', name, structuredClone(context), event.type]),
    ]);
  const own = machine.provide({ actions: Object.fromEntries(recorders) });
  const parent: AnyActorRef = createActor(
    fromTransition((state: null, event: EventObject) => {
      if (!event.type.startsWith('xstate.')) seen.push(['parent', event]);
      return state;
    }, null),
  ).start();
  const actor = createActor(isCompiled ? compiled(own) : own, { parent, id: 'it', input: INPUT }).start();
  for (const event of events) {
    actor.send(event);
    const { value, context, status, tags } = actor.getSnapshot();
    seen.push([event.type, value, structuredClone(context), status, [...tags]]);
    if (status !== 'active') break;
  }
  return seen;
}

/** Any events that the machine knows, and one that it does not, with every payload that a guard may look at. */
const eventsOf = (machine: AnyStateMachine): fc.Arbitrary<EventObject[]> => {
  const types = machine.events.filter((type) => !type.includes('*'));
  return fc.array(
    fc.record({
      type: fc.constantFrom(...types, 'nobody.knows.this'),
      available: fc.boolean(),
      enough: fc.boolean(),
      returns: fc.boolean(),
      knowsTask: fc.boolean(),
      mayReturn: fc.boolean(),
      mayLeave: fc.boolean(),
      secure: fc.boolean(),
      ask: fc.record({ waits: fc.boolean() }),
      delay: fc.constant(undefined),
      maximum: fc.integer({ min: -1, max: 3 }),
      rank: fc.nat(9),
      registeredWorkers: fc.nat(2),
      seconds: fc.nat(9),
    }),
    { maxLength: 40 },
  );
};

const RUNS = Number(process.env['COMPILED_RUNS'] ?? 500);

describe('a compiled machine', () => {
  const machines: AnyStateMachine[] = [
    connectionMachine,
    joinPhaseMachine,
    sentinelMachine,
    shutdownMachine,
    workerMachine,
  ];
  it.each(machines.map((machine) => [machine.id, machine] as const))(
    'does in %s what the interpreter does: the same actions in the same order, the same snapshots',
    (_id, machine) => {
      fc.assert(
        fc.property(eventsOf(machine), (events) => {
          expect(story(machine, events, true)).toEqual(story(machine, events, false));
        }),
        { numRuns: RUNS },
      );
    },
  );

  it('comes back to the very snapshot that it had in a state, and never to that of another actor', () => {
    const machine = compiled(connectionMachine.provide({}));
    const [one, other] = [1, 2].map((id) => createActor(machine, { input: { id } }).start());
    const ready = [one, other].map((actor) => {
      actor?.send({ type: 'greeted.old' });
      return actor?.getSnapshot();
    });
    for (const actor of [one, other])
      for (const type of ['request.blocked', 'request.answered'] as const) actor?.send({ type });
    expect(one?.getSnapshot()).toBe(ready[0]);
    expect(other?.getSnapshot()).toBe(ready[1]);
    expect(ready.map((snapshot) => snapshot?.context)).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('serves the transitions of a task and of a blocked request from its table, and leaves registrations to the interpreter', () => {
    const used = new Set<string>();
    for (const [machine, path] of [
      [workerMachine, ['registration.asked', 'task.asked', 'task.offered', 'result.stored']],
      [connectionMachine, ['greeted.old', 'request.blocked', 'request.answered']],
    ] as const) {
      const own: AnyStateMachine = machine.provide({});
      const interpret = own.transition.bind(own);
      let interpreted = false;
      own.transition = (snapshot, event, scope) => {
        interpreted = true;
        return interpret(snapshot, event, scope);
      };
      const parent: AnyActorRef = createActor(fromTransition((state: null) => state, null)).start();
      const actor = createActor(compiled(own), { parent, id: 'it', input: INPUT }).start();
      for (const type of path) {
        interpreted = false;
        actor.send({ type, available: false, ask: { waits: true } });
        if (!interpreted) used.add(type);
      }
    }
    expect([...used]).toEqual([
      'task.asked',
      'task.offered',
      'result.stored',
      'greeted.old',
      'request.blocked',
      'request.answered',
    ]);
  });
});
