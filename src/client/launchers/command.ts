import type { Launcher } from './launcher.ts';
import { encodeOrder, ORDER } from './remote-launch-order.ts';
import { shares, startRemoteLaunches, type Share, type RemoteLaunchPlan } from './remote-launches.ts';

/** Environment variables beside the order: the host that a command is for, and how many workers it is to start. */
const HOST = 'SLEIGH_HOST';
const COUNT = 'SLEIGH_WORKERS';

/**
 * Workers by whatever starts programs elsewhere: a batch system, a container … See docs/launchers.md.
 *
 * ```ts
 * await Sleigh.start({ workers: 64, server, launch: command('srun --ntasks=1 --cpus-per-task="$SLEIGH_WORKERS" sleigh worker') });
 * ```
 *
 * @param text for `sh`: it is to run `sleigh worker`, here or elsewhere, with SLEIGH_ORDER in its environment. It is run
 *   once for each host, or once where none is named; it may return at once when it has handed that in.
 */
export const command = (text: string): Launcher => ({
  start: (order) => {
    const { hosts, workers } = order;
    const each = shares(workers, hosts.length === 0 ? [''] : hosts);
    return startRemoteLaunches(
      order,
      each.map((share) => planFor(text, share)),
    );
  },
});

const planFor = (text: string, { host, workers }: Share): RemoteLaunchPlan => ({
  name: host === '' ? text : host,
  workers,
  command: (order) => {
    const line = encodeOrder(order);
    const env = { [ORDER]: line, [HOST]: host, [COUNT]: String(workers) };
    return { program: 'sh', args: ['-c', text], env, order: () => Promise.resolve(line) };
  },
});
