/** A partition of the data of servers that share a store, as its owner shows it (D9 to D12). Times are by the clock of the store. */
export interface ClusterView {
  /** The name of this server. */
  readonly name: string;
  /** The number of this partition, from 0, and how many there are. */
  readonly partition: number;
  readonly partitions: number;
  /** The name of the owner of the data; null until the store was asked. It is this server, unless another one has just claimed the data. */
  readonly owner: string | null;
  /** The epoch under which this server commits. */
  readonly epoch: number;
  /** When the owner claimed the data, in milliseconds since 1970; null until the store was asked. */
  readonly since: number | null;
  /** Milliseconds for which the lease of this server is valid at least; 0 if it is over. */
  readonly leaseLeft: number;
  /** By name; the first 100. */
  readonly servers: readonly ServerView[];
  /** Newest first; the newest 20. */
  readonly takeovers: readonly TakeoverView[];
  readonly takeoverCount: number;
}

/** A server that has registered itself in the store. */
export interface ServerView {
  readonly name: string;
  /** HOST:PORT for clients. */
  readonly address: string;
  /** The address of its page; null if it has none. */
  readonly web: string | null;
  readonly version: string;
  /** Milliseconds since it registered itself last, as far as this server knows. */
  readonly ago: number;
}

/**
 * Why a server could claim the data: nobody had owned it, the former owner had released it, its lease was over, or it was started
 * again while its lease was valid.
 */
export type TakeoverReason = 'first' | 'released' | 'lease over' | 'restarted';

export interface TakeoverView {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly epoch: number;
  /** Null if nobody had owned the data. */
  readonly from: string | null;
  readonly to: string;
  readonly reason: TakeoverReason;
  /** Milliseconds for which the lease of the former owner had been over; null for other reasons. */
  readonly leaseOver: number | null;
}
