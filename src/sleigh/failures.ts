import { BOUNDS } from '../wire/bounds.ts';
import Denque from 'denque';
import type { ChartStep, StoryActor, StoryStep } from '../actors/chart-step.ts';

/** A failure in a job. */
export interface Failure {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The id of the actor, such as `worker.3`. */
  readonly actor: string;
  readonly event: string;
  readonly clause: string;
  /** A text for people. */
  readonly what: string;
}

/** The states that count as failures, when reached by that event or by any. */
const FAILURES: readonly { readonly after: string; readonly event?: string; readonly what: string }[] = [
  { after: 'shuttingDown.byItself', what: 'the sleigh shut down by itself' },
  { after: 'dead', what: 'died' },
  { after: 'registered.idle', event: 'task.asked', what: 'failed its task' },
];

/** The failure in a step; undefined if there is none. */
const failureIn = ({ before, after, event }: ChartStep): string | undefined =>
  before === after
    ? undefined
    : FAILURES.find((failure) => failure.after === after && (failure.event ?? event) === event)?.what;

/** Whether a step of an actor is a failure. */
export const isFailure = (step: ChartStep): boolean => failureIn(step) !== undefined;

/** The last failures of a job, recorded when they happen (S13, S14.1, S7.1). */
export class Failures {
  readonly #failures = new Denque<Failure>();

  /** Called by the stories of the job's actors. */
  readonly failed = ({ id }: StoryActor, step: StoryStep): void => {
    const { time, event, clause } = step;
    this.add({ time, actor: id, event, clause, what: failureIn(step) ?? '' });
  };

  add(failure: Failure): void {
    this.#failures.push(Object.freeze(failure));
    if (this.#failures.length > BOUNDS.jobFailures.value) this.#failures.shift();
  }

  /** Newest first. */
  get newestFirst(): readonly Failure[] {
    return this.#failures.toArray().toReversed();
  }
}
