import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { Followers, type Follower } from './followers.ts';
import { BEGINNING, type TraceStep } from './step.ts';

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

interface FollowedActor {
  readonly follower: Follower;
  readonly story: TraceStep[];
}

/** Checks a trace against the machines, step by step. */
export class TraceCheck {
  readonly #machines: Followers;
  readonly #actors = new Map<string, FollowedActor>();
  /** The number of steps of each machine. */
  readonly counts = new Map<string, number>();

  /** @param policies machines that plugins bring */
  constructor(policies: readonly AnyStateMachine[] = []) {
    this.#machines = new Followers(policies);
  }

  /** @returns what is wrong with the step, or undefined */
  step(step: TraceStep): Violation | undefined {
    if (!this.#machines.has(step.chart))
      return { step, reason: `there is no chart "${step.chart}"`, story: [] };
    const key = `${step.scope}\n${step.actor}`;
    if (step.event.type === BEGINNING) {
      const follower = this.#machines.follow(step.chart, step.event['input']);
      if (follower !== undefined) this.#actors.set(key, { follower, story: [] });
    }
    const actor = this.#actors.get(key);
    if (actor === undefined) return { step, reason: 'its actor has not begun', story: [] };
    this.counts.set(step.chart, (this.counts.get(step.chart) ?? 0) + 1);
    const { follower, story } = actor;
    const reason = this.#machines.check(follower, step);
    if (reason !== undefined) return { step, reason, story };
    story.push(step);
    if (story.length > STORY) story.shift();
    return undefined;
  }

  /**
   * @returns the snapshot of the actor according to its machine and the steps so far; undefined before its first step
   */
  snapshotOf({ scope, actor }: Pick<TraceStep, 'scope' | 'actor'>): AnyMachineSnapshot | undefined {
    return this.#actors.get(`${scope}\n${actor}`)?.follower.getSnapshot();
  }
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
