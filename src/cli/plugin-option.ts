import { Option } from 'commander';
import type { AnyStateMachine } from 'xstate';
import type { JobPlugin } from '../transport/job-plugin.ts';

/** The flag `--plugin FILE`, which may be repeated. */
export const pluginOption = (description: string): Option =>
  new Option('--plugin <file>', `${description}; may be repeated`)
    .argParser((file: string, others: readonly string[]) => [...others, file])
    .default([]);

// What loads plugins is only loaded if there are any.

export const pluginsIn = async (files: readonly string[]): Promise<readonly JobPlugin[]> =>
  files.length === 0 ? [] : (await import('./job-plugins.ts')).loadPlugins(files);

export const machinesOfPlugins = async (files: readonly string[]): Promise<readonly AnyStateMachine[]> =>
  files.length === 0 ? [] : (await import('./job-plugins.ts')).policyMachinesOf(files);
