/** A machine as JSON, for Stately's editor and for `createMachine`: everything by name, without implementations. */
import { clauseOf } from '../actors/clause.ts';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { movesOf, OTHERWISE, type Move } from './moves.ts';

interface Named {
  readonly type: string;
}

interface Transition {
  readonly guard?: Named;
  readonly target?: string;
  readonly actions?: readonly Named[];
  readonly description?: string;
  readonly meta?: { readonly clause: string };
}

type Transitions = Readonly<Record<string, readonly Transition[]>>;

interface StateConfig {
  readonly id?: string;
  readonly type?: string;
  readonly initial?: string;
  readonly description?: string;
  readonly meta?: { readonly clause: string };
  readonly tags?: readonly string[];
  readonly entry?: readonly Named[];
  readonly exit?: readonly Named[];
  readonly on?: Transitions;
  readonly always?: readonly Transition[];
  readonly states?: Readonly<Record<string, StateConfig>>;
}

/** @returns JSON. What XState makes of `sendTo` and the like has a name as in the diagrams: `tell parent worker.died` */
export function statelyJson(machine: AnyStateMachine): string {
  const moves = movesOf(machine);

  const configOf = (node: AnyStateNode): StateConfig => {
    const {
      entry = [],
      exit = [],
      always,
      ...on
    } = transitionsOf(moves.filter(({ source }) => source === node));
    const states = Object.entries(node.states).map(([key, child]) => [key, configOf(child)]);
    const [initial] = node.type === 'compound' ? (node.initial.target ?? []) : [];
    return {
      ...(node.parent === undefined && { id: machine.id }),
      ...(node.type !== 'atomic' && node.type !== 'compound' && { type: node.type }),
      ...(initial && { initial: initial.key }),
      ...(node.description !== undefined && { description: node.description }),
      ...(clauseOf(node) !== '' && { meta: { clause: clauseOf(node) } }),
      ...(node.tags.length > 0 && { tags: node.tags }),
      ...actionsOf('entry', entry),
      ...actionsOf('exit', exit),
      ...(Object.keys(on).length > 0 && { on }),
      ...(always && { always }),
      ...(states.length > 0 && { states: Object.fromEntries(states) }),
    };
  };
  return `${JSON.stringify(configOf(machine.root), undefined, 2)}\n`;
}

/** By event, including the actions of entering and leaving. */
function transitionsOf(moves: readonly Move[]): Transitions {
  const byEvent = new Map<string, Transition[]>();
  for (const { event, guard, target, actions, clause, description } of moves) {
    const transition = {
      ...(guard !== undefined && guard !== OTHERWISE && { guard: { type: guard } }),
      ...(target && { target: `#${[target.machine.id, ...target.path].join('.')}` }),
      ...(actions.length > 0 && { actions: actions.map((type) => ({ type })) }),
      ...(description !== '' && { description }),
      ...(clause !== '' && { meta: { clause } }),
    };
    byEvent.set(event, [...(byEvent.get(event) ?? []), transition]);
  }
  return Object.fromEntries(byEvent);
}

const actionsOf = (name: 'entry' | 'exit', transitions: readonly Transition[]): Partial<StateConfig> =>
  transitions.length === 0 ? {} : { [name]: transitions.flatMap(({ actions }) => actions ?? []) };
