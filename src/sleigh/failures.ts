import Denque from 'denque';
import type { ChartStep, StoryActor, StoryStep } from '../actors/chart-step.ts';

/** Failures that are kept. */
const FAILURES_KEPT = 100;

/** Something that went wrong in a job. */
export interface Failure {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Such as `worker.3`. */
  readonly actor: string;
  readonly event: string;
  readonly clause: string;
  /** For people. */
  readonly what: string;
}

/** What is a failure when an actor comes to a state by that event, or by any. */
const FAILURES: readonly { readonly after: string; readonly event?: string; readonly what: string }[] = [
  { after: 'shuttingDown.byItself', what: 'the sleigh shut down by itself' },
  { after: 'dead', what: 'died' },
  { after: 'registered.idle', event: 'task.asked', what: 'failed its task' },
];

/** What has gone wrong in a step; undefined when nothing has. */
const failureIn = ({ before, after, event }: ChartStep): string | undefined =>
  before === after
    ? undefined
    : FAILURES.find((failure) => failure.after === after && (failure.event ?? event) === event)?.what;

/** Whether something has gone wrong in a step of an actor. */
export const isFailure = (step: ChartStep): boolean => failureIn(step) !== undefined;

/** What went wrong in a job, the last of it: noted as it happens, whether anybody looks or not (S13, S14.1, S7.1). */
export class Failures {
  readonly #failures = new Denque<Failure>();

  /** Told by the stories of the job's actors. */
  readonly failed = ({ id }: StoryActor, step: StoryStep): void => {
    const { time, event, clause } = step;
    this.add({ time, actor: id, event, clause, what: failureIn(step) ?? '' });
  };

  add(failure: Failure): void {
    this.#failures.push(Object.freeze(failure));
    if (this.#failures.length > FAILURES_KEPT) this.#failures.shift();
  }

  /** The newest first. */
  get newestFirst(): readonly Failure[] {
    return this.#failures.toArray().toReversed();
  }
}
