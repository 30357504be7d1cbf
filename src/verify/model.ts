import type { AnyEventObject, AnyStateMachine } from 'xstate';
import type { TestTarget, Need } from './test-target.ts';

/** Where a chart is, and what of its surroundings decides what clients can cause. */
export interface Situation<Context, Facts> {
  /** The innermost state: `registered.idle`. */
  readonly state: string;
  readonly context: Context;
  readonly facts: Facts;
}

/** The chart is told something; it may stay where it is. */
export interface Caused<Facts, Stage> {
  readonly kind: 'caused';
  /** In their order; none when only the facts change. */
  readonly events: readonly AnyEventObject[];
  readonly facts: Facts;
  readonly act: (stage: Stage) => Promise<void>;
  readonly needs?: Need;
}
/** The client is refused, or what it does changes nothing. */
export interface Refused<Stage> {
  readonly kind: 'refused';
  readonly act: (stage: Stage) => Promise<void>;
}
/** No client can do this there. */
export interface Impossible {
  readonly kind: 'impossible';
  readonly why: string;
}
/** It could be done, and leads past the bound of the model. */
export interface OutOfBounds {
  readonly kind: 'beyond';
}
export type Effect<Facts, Stage> = Caused<Facts, Stage> | Refused<Stage> | Impossible | OutOfBounds;

/** One thing that clients do, and what comes of it: the executor is part of what it comes to in each situation. */
export interface Stimulus<Context, Facts, Stage> {
  /** The events that the chart is sent for it in some situation. */
  readonly aims: readonly string[];
  /** It waits for a period, which the test chooses short: then it may have come too early, and is tried again. */
  readonly timed?: boolean;
  /** It takes many seconds. */
  readonly slow?: boolean;
  readonly comesTo: (at: Situation<Context, Facts>) => Effect<Facts, Stage>;
}

/** One path through a chart, as it is to be run. */
export interface TestPath {
  readonly steps: readonly string[];
  /** What is tried at its end, one after the other, without leading away from there. */
  readonly tries: readonly string[];
  readonly timed: boolean;
  /** Periods are so many times as long as at the first attempt. */
  readonly scale: number;
  readonly grounds: TestTarget;
}

export interface Closable {
  close(): void | Promise<void>;
}

/** A chart with the clients that drive it, and what they see of each of its states. */
export interface ChartModel<Context, Facts, Stage extends Closable> {
  /** Tells the models of one chart apart. */
  readonly variant: string;
  readonly machine: AnyStateMachine;
  readonly input: unknown;
  /** What the server itself tells the chart at the beginning. */
  readonly preface?: readonly AnyEventObject[];
  readonly facts: Facts;
  readonly stimuli: Readonly<Record<string, Stimulus<Context, Facts, Stage>>>;
  /** By state. @throws Mismatch */
  readonly checks: Readonly<Record<string, (stage: Stage, at: Situation<Context, Facts>) => Promise<void>>>;
  /** What tells situations apart; all of it unless told. */
  readonly key?: (at: Situation<Context, Facts>) => unknown;
  /** In words: what bounds the situations. */
  readonly bound: string;
  /** The most steps of a simple path that is run. */
  readonly simpleSteps: number;
  readonly open: (journey: TestPath) => Promise<Stage>;
}

/** The chart is told these events. */
export const causes = <Facts, Stage>(
  events: readonly AnyEventObject[],
  facts: Facts,
  act: (stage: Stage) => Promise<void>,
  needs?: Need,
): Caused<Facts, Stage> => ({ kind: 'caused', events, facts, act, ...(needs !== undefined && { needs }) });

export const changesNothing = <Stage>(act: (stage: Stage) => Promise<void>): Refused<Stage> => ({
  kind: 'refused',
  act,
});

export const impossible = (why: string): Impossible => ({ kind: 'impossible', why });

export const OUT_OF_BOUNDS: OutOfBounds = { kind: 'beyond' };
