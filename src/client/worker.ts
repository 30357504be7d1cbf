import { inspect } from 'node:util';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import { claimed } from './claimed.ts';
import type { Found, NwsConnection } from './connection.ts';
import { ConnectionLostError, NwsError } from './errors.ts';
import {
  BUDGET,
  CHUNK,
  ERROR,
  TOOK,
  type ChunkOutcome,
  type TaskErrorCode,
  type TaskFailure,
} from './task-metadata.ts';
import { encodeValue, type EncodedValue } from './values.ts';

/** Metadata of a result that says that its task failed. */
const FAILED: Metadata = new Map([[ERROR, '1']]);

/** What makes of a task its result. */
export type Call = (value: unknown, metadata: Metadata) => unknown;

export interface WorkerOptions {
  readonly workspace: string;
  readonly rank: number;
  /** Kept with its registration (S3). */
  readonly description: Metadata;
  readonly call: Call;
  /** Told when the server does not take a result; the task has then failed (S7.1). */
  readonly onRefusal: (error: unknown) => void;
}

/** A task that was not called, or not to its end. */
export class TaskStopped extends Error {
  override readonly name: string = 'TaskStopped';
  readonly code: TaskErrorCode;

  constructor(code: TaskErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Registers, and calls the function for one task after another, until there is no more to come: the job is over, the
 * workspace or the connection is gone (S3, S7, S14).
 * @throws NwsError when it may not register
 */
export async function work(connection: NwsConnection, options: WorkerOptions): Promise<void> {
  const { workspace, rank, description, call, onRefusal } = options;
  await connection.useWorkspace(workspace, { create: false });
  await connection.store(workspace, 'worker_ids', String(rank), description);
  const ask = (): Promise<Found | undefined> => taskUnlessOver(connection.fetch(workspace, 'task'));
  for (let task = await ask(); task !== undefined;) {
    const [value, metadata] = await perform(call, task);
    const stored = connection.storeEncoded(workspace, 'result', value, metadata).catch(onRefusal);
    // Leaves with the result, in one piece. Where that is refused this says that the task has failed (S7.1).
    const next = ask();
    await stored;
    task = await next;
  }
}

async function taskUnlessOver(asked: Promise<Found>): Promise<Found | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NwsError || error instanceof ConnectionLostError) return undefined;
    throw error;
  }
}

/** @returns the result: what the function made of it, or how it failed to, or why that cannot be sent (C2) */
async function perform(call: Call, task: Found): Promise<[value: EncodedValue, metadata: Metadata]> {
  const begun = performance.now();
  try {
    const result = await call(task.value, task.metadata);
    const encoded = task.metadata.get(CHUNK) === '1' ? encodeChunk(result) : encodeValue(result);
    if (!task.metadata.has(BUDGET)) return [encoded, NO_METADATA];
    return [encoded, new Map([[TOOK, (performance.now() - begun).toFixed(3)]])];
  } catch (error) {
    return [encodeValue(failureOf(error)), FAILED];
  }
}

/** An outcome that cannot be sent is no reason to throw away the others. */
function encodeChunk(result: unknown): EncodedValue {
  try {
    return encodeValue(result);
  } catch (error) {
    if (!Array.isArray(result)) throw error;
    return encodeValue(claimed<ChunkOutcome[]>(result).map(sendable));
  }
}

function sendable(outcome: ChunkOutcome): ChunkOutcome {
  try {
    encodeValue(outcome);
    return outcome;
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

export function failureOf(error: unknown): TaskFailure {
  if (error instanceof TaskStopped) {
    const { code, message } = error;
    return { code, message, stack: message };
  }
  const isError = error instanceof Error;
  const message = isError ? String(error) : `thrown: ${inspect(error)}`;
  return { code: 'threw', message, stack: (isError ? error.stack : undefined) ?? message };
}
