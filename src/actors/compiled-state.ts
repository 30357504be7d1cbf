/** The compiled states of a machine and their transitions. */
import type { AnyEventObject, AnyMachineSnapshot, AnyStateNode, MachineContext } from 'xstate';
import type { CompiledAction, CompiledGuard, GuardArgs } from './compiled-actions.ts';
import type { Transition } from './path.ts';
import type { StepCatalog, StepTemplate } from './step-catalog.ts';
import type { Story } from './story.ts';
import { Snapshot, type Acting } from './xstate-internals.ts';

/** The transitions of a machine. */
interface Transitions {
  /** @returns the same for all event types that every state has the same transitions for */
  keyOf(eventType: string): string;
  /** @returns the transitions to try, in order; at least the last one has no guard */
  workOut(leaf: AnyStateNode, eventType: string): readonly CompiledStep[];
}

/** An innermost state of a machine, with its transitions and the data that all actors in it share. */
export class CompiledState {
  readonly leaf: AnyStateNode;
  readonly tags: AnyMachineSnapshot['tags'];
  /** XState's, without a context. */
  readonly #common: AnyMachineSnapshot;
  readonly #transitions: Transitions;
  /** Compiled when they are taken for the first time. */
  readonly #steps = new Map<string, readonly CompiledStep[]>();

  constructor(leaf: AnyStateNode, common: AnyMachineSnapshot, transitions: Transitions) {
    this.leaf = leaf;
    this.tags = common.tags;
    this.#common = common;
    this.#transitions = transitions;
  }

  /** @returns the transition that the event takes */
  step(context: MachineContext, event: AnyEventObject): CompiledStep {
    const steps = this.#steps.get(event.type) ?? this.#stepsFor(event.type);
    let args: GuardArgs | undefined;
    for (const step of steps)
      if (step.guard === undefined || step.guard((args ??= { context, event }))) return step;
    throw new Error(`"${event.type}" has no last transition in "${this.leaf.id}"`);
  }

  #stepsFor(eventType: string): readonly CompiledStep[] {
    const key = this.#transitions.keyOf(eventType);
    let steps = this.#steps.get(key);
    if (steps === undefined) this.#steps.set(key, (steps = this.#transitions.workOut(this.leaf, eventType)));
    return steps;
  }

  /** A complete snapshot, as XState creates it. */
  whole(context: MachineContext): AnyMachineSnapshot {
    return { ...this.#common, context };
  }

  /** A lightweight snapshot of an actor in this state, created on demand. */
  snapshot(context: MachineContext): Snapshot {
    return new Snapshot(this.#common, context);
  }
}

/** The story entries of the actors that take a step. Each is created once for a step and an event. */
export interface StepTemplates {
  readonly catalog: StepCatalog;
  readonly leaf: AnyStateNode;
  /** Undefined for an event without a transition in that state. */
  readonly transition: Transition | undefined;
}

interface StepParts {
  readonly guard?: CompiledGuard | undefined;
  readonly acts?: readonly CompiledAction[];
  /** Undefined if the transition stays in the state. */
  readonly target?: CompiledState | undefined;
  /** Undefined for a machine whose actors keep no stories. */
  readonly templates?: StepTemplates | undefined;
  readonly isNone?: boolean;
}

/** A compiled transition of one state. */
export class CompiledStep {
  /** Undefined when the transition has none. */
  readonly guard: CompiledGuard | undefined;
  /** Undefined if the transition stays in the state. */
  readonly target: CompiledState | undefined;
  /** Whether it leads to a final state. */
  readonly isLast: boolean;
  /** Whether it stands for events without a transition. */
  readonly isNone: boolean;
  readonly #acts: readonly CompiledAction[];
  readonly #templates: StepTemplates | undefined;
  /** The last one that was requested. There is almost always only one. */
  #template: StepTemplate | undefined;
  #eventType: string | undefined;

  constructor({ guard, acts = [], target, templates, isNone = false }: StepParts) {
    this.guard = guard;
    this.target = target;
    this.isLast = target?.leaf.type === 'final';
    this.isNone = isNone;
    this.#acts = acts;
    this.#templates = templates;
  }

  /**
   * @param story of the actor, if it keeps one
   * @returns the context after it.
   * @throws the error of an action, which the story of the actor contains
   */
  take(
    context: MachineContext,
    event: AnyEventObject,
    actor: Acting,
    story: Story | undefined,
  ): MachineContext {
    if (this.#templates === undefined || story === undefined) return this.#act(context, event, actor);
    const template = this.#templateFor(this.#templates, event.type);
    story.took(template, event);
    try {
      return this.#act(context, event, actor);
    } catch (error) {
      story.broke(template, error);
      throw error;
    }
  }

  #act(context: MachineContext, event: AnyEventObject, actor: Acting): MachineContext {
    let after = context;
    for (const act of this.#acts) after = act(after, event, actor);
    return after;
  }

  #templateFor({ catalog, leaf, transition }: StepTemplates, eventType: string): StepTemplate {
    if (this.#template !== undefined && this.#eventType === eventType) return this.#template;
    this.#eventType = eventType;
    return (this.#template = catalog.step(leaf, eventType, transition));
  }
}
