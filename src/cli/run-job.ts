import { firstOf, type SleighError } from '../client/master/sleigh-error.ts';
import type { Outcome } from '../client/task/outcome.ts';
import type { LaunchOptions, SleighOptions } from '../client/options/sleigh-options.ts';
import { Sleigh } from '../client/master/sleigh.ts';
import type { Task } from '../client/task/task.ts';

export interface RunJobOptions {
  /** The workers, and the server; if `server` is undefined, a private server. */
  readonly crew: Pick<
    SleighOptions,
    | keyof LaunchOptions
    | 'server'
    | 'join'
    | 'name'
    | 'reconnectGrace'
    | 'onDeath'
    | 'onOutput'
    | 'maxAttempts'
    | 'onPage'
  >;
  /** What the workers call. */
  readonly task: Task;
  /** The largest number of lines under way. For an elastic group, that of its initial workers. */
  readonly window: number;
  /** The time limit of a call in milliseconds. */
  readonly timeout: number | undefined;
  /** Called when the job has started. */
  readonly onStart: (sleigh: Sleigh) => void;
  /** Ends the job early. */
  readonly stop: AbortController;
}

/** The name of the only batch of a job with a name. */
const BATCH = 'lines';

/**
 * Runs a job for the elements. It leaves nothing behind, however it ends.
 * @param use receives the outcomes in the order in which they arrive
 * @throws what `use` throws; SleighError, NwsError, ConnectionLostError, LaunchError
 */
export async function runJob(
  { crew, task, window, timeout, onStart, stop }: RunJobOptions,
  elements: AsyncIterable<unknown>,
  use: (outcomes: AsyncIterable<Outcome>) => Promise<void>,
): Promise<void> {
  const { signal } = stop;
  // A module of Python that is no file has no path, and is imported with the first line.
  const hasPath = task.language !== 'python' || task.module.endsWith('.py');
  const preload = hasPath ? task.module : undefined;
  await using sleigh = await Sleigh.start({ ...crew, preload, label: 'sleigh run', signal });
  onStart(sleigh);
  // The window is a number of lines.
  const handing = {
    loadFactor: window / (crew.workers * (crew.concurrency ?? 1)),
    chunkSize: 1,
    ordered: false,
  };
  const options = {
    ...handing,
    ...(timeout !== undefined && { timeout }),
    ...(crew.name !== undefined && { name: BATCH }),
  };
  await use(sleigh.eachElem(task, elements, options).outcomes());
}

/**
 * The job has ended before the input.
 * @param lines the lines that were under way
 */
export function jobOver({ why }: SleighError, lines: readonly number[]): string {
  return lines.length === 0 ? why : `${why}; lines not done: ${firstOf(lines)}`;
}
