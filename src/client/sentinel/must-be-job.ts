import { VARIABLE } from '../../wire/names.ts';
import type { NwsConnection } from '../connection/connection.ts';
import { PROCESS } from '../errors/job.ts';

/** The workspace is no job. */
export class NoJobError extends Error {
  override readonly name = 'NoJobError';
  readonly code = PROCESS.noJob.code;
}

/**
 * In a plain workspace a request for a rank would wait for ever, because any variable of it is one that somebody may store to.
 * A job has a number of ranks from its beginning (S2).
 * @throws NoJobError
 */
export async function mustBeJob(connection: NwsConnection, workspace: string): Promise<void> {
  const ranks = await connection.findTry(workspace, VARIABLE.workerIds);
  if (ranks === undefined) throw new NoJobError(PROCESS.noJob(workspace).message);
}
