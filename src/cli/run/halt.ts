import { InvalidArgumentError } from 'commander';
import { FLAG } from '../errors.ts';

/** The counts of a run. */
export interface Counts {
  /** Lines whose last attempt has ended. */
  readonly done: number;
  readonly failed: number;
}

/** When a run ends before its input does, in the syntax of GNU parallel's `--halt`. */
export interface Halt {
  /** `soon`: no further line is started; `now`: running lines are ended, too. */
  readonly when: 'soon' | 'now';
  readonly what: 'fail' | 'success' | 'done';
  readonly limit: number;
  /** Whether the limit is a percentage of the completed lines. */
  readonly isPercentage: boolean;
}

/** A percentage applies from this number of lines. */
const FEWEST_FOR_PERCENTAGE = 3;

/**
 * Parses the value of the flag.
 * @returns undefined for `never`
 * @throws InvalidArgumentError
 */
export function haltOf(text: string): Halt | undefined {
  if (text === 'never') return undefined;
  const [, when, what, number, percent] = /^(soon|now),(fail|success|done)=(\d{1,9})(%?)$/.exec(text) ?? [];
  const limit = Number(number);
  const isPercentage = percent === '%';
  if ((when !== 'soon' && when !== 'now') || limit === 0 || (isPercentage && limit > 100))
    throw new InvalidArgumentError(FLAG.halt().message);
  if (what !== 'fail' && what !== 'success' && what !== 'done')
    throw new InvalidArgumentError(FLAG.halt().message);
  return { when, what, limit, isPercentage };
}

/** @returns whether the run is to end */
export function isReached({ what, limit, isPercentage }: Halt, { done, failed }: Counts): boolean {
  const counted = what === 'done' ? done : what === 'fail' ? failed : done - failed;
  if (!isPercentage) return counted >= limit;
  return counted >= FEWEST_FOR_PERCENTAGE && 100 * counted >= limit * done;
}
