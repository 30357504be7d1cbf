/**
 * What a server that shares a store knows of the other servers and of all partitions (D19, D23). It is for the page and for metrics:
 * no rule depends on it.
 */

/** A server that has registered itself in the store. */
export interface RegisteredServer {
  readonly name: string;
  /** HOST:PORT for clients. */
  readonly address: string;
  /** The address of its page. */
  readonly web: string | undefined;
  readonly version: string;
  /** Milliseconds since it registered itself last. */
  readonly agoMs: number;
}

/** Who owns a partition. */
export interface StoredPartition {
  readonly partition: number;
  /** The number of claims. */
  readonly epoch: number;
  /** Undefined if no server has ever claimed it. */
  readonly owner: string | undefined;
  /** When the owner claimed it, in milliseconds since 1970 by the clock of the store. */
  readonly since: number | undefined;
  /** Milliseconds for which its lease is valid; below 0 if it is over. */
  readonly leaseMs: number;
}

/** A claim that succeeded. */
export interface Takeover {
  readonly partition: number;
  /** Milliseconds since 1970 by the clock of the store. */
  readonly time: number;
  readonly epoch: number;
  readonly owner: string;
  /** Undefined if nobody had owned the data. */
  readonly former: string | undefined;
  /**
   * Milliseconds for which the lease of the former owner had been over; below 0 if it was valid. Undefined if the former owner
   * had released it, or if there was none.
   */
  readonly leaseOverMs: number | undefined;
}

/** A server could not use the data of a partition, and none has served it since (D23). */
export interface StoredFailure {
  readonly partition: number;
  readonly server: string;
  readonly version: string;
  readonly reason: string;
  /** How often, one after the other. */
  readonly times: number;
  /** The last time, in milliseconds since 1970 by the clock of the store. */
  readonly time: number;
  /** Milliseconds until the server may claim the partition again; below 0 if it may. */
  readonly restsMs: number;
}

/** What the store says about its servers and partitions. */
export interface StoredCluster {
  /** Milliseconds since it was read; undefined if it was not. */
  readonly readAgoMs: number | undefined;
  /** By number. */
  readonly partitions: readonly StoredPartition[];
  /** By name; the first 100. */
  readonly servers: readonly RegisteredServer[];
  /** Newest first; the newest 20 of each partition. */
  readonly takeovers: readonly Takeover[];
  /** By partition and server; the first 100. */
  readonly failures: readonly StoredFailure[];
}

/** What the store says about one partition, and about all servers. */
export interface StoredServers {
  readonly owner: string | undefined;
  /** When the owner claimed the data, in milliseconds since 1970 by the clock of the store; undefined before it was read. */
  readonly since: number | undefined;
  /** By name; the first 100. */
  readonly servers: readonly RegisteredServer[];
  /** Newest first; the newest 20. */
  readonly takeovers: readonly Takeover[];
  readonly takeoverCount: number;
}

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
export interface Whole {
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
   * Asks another server for something of its own.
   * @returns JSON
   * @throws if it does not answer
   */
  ask(server: string, question: string, signal: AbortSignal): Promise<string>;
}
