import type { ServerAddress } from '../connection/server-address.ts';
import { startChild, type ChildKind } from '../sentinel/child.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { Place } from '../sentinel/place.ts';
import type { RestartBudget } from '../options/respawn.ts';
import type { SentinelMessage, SentinelProgramOrder } from '../sentinel/sentinel-program.ts';

/** Starts the workers of a sleigh, somewhere, with a sentinel on each host that keeps watch over them (S2, S9). */
export interface Launcher {
  /**
   * @returns when all are on their way; they register in their own time
   * @throws LaunchError when they cannot be started; none is left then
   */
  start(order: LaunchOrder): Promise<Launched>;
}

/** Workers cannot be started; the message says why, in one line. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
}

/** Which workers are wanted. */
export interface LaunchOrder {
  /** As the master reaches it; elsewhere its `host` may have another name. */
  readonly server: ServerAddress;
  readonly workspace: string;
  /** How many, in all. */
  readonly workers: number;
  /** Where; empty where that is left to the launcher. */
  readonly hosts: readonly string[];
  /** The path of a module that each worker loads before it registers. */
  readonly preload?: string | undefined;
  /** The folder and the environment of the workers. */
  readonly place?: Place | undefined;
  /** How workers that end are replaced; false: they are not (S22.8). Durations are in milliseconds. */
  readonly respawn?: RestartBudget | false | undefined;
  /** Elements that a worker does before it is replaced. */
  readonly maxTasksPerWorker?: number | undefined;
  /** Bytes of memory above which a worker is replaced, between two elements. */
  readonly maxMemory?: number | undefined;
  /** To be told of each worker that ends without being asked to: its rank, and how it ended. */
  readonly onDeath: (rank: number, how: string) => void;
  /** Given what workers print, and what goes wrong with their hosts, in whole lines. */
  readonly onOutput: (text: string) => void;
}

/** Workers that were started. They end as well when the job does, or when the master's process or its host is gone. */
export interface Launched {
  /** Resolves when the last of them has ended and none is to come, for whatever reason; to that reason, for people. */
  readonly gone: Promise<string>;
  /** Ends them, by force where asking does not help. @returns when they have gone */
  stop(): Promise<void>;
}

/** Workers as processes on this host: each has a memory of its own, and may crash alone. They are replaced when they end. */
export const processes = (): Launcher => ({ start: (order) => startHere('process', order) });

/** Workers as threads of this process: quicker to start, and they end all together. */
export const threads = (): Launcher => ({ start: (order) => startHere('thread', order) });

/** Workers as threads of one process beside this one, so that nothing that they print, or start, has its standard output. */
export const threadsBeside = (): Launcher => ({ start: (order) => startHere('thread', order, 'process') });

/** The sentinel and its workers, children of this process, or threads in it. @param home what the sentinel itself is */
async function startHere(kind: ChildKind, order: LaunchOrder, home = kind): Promise<Launched> {
  const { hosts, onDeath, onOutput, ...rest } = order;
  if (hosts.length > 0) throw new LaunchError('hosts need a launcher that reaches them: give `launch`');
  const child = startChild(home, 'sentinel/sentinel-program.js', [order.workspace]);
  let reason: string | undefined;
  const gone = child.ended.then((how) => reason ?? `their sentinel has ended: ${how}`);
  const stop = async (): Promise<void> => {
    child.release();
    await gone;
  };
  const started = new Promise<void>((resolve, reject) => {
    child.onMessage((message) => {
      const told = unsafeCast<SentinelMessage>(message);
      if (told.type === 'started') resolve();
      else if (told.type === 'death') onDeath(told.rank, told.how);
      else if (told.type === 'output') onOutput(told.text);
      else if (told.type === 'gone') reason = told.reason;
      else reject(new LaunchError(`the workers cannot be started: ${told.message}`));
    });
    void gone.then((how) => reject(new LaunchError(`the workers cannot be started: ${how}`)));
  });
  const { server, workspace, workers, preload, place, respawn, maxTasksPerWorker, maxMemory } = rest;
  const details = { server, workspace, workers, preload, place, respawn, maxTasksPerWorker, maxMemory };
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
