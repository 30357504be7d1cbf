import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFile } from '../package-file.ts';
import { LAUNCH } from '../errors/job.ts';
import { LaunchError, type Launcher } from './launcher.ts';
import { encodeOrder } from './remote-launch-order.ts';
import { startRemoteLaunches, type RemoteLaunchPlan } from './remote-launches.ts';
import type { Place } from '../sentinel/place.ts';

export interface PythonOptions {
  /** The command for Python 3.9 or newer. The default is `python3`. */
  readonly python?: string | undefined;
  /** Folders in which workers find modules, besides those of that Python and their working directory. */
  readonly path?: readonly string[] | undefined;
}

/**
 * Starts workers of the client for Python on this host, for tasks of `tasks.python`. The package need not be installed in
 * that Python. On other hosts it must be: `ssh({ remoteCommand: 'python3 -m sleigh' })`.
 */
export const pythonWorkers = (options: PythonOptions = {}): Launcher => ({
  start: (order) => {
    if (order.hosts.length > 0) throw new LaunchError(LAUNCH.hostsNeedLauncher());
    if (order.concurrency !== undefined) throw new LaunchError(LAUNCH.pythonConcurrency());
    const place = pythonPlace(order.place, options);
    return startRemoteLaunches({ ...order, place }, [pythonPlan(order.workers, place, options)]);
  },
});

interface PythonPlace extends Place {
  readonly env: Readonly<Record<string, string>>;
}

/** The place of the workers, whose environment says where Python finds modules. */
export function pythonPlace(place: Place | undefined, { path = [] }: PythonOptions): PythonPlace {
  const folders = [...path, place?.cwd ?? process.cwd(), ...environmentPath(place?.env), ...ownPath()];
  return { ...place, env: { ...place?.env, PYTHONPATH: folders.join(delimiter) } };
}

/** What is started: Python with the sentinel, which gets its order over standard input. */
export const pythonPlan = (
  workers: number,
  { env }: PythonPlace,
  { python = 'python3' }: PythonOptions,
): RemoteLaunchPlan => ({
  name: python,
  workers,
  command: (launch) => ({
    program: python,
    args: ['-m', 'sleigh', 'worker', '--from-stdin'],
    env,
    order: () => Promise.resolve(encodeOrder(launch)),
  }),
});

const environmentPath = (env: Readonly<Record<string, string>> = {}): readonly string[] =>
  [env['PYTHONPATH'] ?? process.env['PYTHONPATH']].filter((folders) => folders !== undefined);

/** The package for Python is beside `dist`; a bundle may lack it, and then it must be installed. */
function ownPath(): readonly string[] {
  const folder = fileURLToPath(packageFile('clients/python/src'));
  return existsSync(folder) ? [folder] : [];
}
