import type { ServerAddress } from './server-address.ts';
import { startChild, type ChildKind } from './child.ts';
import { claimed } from './claimed.ts';
import type { Place } from './place.ts';
import type { SentinelMessage, SentinelOrder } from './sentinel-program.ts';

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
  /** To be told of each worker that ends without being asked to: its rank, and how it ended. */
  readonly onDeath: (rank: number, how: string) => void;
  /** Given what workers elsewhere print, and what goes wrong with their hosts, in whole lines. */
  readonly onOutput: (text: string) => void;
}

/** Workers that were started. They end as well when the job does, or when the master's process or its host is gone. */
export interface Launched {
  /** Resolves when the last of them has ended, for whatever reason. */
  readonly gone: Promise<void>;
  /** Ends them, by force where asking does not help. @returns when they have gone */
  stop(): Promise<void>;
}

/** Workers as processes on this host: each has a memory of its own, and may crash alone. What they print goes to standard error. */
export const processes = (): Launcher => ({ start: (order) => startHere('process', order) });

/** Workers as threads of this process: quicker to start, and they end all together. */
export const threads = (): Launcher => ({ start: (order) => startHere('thread', order) });

/** The sentinel and its workers, children of this process, or threads in it. */
function startHere(kind: ChildKind, order: LaunchOrder): Promise<Launched> {
  const { server, workspace, workers, hosts, preload, place, onDeath } = order;
  if (hosts.length > 0)
    return Promise.reject(new LaunchError('hosts need a launcher that reaches them: give `launch`'));
  const child = startChild(kind, 'sentinel-program.js', [workspace]);
  const gone = child.ended.then(() => undefined);
  const stop = (): Promise<void> => {
    child.release();
    return gone;
  };
  const sentinelOrder: SentinelOrder = { server, workspace, workers, preload, kind, place };
  child.send(sentinelOrder);
  return new Promise((resolve, reject) => {
    let reason: string | undefined;
    child.onMessage((message) => {
      const told = claimed<SentinelMessage>(message);
      if (told.type === 'started') resolve({ gone, stop });
      else if (told.type === 'death') onDeath(told.rank, told.how);
      else {
        reason = told.message;
        void stop();
      }
    });
    void child.ended.then((how) =>
      reject(new LaunchError(`the workers cannot be started: ${reason ?? how}`)),
    );
  });
}
