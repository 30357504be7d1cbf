import type { ServerAddress } from '../connection/server-address.ts';
import { startChild, type ChildKind } from '../sentinel/child.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { ThreadPort } from '../platform.ts';
import type { NodeOptions } from '../sentinel/node-flags.ts';
import type { Place } from '../sentinel/place.ts';
import type { RestartBudget } from '../options/respawn.ts';
import type { SentinelMessage, SentinelProgramOrder } from '../sentinel/sentinel-program.ts';
import { LAUNCH } from '../errors/job.ts';
import type { ErrorText } from '../../wire/error-kind.ts';

/** Starts the workers of a sleigh, with a sentinel on each host that supervises them (S2, S9). */
export interface Launcher {
  /** Whether the workers are threads of this process, which may share memory with it (S36). The default is false. */
  readonly sharesMemory?: boolean;
  /**
   * @returns when all are starting; they register later
   * @throws LaunchError if they cannot be started; then none is left running
   */
  start(order: LaunchOrder): Promise<Launched>;
}

/** Workers cannot be started. The message says why, in one line. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
  readonly code = 'not-launched';

  constructor(why: string | ErrorText, options?: ErrorOptions) {
    super(typeof why === 'string' ? why : why.message, options);
  }
}

/** The workers to start. */
export interface LaunchOrder {
  /** The server, as the master reaches it. On other hosts its `host` may have another name. */
  readonly server: ServerAddress;
  readonly workspace: string;
  /** The number of workers in all. */
  readonly workers: number;
  /** The number of calls that each worker has under way at the same time (S22.14). The default is 1. */
  readonly concurrency?: number | undefined;
  /** The hosts; empty if the launcher decides. */
  readonly hosts: readonly string[];
  /** The path of a module that each worker loads before it registers. */
  readonly preload?: string | undefined;
  /** The folder and the environment of the workers. */
  readonly place?: Place | undefined;
  /** How workers that end are replaced; false for no replacement (S22.8). Durations are in milliseconds. */
  readonly respawn?: RestartBudget | false | undefined;
  /** The number of elements after which a worker is replaced. */
  readonly maxTasksPerWorker?: number | undefined;
  /** Bytes of memory above which a worker is replaced between two elements. */
  readonly maxMemory?: number | undefined;
  /** Flags of Node for the workers, and the limits of their memory. */
  readonly node?: NodeOptions | undefined;
  /** Whether the workers do not keep this process alive. The default is false. */
  readonly unref?: boolean | undefined;
  /** Seconds within which the sentinels may come back when they have lost the server (P15). */
  readonly reconnectGrace?: number | undefined;
  /** Called for each worker that ends unexpectedly, with its rank and how it ended. */
  readonly onDeath: (rank: number, how: string) => void;
  /** Called with the output of workers and with errors of their hosts, in whole lines. */
  readonly onOutput: (text: string) => void;
  /** Called with a port to each worker that is a thread of this process and needs memory of it (S36). */
  readonly onMemoryPort?: ((port: ThreadPort) => void) | undefined;
}

/** Workers that were started. They also end when the job does, or when the master's process or host fails. */
export interface Launched {
  /** Resolves when the last of them has ended and no replacement is coming, with the reason for people. */
  readonly gone: Promise<string>;
  /**
   * Ends them, and kills those that do not end.
   * @returns when they have ended
   */
  stop(): Promise<void>;
}

/** Workers as processes on this host. Each has its own memory and may crash alone. They are replaced when they end. */
export const processes = (): Launcher => ({ start: (order) => startHere('process', order) });

/** Workers as threads of this process. They start faster, and a crash of the process ends all of them. */
export const threads = (): Launcher => ({
  sharesMemory: true,
  start: (order) => startHere('thread', order),
});

/**
 * Workers as threads of a separate process, so that their output does not mix with the standard output of this
 * process.
 */
export const threadsBeside = (): Launcher => ({ start: (order) => startHere('thread', order, 'process') });

/**
 * Starts the sentinel and its workers as children of this process, or as threads in it.
 * @param home the kind of the sentinel itself
 * @param start starts the sentinel
 */
export async function startHere(
  kind: ChildKind,
  order: LaunchOrder,
  home = kind,
  start = startChild,
): Promise<Launched> {
  const { hosts, unref, onDeath, onOutput, onMemoryPort, ...details } = order;
  if (hosts.length > 0) throw new LaunchError(LAUNCH.hostsNeedLauncher());
  const child = start(home, 'sentinel/sentinel-program.js', [order.workspace], { unref });
  let reason: string | undefined;
  const gone = child.ended.then((how) => reason ?? `their sentinel has ended: ${how}`);
  const stop = async (): Promise<void> => {
    child.release();
    await gone;
  };
  const started = new Promise<void>((resolve, reject) => {
    child.onMessage((message) => {
      const sent = unsafeCast<SentinelMessage>(message);
      if (sent.type === 'started') resolve();
      else if (sent.type === 'death') onDeath(sent.rank, sent.how);
      else if (sent.type === 'output') onOutput(sent.text);
      else if (sent.type === 'gone') reason = sent.reason;
      else if (sent.type === 'memory') onMemoryPort?.(sent.port);
      else reject(new LaunchError(LAUNCH.workersNotStarted(sent.message)));
    });
    void gone.then((how) => reject(new LaunchError(LAUNCH.workersNotStarted(how))));
  });
  const sentinelOrder: SentinelProgramOrder = { ...details, kind };
  child.send(sentinelOrder);
  try {
    await started;
  } catch (error) {
    await stop();
    throw error;
  }
  return { gone, stop };
}
