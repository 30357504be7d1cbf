import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine, StateValue } from 'xstate';
import { movesOf, pathOf, statesOf, WILDCARD } from '../charts/moves.ts';

type Definition = ReturnType<AnyStateMachine['getTransitionData']>[number];

/** The states and transitions of a machine by name; each branch of a guarded transition is a transition of its own. */
export class ChartIndex {
  /** States that an event can leave or stay in, including outer states. */
  readonly states: readonly string[];
  readonly leaves: readonly string[];
  readonly transitions: readonly string[];
  /** Types of events, without the wildcard. */
  readonly events: readonly string[];
  readonly #machine: AnyStateMachine;
  readonly #labels = new Map<Definition, string>();

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
    const nodes = statesOf(machine.root);
    this.states = nodes.filter(({ path }) => path.length > 0).map(pathOf);
    this.leaves = nodes.filter((node) => Object.keys(node.states).length === 0).map(pathOf);
    const definitions = nodes.flatMap((node) => [...node.transitions.values()].flat());
    const moves = movesOf(machine).filter(({ event }) => event !== 'entry' && event !== 'exit');
    for (const [n, { source, event, guard }] of moves.entries()) {
      const definition = definitions[n];
      if (definition !== undefined && event !== WILDCARD)
        this.#labels.set(
          definition,
          `${pathOf(source)}: ${event}${guard === undefined ? '' : ` [${guard}]`}`,
        );
    }
    this.transitions = [...this.#labels.values()];
    // `machine.events` omits events that change nothing in any state.
    const types = nodes.flatMap((node) => Array.from(node.transitions.keys()));
    this.events = [...new Set(types)].filter((type) => type !== WILDCARD);
  }

  leafOf({ value }: AnyMachineSnapshot): string {
    return pathIn(value).join('.');
  }

  /** The innermost state and its ancestors. */
  statesOf({ value }: AnyMachineSnapshot): ReadonlySet<string> {
    const path = pathIn(value);
    return new Set(path.map((_, n) => path.slice(0, n + 1).join('.')));
  }

  /** @returns the transitions of the event; none if the state does not expect it */
  taken(snapshot: AnyMachineSnapshot, event: AnyEventObject): string[] {
    return this.#machine
      .getTransitionData(snapshot, event)
      .flatMap((definition) => this.#labels.get(definition) ?? []);
  }
}

/** No machine has parallel states. */
function pathIn(value: StateValue): string[] {
  if (typeof value === 'string') return [value];
  const [inner] = Object.entries(value);
  if (inner === undefined) return [];
  return [inner[0], ...(inner[1] === undefined ? [] : pathIn(inner[1]))];
}
