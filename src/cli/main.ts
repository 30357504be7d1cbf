#!/usr/bin/env node
import { Command } from 'commander';
import { VERSION } from '../version.ts';
import { failUsage, failWith } from './fail.ts';
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
  .configureOutput({ outputError: failUsage });
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
await program.parseAsync().catch((error: unknown) => failWith(error, false));
