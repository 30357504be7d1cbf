import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from './batch.ts';
import type { Lines } from './lines.ts';

/** Milliseconds between two looks at how many workers there are. */
const LOOK = 250;

/** @returns how many tasks may be out for so many workers: one, at least, and also where there is nobody yet */
export const windowFor = (loadFactor: number, workers: number): number =>
  Math.max(1, Math.round(loadFactor * Math.max(1, workers)));

/** Lets more out for more workers of an elastic group, and less for fewer, until the batch is settled (S17). */
export async function followCrew(
  batch: Batch,
  loadFactor: number,
  lines: Lines,
  workspace: string,
): Promise<void> {
  try {
    while (!batch.isSettled) {
      const { value } = await lines.main.find(workspace, 'rankCount');
      batch.window = windowFor(loadFactor, Number(value));
      await sleep(LOOK, undefined, { ref: false });
    }
  } catch {
    // There is no job any more, as the batch learns by itself.
  }
}
