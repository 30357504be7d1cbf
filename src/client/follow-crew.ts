import type { Batch } from './batch.ts';
import { delay } from './clock.ts';
import type { Lines } from './lines.ts';

/** Milliseconds between two looks at how many workers there are. */
const LOOK = 250;

/** Tells the batch how many workers an elastic group has, until it is settled: more are sent more (S17). */
export async function followCrew(batch: Batch, lines: Lines, workspace: string): Promise<void> {
  try {
    while (!batch.isSettled) {
      const { value } = await lines.main.find(workspace, 'rankCount');
      batch.workers = Number(value);
      await delay(lines.main.clock, LOOK);
    }
  } catch {
    // There is no job any more, as the batch learns by itself.
  }
}
