/** How full a variable may be (V14). */
export interface CapacityView {
  /** How many values it holds at most, if it has such a limit. */
  readonly capacity: number | undefined;
  /** The number of stores that wait for room. */
  readonly storers: number;
}

/** A client that waits in a variable. */
export interface WaitingView {
  readonly client: number;
  readonly peer: string;
  readonly verb: string;
}
