/** A step of an actor: the states as texts. */
export interface ObservedStep {
  /** The name of its machine. */
  readonly chart: string;
  readonly before: string;
  readonly after: string;
}

type Fields = Readonly<Record<string, unknown>>;

type StateValue = string | { readonly [state: string]: StateValue | undefined };

/** The state of an earlier actor that an actor continues. */
export interface ObservedState {
  readonly value: StateValue;
  readonly context: Record<string, unknown>;
}

/** Observes the actors of a job or all connections, to verify their steps. It must not change them. */
export interface StepObserver {
  began(
    actor: { readonly id: string },
    step: ObservedStep,
    input: Fields | undefined,
    restored: ObservedState | undefined,
  ): void;
  /** Called before the actions of the step are carried out. */
  took(actor: { readonly id: string }, step: ObservedStep, event: Fields & { readonly type: string }): void;
}

/**
 * Returns the inspector for all actors of one scope (a sleigh, a connection). It accepts XState's InspectionEvent.
 * The type does not say so, because programs that use this package compile these types without those of XState.
 */
export type Tracer = (scope: string) => (inspected: never) => void;
