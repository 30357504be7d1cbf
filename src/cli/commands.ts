import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { failUsage } from './fail.ts';
import { exit, exitFor, standardOutput } from './output.ts';

/** Its script is made of the options of every command. */
const ALL_COMMANDS = 'completion';

type AddCommand = (program: Command) => void;

/** Each command, and its module, which is loaded only by who needs it. In the order of `sleigh --help`. */
const COMMANDS: ReadonlyMap<string, () => Promise<AddCommand>> = new Map([
  ['serve', async () => (await import('./serve.ts')).addServeCommand],
  ['run', async () => (await import('./run.ts')).addRunCommand],
  ['worker', async () => (await import('./worker.ts')).addWorkerCommand],
  ['status', async () => (await import('./status.ts')).addStatusCommand],
  ['ls', async () => (await import('./ls.ts')).addLsCommand],
  ['get', async () => (await import('./get.ts')).addGetCommand],
  ['put', async () => (await import('./put.ts')).addPutCommand],
  ['watch', async () => (await import('./watch.ts')).addWatchCommand],
  ['verify', async () => (await import('./verify.ts')).addVerifyCommand],
  ['charts', async () => (await import('./charts.ts')).addChartsCommand],
  [ALL_COMMANDS, async () => (await import('./completion.ts')).addCompletionCommand],
]);

/**
 * The program with the command of this name; with all of them for help, for completion, and to suggest one for a
 * misspelt name.
 * @param outputError is told what is wrong with flags and arguments
 */
export async function programWith(
  name: string | undefined,
  outputError: (text: string) => void,
): Promise<Command> {
  const program = new Command('sleigh')
    .description('A coordination server for parallel work, speaking the NetWorkSpaces protocol.')
    .version(VERSION)
    .configureOutput({ outputError, writeOut: (text) => void standardOutput.write(text) })
    .exitOverride();
  const named = name === undefined || name === ALL_COMMANDS ? undefined : COMMANDS.get(name);
  for (const load of named === undefined ? COMMANDS.values() : [named]) (await load())(program);
  return program;
}

/** Does what the arguments of this process say, and ends it where something goes wrong. */
export async function main(): Promise<void> {
  // What cannot be told to anybody is no reason to fail.
  process.stderr.on('error', () => undefined);
  const program = await programWith(process.argv[2], failUsage);
  try {
    await program.parseAsync();
    await standardOutput.flush();
  } catch (error) {
    // `--help` and `--version` end so.
    if (error instanceof CommanderError) await exit(error.exitCode);
    exitFor(error, Number(process.exitCode ?? 0));
  }
}
