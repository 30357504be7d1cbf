import { listOf, type StateConfig, type TransitionConfig } from './chart-config.ts';

/** One of the transitions that a state has for an event. */
export interface Transition {
  readonly event: string;
  /** Its place among those for the same event. */
  readonly at: number;
  readonly label: string;
  readonly config: TransitionConfig;
  /** The same one in a copy of its state. */
  in(state: StateConfig): TransitionConfig;
}

export function transitionsOf({ on = {} }: StateConfig): Transition[] {
  return Object.entries(on).flatMap(([event, configs]) =>
    listOf(configs).map((config, at, { length }) => ({
      event,
      at,
      label: length > 1 ? `${event} [${at}]` : event,
      config,
      in: (state) => {
        const found = listOf(state.on?.[event])[at];
        if (found === undefined) throw new Error(`there is no transition ${at} for ${event}`);
        return found;
      },
    })),
  );
}
