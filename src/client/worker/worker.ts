import { KEY, VARIABLE } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { type ChunkPart } from '../values/chunk.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { Clock } from '../clock.ts';
import type { Found, NwsConnection } from '../connection/connection.ts';
import { CalledBeside, Declined, Departure } from './departure.ts';
import { ConnectionLostError, NwsError } from '../connection/errors.ts';
import { thisHost } from '../platform.ts';
import { WorkerSession, type WorkerSessionOptions } from './worker-session.ts';
import { failureOf } from '../task/task-failure.ts';
import { chunkResult, failedResult, resultOf, type TaskResult } from '../task/task-result.ts';

/** Turns a task into its result. */
export type Call = (value: unknown, metadata: Metadata) => unknown;

export interface WorkerOptions extends WorkerSessionOptions {
  readonly call: (access: Access) => Call;
  /** Says when the worker is to leave. */
  readonly departure?: Departure;
  /** Called when it has registered. */
  readonly onReady?: () => void;
  /** Called when the server has a result. If it is given, the next task is fetched after that. */
  readonly onStored?: () => void;
  /** Called when the server refuses a result. The task has failed then (S7.1). */
  readonly onRefusal: (error: unknown) => void;
}

/** Access to the variables of the workspace, over the current connection. */
export interface Access {
  /** @returns undefined if there is none */
  readonly find: (variable: string) => Promise<Found | undefined>;
  /** Does not wait, and is lost with the connection. */
  readonly store: (variable: string, value: unknown) => void;
}

/**
 * Registers, and calls the function for one task after another. It returns when the worker is to leave, when the job
 * or the workspace has ended, or when the connection is lost and the job lets no worker come back (S3, S7, S14, S18).
 * @throws NwsError if the registration is refused; NotBackError if it lost its connection and did not come back
 */
export async function work(options: WorkerOptions): Promise<void> {
  const registration = await WorkerSession.make(options);
  options.onReady?.();
  await Promise.race([registration.over, workThrough(registration, options)]);
}

async function workThrough(registration: WorkerSession, options: WorkerOptions): Promise<void> {
  const { workspace, onRefusal, platform = thisHost, departure = new Departure() } = options;
  const { clock } = platform;
  const { onStored } = options;
  const isSeparate = onStored !== undefined;
  const call = options.call({
    find: (variable) => registration.use((connection) => connection.findTry(workspace, variable)),
    store: (variable, value) => {
      registration.use((connection) => connection.store(workspace, variable, value)).catch(() => undefined);
    },
  });
  /** Stores the result of the current task, if there is one, and fetches the next. */
  const next = (result?: TaskResult): Promise<Found> =>
    registration.use(async (connection) => {
      const stored = result && registration.task && store(connection, result);
      // Until the next request is sent, a refused result can be replaced by one that reports the refusal.
      if (result !== undefined && (isSeparate || result.value.bytes.length > PIPELINED_BYTES)) await stored;
      if (result !== undefined) onStored?.();
      // Sent together with the result. If the result is refused, this request says that the task has failed (S7.1).
      const asked = connection.fetch(workspace, VARIABLE.task);
      asked.catch(() => undefined);
      if (await stored) registration.task = undefined;
      // From now on it has no task. A task that is on its way is returned as untried (S19).
      departure.whenFree(registration, () => registration.leave());
      return (registration.task = await asked);
    });
  /** With the host, and with the number of the attempt, which the server has counted (S26). */
  const withOrigin = (metadata: Metadata): Metadata => {
    const all = new Map(metadata).set(KEY.host, platform.hostname);
    const attempt = registration.task?.metadata.get(KEY.attempt);
    return attempt === undefined || attempt === '1' ? all : all.set(KEY.attempt, attempt);
  };
  /**
   * @returns whether it was accepted
   * @throws ConnectionLostError: that is unknown until the worker has come back
   */
  const store = (connection: NwsConnection, { value, metadata, without }: TaskResult): Promise<boolean> =>
    connection.storeEncoded(workspace, VARIABLE.result, value, withOrigin(metadata)).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ConnectionLostError) throw error;
        const less = value.bytes.length > PIPELINED_BYTES ? without(error) : undefined;
        if (less !== undefined) return store(connection, less);
        onRefusal(error);
        return false;
      },
    );
  try {
    for (let task = await next(); ;) {
      departure.whenFree(registration, undefined);
      const result = await perform(call, task, clock);
      if (departure.why !== undefined) {
        // After it has come back it has no task if the result was received.
        await registration.use(async (connection) => registration.task && store(connection, result));
        return registration.leave();
      }
      task = await next(result);
    }
  } catch (error) {
    if (error instanceof Declined) return registration.leave();
    if (!(error instanceof NwsError || error instanceof ConnectionLostError)) throw error;
  }
}

/** A larger result is sent separately from the request for the next task. */
const PIPELINED_BYTES = 4_096;

/** @returns the result of the function, its failure, or the reason why the result cannot be sent (C2) */
async function perform(call: Call, task: Found, clock: Clock): Promise<TaskResult> {
  const begun = clock.now();
  try {
    const result = await call(task.value, task.metadata);
    const metadata = new Map<string, string>();
    const encoded =
      task.metadata.get(KEY.chunk) === '1'
        ? chunkResult(unsafeCast<ChunkPart[]>(result), metadata)
        : resultOf(result, metadata);
    if (task.metadata.has(KEY.budget)) metadata.set(KEY.took, (clock.now() - begun).toFixed(3));
    return encoded;
  } catch (error) {
    if (error instanceof Declined) throw error;
    if (error instanceof CalledBeside) return resultOf(null, new Map([[KEY.beside, '1']]));
    return failedResult(failureOf(error));
  }
}
