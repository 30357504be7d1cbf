import {
  createActor,
  fromTransition,
  type AnyEventObject,
  type AnyStateMachine,
  type StateValue,
} from 'xstate';
import { expect } from 'vitest';
import { compiled } from '../../src/actors/compiled.ts';
import { withoutEffects, type ActorSystem } from '../../src/machines/bind.ts';

/**
 * The state after an event, and the calls and events of the machine in order: `action` with its parameters, or `actor:
 * event, payload`.
 */
export type Row = readonly [next: string, ...calls: string[]];

/** The required behaviour in one state; events that are not named are unexpected there. */
interface StateTable {
  /** The events that lead to it. */
  readonly after: readonly string[];
  readonly on: Readonly<Record<string, Row>>;
  /** The changes of an event to the context; other fields stay. */
  readonly changes?: Readonly<Record<string, object>>;
  readonly tags?: readonly string[];
}

export interface ChartTable {
  readonly input: unknown;
  /** Only XState runs it: it is never compiled. */
  readonly isInterpreted?: true;
  /** Its initial state. */
  readonly start: { readonly context: object; readonly calls: readonly string[] };
  /** By the names in the table. */
  readonly events: Readonly<Record<string, AnyEventObject>>;
  readonly states: Readonly<Record<string, StateTable>>;
  /** Final states, and the events that lead there. */
  readonly finals: Readonly<Record<string, readonly string[]>>;
  /** The tags of final states that have some. */
  readonly finalTags?: Readonly<Record<string, readonly string[]>>;
}

/** One property of a machine. */
export interface Check {
  readonly name: string;
  /** Throws if the property does not hold. */
  readonly run: (machine: AnyStateMachine) => void;
  /** The subject of a row of the table. */
  readonly row?: { readonly state: string; readonly event: string; readonly next: string };
}

/** All properties of a machine: its table, and those that take several events. */
export interface ChartChecks {
  readonly machine: AnyStateMachine;
  readonly table: ChartTable;
  readonly stories: Readonly<Record<string, readonly Check[]>>;
}

type Form = (machine: AnyStateMachine) => AnyStateMachine;

const asItIs: Form = (machine) => machine;

/** The recordings that run, by the system of their actors. */
const running = new WeakMap<ActorSystem, Recording>();

/** The machines of recordings: XState prepares a machine again for each `provide`, which takes longer than most checks. */
const prepared = new WeakMap<AnyStateMachine, Map<Form, AnyStateMachine>>();

/** @returns the machine in this form, with actions that only tell the recording of their system that they were called */
function preparedFor(machine: AnyStateMachine, form: Form): AnyStateMachine {
  const forms = prepared.get(machine) ?? new Map<Form, AnyStateMachine>();
  prepared.set(machine, forms);
  const known = forms.get(form);
  if (known !== undefined) return known;
  const recorders = Object.entries(machine.implementations.actions)
    // Only actions that are implemented outside of the machine: an assign is part of it.
    .filter(([, action]) => !(typeof action === 'function' && 'type' in action))
    .map(([name]) => [
      name,
      ({ context, system }: { context: object; system: ActorSystem }, params?: object) =>
        running.get(system)?.note(name, params, context),
    ]);
  const made = form(withoutEffects(machine).provide({ actions: Object.fromEntries(recorders) }));
  forms.set(form, made);
  return made;
}

/** A running machine whose actions only record their names. */
export class Recording {
  readonly #calls: string[] = [];
  readonly #seen: [name: string, context: object][] = [];
  readonly #actor;

  constructor(machine: AnyStateMachine, input: unknown, form: Form = asItIs) {
    const parent = createActor(
      fromTransition(() => undefined, undefined),
      {
        id: 'parent',
        inspect: (inspected) => {
          if (inspected.type !== '@xstate.event') return;
          const { actorRef, event, sourceRef } = inspected;
          if (sourceRef === undefined || sourceRef !== this.#actor) return;
          if (event.type.startsWith('xstate.') && event.type !== 'xstate.init') return;
          this.#calls.push(`${'id' in actorRef ? String(actorRef.id) : ''}: ${spoken(event)}`);
        },
      },
    ).start();
    running.set(parent.system, this);
    this.#actor = createActor(preparedFor(machine, form), { parent, input });
    this.#actor.subscribe({ error: (error) => this.#calls.push(`error: ${String(error)}`) });
    this.#actor.start();
  }

  /** Notes that an action was called. */
  note(name: string, params: object | undefined, context: object): void {
    this.#calls.push(spoken({ type: name, ...params }));
    this.#seen.push([name, context]);
  }

  send(...events: AnyEventObject[]): this {
    for (const event of events) this.#actor.send(event);
    return this;
  }

  get state(): string {
    return pathOf(this.#actor.getSnapshot().value);
  }
  get context(): object {
    return this.#actor.getSnapshot().context;
  }
  get tags(): string[] {
    return [...this.#actor.getSnapshot().tags];
  }
  get isDone(): boolean {
    return this.#actor.getSnapshot().status === 'done';
  }
  /** The calls since the last look. */
  takeCalls(): string[] {
    return this.#calls.splice(0);
  }
  /** The contexts in which an action was called. */
  seenBy(command: string): object[] {
    return this.#seen.filter(([name]) => name === command).map(([, context]) => context);
  }
}

/** An event with its payload. */
const spoken = ({ type, ...payload }: AnyEventObject): string =>
  [type, ...Object.entries(payload).map(([name, value]) => `${name} ${JSON.stringify(value)}`)].join(', ');

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

/** An event that no machine knows. */
const UNKNOWN = 'unknown to every machine';

/** Sends every event in every state, and compares with the table, which must name them all. */
export function tableChecks(table: ChartTable): Check[] {
  const { input, isInterpreted, start, events, states, finals, finalTags = {} } = table;
  const event = (name: string): AnyEventObject => events[name] ?? { type: name };
  const forms = isInterpreted === true ? [asItIs] : [asItIs, compiled];
  /** The machine after some events, interpreted and compiled. */
  const both = (machine: AnyStateMachine, names: readonly string[]): Recording[] =>
    forms.map((form) => new Recording(machine, input, form).send(...names.map(event)));

  const rows = Object.entries(states).flatMap(([state, { after: path, on, changes = {} }]) =>
    Object.entries({ ...events, [UNKNOWN]: { type: UNKNOWN } }).map(([name, { type }]): Check => {
      const [next, ...calls] = on[name] ?? [state, 'reportUnexpected'];
      return {
        name: `${state}, on ${name}: ${next}${calls.length > 0 ? `, ${calls.join(', ')}` : ''}`,
        row: { state, event: type, next },
        run: (machine) => {
          for (const recording of both(machine, path)) {
            expect(recording.state).toBe(state);
            const { context } = recording;
            recording.takeCalls();
            recording.send(event(name));
            expect([recording.state, ...recording.takeCalls()]).toEqual([next, ...calls]);
            expect(recording.context).toEqual({ ...context, ...changes[name] });
          }
        },
      };
    }),
  );

  return [
    {
      name: 'names every state',
      run: (machine) => {
        const all = leaves(machine.root as StateNode).map(({ path }) => path.join('.'));
        expect(all.sort()).toEqual([...Object.keys(states), ...Object.keys(finals)].sort());
      },
    },
    {
      name: 'names every event',
      run: (machine) => {
        // Events of XState itself are not in the table.
        const types = Object.values(events).map(({ type }) => type);
        const ours = types.filter((type) => !type.startsWith('xstate.'));
        expect(new Set(ours)).toEqual(new Set(machine.events.filter((type) => !type.includes('*'))));
      },
    },
    {
      name: `begins${start.calls.length > 0 ? ` with ${start.calls.join(', ')}` : ''}`,
      run: (machine) => {
        for (const recording of both(machine, [])) {
          expect(recording.context).toEqual(start.context);
          expect(recording.takeCalls()).toEqual(start.calls);
        }
      },
    },
    ...Object.entries(states).map(([state, { after: path, tags = [] }]) => ({
      name: `${state} has ${tags.length > 0 ? `the tags ${tags.join(', ')}` : 'no tags'}`,
      run: (machine: AnyStateMachine) => {
        for (const recording of both(machine, path)) expect(recording).toMatchObject({ state, tags });
      },
    })),
    ...rows,
    ...Object.entries(finals).map(([state, path]) => ({
      name: `${state} is final`,
      run: (machine: AnyStateMachine) => {
        const tags = finalTags[state] ?? [];
        for (const recording of both(machine, path))
          expect(recording).toMatchObject({ state, tags, isDone: true });
      },
    })),
  ];
}

/** One check for each case. */
export function checkEach<Case extends readonly unknown[]>(
  cases: readonly (readonly [name: string, ...Case])[],
  run: (machine: AnyStateMachine, ...the: Case) => void,
): Check[] {
  return cases.map(([name, ...the]) => ({ name, run: (machine) => run(machine, ...the) }));
}
