import { firstOf, type SleighError } from '../client/master/sleigh-error.ts';
import type { Outcome } from '../client/task/outcome.ts';
import type { LaunchOptions, SleighOptions } from '../client/options/sleigh-options.ts';
import { Sleigh } from '../client/master/sleigh.ts';

export interface RunJobOptions {
  /** Its workers, and its server: where that is undefined, one for this job alone. */
  readonly crew: Pick<
    SleighOptions,
    | keyof LaunchOptions
    | 'server'
    | 'join'
    | 'reconnectGrace'
    | 'onDeath'
    | 'onOutput'
    | 'maxAttempts'
    | 'onPage'
  >;
  /** The path of the module whose default export the workers call. */
  readonly module: string;
  /** How many lines may be out, at most; in an elastic group for as many workers as it begins with. */
  readonly window: number;
  /** Milliseconds that a call may take. */
  readonly timeout: number | undefined;
  /** Told when the job is there. */
  readonly onStart: (sleigh: Sleigh) => void;
  /** Ends the job before its time. */
  readonly stop: AbortController;
}

/**
 * Makes a job of the elements, and leaves nothing of it behind, however it ends.
 * @param use takes what becomes of them, in the order in which that is known
 * @throws what `use` throws; SleighError, NwsError, ConnectionLostError, LaunchError
 */
export async function runJob(
  { crew, module, window, timeout, onStart, stop }: RunJobOptions,
  elements: AsyncIterable<unknown>,
  use: (outcomes: AsyncIterable<Outcome>) => Promise<void>,
): Promise<void> {
  const { signal } = stop;
  await using sleigh = await Sleigh.start({ ...crew, preload: module, label: 'sleigh run', signal });
  onStart(sleigh);
  // The window counts lines.
  const handing = { loadFactor: window / crew.workers, chunkSize: 1, ordered: false };
  const options = { ...handing, ...(timeout !== undefined && { timeout }) };
  await use(sleigh.eachElem({ module, name: 'default' }, elements, options).outcomes());
}

/** The job has ended, and the input has not. @param lines that were out */
export function jobOver({ why }: SleighError, lines: readonly number[]): string {
  return lines.length === 0 ? why : `${why}; lines not done: ${firstOf(lines)}`;
}
