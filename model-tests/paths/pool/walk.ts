import {
  initialTransition,
  transition,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
} from 'xstate';
import type { PoolStage } from './stage.ts';

/** A command of a machine, by its name and its params. */
export interface Command {
  readonly type: string;
  readonly params: unknown;
}

/** Where the machine is, and what the world around it remembers. */
export interface Situation<Facts> {
  readonly snapshot: AnyMachineSnapshot;
  readonly facts: Facts;
}

/** One thing that the world does to the pool. */
export interface Stimulus<Facts> {
  readonly name: string;
  /** The event that the machine is sent for it; undefined where it is sent none. */
  readonly event: AnyEventObject | undefined;
  readonly act: (stage: PoolStage) => void;
  /** What the pool asks for by itself, beside what the machine commands. */
  readonly alongside?: readonly string[];
  /** @param commands those of the machine @returns what the world remembers then */
  readonly change: (commands: readonly Command[]) => Facts;
}

/** A machine, the stage that its binding stands on, and all that can happen in a situation. */
export interface PoolModel<Facts> {
  readonly machine: AnyStateMachine;
  readonly input: unknown;
  readonly begin: (commands: readonly Command[]) => Facts;
  readonly stimuli: (situation: Situation<Facts>) => readonly Stimulus<Facts>[];
  /** Situations with the same key are one. */
  readonly key: (situation: Situation<Facts>) => unknown;
  /**
   * In the words of PoolStage.
   * @param facts what the world remembers then
   */
  readonly effects: (command: Command, facts: Facts) => readonly string[];
  /** @returns milliseconds of the timers that run, of those that the machine commands */
  readonly timers: (facts: Facts) => readonly number[];
  readonly openStage: () => PoolStage | Promise<PoolStage>;
  readonly timersOf: (stage: PoolStage) => readonly number[];
}

/** A path, and what is seen after its last step. */
export interface Walk {
  readonly steps: readonly { readonly name: string; readonly act: (stage: PoolStage) => void }[];
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
 * The shortest path to each situation, and one step on from there in each way: every transition at least once.
 * @param most steps of a path
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

/** Walks it on a new stage. @returns what it asked for in the last step, and the timers that run after it */
export async function play<Facts>(
  { openStage, timersOf }: PoolModel<Facts>,
  { steps }: Walk,
): Promise<{ effects: string[]; timers: readonly number[] }> {
  const stage = await openStage();
  let effects = await stage.takeEffects();
  for (const { act } of steps) {
    act(stage);
    effects = await stage.takeEffects();
  }
  return { effects, timers: timersOf(stage).toSorted(byNumber) };
}
