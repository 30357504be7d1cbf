import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { failUsage } from './fail.ts';
import { exit, exitFor, standardOutput } from './output.ts';
import { addChartsCommand } from './charts.ts';
import { addRunCommand } from './run.ts';
import { addServeCommand } from './serve.ts';
import { addCompletionCommand } from './completion.ts';
import { addGetCommand } from './get.ts';
import { addLsCommand } from './ls.ts';
import { addPutCommand } from './put.ts';
import { addStatusCommand } from './status.ts';
import { addWatchCommand } from './watch.ts';
import { addVerifyCommand } from './verify.ts';
import { addWorkerCommand } from './worker.ts';

const program = new Command('sleigh')
  .description('A coordination server for parallel work, speaking the NetWorkSpaces protocol.')
  .version(VERSION)
  .configureOutput({ outputError: failUsage, writeOut: (text) => void standardOutput.write(text) })
  .exitOverride();
addServeCommand(program);
addRunCommand(program);
addWorkerCommand(program);
addStatusCommand(program);
addLsCommand(program);
addGetCommand(program);
addPutCommand(program);
addWatchCommand(program);
addVerifyCommand(program);
addChartsCommand(program);
addCompletionCommand(program);
/** Does what the arguments of this process say, and ends it where something goes wrong. */
export async function main(): Promise<void> {
  // What cannot be told to anybody is no reason to fail.
  process.stderr.on('error', () => undefined);
  try {
    await program.parseAsync();
    await standardOutput.flush();
  } catch (error) {
    // `--help` and `--version` end so.
    if (error instanceof CommanderError) await exit(error.exitCode);
    exitFor(error, Number(process.exitCode ?? 0));
  }
}
