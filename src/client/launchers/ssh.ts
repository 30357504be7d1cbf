import { authorityOf } from '../../wire/authority.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import { LaunchError, type Launcher, type LaunchOrder } from './launcher.ts';
import { encodeOrder } from './remote-launch-order.ts';
import { shares, startRemoteLaunches, type Share, type RemoteLaunchPlan } from './remote-launches.ts';

export interface SshOptions {
  /**
   * Whether the workers reach the server through the ssh connection (`ssh -R`), so that no port need be open for them. Unless
   * told they do where the server is on a loopback address, which nobody reaches otherwise.
   */
  readonly tunnel?: boolean | undefined;
  /** What `ssh` is told by `-o`: `Port=2222`, `IdentityFile=…`. What is in ~/.ssh/config holds as always. */
  readonly options?: readonly string[] | undefined;
  /** How `sleigh` is called there, for the shell there: `sleigh` unless told. Only this is read by a shell. */
  readonly remoteCommand?: string | undefined;
}

/** For ssh the first word on an option counts. A tunnel is for one job, and so is its connection; it tells of its port. */
const TUNNEL_OPTIONS = ['ExitOnForwardFailure=yes', 'ControlMaster=no', 'ControlPath=none', 'LogLevel=INFO'];
/** It asks nothing, since nobody is there to answer, and sees that the other host is gone; unless its user says else. */
const OPTIONS = ['BatchMode=yes', 'ServerAliveInterval=15', 'ServerAliveCountMax=3'];
/** What ssh says when the other side has chosen the port. */
const ALLOCATED = /^Allocated port (\d+) for remote forward to /;

/**
 * Workers on other hosts, by ssh, as evenly as can be. What they are to do is told on standard input, never in a command line;
 * when the connection ends, however it does, so do they.
 */
export const ssh = (options: SshOptions = {}): Launcher => ({
  start: async (order) => {
    if (order.hosts.length === 0) throw new LaunchError('ssh needs `hosts`');
    for (const host of order.hosts) refuseOption(host);
    const plan = planner(order, options);
    return startRemoteLaunches(order, shares(order.workers, order.hosts).map(plan));
  },
});

/** ssh would take it for one of its options, and some of those run programs. */
function refuseOption(host: string): void {
  if (/^-|^\s*$/.test(host)) throw new LaunchError(`"${host}" is no host`);
}

type Planner = (share: Share) => RemoteLaunchPlan;

function planner(
  { server }: LaunchOrder,
  { tunnel, options = [], remoteCommand = 'sleigh' }: SshOptions,
): Planner {
  const { host: serverHost = '127.0.0.1', port = 8765 } = server;
  const hasTunnel = tunnel ?? isLoopback(serverHost);
  const target = authorityOf(serverHost, port);
  const asOptions = [...(hasTunnel ? TUNNEL_OPTIONS : []), ...options, ...OPTIONS].flatMap((each) => [
    '-o',
    each,
  ]);
  // The other side chooses a free port.
  const forward = hasTunnel ? ['-R', `0:${target}`] : [];
  return ({ host, workers }) => ({
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
  });
}

/** The server as it is seen at the other end of the tunnel. Its certificate has its old name. */
function tunnelled({ host = '127.0.0.1', tls = false, token }: ServerAddress, port: number): ServerAddress {
  const address = { host: '127.0.0.1', port, ...(token !== undefined && { token }) };
  if (tls === false) return address;
  return { ...address, tls: { servername: host, ...(tls === true ? {} : tls) } };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.');
