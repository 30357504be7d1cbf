import {
  createActor,
  fromTransition,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
} from 'xstate';
import { compiled } from '../actors/compiled.ts';
import { withoutEffects } from '../machines/bind.ts';
import { connectionMachine } from '../machines/connection.ts';
import { joinPhaseMachine } from '../machines/join-phase.ts';
import { sentinelMachine } from '../machines/sentinel.ts';
import { shutdownMachine } from '../machines/shutdown.ts';
import { sleighMachine } from '../machines/sleigh.ts';
import { workMachine } from '../machines/work.ts';
import { workerMachine } from '../machines/worker.ts';
import { BEGINNING, stateText, STOPPED, type TraceStep } from './step.ts';

/** A step that its machine does not allow. */
export interface Violation {
  readonly step: TraceStep;
  /** What the machine does instead. */
  readonly reason: string;
  /** The steps of that actor before it, oldest first. */
  readonly story: readonly TraceStep[];
}

/** The number of steps that are kept of each actor, for its story. */
const STORY = 20;

const nobody = fromTransition((state: null) => state, null);

/** The machines by name. The supervisor's children have their own steps in the trace, so here it gets inert children. */
const CHARTS: ReadonlyMap<string, AnyStateMachine> = new Map<string, AnyStateMachine>([
  ...[connectionMachine, joinPhaseMachine, sentinelMachine, shutdownMachine, workMachine, workerMachine].map(
    (machine): [string, AnyStateMachine] => [machine.id, machine],
  ),
  [sleighMachine.id, silenced(sleighMachine)],
]);

function silenced(machine: AnyStateMachine): AnyStateMachine {
  return machine.provide({ actors: { joinPhase: nobody, shutdown: nobody } });
}

interface Follower {
  readonly actor: AnyActorRef;
  readonly story: TraceStep[];
}

/** Checks a trace against the machines, step by step. */
export class TraceCheck {
  readonly #followers = new Map<string, Follower>();
  /** Whether the event of the current step is unexpected in its machine. */
  #unexpected = false;
  readonly #machines: ReadonlyMap<string, AnyStateMachine> = new Map(
    Array.from(CHARTS, ([id, machine]) => [
      id,
      compiled(
        withoutEffects(machine).provide({ actions: { reportUnexpected: () => (this.#unexpected = true) } }),
      ),
    ]),
  );
  /** The number of steps of each machine. */
  readonly counts = new Map<string, number>();

  /** @returns what is wrong with the step, or undefined */
  step(step: TraceStep): Violation | undefined {
    const machine = this.#machines.get(step.chart);
    if (machine === undefined) return { step, reason: `there is no chart "${step.chart}"`, story: [] };
    this.counts.set(step.chart, (this.counts.get(step.chart) ?? 0) + 1);
    const key = `${step.scope}\n${step.actor}`;
    if (step.event.type === BEGINNING) this.#followers.set(key, follow(machine, step.event['input']));
    const follower = this.#followers.get(key);
    if (follower === undefined) return { step, reason: 'its actor has not begun', story: [] };
    const reason = this.#follow(follower, step);
    if (reason !== undefined) return { step, reason, story: follower.story };
    follower.story.push(step);
    if (follower.story.length > STORY) follower.story.shift();
    return undefined;
  }

  /**
   * @returns the snapshot of the actor according to its machine and the steps so far; undefined before its first step
   */
  snapshotOf({ scope, actor }: Pick<TraceStep, 'scope' | 'actor'>): AnyMachineSnapshot | undefined {
    return this.#followers.get(`${scope}\n${actor}`)?.actor.getSnapshot();
  }

  #follow({ actor }: Follower, { event, before, after }: TraceStep): string | undefined {
    if (event.type === STOPPED) return undefined;
    const stateNow = (): string => stateText(actor.getSnapshot().value);
    if (event.type !== BEGINNING) {
      if (stateNow() !== before) return `it begins in "${before}", and the chart is in "${stateNow()}"`;
      if (actor.getSnapshot().status !== 'active') return `the actor had ended in "${before}"`;
      this.#unexpected = false;
      actor.send(event);
      if (this.#unexpected) return `"${event.type}" has no place in "${before}"`;
    }
    return stateNow() === after
      ? undefined
      : `the chart goes from "${before}" to "${stateNow()}", not to "${after}"`;
  }
}

function follow(machine: AnyStateMachine, input: unknown): Follower {
  const parent: AnyActorRef = createActor(nobody).start();
  const actor: AnyActorRef = createActor(machine, { parent, id: 'followed', input }).start();
  return { actor, story: [] };
}

/**
 * Parses a line of a trace.
 * @returns undefined if it is not one
 */
export function readStep(line: string): TraceStep | undefined {
  let step: unknown;
  try {
    step = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isStep(step) ? step : undefined;
}

const TEXTS = ['scope', 'actor', 'chart', 'before', 'after', 'clause'] as const;

/** The largest distance from 1970 that a `Date` can have, in milliseconds. */
const LAST_TIME = 8.64e15;

const isStep = (step: unknown): step is TraceStep =>
  typeof step === 'object' &&
  step !== null &&
  'time' in step &&
  typeof step.time === 'number' &&
  Math.abs(step.time) <= LAST_TIME &&
  (!('from' in step) || typeof step.from === 'string') &&
  TEXTS.every((name) => name in step && typeof Object(step)[name] === 'string') &&
  'event' in step &&
  typeof step.event === 'object' &&
  step.event !== null &&
  'type' in step.event &&
  typeof step.event.type === 'string';
