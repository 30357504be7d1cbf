import { VARIABLE } from '../../wire/names.ts';
import { delay } from '../clock.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';

/** Milliseconds between two looks at how many workers there are. */
const LOOK = 250;

/** Tells the dispatcher how many workers an elastic group has, while it has batches: more are sent more (S17). */
export async function followCrew(
  dispatcher: Dispatcher,
  lines: ConnectionPool,
  workspace: string,
): Promise<void> {
  try {
    while (dispatcher.isBusy) {
      const { value } = await lines.main.find(workspace, VARIABLE.rankCount);
      dispatcher.workers = Number(value);
      await delay(lines.main.clock, LOOK);
    }
  } catch {
    // There is no job any more, as the batches learn by themselves.
  }
}
