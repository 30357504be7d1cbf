#!/usr/bin/env node
import { Command } from 'commander';
import { VERSION } from '../version.ts';
import { addChartsCommand } from './charts.ts';
import { addRunCommand } from './run.ts';
import { addServeCommand } from './serve.ts';
import { addVerifyCommand } from './verify.ts';
import { addWorkerCommand } from './worker.ts';

const program = new Command('sleigh')
  .description('A coordination server for parallel work, speaking the NetWorkSpaces protocol.')
  .version(VERSION);
addServeCommand(program);
addRunCommand(program);
addWorkerCommand(program);
addVerifyCommand(program);
addChartsCommand(program);
await program.parseAsync();
