import type { AnyEventObject, AnyStateMachine } from 'xstate';
import type { TestTarget, Need } from './test-target.ts';

/** The state of a machine, and the facts around it that decide what clients can cause. */
export interface Situation<Context, Facts> {
  /** The innermost state: `registered.idle`. */
  readonly state: string;
  readonly context: Context;
  readonly facts: Facts;
}

/** The machine gets events; it may stay in its state. */
export interface Caused<Facts, Stage> {
  readonly kind: 'caused';
  /** In order; none if only the facts change. */
  readonly events: readonly AnyEventObject[];
  readonly facts: Facts;
  readonly act: (stage: Stage) => Promise<void>;
  readonly needs?: Need;
}
/** The client is refused, or its request changes nothing. */
export interface Refused<Stage> {
  readonly kind: 'refused';
  readonly act: (stage: Stage) => Promise<void>;
}
/** No client can do this there. */
export interface Impossible {
  readonly kind: 'impossible';
  readonly why: string;
}
/** It is possible, and leads beyond the bound of the model. */
export interface OutOfBounds {
  readonly kind: 'beyond';
}
export type Effect<Facts, Stage> = Caused<Facts, Stage> | Refused<Stage> | Impossible | OutOfBounds;

/** An action of clients and its outcome: the executor depends on the outcome in each situation. */
export interface Stimulus<Context, Facts, Stage> {
  /** The events that it causes for the machine in some situation. */
  readonly aims: readonly string[];
  /** It waits for a period, which the test chooses to be short: if it was too early, it is tried again. */
  readonly timed?: boolean;
  /** It takes many seconds. */
  readonly slow?: boolean;
  readonly comesTo: (at: Situation<Context, Facts>) => Effect<Facts, Stage>;
}

/** One path through a machine, ready to be run. */
export interface TestPath {
  readonly steps: readonly string[];
  /** Attempts at its end, one after the other, that do not change the situation. */
  readonly tries: readonly string[];
  readonly timed: boolean;
  /** The factor of all periods compared with the first attempt. */
  readonly scale: number;
  readonly target: TestTarget;
}

export interface Closable {
  close(): void | Promise<void>;
}

/** A machine with the clients that drive it, and the visible effects of each of its states. */
export interface ChartModel<Context, Facts, Stage extends Closable> {
  /** Distinguishes the models of one machine. */
  readonly variant: string;
  readonly machine: AnyStateMachine;
  readonly input: unknown;
  /** The initial events from the server itself. */
  readonly preface?: readonly AnyEventObject[];
  readonly facts: Facts;
  readonly stimuli: Readonly<Record<string, Stimulus<Context, Facts, Stage>>>;
  /** By state. @throws Mismatch */
  readonly checks: Readonly<Record<string, (stage: Stage, at: Situation<Context, Facts>) => Promise<void>>>;
  /** The facts that distinguish situations; all of them by default. */
  readonly key?: (at: Situation<Context, Facts>) => unknown;
  /** The bounds of the situations, in words. */
  readonly bound: string;
  /** The maximum number of steps of a simple path. */
  readonly simpleSteps: number;
  readonly open: (testPath: TestPath) => Promise<Stage>;
}

/** The machine gets these events. */
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
