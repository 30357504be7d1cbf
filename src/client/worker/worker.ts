import { KEY, VARIABLE } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { type ChunkPart } from '../values/chunk.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { Clock } from '../clock.ts';
import type { Found, NwsConnection } from '../connection/connection.ts';
import { Declined, Departure } from './departure.ts';
import { ConnectionLostError, NwsError } from '../connection/errors.ts';
import { thisHost } from '../platform.ts';
import { WorkerSession, type WorkerSessionOptions } from './worker-session.ts';
import { failureOf } from '../task/task-failure.ts';
import { chunkResult, failedResult, resultOf, type TaskResult } from '../task/task-result.ts';

/** What makes of a task its result. */
export type Call = (value: unknown, metadata: Metadata) => unknown;

export interface WorkerOptions extends WorkerSessionOptions {
  /** @param find gets a value of the workspace, on whatever connection the worker has */
  readonly call: (find: Find) => Call;
  /** Says when it is to leave. */
  readonly departure?: Departure;
  /** Told when it has registered. */
  readonly onReady?: () => void;
  /** Told when the server does not take a result; the task has then failed (S7.1). */
  readonly onRefusal: (error: unknown) => void;
}

/** @returns undefined when there is none */
export type Find = (variable: string) => Promise<Found | undefined>;

/**
 * Registers, and calls the function for one task after another, until it is to leave, or there is no more to come: the job is
 * over, the workspace is gone, or the connection is, in a job that lets nobody come back (S3, S7, S14, S18).
 * @throws NwsError when it may not register; NotBackError when it lost its connection and did not come back
 */
export async function work(options: WorkerOptions): Promise<void> {
  const registration = await WorkerSession.make(options);
  options.onReady?.();
  await Promise.race([registration.over, workThrough(registration, options)]);
}

async function workThrough(registration: WorkerSession, options: WorkerOptions): Promise<void> {
  const { workspace, onRefusal, platform = thisHost, departure = new Departure() } = options;
  const { clock } = platform;
  const call = options.call((variable) =>
    registration.use((connection) => connection.findTry(workspace, variable)),
  );
  /** Stores the result of the task in hand, if there is one, and asks for the next. */
  const next = (result?: TaskResult): Promise<Found> =>
    registration.use(async (connection) => {
      const stored = result && registration.task && store(connection, result);
      // While nothing else was asked, a result that is refused can be replaced by one that says so.
      if (result !== undefined && result.value.bytes.length > PIPELINED_BYTES) await stored;
      // Leaves with the result, in one piece. Where that is refused this says that the task has failed (S7.1).
      const asked = connection.fetch(workspace, VARIABLE.task);
      asked.catch(() => undefined);
      if (await stored) registration.task = undefined;
      // From here on it has nothing in hand; a task that is on its way meanwhile goes back untried (S19).
      departure.whenFree(() => registration.leave());
      return (registration.task = await asked);
    });
  /** @returns whether it was taken. @throws ConnectionLostError: nobody knows, before the worker has come back */
  const store = (connection: NwsConnection, { value, metadata, without }: TaskResult): Promise<boolean> =>
    connection
      .storeEncoded(workspace, VARIABLE.result, value, new Map(metadata).set(KEY.host, platform.hostname))
      .then(
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
      departure.whenFree(undefined);
      const result = await perform(call, task, clock);
      if (departure.why !== undefined) {
        await registration.use((connection) => store(connection, result));
        return registration.leave();
      }
      task = await next(result);
    }
  } catch (error) {
    if (error instanceof Declined) return registration.leave();
    if (!(error instanceof NwsError || error instanceof ConnectionLostError)) throw error;
  }
}

/** A larger result leaves alone, not in one piece with the request for the next task. */
const PIPELINED_BYTES = 4_096;

/** @returns the result: what the function made of it, or how it failed to, or why that cannot be sent (C2) */
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
    return failedResult(failureOf(error));
  }
}
