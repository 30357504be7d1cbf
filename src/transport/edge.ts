import { randomBytes } from 'node:crypto';
import type { Part } from '../workspace/part.ts';
import { processTime, type AwakeTime } from './awake.ts';
import { NODE_DISK, type Disk } from './disk.ts';
import type { OthersUse } from '../workspace/others-use.ts';
import { Listener } from './listener.ts';
import type { ListenerOptions, Listening } from './listening.ts';

/** Everything outside of the process that the transport uses. A simulation gives another one. */
export interface Edge {
  readonly time: AwakeTime;
  readonly disk: Disk;
  readonly listener: (options: ListenerOptions) => Listening;
  /** The name of this run of the server: 8 characters that no other run has. */
  readonly newRun: () => string;
  /** Other servers of this process, which share its limits. */
  readonly others?: OthersUse | undefined;
  /** Which part of the data of a service the core has (D17). The default is everything. */
  readonly part?: Part | undefined;
}

/** That of this process and this machine. */
export const NODE_EDGE: Edge = {
  time: processTime,
  disk: NODE_DISK,
  listener: (options) => new Listener(options),
  newRun: () => randomBytes(4).toString('hex'),
};
