import type { Core } from '../core/core.ts';
import { isRegistered } from '../sleigh/agents.ts';
import { Sleigh } from '../sleigh/sleigh.ts';
import { jobReport } from './job-report.ts';
import { workerReports } from './running-task.ts';

/** What of a job its clients can be asked to cancel and to stop (S24.5). */
export interface OrderableJob {
  /** Whether its master tells of a batch of that id, which has not ended. */
  hasBatch(id: string): boolean;
  /** Whether a worker of that rank is there, whose sentinel tells of it. */
  hasWorker(rank: number): boolean;
}

/** @returns what of a job its clients can be asked to cancel and to stop; undefined if the workspace has no job */
export function orderableJob(core: Core, workspace: string): OrderableJob | undefined {
  const sleigh = core.workspaces.find(workspace)?.plugin;
  if (!(sleigh instanceof Sleigh)) return undefined;
  return {
    hasBatch: (id: string): boolean =>
      jobReport(sleigh)?.batches.some((batch) => batch.id === id && batch.ended === undefined) ?? false,
    hasWorker: (rank: number): boolean => {
      const worker = sleigh.crew.find(rank);
      return worker !== undefined && isRegistered(worker) && workerReports(sleigh).has(rank);
    },
  };
}
