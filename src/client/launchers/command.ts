import type { Launcher, LaunchOrder } from './launcher.ts';
import { encodeOrder, ORDER } from './remote-launch-order.ts';
import { shares, startRemoteLaunches, type Share, type RemoteLaunchPlan } from './remote-launches.ts';

/**
 * Environment variables in addition to the order: the host that a command is for, and the number of workers to start.
 */
const HOST = 'SLEIGH_HOST';
const COUNT = 'SLEIGH_WORKERS';

/**
 * Starts workers with any command that runs programs elsewhere: a batch system, a container … See docs/launchers.md.
 *
 * ```ts
 * await Sleigh.start({ workers: 64, server, launch: command('srun --ntasks=1 --cpus-per-task="$SLEIGH_WORKERS" sleigh worker') });
 * ```
 *
 * @param text a command for `sh`. It must run `sleigh worker`, here or elsewhere, with SLEIGH_ORDER in its
 *   environment. It runs once for each host, or once if none is named. It may return at once after submitting a job.
 */
export const command = (text: string): Launcher => ({
  start: (order) => startRemoteLaunches(order, commandPlans(text, order)),
});

/** What is started for each host, or once: a shell, whose environment has the order for the sentinel. */
export const commandPlans = (
  text: string,
  { hosts, workers }: Pick<LaunchOrder, 'hosts' | 'workers'>,
): RemoteLaunchPlan[] =>
  shares(workers, hosts.length === 0 ? [''] : hosts).map((share) => planFor(text, share));

const planFor = (text: string, { host, workers }: Share): RemoteLaunchPlan => ({
  name: host === '' ? text : host,
  workers,
  command: (order) => {
    const line = encodeOrder(order);
    const env = { [ORDER]: line, [HOST]: host, [COUNT]: String(workers) };
    return { program: 'sh', args: ['-c', text], env, order: () => Promise.resolve(line) };
  },
});
