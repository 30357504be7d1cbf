import { initialTransition, transition, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate';

/** A state of a machine and the effect of each event there, computed once by XState. */
interface State {
  readonly snapshot: AnyMachineSnapshot;
  readonly steps: Map<string, Step>;
}

interface Step {
  readonly target: State;
  /** The actions of the machine, in order. */
  readonly commands: readonly string[];
}

/**
 * The states of a machine without context and guards, in which the state alone determines the effect of an event. An
 * event costs one lookup in a table, and an actor one reference, because there may be thousands of batches at once.
 */
export class LifeCycleTable {
  readonly initial: State;
  readonly #machine: AnyStateMachine;
  readonly #states = new Map<string, State>();

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
    const [snapshot] = initialTransition(machine);
    this.initial = this.#state(snapshot);
  }

  step(state: State, event: { readonly type: string }): Step {
    const known = state.steps.get(event.type);
    if (known !== undefined) return known;
    const [snapshot, actions] = transition(this.#machine, state.snapshot, event);
    const step = { target: this.#state(snapshot), commands: actions.map(({ type }) => type) };
    state.steps.set(event.type, step);
    return step;
  }

  #state(snapshot: AnyMachineSnapshot): State {
    const key = JSON.stringify(snapshot.value);
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const state = { snapshot, steps: new Map<string, Step>() };
    this.#states.set(key, state);
    return state;
  }
}

/** An actor of such a machine, with its events, its actions and the tags of its states. */
export class LifeCycle<Event extends { readonly type: string }, Command extends string, Tag extends string> {
  readonly #table: LifeCycleTable;
  readonly #commands: Readonly<Record<Command, () => void>>;
  #state: State;

  /** @param commands the implementations of the actions by name */
  constructor(table: LifeCycleTable, commands: Readonly<Record<Command, () => void>>) {
    this.#table = table;
    this.#commands = commands;
    this.#state = table.initial;
  }

  /** An actor that has reached its final state ignores events. */
  send(event: Event): void {
    if (this.#state.snapshot.status !== 'active') return;
    const { target, commands } = this.#table.step(this.#state, event);
    this.#state = target;
    for (const command of commands) if (this.#isCommand(command)) this.#commands[command]();
  }

  has(tag: Tag): boolean {
    return this.#state.snapshot.hasTag(tag);
  }

  #isCommand(name: string): name is Command {
    return Object.hasOwn(this.#commands, name);
  }
}
