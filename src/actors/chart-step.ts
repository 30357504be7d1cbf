/** The steps of actors, as stories contain them. */

/** The part of a step that does not depend on its time and event. */
export interface ChartStep {
  readonly event: string;
  /** The state before, such as `registered.idle`; '' at the beginning. */
  readonly before: string;
  readonly after: string;
  /** The clause of the transition, from the machine. */
  readonly clause: string;
  /** The meaning of the transition, in a sentence; '' for a beginning and for an unexpected event. */
  readonly description: string;
  /** Undefined for a beginning and for an unexpected event. */
  readonly transition: ChartTransition | undefined;
}

export interface ChartTransition {
  /** The state that it is a transition of. */
  readonly source: string;
  /** The event name in the machine. */
  readonly event: string;
  /** Its index among the transitions of the same state for the same event. */
  readonly index: number;
}

export interface StoryStep extends ChartStep {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The data of the event, such as `rank 3`; '' if it had none. */
  readonly detail: string;
}

/** The actor of a story. */
export interface StoryActor {
  readonly id: string;
}
