import type { TcpServer } from '../transport/server.ts';
import type { Member } from './member.ts';
import type { StoredCluster, StoredServers } from './cluster-reader.ts';

/** The state of the owner of a partition and of the other servers, for its page and metrics. */
export interface ClusterFigures {
  readonly name: string;
  readonly partition: number;
  /** How many there are. */
  readonly partitions: number;
  readonly epoch: number;
  /** Milliseconds for which its lease is valid at least; below 0 if it is over. */
  readonly leaseLeftMs: number;
  /** What the store said last. */
  readonly stored: StoredServers;
}

/** What a server knows of all partitions and servers, and how it asks the others, for its page. */
export interface ClusterWhole {
  /** The name of this server. */
  readonly name: string;
  /** How many partitions there are. */
  readonly partitions: number;
  /** The partition of the workspace `__default`, which the core of each partition has. */
  readonly defaultAt: number;
  /** Where this server listens for clients. */
  readonly host: string;
  readonly port: number;
  /** What the store said last. */
  readonly stored: StoredCluster;
  /** Reads the store again. It never fails, and takes a second at most. */
  read(): Promise<void>;
  /**
   * Asks the owner of a partition for something of its own, such as `/overview`.
   * @throws if it does not answer
   */
  ask(server: string, question: string, signal: AbortSignal): Promise<string>;
}

/** Called when this server begins or ceases to own a partition. */
export interface ClusterEvents {
  /** It listens. Called once, before the others. */
  readonly begins: (whole: ClusterWhole) => void;
  /** Another server asks. @returns the answer; undefined if there is none */
  readonly asked: (question: string) => Promise<string | undefined>;
  /** This server owns the partition from now on. */
  readonly owns: (partition: number, tcp: TcpServer, figures: ClusterFigures) => void;
  /** Another server does, or nobody. */
  readonly standsBy: (partition: number, owner: Member | undefined) => void;
}
