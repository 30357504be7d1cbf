import { firstOf, type SleighError } from '../client/sleigh-error.ts';
import { Sleigh } from '../client/sleigh.ts';
import type { Address } from './address.ts';
import { lineOfElement, lineOutcomes, type LineOutcome } from './line-outcome.ts';
import type { Inputs } from './user-module.ts';

export interface JobOptions {
  /** Undefined: a server of its own, for this job alone. */
  readonly server: Address | undefined;
  /** The path of the module whose default export the workers call. */
  readonly module: string;
  readonly workers: number;
  /** How many lines may be out, at most. */
  readonly window: number;
  readonly isOrdered: boolean;
  /** Ends the job before its time. */
  readonly stop: AbortController;
  readonly onDeath: (rank: number, how: string) => void;
}

/**
 * Makes a job of the lines, and leaves nothing of it behind, however it ends.
 * @param use takes what becomes of them
 * @throws what `use` throws; SleighError, NwsError, ConnectionLostError
 */
export async function runJob(
  { server, module, workers, window, isOrdered, stop, onDeath }: JobOptions,
  inputs: Inputs,
  use: (outcomes: AsyncIterable<LineOutcome>) => Promise<void>,
): Promise<void> {
  const { signal } = stop;
  const preload = module;
  await using sleigh = await Sleigh.start({ server, workers, preload, label: 'sleigh run', onDeath, signal });
  const options = { loadFactor: window / workers, ordered: isOrdered };
  await use(lineOutcomes(sleigh.eachElem({ module, name: 'default' }, inputs, options).outcomes()));
}

/** The job has ended, and the input has not. */
export function jobOver({ why, unfinished }: SleighError): string {
  return unfinished.length === 0 ? why : `${why}; lines not done: ${firstOf(unfinished.map(lineOfElement))}`;
}
