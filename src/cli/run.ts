import { Console } from 'node:console';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';
import { ConnectionLostError, NwsError } from '../client/errors.ts';
import { LaunchError } from '../client/launcher.ts';
import { ModuleError } from '../client/module-function.ts';
import type { NetWorkSpace } from '../client/net-work-space.ts';
import { SleighError } from '../client/sleigh-error.ts';
import { authorityOf } from '../wire/authority.ts';
import { InputError, openInput, STANDARD_INPUT } from './input.ts';
import { ENCODINGS, type Encoding } from './lines.ts';
import { Interruption } from './interruption.ts';
import { codeOf, textOf } from './fail.ts';
import { launcherOf, launchOptions, type LaunchFlags } from './launch-options.ts';
import { jsonLine } from './json-line.ts';
import { atLeastOne, secondsFrom0 } from './numbers.ts';
import { exit, OutputError, print } from './output.ts';
import { jobOver, runJob } from './run-job.ts';
import type { LineOutcome } from './line-outcome.ts';
import { admissionOptions, serverOf, serverOption, type ServerFlags } from './server-options.ts';
import { StatusLine } from './status-line.ts';
import { stopWhenToldTo } from './stop.ts';
import { Tally } from './tally.ts';
import { loadUserModule, type Inputs, type UserModule } from './user-module.ts';

interface RunFlags extends Partial<ServerFlags>, LaunchFlags {
  workers: number;
  window?: number;
  unordered?: true;
  text?: true;
  encoding?: Encoding;
  join?: 'closing' | 'elastic';
  reconnectGrace?: number;
}

/** Lines out for each worker, unless told: enough that none waits for the next one. */
const WINDOW_PER_WORKER = 32;

const HELP = `
MODULE is a JavaScript module whose default export is a function, async or not. It is called once for each line of the
input, and each result is written to standard output as a line of JSON.

What the function is given: what the line says where the line is JSON, else its text. A number that would not be printed
as it stands there stays text (1.10, 007, 12345678901234567891), and --text makes every line text. A line ends with \\n or
\\r\\n; the last one need not end. Input that is not in the encoding, or has a NUL byte without --text, is an error.

What is written: undefined as null, a Map, a Set and typed arrays as arrays, a BigInt as a string of its digits, a Date
as ISO 8601 text, an object of a class by its properties. Where a call fails, or its result is what JSON cannot say (NaN,
Infinity, an error, a function), the line in its place is {"line":N,"error":"TypeError: …"}, the others go on, and the
exit status is 1. What the module prints goes to standard error.

A line whose worker dies is given to another one. With --join elastic the command says how to send more workers to the
job, by "sleigh worker"; --window is then for as many workers as it begins with.

A module may also export
  input   inputs to take without INPUT: an iterable, or a function that gives one (a generator, say)
  output  a function that is called with the outcomes, an async iterable of { line, value, worker } or
          { line, error, stack }, in place of writing them

  sleigh run examples/words.mjs README.md
  seq 1000 | sleigh run square.mjs --workers 4 | head`;

/** `sleigh run`. */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('call a function for each line of the input, on many workers')
    .argument('<module>', 'its default export is called')
    .argument('[input]', `a file; ${STANDARD_INPUT} or nothing is standard input`)
    .addOption(serverOption('use this server, not one of its own'))
    .addOption(
      new Option('--workers <number>', 'how many, in all')
        .argParser(atLeastOne)
        .default(availableParallelism(), 'the number of processors'),
    )
    .option(
      '--window <number>',
      `lines out at once, at most (default: ${WINDOW_PER_WORKER} a worker)`,
      atLeastOne,
    )
    .option('--text', 'give the function each line as text, also where it is JSON')
    .addOption(
      new Option(
        '--encoding <name>',
        'what the input is written in (default: utf-8, or as its byte order mark says)',
      ).choices(ENCODINGS),
    )
    .option('--unordered', 'write results as they come, not in the order of the input')
    .addOption(
      new Option(
        '--join <how>',
        'elastic: more workers may come, and go, while it runs (default: closing)',
      ).choices(['closing', 'elastic']),
    )
    .addOption(
      new Option(
        '--reconnect-grace <seconds>',
        'how long a worker that lost its connection may take to come back (default: 0, never)',
      ).argParser(secondsFrom0),
    )
    .option('--json', 'what is told on standard error goes as lines of JSON, too');
  for (const option of [...admissionOptions(), ...launchOptions()]) command.addOption(option);
  command
    .addHelpText('after', HELP)
    .action(async (module: string, input: string | undefined, flags: RunFlags) => {
      // Not left to the event loop: the module may have timers and sockets that never end.
      await exit(await run(module, input, flags));
    });
}

/** @returns the exit status */
async function run(file: string, input: string | undefined, flags: RunFlags): Promise<number> {
  const status = new StatusLine(process.stderr);
  const tally = new Tally();
  const stop = new AbortController();
  try {
    const module = await loadQuietly(file);
    const inputs = await inputsFor(module, input, flags, status);
    stopWhenToldTo(stop);
    const { workers, window = WINDOW_PER_WORKER * workers, unordered = false, join, reconnectGrace } = flags;
    const onDeath = (rank: number, how: string): void => {
      if (!stop.signal.aborted) status.say(`worker ${rank} has ended: ${how}`, { event: 'death', rank, how });
    };
    const server = flags.server === undefined ? undefined : serverOf({ ...flags, server: flags.server });
    const onOutput = (text: string): void => status.pass(text);
    const launch = { workers, hosts: flags.host ?? [], launch: launcherOf(flags) };
    const crew = { ...launch, server, join, reconnectGrace, onDeath, onOutput };
    const onStart = ({ name, server: { host = '', port = 0 } }: NetWorkSpace): void => {
      if (join === 'elastic')
        status.say(`more workers: sleigh worker '${name}' --server ${authorityOf(host, port)}`, {
          event: 'joining',
          sleigh: name,
          server: authorityOf(host, port),
        });
    };
    const options = { crew, module: module.path, window, isOrdered: !unordered, onStart, stop };
    status.show(() => tally.progress);
    await runJob(options, inputs, async (lines) => {
      const outcomes = tally.count(lines, () => status.hide());
      const taken = module.output === undefined ? write(outcomes, tally, status) : module.output(outcomes);
      await Promise.race([taken, aborted(stop.signal)]);
    });
  } catch (error) {
    return explainEnd(stop.signal.aborted ? stop.signal.reason : error, status);
  } finally {
    status.hide();
  }
  if (tally.failures === undefined) return 0;
  status.fail(tally.failures, 'lines-failed');
  return 1;
}

/** Standard output is for results: what the module prints while it is loaded, and after, goes beside it. */
async function loadQuietly(file: string): Promise<UserModule> {
  const usual = globalThis.console;
  globalThis.console = new Console(process.stderr, process.stderr);
  const module = await loadUserModule(file);
  // With an `output` of its own the module says what is a result.
  if (module.output !== undefined) globalThis.console = usual;
  return module;
}

function inputsFor(
  module: UserModule,
  input: string | undefined,
  { text, encoding }: RunFlags,
  status: StatusLine,
): Promise<Inputs> | Inputs {
  if (input === undefined && module.input !== undefined) return module.input();
  const file = input ?? STANDARD_INPUT;
  if (file === STANDARD_INPUT && process.stdin.isTTY)
    status.say('reading lines from the terminal; Ctrl-D ends them', { event: 'reading' });
  return openInput(file, { encoding, isText: text === true });
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

/** At the pace of whoever reads them. */
async function write(outcomes: AsyncIterable<LineOutcome>, tally: Tally, status: StatusLine): Promise<void> {
  for await (const outcome of outcomes) {
    if (process.stdout.isTTY) status.erase();
    await print(lineOf(outcome, tally));
  }
}

function lineOf(outcome: LineOutcome, tally: Tally): string {
  const { line } = outcome;
  if ('error' in outcome) return jsonLine({ line, error: outcome.error });
  try {
    return jsonLine(outcome.value);
  } catch (cause) {
    const [error = ''] =
      `the result has no form in JSON: ${cause instanceof Error ? cause.message : String(cause)}`.split('\n');
    tally.fail({ line, error, stack: error });
    return jsonLine({ line, error });
  }
}

/** Errors whose message says it all. */
const PLAIN = [LaunchError, ModuleError, InputError, ConnectionLostError, NwsError];

/** @returns the exit status */
function explainEnd(error: unknown, status: StatusLine): number {
  if (error instanceof Interruption) return error.status;
  // `exit` tells of it.
  if (error instanceof OutputError) return 1;
  if (error instanceof SleighError) status.fail(jobOver(error), error.code);
  else {
    const isExpected = PLAIN.some((kind) => error instanceof kind);
    status.fail(textOf(error, isExpected), codeOf(error, isExpected));
  }
  return 1;
}
