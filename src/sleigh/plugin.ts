import { isRefusal } from '../workspace/refusal.ts';
import type { WorkspaceKind } from '../workspace/workspace.ts';
import { readOptions, type JobOptions } from './options.ts';
import { Sleigh } from './sleigh.ts';

/** The kind of workspace that runs a job (W9, S1). @param defaults for what the maker does not choose */
export const sleighPlugin =
  (defaults: JobOptions): WorkspaceKind =>
  (workspace, metadata) => {
    const options = readOptions(metadata, defaults, workspace.host.limits.workerCount);
    return isRefusal(options) ? options : new Sleigh(workspace, options);
  };
