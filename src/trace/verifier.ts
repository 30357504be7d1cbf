import type { AnyStateMachine } from 'xstate';
import { storyOf } from '../actors/story.ts';
import type { ObservedStep, StepObserver } from '../workspace/tracing.ts';
import { Followers, type Follower } from './followers.ts';
import { STOPPED } from './step.ts';

/** A step of a running actor that its machine does not allow. */
export interface BrokenStep {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The sleigh or the connection that the actor belongs to. */
  readonly scope: string;
  readonly actor: string;
  /** The name of its machine. */
  readonly chart: string;
  readonly event: string;
  readonly before: string;
  readonly after: string;
  /** What the machine does instead. */
  readonly reason: string;
  /** The last steps of the actor, oldest first, one line each. */
  readonly story: readonly string[];
}

type ObservedActor = Parameters<StepObserver['took']>[0];
type ObservedEvent = Parameters<StepObserver['took']>[2];

/**
 * Verifies the steps of actors while they run. Each is followed by an actor of the same machine without effects, which
 * gets the same events and must take the same steps. An actor that broke its machine is not followed any further.
 */
export class StepVerifier {
  /** The number of steps so far. */
  steps = 0;
  readonly #followers: Followers;
  /** Undefined for an actor that broke its machine. */
  readonly #following = new WeakMap<ObservedActor, { readonly scope: string; readonly follower: Follower }>();
  readonly #clock: () => number;
  readonly #report: (broken: BrokenStep) => void;

  /** @param policies machines that plugins bring */
  constructor(
    clock: () => number,
    report: (broken: BrokenStep) => void,
    policies: readonly AnyStateMachine[] = [],
  ) {
    this.#followers = new Followers(policies);
    this.#clock = clock;
    this.#report = report;
  }

  /** @param scopeOf names what an actor belongs to, by what it began with */
  observer(scopeOf: (input: Parameters<StepObserver['began']>[2]) => string): StepObserver {
    return {
      began: (actor, step, input, restored) => {
        const follower = this.#followers.follow(step.chart, input, restored);
        if (follower !== undefined) this.#following.set(actor, { scope: scopeOf(input), follower });
      },
      took: (actor, step, event) => this.#took(actor, step, event),
    };
  }

  #took(actor: ObservedActor, step: ObservedStep, event: ObservedEvent): void {
    const following = this.#following.get(actor);
    if (following === undefined) return;
    this.steps++;
    const { before, after } = step;
    const reason = this.#followers.check(following.follower, { event, before, after });
    if (reason === undefined && event.type !== STOPPED) return;
    this.#following.delete(actor);
    if (reason === undefined) return;
    const { scope } = following;
    const story = storyOf(actor)?.lines ?? [];
    this.#report({
      time: this.#clock(),

      scope,
      actor: actor.id,
      chart: step.chart,
      event: event.type,
      before,
      after,
      reason,
      story,
    });
  }
}
