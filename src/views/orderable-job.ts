import type { Core } from '../core/core.ts';
import { isRegistered } from '../sleigh/agents.ts';
import { Sleigh } from '../sleigh/sleigh.ts';
import { jobReport } from './job-report.ts';
import type { OrderableJob } from './orderable-types.ts';
import { workerReports } from './running-task.ts';

/** @returns undefined if the workspace has no job */
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
