import { firstOf, type SleighError } from '../client/sleigh-error.ts';
import type { NetWorkSpace } from '../client/net-work-space.ts';
import type { SleighOptions } from '../client/sleigh-options.ts';
import { Sleigh } from '../client/sleigh.ts';
import { lineOfElement, lineOutcomes, type LineOutcome } from './line-outcome.ts';
import type { Inputs } from './user-module.ts';

export interface RunJobOptions {
  /** Its workers, and its server: where that is undefined, one for this job alone. */
  readonly crew: Pick<
    SleighOptions,
    'server' | 'workers' | 'hosts' | 'launch' | 'join' | 'reconnectGrace' | 'onDeath' | 'onOutput'
  >;
  /** The path of the module whose default export the workers call. */
  readonly module: string;
  /** How many lines may be out, at most; in an elastic group for as many workers as it begins with. */
  readonly window: number;
  readonly isOrdered: boolean;
  /** Told when it is there, so that more workers can be sent to it. */
  readonly onStart: (job: NetWorkSpace) => void;
  /** Ends the job before its time. */
  readonly stop: AbortController;
}

/**
 * Makes a job of the lines, and leaves nothing of it behind, however it ends.
 * @param use takes what becomes of them
 * @throws what `use` throws; SleighError, NwsError, ConnectionLostError, LaunchError
 */
export async function runJob(
  { crew, module, window, isOrdered, onStart, stop }: RunJobOptions,
  inputs: Inputs,
  use: (outcomes: AsyncIterable<LineOutcome>) => Promise<void>,
): Promise<void> {
  const { signal } = stop;
  await using sleigh = await Sleigh.start({ ...crew, preload: module, label: 'sleigh run', signal });
  onStart(sleigh.workspace);
  // The window counts lines.
  const options = { loadFactor: window / crew.workers, chunkSize: 1, ordered: isOrdered };
  await use(lineOutcomes(sleigh.eachElem({ module, name: 'default' }, inputs, options).outcomes()));
}

/** The job has ended, and the input has not. */
export function jobOver({ why, unfinished }: SleighError): string {
  return unfinished.length === 0 ? why : `${why}; lines not done: ${firstOf(unfinished.map(lineOfElement))}`;
}
