#!/usr/bin/env node
import { Command } from 'commander';
import { VERSION } from '../version.ts';
import { addServeCommand } from './serve.ts';

const program = new Command('sleigh')
  .description('A coordination server for parallel work, speaking the NetWorkSpaces protocol.')
  .version(VERSION);
addServeCommand(program);
await program.parseAsync();
