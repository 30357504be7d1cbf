import { KEY } from '../../wire/names.ts';
import { onAbort } from './abort-listeners.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { FixedArguments } from './fixed-arguments.ts';
import type { JobEnd } from './job-end.ts';

/** What the calls of a master share: `eachElem`, `eachWorker` and `submit`. */
export interface MasterJob {
  readonly lines: ConnectionPool;
  /** The name of the workspace of the job. */
  readonly workspace: string;
  readonly dispatcher: Dispatcher;
  readonly fixedArguments: FixedArguments;
  readonly end: JobEnd;
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
    return variable === undefined ? undefined : fixedArguments.delete(variable);
  });
}
