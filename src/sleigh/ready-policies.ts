import type { BackoffOptions } from '../machines/policies/backoff-options.ts';
import { backoffMachineOf } from '../machines/policies/backoff.ts';
import { OPERATION } from '../wire/operation-refusals.ts';
import { rangeError } from '../wire/error-kind.ts';
import type { JobPolicy } from './job-policy.ts';

/**
 * A policy: a task whose worker has died waits before other workers try it, twice as long after each attempt.
 * @throws RangeError if a number of milliseconds is negative or not finite
 */
export function requeueWithBackoff(options: BackoffOptions = {}): JobPolicy {
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && !(Number.isFinite(value) && value >= 0))
      throw rangeError(OPERATION.badMilliseconds(name, String(value)));
  return { recovery: backoffMachineOf(options) };
}
