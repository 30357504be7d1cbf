import { Option } from 'commander';
import { LaunchError, processes, threads, type Launcher } from '../client/launcher.ts';
import { command } from '../client/launchers/command.ts';
import { ssh } from '../client/launchers/ssh.ts';

/** What says where workers run, and how they are started. */
export interface LaunchFlags {
  readonly host?: readonly string[];
  readonly launch?: string;
  readonly tunnel?: boolean;
  readonly sshOption?: readonly string[];
  readonly remoteCommand?: string;
}

const HERE: Readonly<Record<string, () => Launcher>> = { processes, threads };

export const launchOptions = (): readonly Option[] => [
  new Option('--host <host>', 'run workers there, by ssh; may come again').argParser(collected),
  new Option('--launch <how>', 'processes, threads, or a command for sh that runs "sleigh worker" somewhere'),
  new Option(
    '--tunnel',
    'workers on hosts reach the server through ssh (default: when it is on this host alone)',
  ),
  new Option('--no-tunnel', 'they reach it by its address'),
  new Option('--ssh-option <option>', 'for ssh -o; may come again').argParser(collected),
  new Option('--remote-command <command>', 'how sleigh is called on hosts, for the shell there').default(
    'sleigh',
  ),
];

/** @throws LaunchError when the flags contradict each other */
export function launcherOf({ host, launch, tunnel, sshOption = [], remoteCommand }: LaunchFlags): Launcher {
  if (launch === undefined) {
    if (host === undefined) return processes();
    const remote = remoteCommand === undefined ? {} : { remoteCommand };
    return ssh({ tunnel, options: sshOption, ...remote });
  }
  const here = Object.hasOwn(HERE, launch) ? HERE[launch] : undefined;
  if (here === undefined) return command(launch);
  if (host !== undefined) throw new LaunchError(`--launch ${launch} is for this host, and --host for others`);
  return here();
}

const collected = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
