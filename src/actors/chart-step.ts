/** The steps of actors, as stories tell them. */

/** What a step does, whenever and with whatever event it is taken. */
export interface ChartStep {
  readonly event: string;
  /** The state before, such as `registered.idle`; '' at the beginning. */
  readonly before: string;
  readonly after: string;
  /** The clause of the transition, as the chart names it. */
  readonly clause: string;
  /** Undefined for a beginning, and for what the chart has no place for. */
  readonly transition: ChartTransition | undefined;
}

export interface ChartTransition {
  /** The state that it is a transition of. */
  readonly source: string;
  /** As the chart names it. */
  readonly event: string;
  /** Its place among those of the same state for the same event. */
  readonly index: number;
}

export interface StoryStep extends ChartStep {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** What came with the event, such as `rank 3`; '' when nothing did. */
  readonly detail: string;
}

/** Whose story it is. */
export interface StoryActor {
  readonly id: string;
}
