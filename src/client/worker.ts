import { inspect } from 'node:util';
import type { Metadata } from '../wire/payload.ts';
import type { NwsConnection } from './connection.ts';
import { ConnectionLostError, NwsError } from './errors.ts';
import type { TaskFunction } from './module-function.ts';

/** Metadata of a result that says that its task failed; the value is then a TaskFailure. */
export const FAILED: Metadata = new Map([['error', '1']]);
const WORKED: Metadata = new Map();

/** The value of a failed task's result. */
export interface TaskFailure {
  /** `TypeError: …`, or what else was thrown. */
  readonly message: string;
  /** The message and where it was thrown, when that is known. */
  readonly stack: string;
}

/** The worker's place in a job. */
export interface Place {
  readonly workspace: string;
  readonly rank: number;
  /** Kept with its registration (S3). */
  readonly description: Metadata;
}

/**
 * Registers, and calls the function for one task after another, until there is no more to come: the job is over, the
 * workspace or the connection is gone (S3, S7, S14).
 * @throws NwsError when it may not register, or when a result and word of its failure are both refused
 */
export async function work(connection: NwsConnection, place: Place, call: TaskFunction): Promise<void> {
  const { workspace, rank, description } = place;
  await connection.useWorkspace(workspace);
  await connection.store(workspace, 'worker_ids', String(rank), description);
  for (;;) {
    const task = await unlessOver(connection.fetch(workspace, 'task'));
    if (task === undefined) return;
    const [value, metadata] = await perform(call, task.value);
    try {
      await connection.store(workspace, 'result', value, metadata);
    } catch (error) {
      if (error instanceof ConnectionLostError) return;
      // It cannot be sent, or the server does not take it: the master hears that instead.
      await connection.store(workspace, 'result', failureOf(error), FAILED);
    }
  }
}

async function unlessOver<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NwsError || error instanceof ConnectionLostError) return undefined;
    throw error;
  }
}

async function perform(call: TaskFunction, value: unknown): Promise<[value: unknown, metadata: Metadata]> {
  try {
    return [await call(value), WORKED];
  } catch (error) {
    return [failureOf(error), FAILED];
  }
}

function failureOf(error: unknown): TaskFailure {
  const isError = error instanceof Error;
  const message = isError ? String(error) : `thrown: ${inspect(error)}`;
  return { message, stack: (isError ? error.stack : undefined) ?? message };
}
