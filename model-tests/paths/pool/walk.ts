import {
  initialTransition,
  transition,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
} from 'xstate';
import type { PoolFixture } from './stage.ts';

/** A command of a machine, by its name and its params. */
export interface Command {
  readonly type: string;
  readonly params: unknown;
}

/** The state of the machine, and the remembered facts about the world. */
export interface Situation<Facts> {
  readonly snapshot: AnyMachineSnapshot;
  readonly facts: Facts;
}

/** One action of the world on the pool. */
export interface Stimulus<Facts> {
  readonly name: string;
  /** The event for the machine; undefined if it gets none. */
  readonly event: AnyEventObject | undefined;
  readonly act: (stage: PoolFixture) => void;
  /** Requests of the pool that are not commands of the machine. */
  readonly alongside?: readonly string[];
  /**
   * @param commands of the machine
   * @returns the facts afterwards
   */
  readonly change: (commands: readonly Command[]) => Facts;
}

/** A machine, the fixture that its binding uses, and all possible actions in a situation. */
export interface PoolModel<Facts> {
  readonly machine: AnyStateMachine;
  readonly input: unknown;
  readonly begin: (commands: readonly Command[]) => Facts;
  readonly stimuli: (situation: Situation<Facts>) => readonly Stimulus<Facts>[];
  /** Situations with the same key are the same. */
  readonly key: (situation: Situation<Facts>) => unknown;
  /**
   * In the terms of PoolFixture.
   * @param facts the remembered facts
   */
  readonly effects: (command: Command, facts: Facts) => readonly string[];
  /** @returns milliseconds of the running timers that the machine has started */
  readonly timers: (facts: Facts) => readonly number[];
  readonly openFixture: () => PoolFixture | Promise<PoolFixture>;
  readonly timersOf: (stage: PoolFixture) => readonly number[];
}

/** A path, and the expected effects of its last step. */
interface Walk {
  readonly steps: readonly { readonly name: string; readonly act: (stage: PoolFixture) => void }[];
  readonly effects: readonly string[];
  readonly timers: readonly number[];
  readonly state: string;
  readonly event: string | undefined;
}

interface Found<Facts> {
  readonly situation: Situation<Facts>;
  readonly steps: Walk['steps'];
}

const byNumber = (a: number, b: number): number => a - b;

const commandsOf = (actions: readonly { type: string; params: unknown }[]): Command[] =>
  actions.map(({ type, params }) => ({ type, params }));

/**
 * The shortest path to each situation, and one further step in each way: every transition at least once.
 * @param most maximum steps of a path
 */
export function* walks<Facts>(model: PoolModel<Facts>, most: number): Generator<Walk> {
  const [snapshot, actions] = initialTransition(model.machine, model.input);
  const first = { snapshot, facts: model.begin(commandsOf(actions)) };
  const seen = new Set([JSON.stringify(model.key(first))]);
  const queue: Found<Facts>[] = [{ situation: first, steps: [] }];
  for (const { situation, steps } of queue)
    for (const stimulus of model.stimuli(situation)) {
      const { name, act, event, alongside = [] } = stimulus;
      const [next, made] =
        event === undefined ? [situation.snapshot, []] : transition(model.machine, situation.snapshot, event);
      const commands = commandsOf(made);
      const facts = stimulus.change(commands);
      const further = { situation: { snapshot: next, facts }, steps: [...steps, { name, act }] };
      yield {
        steps: further.steps,
        effects: [...commands.flatMap((command) => model.effects(command, facts)), ...alongside].toSorted(),
        timers: model.timers(facts).toSorted(byNumber),
        state: JSON.stringify(situation.snapshot.value),
        event: event?.type,
      };
      const key = JSON.stringify(model.key(further.situation));
      if (seen.has(key)) continue;
      seen.add(key);
      if (next.status === 'active' && further.steps.length < most) queue.push(further);
    }
}

/**
 * Runs it on a new fixture.
 * @returns the requests in the last step, and the running timers after it
 */
export async function play<Facts>(
  { openFixture, timersOf }: PoolModel<Facts>,
  { steps }: Walk,
): Promise<{ effects: string[]; timers: readonly number[] }> {
  const stage = await openFixture();
  let effects = await stage.takeEffects();
  for (const { act } of steps) {
    act(stage);
    effects = await stage.takeEffects();
  }
  return { effects, timers: timersOf(stage).toSorted(byNumber) };
}
