import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import { type ChunkPart } from './chunk.ts';
import { claimed } from './claimed.ts';
import type { Clock } from './clock.ts';
import type { Found, NwsConnection } from './connection.ts';
import { ConnectionLostError, NwsError } from './errors.ts';
import { thisHost } from './platform.ts';
import { Registration, type RegistrationOptions } from './registration.ts';
import { failureOf } from './task-failure.ts';
import { BUDGET, CHUNK, ERROR, TOOK } from './task-metadata.ts';
import { encodeLeniently, encodeTogether, encodeValue, type EncodedValue } from './values.ts';

/** Metadata of a result that says that its task failed. */
const FAILED: Metadata = new Map([[ERROR, '1']]);

/** What makes of a task its result. */
export type Call = (value: unknown, metadata: Metadata) => unknown;

export interface WorkerOptions extends RegistrationOptions {
  /** @param find gets a value of the workspace, on whatever connection the worker has */
  readonly call: (find: Find) => Call;
  /** Told when the server does not take a result; the task has then failed (S7.1). */
  readonly onRefusal: (error: unknown) => void;
}

/** @returns undefined when there is none */
export type Find = (variable: string) => Promise<Found | undefined>;

/**
 * Registers, and calls the function for one task after another, until there is no more to come: the job is over, the
 * workspace is gone, or the connection is, in a job that lets nobody come back (S3, S7, S14, S18).
 * @throws NwsError when it may not register; NotBackError when it lost its connection and did not come back
 */
export async function work(options: WorkerOptions): Promise<void> {
  const registration = await Registration.make(options);
  await Promise.race([registration.over, workThrough(registration, options)]);
}

async function workThrough(registration: Registration, options: WorkerOptions): Promise<void> {
  const { workspace, onRefusal, platform = thisHost } = options;
  const { clock } = platform;
  const call = options.call((variable) =>
    registration.use((connection) => connection.findTry(workspace, variable)),
  );
  /** Stores the result of the task in hand, if there is one, and asks for the next. */
  const next = (result?: Result): Promise<Found> =>
    registration.use(async (connection) => {
      const stored = result && registration.task && store(connection, result);
      // Leaves with the result, in one piece. Where that is refused this says that the task has failed (S7.1).
      const asked = connection.fetch(workspace, 'task');
      asked.catch(() => undefined);
      if (await stored) registration.task = undefined;
      return (registration.task = await asked);
    });
  /** @returns whether it was taken. @throws ConnectionLostError: nobody knows, before the worker has come back */
  const store = (connection: NwsConnection, [value, metadata]: Result): Promise<boolean> =>
    connection.storeEncoded(workspace, 'result', value, metadata).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ConnectionLostError) throw error;
        onRefusal(error);
        return false;
      },
    );
  try {
    for (let task = await next(); ;) task = await next(await perform(call, task, clock));
  } catch (error) {
    if (!(error instanceof NwsError || error instanceof ConnectionLostError)) throw error;
  }
}

type Result = readonly [value: EncodedValue, metadata: Metadata];

/** @returns the result: what the function made of it, or how it failed to, or why that cannot be sent (C2) */
async function perform(call: Call, task: Found, clock: Clock): Promise<Result> {
  const begun = clock.now();
  try {
    const result = await call(task.value, task.metadata);
    const encoded =
      task.metadata.get(CHUNK) === '1'
        ? encodeTogether(claimed<ChunkPart[]>(result))
        : encodeValue(result, 'result');
    if (!task.metadata.has(BUDGET)) return [encoded, NO_METADATA];
    return [encoded, new Map([[TOOK, (clock.now() - begun).toFixed(3)]])];
  } catch (error) {
    return [encodeLeniently(failureOf(error)), FAILED];
  }
}
