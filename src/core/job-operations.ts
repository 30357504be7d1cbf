import type { JobWorker } from '../sleigh/job-operation.ts';
import { lookAtWorker, operate } from '../sleigh/job-operations.ts';
import { noSuchJob } from '../sleigh/refusals.ts';
import { Sleigh } from '../sleigh/sleigh.ts';
import type { Command, CoreEvent } from './commands.ts';
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

  /** @returns the command that says whether it was carried out, or why it was refused */
  handle({ operation, job: name, what }: Extract<CoreEvent, { type: 'jobOperation' }>): Command {
    const job = this.#find(name);
    const refused = job === undefined ? noSuchJob(name) : operate(job, what);
    return { type: 'operationEnded', operation, reason: refused?.reason };
  }

  /** @returns undefined if there is no such job, or no such worker in it */
  worker(name: string, rank: number): JobWorker | undefined {
    const job = this.#find(name);
    return job && lookAtWorker(job, rank);
  }
}
