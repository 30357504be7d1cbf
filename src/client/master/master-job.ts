import { KEY } from '../../wire/names.ts';
import { onAbort } from './abort-listeners.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { FixedArguments, FunctionName } from './fixed-arguments.ts';
import type { CallListeners, CallOptions } from '../options/sleigh-options.ts';
import type { JobEnd } from './job-end.ts';
import type { LeftValues } from './left-values.ts';
import type { ThreadMemory } from './thread-memory.ts';

/** What the calls of a master share: `eachElem`, `eachWorker` and `submit`. */
export interface MasterJob {
  readonly lines: ConnectionPool;
  /** The name of the workspace of the job. */
  readonly workspace: string;
  readonly dispatcher: Dispatcher;
  readonly fixedArguments: FixedArguments;
  /** What it shares with workers that are threads of its process. */
  readonly memory: ThreadMemory;
  readonly end: JobEnd;
  /** The values that its calls leave at the server (S34). */
  readonly left: LeftValues;
  readonly isElastic: boolean;
  /** @returns an id for another batch */
  nextBatch(): string;
}

/** A batch, or a call, that can be cancelled. */
interface Cancellable {
  /** Resolves when nothing of it is left. */
  readonly settled: Promise<void>;
  cancel(reason: unknown): void;
}

/**
 * The metadata of calls with these options. Stores their fixed arguments, and prepares for their reports.
 * @throws TypeError if the fixed arguments cannot be sent; NwsError
 */
export async function metadataOf(
  { fixedArguments, dispatcher }: MasterJob,
  task: FunctionName,
  options: CallOptions & { readonly fixedArgs?: unknown },
): Promise<Map<string, string>> {
  const metadata = await fixedArguments.metadataOf(task, options);
  if (options.onElementProgress === undefined && options.onLog === undefined) return metadata;
  await dispatcher.callReports.prepare();
  return metadata.set(KEY.listens, '1');
}

/** Passes on what calls say, until they are settled. What a listener throws cancels them. */
export function listenTo(
  { dispatcher: { callReports } }: MasterJob,
  calls: Cancellable & { readonly id: string },
  { onElementProgress, onLog }: CallListeners,
): void {
  if (onElementProgress === undefined && onLog === undefined) return;
  callReports.add(calls.id, ({ type, index, worker, value }) => {
    try {
      if (type === 'progress') onElementProgress?.({ index, worker, value });
      else onLog?.({ index, worker, text: String(value) });
    } catch (error) {
      calls.cancel(error);
    }
  });
  void calls.settled.then(() => callReports.remove(calls.id));
}

/** Cancels the calls when the signal is aborted. Releases the signal and the fixed arguments when they are settled. */
export function forgetWhenSettled(
  { fixedArguments }: MasterJob,
  calls: Cancellable,
  metadata: ReadonlyMap<string, string>,
  signal: AbortSignal | undefined,
): void {
  const cancel = (): void => calls.cancel(signal?.reason);
  const forget = signal && onAbort(signal, cancel);
  if (signal?.aborted === true) cancel();
  const variable = metadata.get(KEY.fixedArgs);
  if (signal === undefined && variable === undefined) return;
  void calls.settled.then(() => {
    forget?.();
    return variable === undefined ? undefined : fixedArguments.release(variable);
  });
}
