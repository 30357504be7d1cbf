import { authorityOf } from '../../wire/authority.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import { LaunchError, type Launcher, type LaunchOrder } from './launcher.ts';
import { encodeOrder } from './remote-launch-order.ts';
import { shares, startRemoteLaunches, type RemoteLaunchPlan } from './remote-launches.ts';
import { LAUNCH } from '../errors/job.ts';

export interface SshOptions {
  /**
   * Whether the workers reach the server through the ssh connection (`ssh -R`), so that no port must be open for
   * them. The default is true if the server listens on a loopback address, which other hosts cannot reach.
   */
  readonly tunnel?: boolean | undefined;
  /** Options for `ssh -o`: `Port=2222`, `IdentityFile=…`. ~/.ssh/config applies as well. */
  readonly options?: readonly string[] | undefined;
  /**
   * The command for `sleigh` on the other host, for its shell. The default is `sleigh`. The shell parses only this
   * command.
   */
  readonly remoteCommand?: string | undefined;
}

/**
 * For ssh the first value of an option counts. A tunnel, and its connection, belongs to one job. ssh prints its port.
 */
const TUNNEL_OPTIONS = ['ExitOnForwardFailure=yes', 'ControlMaster=no', 'ControlPath=none', 'LogLevel=INFO'];
/** ssh must not prompt, and must notice when the other host is gone. Options of the user have priority. */
const OPTIONS = ['BatchMode=yes', 'ServerAliveInterval=15', 'ServerAliveCountMax=3'];
/** The line that ssh prints when the other side has chosen the port. */
const ALLOCATED = /^Allocated port (\d+) for remote forward to /;

/**
 * Starts workers on other hosts with ssh, divided evenly. Their order is sent over standard input, never in a command
 * line. When the connection ends for any reason, the workers end.
 */
export const ssh = (options: SshOptions = {}): Launcher => ({
  start: async (order) => {
    if (order.hosts.length === 0) throw new LaunchError(LAUNCH.sshNeedsHosts());
    for (const host of order.hosts) refuseOption(host);
    return startRemoteLaunches(order, sshPlans(order, options));
  },
});

/** ssh would interpret such a host as an option, and some options run programs. */
function refuseOption(host: string): void {
  if (/^-|^\s*$/.test(host)) throw new LaunchError(LAUNCH.noHost(host));
}

/** What is started for each host: ssh, with its arguments and the order for the sentinel there. */
export function sshPlans(
  { server, workers: all, hosts }: Pick<LaunchOrder, 'server' | 'workers' | 'hosts'>,
  { tunnel, options = [], remoteCommand = 'sleigh' }: SshOptions,
): RemoteLaunchPlan[] {
  const { host: serverHost = '127.0.0.1', port = 8765 } = server;
  const hasTunnel = tunnel ?? isLoopback(serverHost);
  const target = authorityOf(serverHost, port);
  const asOptions = [...(hasTunnel ? TUNNEL_OPTIONS : []), ...options, ...OPTIONS].flatMap((each) => [
    '-o',
    each,
  ]);
  // The other side chooses a free port.
  const forward = hasTunnel ? ['-R', `0:${target}`] : [];
  return shares(all, hosts).map(({ host, workers }) => ({
    name: host,
    workers,
    command: (order) => ({
      program: 'ssh',
      args: ['-T', ...asOptions, ...forward, '--', host, `${remoteCommand} worker --from-stdin`],
      order: async (said) => {
        if (!hasTunnel) return encodeOrder(order);
        const [, allocated] = await said(ALLOCATED);
        return encodeOrder({ ...order, server: tunnelled(server, Number(allocated)) });
      },
    }),
  }));
}

/** The server as seen from the other end of the tunnel. Its certificate has the original name. */
function tunnelled({ host = '127.0.0.1', tls = false, token }: ServerAddress, port: number): ServerAddress {
  const address = { host: '127.0.0.1', port, ...(token !== undefined && { token }) };
  if (tls === false) return address;
  return { ...address, tls: { servername: host, ...(tls === true ? {} : tls) } };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.');
