import {
  createActor,
  fromTransition,
  type AnyEventObject,
  type AnyStateMachine,
  type StateValue,
} from 'xstate';
import { describe, expect, test } from 'vitest';
import { compiled } from '../../src/machines/compiled.ts';
import { NO_METADATA } from '../../src/wire/payload.ts';
import { Ask, type Client } from '../../src/workspace/ask.ts';
import { Storing } from '../../src/machines/storing.ts';

/** The state after an event, and what the chart called or sent, in order: `action`, or `actor: event`. */
export type Row = readonly [next: string, ...calls: string[]];

/** What a chart must do in one state; events that are not named are unexpected there. */
export interface StateTable {
  /** The events that lead to it. */
  readonly after: readonly string[];
  readonly on: Readonly<Record<string, Row>>;
}

export interface ChartTable {
  readonly input: unknown;
  /** By the names that the table gives them. */
  readonly events: Readonly<Record<string, AnyEventObject>>;
  readonly states: Readonly<Record<string, StateTable>>;
  /** Final states, and the events that lead there. */
  readonly finals: Readonly<Record<string, readonly string[]>>;
}

/** A running chart whose commands do nothing but leave their names. */
export class Recording {
  readonly #calls: string[] = [];
  readonly #actor;

  constructor(
    machine: AnyStateMachine,
    input: unknown,
    form: (machine: AnyStateMachine) => AnyStateMachine = (as) => as,
  ) {
    const recorders = Object.entries(machine.implementations.actions)
      // Only what is done outside of the chart: an assign is part of it.
      .filter(([, action]) => !(typeof action === 'function' && 'type' in action))
      .map(([name]) => [name, () => void this.#calls.push(name)]);
    const parent = createActor(
      fromTransition(() => undefined, undefined),
      {
        id: 'parent',
        inspect: (inspected) => {
          if (inspected.type !== '@xstate.event' || inspected.sourceRef !== this.#actor) return;
          if (inspected.event.type.startsWith('xstate.')) return;
          const target = inspected.actorRef;
          this.#calls.push(`${'id' in target ? String(target.id) : ''}: ${inspected.event.type}`);
        },
      },
    ).start();
    this.#actor = createActor(form(machine.provide({ actions: Object.fromEntries(recorders) })), {
      parent,
      input,
    }).start();
  }

  send(...events: AnyEventObject[]): this {
    for (const event of events) this.#actor.send(event);
    return this;
  }

  get state(): string {
    return pathOf(this.#actor.getSnapshot().value);
  }
  get context(): unknown {
    return this.#actor.getSnapshot().context;
  }
  get isDone(): boolean {
    return this.#actor.getSnapshot().status === 'done';
  }
  /** What was called since the last look. */
  takeCalls(): string[] {
    return this.#calls.splice(0);
  }
}

function pathOf(value: StateValue): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([name, inner]) => (inner === undefined ? name : `${name}.${pathOf(inner)}`))
    .join('+');
}

interface StateNode {
  readonly type: string;
  readonly path: readonly string[];
  readonly states: Readonly<Record<string, StateNode>>;
}

function leaves(node: StateNode): StateNode[] {
  const inner = Object.values(node.states);
  return inner.length === 0 ? [node] : inner.flatMap(leaves);
}

/** Sends every event in every state, and compares with the table; the table must name them all. */
export function describeChart(machine: AnyStateMachine, table: ChartTable): void {
  const event = (name: string): AnyEventObject => table.events[name] ?? { type: name };
  /** The chart after some events, interpreted and compiled. */
  const both = (names: readonly string[]): Recording[] =>
    [(as: AnyStateMachine) => as, compiled].map((form) =>
      new Recording(machine, table.input, form).send(...names.map(event)),
    );

  describe(`the table of ${machine.id}`, () => {
    test('names every state', () => {
      const named = [...Object.keys(table.states), ...Object.keys(table.finals)].sort();
      expect(
        leaves(machine.root as StateNode)
          .map(({ path }) => path.join('.'))
          .sort(),
      ).toEqual(named);
    });

    test('names every event', () => {
      const types = new Set(Object.values(table.events).map(({ type }) => type));
      expect(types).toEqual(new Set(machine.events.filter((type) => !type.includes('*'))));
    });

    for (const [state, { after: path, on }] of Object.entries(table.states))
      for (const [name] of Object.entries(table.events)) {
        const [next, ...calls] = on[name] ?? [state, 'reportUnexpected'];
        test(`${state}, on ${name}: ${next}${calls.length > 0 ? `, ${calls.join(', ')}` : ''}`, () => {
          for (const recording of both(path)) {
            expect(recording.state).toBe(state);
            recording.takeCalls();
            recording.send(event(name));
            expect([recording.state, ...recording.takeCalls()]).toEqual([next, ...calls]);
          }
        });
      }

    for (const [state, path] of Object.entries(table.finals))
      test(`${state} is final`, () => {
        for (const recording of both(path)) expect(recording).toMatchObject({ state, isDone: true });
      });
  });
}

const NOBODY: Client = {
  id: 0,
  peer: '10.0.0.1:4000',
  departures: new Set(),
  answer: () => undefined,
  refuse: () => undefined,
};

/** A get that may wait, or not. */
export const anAsk = (waits: boolean): Ask =>
  new Ask(NOBODY, { verb: 'fetch', takes: true, waits, metadata: NO_METADATA });

export const aStoring = (): Storing =>
  new Storing({ descriptor: 1, payload: '', metadata: NO_METADATA }, NOBODY);
