import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createActor,
  createMachine,
  fromTransition,
  type AnyActorRef,
  type AnyStateMachine,
  type EventObject,
} from 'xstate';
import { compiled } from '../../src/actors/compiled.ts';
import { withoutEffects } from '../../src/machines/bind.ts';
import { connectionMachine } from '../../src/machines/connection.ts';
import { joinPhaseMachine } from '../../src/machines/join-phase.ts';
import { sentinelMachine } from '../../src/machines/sentinel.ts';
import { shutdownMachine } from '../../src/machines/shutdown.ts';
import { detailOf, detailToKeep, type Fields } from '../../src/actors/detail.ts';
import { withStory, storyOf, STORY_LENGTH } from '../../src/actors/story.ts';
import type { StoryStep } from '../../src/actors/chart-step.ts';
import { BROKEN, countsOf } from '../../src/actors/step-catalog.ts';
import { StoryKeeper } from '../../src/actors/story-keeper.ts';
import { workerMachine } from '../../src/machines/worker.ts';
import { stateText } from '../../src/trace/step.ts';
import { byForm } from '../support/form.ts';

const INPUT = { id: 1, rank: 2, maximum: 2, limit: 9, policy: 'null' };

function begin(
  machine: AnyStateMachine,
  { clock = (): number => 7, isCompiled = true, id = 'it' } = {},
): AnyActorRef {
  const keeper = new StoryKeeper(clock);
  return beginOwn(withStory(machine, { keeperOf: () => keeper }), { isCompiled, id });
}

/** @param own the logic that keeps stories */
function beginOwn(own: AnyStateMachine, { isCompiled = true, id = 'it' } = {}): AnyActorRef {
  const parent: AnyActorRef = createActor(fromTransition((state: null) => state, null)).start();
  return createActor(isCompiled ? compiled(own) : own, { parent, id, input: INPUT }).start();
}

const stepsOf = (actor: AnyActorRef): StoryStep[] => storyOf(actor)?.steps ?? [];

const MACHINES: AnyStateMachine[] = [
  connectionMachine,
  joinPhaseMachine,
  sentinelMachine,
  shutdownMachine,
  workerMachine,
];

const eventsOf = (machine: AnyStateMachine): fc.Arbitrary<EventObject[]> =>
  fc.array(
    fc.record({
      type: fc.constantFrom(...machine.events.filter((type) => !type.includes('*')), 'nobody.knows.this'),
      queued: fc.nat(1),
      enough: fc.boolean(),
      secure: fc.boolean(),
      session: fc.constantFrom('same', 'other', 'none'),
      doing: fc.nat(1),
      has: fc.nat(1),
      waits: fc.boolean(),
      hasSession: fc.boolean(),
      tasks: fc.nat(1),
      copies: fc.nat(1),
      maximum: fc.integer({ min: -1, max: 3 }),
      rank: fc.nat(9),
      registeredWorkers: fc.nat(2),
    }),
    { maxLength: 40 },
  );

describe('the story of an actor', () => {
  it.each(MACHINES.map((machine) => [machine.id, machine] as const))(
    'is the same in %s whether the table or the interpreter took a step, and names the states of the actor',
    (_id, machine) => {
      const quiet = withoutEffects(machine);
      fc.assert(
        fc.property(eventsOf(machine), (events) => {
          const [fast, slow] = [true, false].map((isCompiled) => begin(quiet, { isCompiled }));
          if (fast === undefined || slow === undefined) throw new Error('there are two');
          for (const event of events) {
            if (slow.getSnapshot().status !== 'active') break;
            const before = stateText(slow.getSnapshot().value);
            fast.send(event);
            slow.send(event);
            const after = stateText(slow.getSnapshot().value);
            expect(storyOf(slow)?.last).toMatchObject({ event: event.type, before, after });
          }
          expect(stepsOf(fast)).toEqual(stepsOf(slow));
        }),
        { numRuns: byForm(80, 200, 200) },
      );
    },
  );

  it('starts with the creation of the actor and its input', () => {
    expect(stepsOf(begin(withoutEffects(workerMachine)))[0]).toEqual({
      time: 7,
      event: 'xstate.init',
      detail: 'id 1, rank 2, maximum 2, limit 9, policy null',
      before: '',
      after: 'reserved',
      clause: '',
      description: '',
      transition: undefined,
    });
  });

  it('contains the transition, its clause, the time, and the plain fields of the event', () => {
    let time = 100;
    const actor = begin(withoutEffects(workerMachine), { clock: () => time });
    actor.send({ type: 'registration.asked', value: { kept: 'by nobody' } });
    time = 200;
    actor.send({ type: 'task.asked', waits: true, queued: 3, client: { peer: '10.0.0.1:5' } });
    expect(storyOf(actor)?.last).toEqual({
      time: 200,
      event: 'task.asked',
      detail: 'waits true, queued 3, client 10.0.0.1:5',
      before: 'registered.idle',
      after: 'registered.busy',
      clause: 'S7',
      description: 'There is a task or a copy of a broadcast, and the worker gets it.',
      transition: { source: 'registered.idle', event: 'task.asked', index: 0 },
    });
    expect(storyOf(actor)?.lines.at(-1)).toBe(
      '1970-01-01T00:00:00.200Z task.asked waits true, queued 3, client 10.0.0.1:5: registered.idle → registered.busy (S7: There is a task or a copy of a broadcast, and the worker gets it.)',
    );
  });

  it.each([
    ['in `meta`, if it is there', { meta: { clause: 'S7' }, description: 'A task is given out.' }, 'S7'],
    ['nowhere, when `meta` is about something else', { meta: { colour: 1 }, description: 'S9' }, ''],
    ['nowhere', {}, ''],
  ])('finds the clause of a transition where it is written: %s', (_where, transition, clause) => {
    const machine: AnyStateMachine = createMachine({ id: 'it', on: { go: { actions: [], ...transition } } });
    for (const isCompiled of [true, false]) {
      const actor = begin(machine, { isCompiled });
      actor.send({ type: 'go' });
      expect(storyOf(actor)?.last?.clause).toBe(clause);
    }
  });

  it('contains an event that the machine does not expect, without a transition', () => {
    const actor = begin(withoutEffects(workerMachine));
    actor.send({ type: 'task.offered' });
    expect(storyOf(actor)?.last).toMatchObject({
      event: 'task.offered',
      after: 'reserved',
      transition: undefined,
    });
  });

  it(`keeps the last ${STORY_LENGTH} steps`, () => {
    const actor = begin(withoutEffects(sentinelMachine));
    for (let rank = 0; rank < 1_000; rank++) actor.send({ type: 'rank.given', rank });
    expect(stepsOf(actor).map(({ detail }) => detail)).toEqual(
      Array.from({ length: STORY_LENGTH }, (_, n) => `rank ${1_000 - STORY_LENGTH + n}`),
    );
  });

  it('truncates long texts', () => {
    const actor = begin(withoutEffects(connectionMachine));
    actor.send({ type: 'greeted.new' });
    actor.send({ type: 'options.denied', option: 'x'.repeat(9_999) });
    expect(storyOf(actor)?.last?.detail).toBe(`option ${'x'.repeat(60)}…`);
  });

  it('tells no number of a request, which means nothing when the request has been carried out', () => {
    const actor = begin(withoutEffects(workerMachine));
    actor.send({ type: 'registration.asked', request: 7, session: 'none', sendsSession: false });
    expect(storyOf(actor)?.last?.detail).toBe('session none, sendsSession false');
  });

  it.each<[string, Fields]>([
    ['an object', { type: 'death.reported', task: 'tried', end: { why: 'killed' } }],
    ['a long text', { type: 'options.denied', option: 'x'.repeat(61) }],
  ])('keeps the text of an event instead of the event, if it has %s', (_what, event) => {
    const small = { type: 'task.asked', waits: true, queued: 3 };
    expect(detailToKeep(small)).toBe(small);
    expect(detailToKeep(event)).toBe(detailOf(event));
  });

  it.each([
    ['completeTask', 'result.stored', 'registered.busy', true],
    ['acceptRegistration', 'registration.asked', 'reserved', false],
  ])(
    'reports that %s failed, and the actor is counted in the state where it stopped',
    (name, type, state, isBusy) => {
      const broken = withoutEffects(workerMachine).provide({
        actions: {
          [name]: () => {
            throw new Error('the disk is full');
          },
        },
      });
      const keeper = new StoryKeeper(() => 7);
      const machine = withStory(broken, { keeperOf: () => keeper });
      const actor = beginOwn(machine);
      actor.subscribe({ error: () => undefined });
      if (isBusy) {
        actor.send({ type: 'registration.asked' });
        actor.send({ type: 'task.asked', queued: 1 });
      }
      actor.send({ type });
      expect(stepsOf(actor).slice(-2)).toMatchObject([
        { event: type },
        {
          event: BROKEN,
          detail: 'error the disk is full',
          before: state,
          after: state,
          transition: undefined,
        },
      ]);
      expect(actor.getSnapshot().status).toBe('error');
      expect(countsOf(keeper, machine).all).toEqual({ [state]: 1 });
    },
  );

  it.each(MACHINES.map((machine) => [machine.id, machine] as const))(
    'counts how many actors of %s are in each state',
    (_id, machine) => {
      fc.assert(
        fc.property(fc.array(eventsOf(machine), { minLength: 1, maxLength: 4 }), (crowd) => {
          const keeper = new StoryKeeper(() => 0);
          const own = compiled(withStory(withoutEffects(machine), { keeperOf: () => keeper }));
          const parent: AnyActorRef = createActor(fromTransition((state: null) => state, null)).start();
          const actors = crowd.map((events) => {
            const actor: AnyActorRef = createActor(own, { parent, id: 'it', input: INPUT }).start();
            for (const event of events) if (actor.getSnapshot().status === 'active') actor.send(event);
            return actor;
          });
          const counts: Record<string, number> = {};
          for (const actor of actors) {
            const state = stateText(actor.getSnapshot().value);
            counts[state] = (counts[state] ?? 0) + 1;
          }
          expect(countsOf(keeper, own).all).toEqual(counts);
        }),
        { numRuns: 100 },
      );
    },
  );
});
