import type { WorkspaceInfo } from '../client/workspace/listings.ts';
import { VARIABLE } from '../wire/names.ts';

/** Variables that every job has, and that other workspaces rarely have. */
const MARKS = [VARIABLE.sentinelAlive, VARIABLE.workerIds, VARIABLE.scoreboard, VARIABLE.jobStatus];
/** The variables of an old-style job in a plain workspace. Its workers wait for the last one. */
const OLD_MARKS = [VARIABLE.task, VARIABLE.result, VARIABLE.rideOver];

/** @returns the type of a workspace, determined by its variables; null if it is not a job */
export function kindOf({ variables }: WorkspaceInfo): 'job' | 'old-style job' | null {
  const hasAll = (names: readonly string[]): boolean => names.every((name) => variables.includes(name));
  if (hasAll(MARKS)) return 'job';
  return hasAll(OLD_MARKS) ? 'old-style job' : null;
}
