import type { RestartBudget } from '../../machines/pool/restart-budget.ts';
import { checkOptions, mustBe, wholeFrom, type Rules } from './checked-options.ts';
import { milliseconds } from './durations.ts';

export type { RestartBudget } from '../../machines/pool/restart-budget.ts';

/** How workers that end are replaced: see `LaunchOptions`. */
export type Respawn = boolean | Partial<RestartBudget>;

/** The default number of immediate restarts for each wanted worker, within the milliseconds below. */
const RESTARTS_PER_WORKER = 10;
const WITHIN_MS = 10_000;
const MAX_DELAY_MS = 5_000;

const BUDGET: Rules<RestartBudget> = {
  restarts: wholeFrom(0),
  within: milliseconds,
  maxDelay: milliseconds,
};
const isRespawn = mustBe(
  'true, false or { restarts, within, maxDelay }',
  (value) => typeof value === 'boolean' || (typeof value === 'object' && value !== null),
);

/** @throws TypeError, RangeError */
export function checkRespawn(name: string, value: unknown): void {
  isRespawn(name, value);
  if (typeof value === 'object') checkOptions(`\`${name}\``, value, BUDGET);
}

/**
 * @param workers the wanted number
 * @returns false if workers are not replaced
 */
export function restartBudget(respawn: Respawn | undefined, workers: number): RestartBudget | false {
  if (respawn === false) return false;
  const given = typeof respawn === 'object' ? respawn : {};
  const { restarts = RESTARTS_PER_WORKER * workers, within = WITHIN_MS, maxDelay = MAX_DELAY_MS } = given;
  return { restarts, within: finite(within), maxDelay: finite(maxDelay) };
}

/** An order is sent as JSON, which has no infinity. */
const finite = (value: number): number => Math.min(value, Number.MAX_SAFE_INTEGER);
