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
    .argument('<module>', 'a JavaScript file; its default export is called for each line')
    .argument('[input]', `a file of lines; ${STANDARD_INPUT}, or none, reads standard input`)
    .addOption(serverOption('run the job on this server (default: a private server is started)'));
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
      // Exits explicitly, because the module may have timers and sockets that never end.
      await exit(await run(module, input, flags));
    });
}

const inputOptions = (): readonly Option[] => [
  new Option('--text', 'call the function with each line as text, even if the line is JSON'),
  new Option(
    '--encoding <name>',
    'the encoding of the input (default: that of its byte order mark, else utf-8)',
  ).choices(ENCODINGS),
  new Option('--unordered', 'write each result as soon as it arrives, not in the order of the input'),
];

const workerOptions = (): readonly Option[] => [
  new Option('-j, --workers <number>', 'the number of workers, over all hosts')
    .argParser(atLeastOne)
    .default(processors(), 'the processors of this host, of its container or of the batch job'),
  new Option(
    '--window <number>',
    `the largest number of lines under way (default: ${WINDOW_PER_WORKER} for each worker; with --halt 1)`,
  ).argParser(atLeastOne),
  new Option(
    '--join <how>',
    'elastic lets workers join and leave while the job runs (default: closing)',
  ).choices(['closing', 'elastic']),
  new Option(
    '--name <name>',
    'the name of the job on --server: the same command, when it is started again, calls only the lines that have no result yet',
  ),
  new Option(
    '--reconnect-grace <seconds>',
    'seconds within which this command and its workers may come back when they have lost the server (default: 60 if the server keeps its data, else 0)',
  ).argParser(secondsFrom0),
];

const retryOptions = (): readonly Option[] => [
  new Option(
    '--timeout <duration>',
    'stop a call that takes longer, and count its line as failed; in seconds, or with m, h or d, as in 5m',
  ).argParser(duration),
  new Option(
    '--retries <number>',
    'the number of attempts for a line whose call fails, times out, or ends its worker',
  ).argParser(atLeastOne),
  new Option(
    '--halt <when>',
    'end before the input does: never, or as in now,fail=1 or soon,fail=10%, explained below',
  ).argParser(haltOf),
];

const logOptions = (): readonly Option[] => [
  new Option(
    '--joblog <file>',
    'write a row for each finished line to this file, with the columns of GNU parallel',
  ),
  new Option('--resume', 'continue the run that wrote --joblog: skip the lines that the log has'),
  new Option('--resume-failed', 'as --resume, but call the lines that failed again'),
  new Option('--web', 'serve a web page that shows the run while it lasts'),
  new Option('--json', 'write progress and errors to standard error as lines of JSON'),
];
