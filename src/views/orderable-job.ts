import { BOUNDS } from '../wire/bounds.ts';
import type { Core } from '../core/core.ts';
import { isRegistered } from '../sleigh/agents.ts';
import { Sleigh } from '../sleigh/sleigh.ts';
import { failuresOf, groupsOf, jobReport } from './job-report.ts';
import type { OrderableJob } from './orderable-types.ts';
import { workerReports } from './running-task.ts';

/** @returns undefined if the workspace has no job */
export function orderableJob(core: Core, workspace: string): OrderableJob | undefined {
  const sleigh = core.workspaces.find(workspace)?.plugin;
  if (!(sleigh instanceof Sleigh)) return undefined;
  const hasBatch = (id: string): boolean =>
    jobReport(sleigh)?.batches.some((batch) => batch.id === id && batch.ended === undefined) ?? false;
  return {
    hasBatch,
    failures: (which) => {
      const batches = new Map(jobReport(sleigh)?.batches.map(({ id, ended }) => [id, ended]));
      // One that is not in the report began after it, unless older ones have been left out.
      const mayRun = (id: string): boolean =>
        batches.has(id) ? batches.get(id) === undefined : batches.size < BOUNDS.reportedBatches.value;
      const running = new Map<string, number[]>();
      const groupOf = groupsOf();
      let ended = 0;
      for (const failure of failuresOf(sleigh)) {
        const { batch, index } = failure;
        const isWanted =
          'batch' in which
            ? which.batch === batch && which.index === index
            : which.group === undefined || which.group === groupOf(failure);
        if (!isWanted) continue;
        if (!mayRun(batch)) {
          ended++;
          continue;
        }
        const indexes = running.get(batch) ?? [];
        indexes.push(index);
        running.set(batch, indexes);
      }
      return { running, ended };
    },
    hasWorker: (rank: number): boolean => {
      const worker = sleigh.crew.find(rank);
      return worker !== undefined && isRegistered(worker) && workerReports(sleigh).has(rank);
    },
  };
}
