import { localityMachineOf } from '../machines/policies/locality.ts';
import type { LocalityOptions } from '../machines/policies/locality-options.ts';
import { speculationMachineOf } from '../machines/policies/speculation.ts';
import type { SpeculationOptions } from '../machines/policies/speculation-options.ts';
import type { BackoffOptions } from '../machines/policies/backoff-options.ts';
import { backoffMachineOf } from '../machines/policies/backoff.ts';
import { OPERATION } from '../wire/operation-refusals.ts';
import { rangeError } from '../wire/error-kind.ts';
import { KEPT_DURATIONS } from './durations.ts';
import type { JobPolicy } from './job-policy.ts';

/**
 * A policy: a task whose worker has died waits before other workers try it, twice as long after each attempt.
 * @throws RangeError if a number of milliseconds is negative or not finite
 */
export function requeueWithBackoff(options: BackoffOptions = {}): JobPolicy {
  for (const [name, value] of Object.entries(options)) checkMilliseconds(name, value);
  return { recovery: backoffMachineOf(options) };
}

/**
 * A policy: a task that runs far longer than the others of its batch gets a second copy on a worker that has nothing to do,
 * and the first result counts (S31). Only tasks that may be handed out again are copied: under `requeue`, while they have
 * attempts left.
 * @throws RangeError if an option is negative or not finite, or `finished` is more than 32
 */
export function speculativeCopies(options: SpeculationOptions = {}): JobPolicy {
  const { times, finished, everyMilliseconds } = options;
  check('times', times, 'a number from 1', (value) => Number.isFinite(value) && value >= 1);
  check(
    'finished',
    finished,
    `a whole number from 1 to ${KEPT_DURATIONS}`,
    (value) => Number.isSafeInteger(value) && value >= 1 && value <= KEPT_DURATIONS,
  );
  checkMilliseconds('everyMilliseconds', everyMilliseconds);
  return { stragglers: speculationMachineOf(options) };
}

/**
 * A policy: a task that names a host (`taskHost` in its metadata) is kept for the workers of that host for a while, and then every worker may
 * take it (S32). So may it if no worker of that host is there.
 * @throws RangeError if the number of milliseconds is negative or not finite
 */
export function localityByHost(options: LocalityOptions = {}): JobPolicy {
  checkMilliseconds('waitMilliseconds', options.waitMilliseconds);
  return { placement: localityMachineOf(options) };
}

/** @throws RangeError */
const checkMilliseconds = (name: string, value: number | undefined): void =>
  check(name, value, 'a number of milliseconds from 0', (given) => Number.isFinite(given) && given >= 0);

function check(
  name: string,
  value: number | undefined,
  must: string,
  holds: (value: number) => boolean,
): void {
  if (value !== undefined && !holds(value)) throw rangeError(OPERATION.badOption(name, must, String(value)));
}
