import type { Faulty } from '../world/replaced-method.ts';
import { SMALLEST } from './casts.ts';
import type { Cast, Extra } from './scenario.ts';

/** A fault of the job, and how the exploration finds it. */
export interface Fault {
  readonly what: string;
  readonly prototype: object;
  /** The method that is replaced. */
  readonly method: string;
  readonly fault: Faulty;
  readonly cast: Cast;
  /** Part of the text of the property that must be found not to hold. */
  readonly breaks: string;
  /** Steps of the shortest way there. */
  readonly steps: number;
}

/** The smallest cast, with changes. */
export const smallCast = (
  policy: Cast['policy'],
  extras: readonly Extra[],
  change: Partial<Cast> = {},
): Cast => ({
  ...SMALLEST,
  policy,
  extras,
  ...change,
});
