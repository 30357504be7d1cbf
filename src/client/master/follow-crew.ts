import { VARIABLE } from '../../wire/names.ts';
import { delay } from '../clock.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';

/** Milliseconds between two reads of the number of workers. */
const LOOK = 250;

/**
 * Keeps the dispatcher informed of the number of workers of an elastic group while it has batches, because more
 * workers get more tasks (S17).
 */
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
    // The job has ended. Its batches learn that by themselves.
  }
}
