import type { WorkspaceInfo } from '../client/workspace/listings.ts';
import { VARIABLE } from '../wire/names.ts';

/** What every job has, and hardly anything else. */
const MARKS = [VARIABLE.sentinelAlive, VARIABLE.workerIds, VARIABLE.scoreboard, VARIABLE.jobStatus];
/** What older clients make a job of, in an ordinary workspace; their workers wait for the last. */
const OLD_MARKS = [VARIABLE.task, VARIABLE.result, VARIABLE.rideOver];

/** @returns what a workspace is by its variables; null for one that is no job */
export function kindOf({ variables }: WorkspaceInfo): 'job' | 'old-style job' | null {
  const hasAll = (names: readonly string[]): boolean => names.every((name) => variables.includes(name));
  if (hasAll(MARKS)) return 'job';
  return hasAll(OLD_MARKS) ? 'old-style job' : null;
}
