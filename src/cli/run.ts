import { Option, type Command } from 'commander';
import { ENCODINGS } from './lines.ts';
import { STANDARD_INPUT } from './input.ts';
import { launchOptions } from './launch-options.ts';
import { atLeastOne, duration, secondsFrom0 } from './numbers.ts';
import { exit } from './output.ts';
import { poolOptions } from './pool-options.ts';
import { processors } from './processors.ts';
import { admissionOptions, serverOption } from './server-options.ts';
import { haltOf } from './run/halt.ts';
import { HELP } from './run/help.ts';
import { run, WINDOW_PER_WORKER, type RunFlags } from './run/run.ts';

/** `sleigh run`. */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('call a function for each line of the input, on many workers')
    .argument('<module>', 'its default export is called')
    .argument('[input]', `a file; ${STANDARD_INPUT} or nothing is standard input`)
    .addOption(serverOption('use this server, and start none'));
  for (const option of [
    ...inputOptions(),
    ...workerOptions(),
    ...retryOptions(),
    ...logOptions(),
    ...admissionOptions(),
    ...launchOptions(),
    ...poolOptions(),
  ])
    command.addOption(option);
  command
    .addHelpText('after', HELP)
    .action(async (module: string, input: string | undefined, flags: RunFlags) => {
      // Not left to the event loop: the module may have timers and sockets that never end.
      await exit(await run(module, input, flags));
    });
}

const inputOptions = (): readonly Option[] => [
  new Option('--text', 'give the function each line as text, also where it is JSON'),
  new Option(
    '--encoding <name>',
    'what the input is written in (default: utf-8, or as its byte order mark says)',
  ).choices(ENCODINGS),
  new Option('--unordered', 'write results as they come, not in the order of the input'),
];

const workerOptions = (): readonly Option[] => [
  new Option('--workers <number>', 'how many, in all')
    .argParser(atLeastOne)
    .default(processors(), 'the processors of this host, of its container or of the batch job'),
  new Option(
    '--window <number>',
    `lines that workers have or that wait for one, at most (default: ${WINDOW_PER_WORKER} a worker; with --halt 1)`,
  ).argParser(atLeastOne),
  new Option(
    '--join <how>',
    'elastic: more workers may come, and go, while it runs (default: closing)',
  ).choices(['closing', 'elastic']),
  new Option(
    '--reconnect-grace <seconds>',
    'how long a worker that lost its connection may take to come back (default: 0, never)',
  ).argParser(secondsFrom0),
];

const retryOptions = (): readonly Option[] => [
  new Option(
    '--timeout <duration>',
    'end a call that takes longer, and count it as failed: seconds, or with m, h or d, as in 5m',
  ).argParser(duration),
  new Option(
    '--retries <number>',
    'try a line so often in all when its call fails, takes too long, or ends its worker',
  ).argParser(atLeastOne),
  new Option(
    '--halt <when>',
    'end early: never, or now or soon with fail=N, success=N or done=N, N perhaps a percentage: now,fail=1',
  ).argParser(haltOf),
];

const logOptions = (): readonly Option[] => [
  new Option('--joblog <file>', 'write a row for each line that is done, in the columns of GNU parallel'),
  new Option('--resume', 'go on with the run of which --joblog has a log: lines that it has are left out'),
  new Option('--resume-failed', 'as --resume, but call lines that failed once more'),
  new Option('--web', 'show the run on a web page of this host while it lasts'),
  new Option('--json', 'write what is told on standard error as lines of JSON'),
];
