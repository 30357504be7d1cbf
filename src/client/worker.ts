import { inspect } from 'node:util';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import type { NwsConnection } from './connection.ts';
import { ConnectionLostError, NwsError } from './errors.ts';
import type { TaskFunction } from './module-function.ts';
import { encodeValue, type EncodedValue } from './values.ts';

/** Metadata of a result that says that its task failed; the value is then a TaskFailure. */
const FAILED: Metadata = new Map([['error', '1']]);

/** The value of a failed task's result. */
export interface TaskFailure {
  /** `TypeError: …`, or what else was thrown. */
  readonly message: string;
  /** The message and where it was thrown, when that is known. */
  readonly stack: string;
}

export interface WorkerOptions {
  readonly workspace: string;
  readonly rank: number;
  /** Kept with its registration (S3). */
  readonly description: Metadata;
  readonly call: TaskFunction;
  /** Told when the server does not take a result; the task has then failed (S7.1). */
  readonly onRefusal: (error: unknown) => void;
}

/**
 * Registers, and calls the function for one task after another, until there is no more to come: the job is over, the
 * workspace or the connection is gone (S3, S7, S14).
 * @throws NwsError when it may not register
 */
export async function work(connection: NwsConnection, options: WorkerOptions): Promise<void> {
  const { workspace, rank, description, call, onRefusal } = options;
  await connection.useWorkspace(workspace);
  await connection.store(workspace, 'worker_ids', String(rank), description);
  const ask = (): Promise<unknown> => valueUnlessOver(connection.fetch(workspace, 'task'));
  for (let task = await ask(); task !== OVER;) {
    const [value, metadata] = await perform(call, task);
    const stored = connection.storeEncoded(workspace, 'result', value, metadata).catch(onRefusal);
    // Leaves with the result, in one piece. Where that is refused this says that the task has failed (S7.1).
    const next = ask();
    await stored;
    task = await next;
  }
}

/** What stands for a task when there will be none. */
const OVER = Symbol('over');

async function valueUnlessOver(asked: Promise<{ value: unknown }>): Promise<unknown> {
  try {
    return (await asked).value;
  } catch (error) {
    if (error instanceof NwsError || error instanceof ConnectionLostError) return OVER;
    throw error;
  }
}

/** @returns the result: what the function made of it, or how it failed to, or why that cannot be sent (C2) */
async function perform(
  call: TaskFunction,
  task: unknown,
): Promise<[value: EncodedValue, metadata: Metadata]> {
  try {
    return [encodeValue(await call(task)), NO_METADATA];
  } catch (error) {
    return [encodeValue(failureOf(error)), FAILED];
  }
}

function failureOf(error: unknown): TaskFailure {
  const isError = error instanceof Error;
  const message = isError ? String(error) : `thrown: ${inspect(error)}`;
  return { message, stack: (isError ? error.stack : undefined) ?? message };
}
