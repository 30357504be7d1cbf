import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { LaunchError, processes, threadsBeside, type Launcher } from '../client/launchers/launcher.ts';
import { command } from '../client/launchers/command.ts';
import { pythonWorkers } from '../client/launchers/python-workers.ts';
import { ssh } from '../client/launchers/ssh.ts';
import { FLAG, USAGE } from './errors.ts';

/** The flags that determine where workers run, and how they are started. */
export interface LaunchFlags {
  readonly host?: readonly string[];
  readonly launch?: string;
  readonly tunnel?: boolean;
  readonly sshOption?: readonly string[];
  readonly remoteCommand?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The default of `--remote-command`, and what it is for workers in Python. */
const REMOTE_COMMAND = 'sleigh';
const REMOTE_PYTHON_COMMAND = 'python3 -m sleigh';

const HERE: Readonly<Record<string, () => Launcher>> = { processes, threads: threadsBeside };

export const launchOptions = (): readonly Option[] => [
  new Option('--host <host>', 'run workers on this host, through ssh; may be repeated').argParser(collected),
  new Option(
    '--launch <how>',
    'start workers as processes or threads, or by a shell command that runs "sleigh worker" somewhere',
  ),
  new Option(
    '--tunnel',
    'connect the workers on other hosts through ssh (default: when the server listens on a loopback address)',
  ),
  new Option('--no-tunnel', 'connect the workers on other hosts directly'),
  new Option('--ssh-option <option>', 'pass this option to ssh -o; may be repeated').argParser(collected),
  new Option('--remote-command <command>', 'the shell command that runs sleigh on other hosts').default(
    REMOTE_COMMAND,
  ),
  new Option('--cwd <folder>', 'start workers in this folder, here and on other hosts').argParser(absolute),
  new Option(
    '--env <name>',
    'pass this environment variable to the workers, here and on other hosts; NAME=VALUE sets it; may be repeated',
  ).argParser(withVariable),
];

/** Whether workers of that kind run on this host; a command may start them anywhere. */
export const isStartedHere = (launch: string | undefined): boolean =>
  launch === undefined || Object.hasOwn(HERE, launch);

/** @throws LaunchError if the flags contradict each other */
export function launcherOf({ host, launch, tunnel, sshOption = [], remoteCommand }: LaunchFlags): Launcher {
  if (launch === undefined) {
    if (host === undefined) return processes();
    const remote = remoteCommand === undefined ? {} : { remoteCommand };
    return ssh({ tunnel, options: sshOption, ...remote });
  }
  const here = Object.hasOwn(HERE, launch) ? HERE[launch] : undefined;
  if (here === undefined) return command(launch);
  if (host !== undefined) throw new LaunchError(USAGE.hostWithLaunch(launch));
  return here();
}

/**
 * As `launcherOf`, for workers in Python.
 * @param task its name in errors
 */
export function pythonLauncherOf(flags: LaunchFlags, task: string): Launcher {
  const { host, launch, remoteCommand } = flags;
  if (launch === 'threads') throw new LaunchError(USAGE.pythonThreads(task));
  if (host === undefined && isStartedHere(launch)) return pythonWorkers();
  return launcherOf(
    remoteCommand === REMOTE_COMMAND ? { ...flags, remoteCommand: REMOTE_PYTHON_COMMAND } : flags,
  );
}

const collected = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const absolute = (folder: string): string => resolve(folder);

function withVariable(
  text: string,
  others: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, name, value] = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError(FLAG.variable().message);
  const given = value ?? process.env[name];
  if (given === undefined) throw new InvalidArgumentError(FLAG.variableUnset().message);
  return { ...others, [name]: given };
}
