import type { JobOperation, JobWorker } from '../sleigh/job-operation.ts';
import { lookAtWorker, operate } from '../sleigh/job-operations.ts';
import { noSuchJob } from '../sleigh/refusals.ts';
import { Sleigh } from '../sleigh/sleigh.ts';
import type { Workspaces } from '../workspace/workspaces.ts';

/** What plugins do in the jobs of a server (S30). */
export class JobOperations {
  readonly #workspaces: Workspaces;

  constructor(workspaces: Workspaces) {
    this.#workspaces = workspaces;
  }

  #find(job: string): Sleigh | undefined {
    const plugin = this.#workspaces.find(job)?.plugin;
    return plugin instanceof Sleigh ? plugin : undefined;
  }

  /** @returns the reason why it is refused, or undefined */
  operate(name: string, operation: JobOperation): string | undefined {
    const job = this.#find(name);
    return (job === undefined ? noSuchJob(name) : operate(job, operation))?.reason;
  }

  /** @returns undefined if there is no such job, or no such worker in it */
  worker(name: string, rank: number): JobWorker | undefined {
    const job = this.#find(name);
    return job && lookAtWorker(job, rank);
  }
}
