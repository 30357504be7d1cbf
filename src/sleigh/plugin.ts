import { isRefusal } from '../workspace/refusal.ts';
import type { WorkspaceKind } from '../workspace/workspace.ts';
import { readOptions, type JobOptions } from './options.ts';
import type { JobMachines } from './job-machines.ts';
import { Sleigh } from './sleigh.ts';

/**
 * The kind of workspace that runs a job (W9, S1).
 * @param defaults for what the maker does not choose
 * @param machines in place of those of every job: a test makes faulty ones
 */
export const sleighPlugin =
  (defaults: JobOptions, machines?: JobMachines): WorkspaceKind =>
  (workspace, metadata) => {
    const options = readOptions(metadata, defaults, workspace.host.limits.workerCount);
    return isRefusal(options) ? options : new Sleigh(workspace, options, machines);
  };
