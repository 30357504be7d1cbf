import type { ClusterView, ServerView, TakeoverReason, TakeoverView } from './cluster-types.ts';

/** A claim that succeeded. */
interface Takeover {
  readonly time: number;
  readonly epoch: number;
  readonly owner: string;
  readonly former: string | undefined;
  readonly leaseOverMs: number | undefined;
}

/** A server that has registered itself in the store. */
interface RegisteredServer {
  readonly name: string;
  readonly address: string;
  readonly web: string | undefined;
  readonly version: string;
  readonly agoMs: number;
}

/** Who owns a partition, as the store said when it was read. */
export interface StoredPartition {
  readonly partition: number;
  readonly epoch: number;
  /** Undefined if no server has ever owned it. */
  readonly owner: string | undefined;
  readonly since: number | undefined;
  /** Milliseconds for which the lease is valid; below 0 if it is over. */
  readonly leaseMs: number;
}

/** What the store said last about all partitions. */
export interface StoredCluster {
  /** Milliseconds since it was read; undefined if it was not. */
  readonly readAgoMs: number | undefined;
  readonly partitions: readonly StoredPartition[];
  readonly servers: readonly RegisteredServer[];
  /** Newest first. */
  readonly takeovers: readonly (Takeover & { readonly partition: number })[];
}

/** What one server of several tells about one of its partitions, and the others. */
export interface Cluster {
  readonly name: string;
  readonly partition: number;
  /** How many there are. */
  readonly partitions: number;
  readonly epoch: number;
  /** Milliseconds for which its lease is valid at least; below 0 if it is over. */
  readonly leaseLeftMs: number;
  /** What the store said last. */
  readonly stored: {
    readonly owner: string | undefined;
    readonly since: number | undefined;
    readonly servers: readonly RegisteredServer[];
    readonly takeovers: readonly Takeover[];
    readonly takeoverCount: number;
  };
}

function takeoverReasonOf({ former, leaseOverMs }: Takeover): TakeoverReason {
  if (former === undefined) return 'first';
  if (leaseOverMs === undefined) return 'released';
  return leaseOverMs >= 0 ? 'lease over' : 'restarted';
}

export function takeoverView(takeover: Takeover): TakeoverView {
  const { time, epoch, owner, former, leaseOverMs } = takeover;
  const reason = takeoverReasonOf(takeover);
  const leaseOver = reason === 'lease over' ? (leaseOverMs ?? null) : null;
  return { time, epoch, from: former ?? null, to: owner, reason, leaseOver };
}

export const serverView = ({ name, address, web, version, agoMs }: RegisteredServer): ServerView => ({
  name,
  address,
  // The page makes a link of it, and whoever can write to the database chooses it.
  web: web !== undefined && /^https?:\/\//.test(web) ? web : null,
  version,
  ago: agoMs,
});

export function clusterView(cluster: Cluster): ClusterView {
  const { name, partition, partitions, epoch, leaseLeftMs, stored } = cluster;
  const { owner, since, servers, takeovers, takeoverCount } = stored;
  return {
    name,
    partition,
    partitions,
    owner: owner ?? null,
    epoch,
    since: since ?? null,
    leaseLeft: Math.max(0, leaseLeftMs),
    servers: servers.map(serverView),
    takeovers: takeovers.map(takeoverView),
    takeoverCount,
  };
}
