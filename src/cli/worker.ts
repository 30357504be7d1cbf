import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Option, type Command } from 'commander';
import { decodeOrder, ORDER, type RemoteLaunchOrder } from '../client/launchers/remote-launch-order.ts';
import { NwsError } from '../client/connection/errors.ts';
import { enter } from '../client/sentinel/place.ts';
import { restartBudget } from '../client/options/respawn.ts';
import { Sentinel, type SentinelOptions } from '../client/sentinel/sentinel.ts';
import { fail, failWith } from './fail.ts';
import { Interruption, STOP_SIGNALS } from './interruption.ts';
import { jsonLine } from './json-line.ts';
import { atLeastOne, secondsFrom0 } from './numbers.ts';
import { exit, standardOutput } from './output.ts';
import { processors } from './processors.ts';
import { poolOptions, poolSettings, type PoolFlags } from './pool-options.ts';
import { serverOf, serverOptions, type ServerFlags } from './server-options.ts';
import { ToolError } from './shell-tool.ts';
import { stopWhenToldTo } from './stop.ts';
import { TOOL, USAGE } from './errors.ts';

interface WorkerFlags extends ServerFlags, PoolFlags {
  readonly workers?: number;
  readonly threads?: true;
  readonly preload?: string;
  readonly fromStdin?: true;
  readonly drain: number;
  readonly json?: true;
}

/** Less than the time that batch systems and containers allow between SIGTERM and SIGKILL. */
const DRAIN_SECONDS = 20;

const HELP = `
The workers join the job and run its tasks until the job ends, the server stops, or this command ends. A job whose group is
closed accepts no more workers; a job with an elastic group always does. A worker that ends is replaced.

The master shows what the workers print. On its way that is stored in the variables logDebug (standard output) and
logError (standard error) of the job, with rank and time.

SIGTERM, SIGINT and SIGHUP stop this command. Each worker then finishes the call that it is in and leaves. Workers that are
still busy after --drain seconds are killed, and other workers do their tasks again. A second signal kills all at once.

The exit status is 0 when the job has ended, and 1 when the workers could not start or none is left.

A launcher gives the order in the variable ${ORDER}, or with --from-stdin as a line of standard input. Then no workspace and
no --server is given.

  sleigh ls                                              # which jobs there are
  sleigh worker 'my job' --server head:8765 --workers 4`;

/** `sleigh worker`. */
export function addWorkerCommand(program: Command): void {
  const command = program
    .command('worker')
    .description('start workers for a job on this host, and replace those that end')
    .argument('[workspace]', 'the name of the job');
  for (const option of serverOptions()) command.addOption(option);
  for (const option of poolOptions()) command.addOption(option);
  command
    .addOption(
      new Option('--drain <seconds>', 'seconds that running calls have to finish when the command is stopped')
        .argParser(secondsFrom0)
        .default(DRAIN_SECONDS),
    )
    .addOption(
      new Option(
        '--workers <number>',
        'the number of workers to start (default: the number in the order, or of the processors of this host, of its container or of the batch job)',
      ).argParser(atLeastOne),
    )
    .option('--threads', 'run the workers as threads of one process')
    .option('--preload <module>', 'load this module in each worker before it joins')
    .option('--from-stdin', 'read the order from standard input, and end when standard input does')
    .option('--json', 'print events and errors as lines of JSON')
    .addHelpText('after', HELP)
    .action(async (workspace: string | undefined, flags: WorkerFlags) => {
      // Exits explicitly, because threads may have timers and sockets that never end.
      await exit(await worker(workspace, flags));
    });
}

/** @returns the exit status */
async function worker(workspace: string | undefined, flags: WorkerFlags): Promise<number> {
  const stop = new AbortController();
  stopWhenToldTo(stop);
  try {
    const order = await beforeStop(stop.signal, orderFor(workspace, flags, stop));
    return await workOn(order, flags, stop.signal, reporter(flags, workspace !== undefined));
  } catch (error) {
    // No worker has taken a task yet, and those that were started end with this process.
    if (error instanceof Interruption) return error.status;
    return failWith(error);
  }
}

/** @throws the reason of the signal if it is aborted first, because a server or a standard input may never answer */
async function beforeStop<T>(signal: AbortSignal, starting: Promise<T>): Promise<T> {
  const stopped = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return await Promise.race([starting, stopped]);
}

/** @returns the exit status */
async function workOn(
  order: RemoteLaunchOrder,
  flags: WorkerFlags,
  stop: AbortSignal,
  report: Report,
): Promise<number> {
  let deaths = 0;
  const onDeath = (rank: number, how: string): void => {
    deaths++;
    report({ event: 'death', rank, how }, `worker ${rank} has ended: ${how}`);
  };
  enter(order.place ?? {});
  const kind = flags.threads === true ? 'thread' : 'process';
  const sentinel = await beforeStop(stop, sentinelFor({ ...order, kind, onDeath }));
  const started = Math.ceil(sentinel.started / (order.concurrency ?? 1));
  report({ event: 'started', workers: started }, `${started} workers started for ${order.workspace}`);
  if (!stop.aborted) await Promise.race([sentinel.gone, once(stop, 'abort')]);
  const { reason } = stop;
  if (reason instanceof Interruption && reason.isSignal) {
    report({ event: 'draining' }, 'workers end what they are doing; once more ends them at once');
    await drain(sentinel, flags.drain);
  } else await sentinel.end();
  report({ event: 'ended', workers: started, deaths });
  if (reason instanceof Interruption) return reason.status;
  return sentinel.isOver ? 0 : 1;
}

async function sentinelFor(options: SentinelOptions): Promise<Sentinel> {
  try {
    return await Sentinel.start(options);
  } catch (error) {
    const isMissing = error instanceof NwsError && error.code === 'no-workspace';
    throw isMissing ? new ToolError(TOOL.noWorkspace(options.workspace)) : error;
  }
}

/** @param seconds the time for running calls, unless a second signal comes */
async function drain(sentinel: Sentinel, seconds: number): Promise<void> {
  for (const signal of STOP_SIGNALS) process.once(signal, () => void sentinel.end());
  await sentinel.drain(1_000 * seconds);
}

type Report = (event: object, text?: string) => void;

/** Reports events to programs, or to people who started it by hand. Launchers learn of them from the job. */
function reporter({ json }: WorkerFlags, isByHand: boolean): Report {
  return (event, text) => {
    if (json === true) standardOutput.write(jsonLine(event));
    else if (isByHand && text !== undefined) process.stderr.write(`sleigh: ${text}\n`);
  };
}

async function orderFor(
  workspace: string | undefined,
  flags: WorkerFlags,
  stop: AbortController,
): Promise<RemoteLaunchOrder> {
  const { workers, preload, fromStdin } = flags;
  const { respawn, ...limits } = poolSettings(flags);
  const { concurrency = 1 } = limits;
  const more = (usual: number): Partial<RemoteLaunchOrder> => ({
    ...(workers && { workers }),
    ...(preload !== undefined && { preload: resolve(preload) }),
    ...(respawn !== undefined && { respawn: restartBudget(respawn, (workers ?? usual) * concurrency) }),
    ...limits,
  });
  if (workspace !== undefined) {
    const usual = processors();
    const respawns = restartBudget(undefined, (workers ?? usual) * concurrency);
    const order = { server: serverOf(flags), workspace, workers: usual, respawn: respawns, station: '' };
    return { ...order, ...more(usual) };
  }
  const text = fromStdin === true ? await firstLine(stop) : process.env[ORDER];
  if (text === undefined) return fail(USAGE.noJob());
  try {
    const order = decodeOrder(text);
    return { ...order, ...more(order.workers) };
  } catch {
    return fail(USAGE.badOrder(fromStdin === true ? 'the first line of standard input' : ORDER));
  }
}

/** Reads the first line of standard input. When standard input ends, the workers are not wanted any more. */
async function firstLine(stop: AbortController): Promise<string> {
  const lines = createInterface(process.stdin);
  let hasOrder = false;
  lines.once('line', () => (hasOrder = true));
  lines.once('close', () => {
    if (hasOrder) stop.abort(new Interruption('standard input has ended', 0));
  });
  const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
  return String(line ?? '');
}
