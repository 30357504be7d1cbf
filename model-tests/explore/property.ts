import type { World } from './world.ts';

/** How things stood before a step. */
export interface Before {
  readonly isClosed: boolean;
  readonly isShuttingDown: boolean;
}

export interface Step {
  readonly name: string;
  readonly before: Before;
}

/** A property that does not hold, and why. */
export interface Wrong {
  readonly property: string;
  readonly what: string;
}

/** Says what is wrong, if something is. */
export type Property = (world: World, step: Step) => string | undefined;

/** @returns the first thing that is wrong, if one is */
export function firstOf<T>(all: Iterable<T>, wrong: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const said = wrong(one);
    if (said !== undefined) return said;
  }
  return undefined;
}
