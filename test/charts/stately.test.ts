import { describe, expect, it } from 'vitest';
import { createActor, createMachine, type AnyStateMachine } from 'xstate';
import { movesOf, statesOf } from '../../src/charts/moves.ts';
import { CHARTS } from '../../src/charts/pages.ts';
import { statelyJson } from '../../src/charts/stately.ts';

/** The machine that XState makes from the JSON. */
const remade = (machine: AnyStateMachine): AnyStateMachine => createMachine(JSON.parse(statelyJson(machine)));

const movesIn = (machine: AnyStateMachine) =>
  movesOf(machine).map(({ source, event, guard, target, actions, clause, description }) => [
    source.id,
    event,
    guard,
    target?.id,
    actions,
    clause,
    description,
  ]);

const statesIn = (machine: AnyStateMachine) =>
  statesOf(machine.root).map((node) => ({
    id: node.id,
    type: node.type,
    tags: node.tags,
    initial: node.type === 'compound' ? node.initial.target?.map(({ id }) => id) : undefined,
    reenters: [...node.transitions.values()].flat().map(({ reenter }) => reenter),
    // The JSON cannot contain these.
    others: [node.invoke, node.after, node.history ?? false, node.output],
  }));

describe.each(CHARTS)('the JSON of the machine $name', ({ machine }) => {
  it('describes a machine with the same states', () => {
    expect(statesIn(remade(machine))).toEqual(statesIn(machine));
  });

  it('describes a machine with the same transitions, guards, actions and clauses', () => {
    expect(movesIn(remade(machine))).toEqual(movesIn(machine));
  });

  it('describes a machine with the same initial state', () => {
    const provided = remade(machine);
    const { initial } = machine.root;
    const [first] = initial.target ?? [];
    expect(createActor(provided).getSnapshot().matches(first?.key)).toBe(true);
  });
});
