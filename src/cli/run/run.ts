import { hostname } from 'node:os';
import { ConnectionLostError, NwsError } from '../../client/connection/errors.ts';
import { LaunchError } from '../../client/launchers/launcher.ts';
import { ModuleError } from '../../client/task/module-function.ts';
import { SleighError } from '../../client/master/sleigh-error.ts';
import type { SleighOptions } from '../../client/options/sleigh-options.ts';
import type { Sleigh } from '../../client/master/sleigh.ts';
import { codeOf, fail, textOf } from '../fail.ts';
import { InputError, openInput, STANDARD_INPUT } from '../input.ts';
import { Interruption } from '../interruption.ts';
import { isStartedHere, launcherOf, pythonLauncherOf, type LaunchFlags } from '../launch-options.ts';
import { poolSettings, type PoolFlags } from '../pool-options.ts';
import type { Encoding } from '../lines.ts';
import { OutputError } from '../output.ts';
import { jobOver, runJob } from '../run-job.ts';
import { serverOf, type ServerFlags } from '../server-options.ts';
import { StatusLine, type Report } from '../status-line.ts';
import { stopWhenToldTo } from '../stop.ts';
import { Tally } from '../tally.ts';
import { loadUserModule, type Inputs, type UserModule } from '../user-module.ts';
import { RunFileError } from './append-file.ts';
import type { Halt } from './halt.ts';
import { Invitation } from './invitation.ts';
import { Journal } from './journal.ts';
import { countLines } from './line-count.ts';
import { Halted, LineResults, ResumeError } from './line-results.ts';
import { modulesPrintBeside } from './module-output.ts';
import { howToResume } from './resume.ts';
import { deliver } from './deliver.ts';
import { ExitNotice } from './exit-notice.ts';
import { figuresOf, JobWatch } from './job-watch.ts';
import { USAGE } from '../errors.ts';

export interface RunFlags extends Partial<ServerFlags>, LaunchFlags, PoolFlags {
  readonly workers: number;
  readonly window?: number;
  readonly unordered?: true;
  readonly text?: true;
  readonly encoding?: Encoding;
  readonly name?: string;
  readonly join?: 'closing' | 'elastic';
  readonly reconnectGrace?: number;
  /** Seconds. */
  readonly timeout?: number;
  readonly retries?: number;
  readonly halt?: Halt;
  readonly joblog?: string;
  readonly resume?: true;
  readonly resumeFailed?: true;
  readonly web?: true;
}

/** The default number of lines under way for each worker: enough that no worker waits for the next line. */
export const WINDOW_PER_WORKER = 32;

/** @returns the exit status */
export async function run(file: string, input: string | undefined, flags: RunFlags): Promise<number> {
  refuseContradictions(flags);
  const status = new StatusLine(process.stderr);
  const tally = new Tally();
  const stop = new AbortController();
  using invitation = new Invitation();
  let journal: Journal | undefined;
  let results: LineResults | undefined;
  try {
    // Standard output is for results.
    const restore = modulesPrintBeside(process.stderr);
    using notice = new ExitNotice(file);
    const module = await loadUserModule(file);
    notice.isLoaded = true;
    // If the module has its own `output`, it decides what is a result.
    if (module.output !== undefined) restore();
    const inputs = await inputsFor(module, input, flags, status);
    if (input !== undefined || module.input === undefined) countInto(tally, input ?? STANDARD_INPUT, flags);
    stopWhenToldTo(stop);
    journal = journalFor(flags);
    if (module.output === undefined && journal?.isOutputEmptied === true)
      status.say(EMPTIED, { event: 'emptied' });
    results = resultsFor(inputs, module, { flags, tally, journal });
    await work(results, module, { flags, status, tally, journal, stop, invitation });
  } catch (error) {
    const why: unknown = stop.signal.aborted ? stop.signal.reason : error;
    status.hide();
    return explainEnd(why, { flags, status, tally, unfinished: results?.work.unfinished ?? [] });
  } finally {
    status.hide();
    journal?.close();
  }
  return conclude(results.isHalting, { flags, status, tally });
}

function refuseContradictions(flags: RunFlags): void {
  const { resume, resumeFailed, joblog, web, server, name, retries, join } = flags;
  if (name !== undefined && server === undefined) fail(USAGE.nameWithoutServer());
  if (name !== undefined && (retries !== undefined || join === 'closing')) fail(USAGE.nameWithRetries());
  if ((resume ?? resumeFailed) === true && joblog === undefined) fail(USAGE.resumeWithoutLog());
  if (web === true && server !== undefined) fail(USAGE.webOfOtherServer());
}

const journalFor = ({ joblog, resume, resumeFailed }: RunFlags): Journal | undefined =>
  joblog === undefined
    ? undefined
    : new Journal({ path: joblog, isResumed: (resume ?? resumeFailed) === true, output: process.stdout.fd });

const EMPTIED =
  'the output is an empty file, and results that the log has are not written again: resume with >>FILE, not >FILE, unless the earlier ones are elsewhere';

interface Parts {
  readonly flags: RunFlags;
  readonly status: StatusLine;
  readonly tally: Tally;
  readonly journal: Journal | undefined;
  readonly stop: AbortController;
  readonly invitation: Invitation;
}

function windowOf({ workers, concurrency = 1, window, halt }: RunFlags): number {
  return window ?? (halt === undefined ? WINDOW_PER_WORKER : 1) * workers * concurrency;
}

function resultsFor(
  inputs: Inputs,
  module: UserModule,
  { flags, tally, journal }: Pick<Parts, 'flags' | 'tally' | 'journal'>,
): LineResults {
  const { retries = 1, unordered = false, halt, resumeFailed = false } = flags;
  return new LineResults(inputs, {
    module: module.path,
    attempts: retries,
    isOrdered: !unordered,
    window: windowOf(flags),
    tally,
    halt,
    journal,
    retriesFailed: resumeFailed,
    isWritten: module.output === undefined,
  });
}

/** @throws Halted, and what `runJob` throws */
async function work(results: LineResults, module: UserModule, parts: Parts): Promise<void> {
  const { flags, status, tally, journal, stop } = parts;
  let watch: JobWatch | undefined;
  const report = (): Report => {
    const waiting = tally.done === 0 ? watch?.report : undefined;
    if (waiting !== undefined) return { ...waiting, isUrgent: true };
    const tasks = watch?.tasks;
    const event = { event: 'progress', ...tally.figures, ...tasks };
    return { text: tally.progress(tasks), event, isUrgent: false };
  };
  const onStart = (sleigh: Sleigh): void => {
    watch = new JobWatch(flags.workers * (flags.concurrency ?? 1), () => figuresOf(sleigh.workspace));
    // All workers run on this host, unless others may join.
    const isHere = flags.host === undefined && flags.join !== 'elastic' && isStartedHere(flags.launch);
    const otherwise = isHere ? hostname() : undefined;
    results.hostOf = (worker) => (worker === undefined ? undefined : sleigh.hosts.get(worker)) ?? otherwise;
    announce(sleigh, parts);
  };
  status.show(report);
  const timeout = flags.timeout === undefined ? undefined : 1000 * flags.timeout;
  const options = { crew: crewOf(module, flags, status, stop), task: module.task, window: windowOf(flags) };
  try {
    await runJob({ ...options, timeout, onStart, stop }, results.work.elements(), (outcomes) =>
      deliver(results.of(outcomes), module, { status, journal, signal: stop.signal }),
    );
  } finally {
    results.work.stop();
    watch?.[Symbol.dispose]();
  }
}

function crewOf({ task, path }: UserModule, flags: RunFlags, status: StatusLine, stop: AbortController) {
  const { workers, name, join, reconnectGrace, retries, web, cwd, env } = flags;
  const onDeath = (rank: number, how: string): void => {
    if (!stop.signal.aborted) status.say(`worker ${rank} has ended: ${how}`, { event: 'death', rank, how });
  };
  const onPage = (url: string): void => status.say(`web page at ${url}`, { event: 'web', url });
  return {
    workers,
    hosts: flags.host ?? [],
    launch: task.language === 'python' ? pythonLauncherOf(flags, path) : launcherOf(flags),
    ...poolSettings(flags),
    cwd,
    env,
    server: flags.server === undefined ? undefined : serverOf({ ...flags, server: flags.server }),
    name,
    join,
    reconnectGrace,
    // With --retries this command itself counts the attempts, for deaths as well as errors.
    maxAttempts: retries === undefined ? undefined : 1,
    onPage: web === true ? onPage : undefined,
    onDeath,
    onOutput: (text: string): void => status.pass(text),
  } satisfies SleighOptions;
}

function announce(sleigh: Sleigh, { flags, status, invitation }: Parts): void {
  if (flags.join !== 'elastic') return;
  const { text, event } = invitation.to(sleigh.workspace, flags.server === undefined);
  status.say(`more workers: ${text}`, event);
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

/** Counts the lines for the progress. Encodings with two bytes for each character are not counted. */
function countInto(tally: Tally, file: string, { encoding }: RunFlags): void {
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return;
  void countLines(file).then((lines) => (tally.total = lines));
}

/** Errors whose message is sufficient. */
const PLAIN = [
  LaunchError,
  ModuleError,
  InputError,
  RunFileError,
  ResumeError,
  ConnectionLostError,
  NwsError,
];

interface End extends Pick<Parts, 'flags' | 'status' | 'tally'> {
  /** The lines that were under way. */
  readonly unfinished: readonly number[];
}

/** @returns the exit status */
function explainEnd(error: unknown, end: End): number {
  const { flags, status, tally, unfinished } = end;
  if (error instanceof Halted) return conclude(true, end);
  // `exit` reports it.
  if (error instanceof OutputError) return 1;
  if (error instanceof Interruption && error.status === 0) return 0;
  const resume = howToResume(flags);
  if (error instanceof Interruption) {
    status.say(`interrupted: ${tally.summary}; ${resume.text}`, {
      event: 'interrupted',
      ...tally.figures,
      resume: resume.command,
    });
    return error.status;
  }
  const isExpected = PLAIN.some((kind) => error instanceof kind);
  if (error instanceof SleighError) status.fail(jobOver(error, unfinished), error.code);
  else status.fail(textOf(error, isExpected), codeOf(error, isExpected));
  if (flags.joblog !== undefined && tally.done > 0)
    status.say(`${tally.summary}; ${resume.text}`, { event: 'unfinished', resume: resume.command });
  return 1;
}

/** @returns the exit status of a run that has reached its end, or the end determined by `--halt` */
function conclude(
  isHalting: boolean,
  { flags, status, tally }: Pick<Parts, 'flags' | 'status' | 'tally'>,
): number {
  const { halt } = flags;
  if (isHalting)
    status.say(`ended early, by --halt: ${tally.summary}`, { event: 'halted', ...tally.figures });
  if (tally.failures !== undefined) status.fail(tally.failures.message, tally.failures.code);
  if (isHalting && halt !== undefined) return halt.what === 'fail' ? 1 : 0;
  return tally.failures === undefined ? 0 : 1;
}
