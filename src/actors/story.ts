/**
 * The story of an actor: its last steps. It is always kept, so that a reader who asks after a worker died sees why, and
 * must therefore cost almost nothing. The part of a step that does not depend on its time and event is computed once
 * for each transition of a machine (step-catalog.ts); an entry is a time, a reference to that, and the event. Its text
 * is made when somebody reads it. Of an event that is not small, a short text is kept instead. Machines have no parallel
 * states, so an actor is in one innermost state.
 */
import type { AnyActorRef, AnyActorScope, AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import type { StoryActor, StoryStep } from './chart-step.ts';
import { detailToKeep, textOfDetail, type Detail, type Fields } from './detail.ts';
import {
  BROKEN,
  keepStepCatalog,
  StepCatalog,
  type StepTemplate,
  type StoryOptions,
} from './step-catalog.ts';
import type { StateCounts } from './story-keeper.ts';
import type { ObservedState } from '../workspace/tracing.ts';
import { inputOf, isRestored, leafOf, STOP_EVENT, takenTransition, wrapped } from './xstate-internals.ts';

/** The number of steps that are kept of each actor. */
export const STORY_LENGTH = 24;
/**
 * Copied for each story, which is fast and needs no extra room; not an integer, so that the array can hold any number.
 */
const NO_TIMES: readonly number[] = Array.from({ length: STORY_LENGTH }, () => 0.5);
const NO_TEMPLATES: readonly (StepTemplate | undefined)[] = Array.from(
  { length: STORY_LENGTH },
  () => undefined,
);
const NO_DETAILS: readonly Detail[] = Array.from({ length: STORY_LENGTH }, () => '');

/** What an actor began with: its input, or the state of an earlier actor that it continues. */
interface StoryOrigin {
  readonly input: Fields | undefined;
  readonly restored?: ObservedState | undefined;
}

/** The last steps of one actor. */
export class Story {
  readonly #counts: StateCounts;
  readonly #actor: StoryActor;
  readonly #times: number[] = NO_TIMES.slice();
  readonly #templates: (StepTemplate | undefined)[] = NO_TEMPLATES.slice();
  readonly #details: Detail[] = NO_DETAILS.slice();
  /** The number of steps so far, including those that are not kept. */
  #count = 0;

  /** @param counts of the actors of its machine that belong together */
  constructor(counts: StateCounts, actor: StoryActor) {
    this.#counts = counts;
    this.#actor = actor;
  }

  began(template: StepTemplate, { input, restored }: StoryOrigin): void {
    this.#note(template, input ?? {});
    this.#counts.keeper.observer?.began(this.#actor, template, input, restored);
  }

  took(template: StepTemplate, event: Fields & { readonly type: string }): void {
    this.#note(template, event);
    this.#counts.keeper.observer?.took(this.#actor, template, event);
  }

  #note(template: StepTemplate, event: Fields): void {
    const at = this.#count++ % STORY_LENGTH;
    const { keeper } = this.#counts;
    this.#times[at] = keeper.clock();
    this.#templates[at] = template;
    this.#details[at] = detailToKeep(event);
    this.#counts.moved(template.left, template.entered);
    if (template.isFailure) keeper.failed?.(this.#actor, this.#step(at, template));
  }

  /** An action of the step failed, so the actor has ended in its previous state. */
  broke(template: StepTemplate, error: unknown): void {
    const { before, left, entered, chart } = template;
    const clause = 'an action failed';
    const end = { event: BROKEN, before, after: before, clause, description: '' };
    const counted = { transition: undefined, isFailure: false, chart, left: entered, entered: left };
    this.#note({ ...end, ...counted }, { error });
  }

  /** Oldest first. */
  get steps(): StoryStep[] {
    const steps: StoryStep[] = [];
    for (let n = Math.max(this.#count - STORY_LENGTH, 0); n < this.#count; n++) {
      const template = this.#templates[n % STORY_LENGTH];
      if (template !== undefined) steps.push(this.#step(n % STORY_LENGTH, template));
    }
    return steps;
  }

  get last(): StoryStep | undefined {
    const at = (this.#count - 1) % STORY_LENGTH;
    const template = this.#templates[at];
    return template && this.#step(at, template);
  }

  #step(at: number, { event, before, after, clause, description, transition }: StepTemplate): StoryStep {
    const [time = 0, detail = ''] = [this.#times[at], this.#details[at]];
    return { time, event, detail: textOfDetail(detail), before, after, clause, description, transition };
  }

  /** One line for each step, for a log. */
  get lines(): string[] {
    return this.steps.map(
      ({ time, event, detail, before, after, clause, description }) =>
        `${new Date(time).toISOString()} ${[event, detail].join(' ').trim()}: ` +
        `${wayOf(before, after)}${inBrackets(clause, description)}`,
    );
  }
}

const inBrackets = (...said: readonly string[]): string => {
  const texts = said.filter((text) => text !== '');
  return texts.length === 0 ? '' : ` (${texts.join(': ')})`;
};

const wayOf = (before: string, after: string): string =>
  before === '' ? `begins in ${after}` : before === after ? `stays ${after}` : `${before} → ${after}`;

/** @returns undefined for an actor whose machine keeps no stories */
export function storyOf(actor: object): Story | undefined {
  const story: unknown = 'story' in actor ? actor.story : undefined;
  return story instanceof Story ? story : undefined;
}

export function beginStory(
  catalog: StepCatalog,
  actor: StoryActor & Pick<AnyActorRef, 'system'>,
  leaf: AnyStateNode | undefined,
  origin: StoryOrigin,
): Story {
  const story = new Story(catalog.keeperOf(actor.system).counts(catalog), actor);
  if (leaf !== undefined) story.began(catalog.begins(leaf), origin);
  return story;
}

/**
 * Makes the actors of a machine keep stories. The machine is shared; a keeper belongs to a job, or to a server.
 * @returns logic that behaves like the machine, for `createActor`, `provide` and `compiled`
 */
export function withStory<Machine extends AnyStateMachine>(machine: Machine, options: StoryOptions): Machine {
  const catalog = new StepCatalog(machine.id, options);
  // Not before it starts: the system of an actor that has no parent is made with it, and has no keeper until then.
  const start = (snapshot: AnyMachineSnapshot, { self }: AnyActorScope): void => {
    // Stored on the actor itself: a table beside it would cost more at each step than everything else.
    const { value, context } = snapshot;
    const restored = isRestored(self) ? { value, context } : undefined;
    Object.assign(self, {
      story: beginStory(catalog, self, leafOf(snapshot), { input: inputOf(self), restored }),
    });
    machine.start(snapshot);
  };
  const transition = (
    snapshot: AnyMachineSnapshot,
    event: Fields & { type: string },
    scope: AnyActorScope,
  ) => {
    const leaf = snapshot.status === 'active' ? leafOf(snapshot) : undefined;
    const story = storyOf(scope.self);
    if (leaf === undefined || story === undefined) return machine.transition(snapshot, event, scope);
    const taken = event.type === STOP_EVENT ? undefined : takenTransition(machine, snapshot, event);
    const template = catalog.step(leaf, event.type, taken);
    story.took(template, event);
    try {
      return machine.transition(snapshot, event, scope);
    } catch (error) {
      story.broke(template, error);
      throw error;
    }
  };
  const logic = wrapped(machine, { start, transition });
  keepStepCatalog(logic, catalog);
  return logic;
}
