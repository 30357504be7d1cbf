import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { failUsage } from './fail.ts';
import { exit, exitFor, standardOutput } from './output.ts';

/** Its script contains the options of every command. */
const ALL_COMMANDS = 'completion';

/** These need no command. */
const VERSION_FLAGS: ReadonlySet<string | undefined> = new Set(['--version', '-V']);

type AddCommand = (program: Command) => void;

/** The commands and their modules, which are loaded only when needed. In the order of `sleigh --help`. */
const COMMANDS: ReadonlyMap<string, () => Promise<AddCommand>> = new Map([
  ['serve', async () => (await import('./serve.ts')).addServeCommand],
  ['run', async () => (await import('./run.ts')).addRunCommand],
  ['worker', async () => (await import('./worker.ts')).addWorkerCommand],
  ['status', async () => (await import('./status.ts')).addStatusCommand],
  ['ls', async () => (await import('./ls.ts')).addLsCommand],
  ['get', async () => (await import('./get.ts')).addGetCommand],
  ['put', async () => (await import('./put.ts')).addPutCommand],
  ['watch', async () => (await import('./watch.ts')).addWatchCommand],
  ['data', async () => (await import('./data.ts')).addDataCommand],
  ['verify', async () => (await import('./verify.ts')).addVerifyCommand],
  ['charts', async () => (await import('./charts.ts')).addChartsCommand],
  [ALL_COMMANDS, async () => (await import('./completion.ts')).addCompletionCommand],
]);

/**
 * The program with the command of this name. For help, for completion, and to suggest a command for a misspelt name,
 * it has all commands, and none for its version.
 * @param outputError called with errors in flags and arguments
 */
export async function programWith(
  name: string | undefined,
  outputError: (text: string) => void,
): Promise<Command> {
  const program = new Command('sleigh')
    .description('A coordination server for parallel work that speaks the NetWorkSpaces protocol.')
    .version(VERSION)
    .configureOutput({ outputError, writeOut: (text) => void standardOutput.write(text) })
    .exitOverride();
  for (const load of commandsFor(name)) (await load())(program);
  forgetEmptyVariables(program);
  return program;
}

function commandsFor(name: string | undefined): Iterable<() => Promise<AddCommand>> {
  if (VERSION_FLAGS.has(name)) return [];
  const named = name === undefined || name === ALL_COMMANDS ? undefined : COMMANDS.get(name);
  return named === undefined ? COMMANDS.values() : [named];
}

/** An empty variable counts as unset, because `${NAME:-}` in a script or in a file of Docker Compose makes one. */
function forgetEmptyVariables({ options, commands }: Command): void {
  for (const { envVar } of options)
    if (envVar !== undefined && process.env[envVar] === '') delete process.env[envVar];
  for (const each of commands) forgetEmptyVariables(each);
}

/** Runs the command of this process's arguments, and exits if something goes wrong. */
export async function main(): Promise<void> {
  // Messages that cannot be written must not fail the command.
  process.stderr.on('error', () => undefined);
  const program = await programWith(process.argv[2], failUsage);
  try {
    await program.parseAsync();
    await standardOutput.flush();
  } catch (error) {
    // `--help` and `--version` end in this way, too.
    if (error instanceof CommanderError) await exit(error.exitCode);
    exitFor(error, Number(process.exitCode ?? 0));
  }
}
