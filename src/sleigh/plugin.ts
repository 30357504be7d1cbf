import { isRefusal } from '../workspace/refusal.ts';
import type { WorkspacePluginFactory } from '../workspace/workspace.ts';
import type { JobHooks } from './job-hooks.ts';
import { readOptions, type JobOptions } from './options.ts';
import type { JobMachines } from './job-machines.ts';
import { Sleigh } from './sleigh.ts';

/**
 * The plugin for workspaces that run a job (W9, S1).
 * @param defaults the defaults of the job options
 * @param machines machines that replace those of every job, for tests with faulty machines
 * @param hooks who hears of every job
 */
export const sleighPlugin =
  (defaults: JobOptions, machines?: JobMachines, hooks?: JobHooks): WorkspacePluginFactory =>
  (workspace, metadata) => {
    const options = readOptions(metadata, defaults, workspace.host.limits.workerCount);
    return isRefusal(options) ? options : new Sleigh(workspace, options, machines, hooks);
  };
