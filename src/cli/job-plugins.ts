import { resolve } from 'node:path';
import { exportOf, loadModule } from '../client/task/module-function.ts';
import type { AnyStateMachine } from 'xstate';
import { checkedPlugins } from '../transport/checked-plugins.ts';
import type { JobPlugin } from '../transport/job-plugin.ts';

/**
 * Loads the files of `sleigh serve --plugin FILE`. The default export of each is a plugin, or an array of plugins. The
 * server checks them.
 * @throws ModuleError if a file cannot be loaded
 */
export async function loadPlugins(files: readonly string[]): Promise<readonly JobPlugin[]> {
  const loaded = await Promise.all(
    files.map(async (file): Promise<unknown> => exportOf(await loadModule(resolve(file)), 'default')),
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server checks what they are
  return loaded.flat() as readonly JobPlugin[];
}

/**
 * The machines that the plugins in these files bring.
 * @throws Error if a file cannot be loaded, or is no plugin
 */
export const policyMachinesOf = async (files: readonly string[]): Promise<readonly AnyStateMachine[]> =>
  checkedPlugins(await loadPlugins(files), { isTraced: false }).policyMachines;
