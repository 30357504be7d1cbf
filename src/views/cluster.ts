import type { ClusterView, TakeoverReason, TakeoverView } from './cluster-types.ts';

/** A claim that succeeded. */
interface Takeover {
  readonly time: number;
  readonly epoch: number;
  readonly owner: string;
  readonly former: string | undefined;
  readonly leaseOverMs: number | undefined;
}

/** What one server of several tells about itself and the others. */
export interface Cluster {
  readonly name: string;
  readonly epoch: number;
  /** Milliseconds for which its lease is valid at least; below 0 if it is over. */
  readonly leaseLeftMs: number;
  /** What the store said last. */
  readonly stored: {
    readonly owner: string | undefined;
    readonly since: number | undefined;
    readonly servers: readonly {
      readonly name: string;
      readonly address: string;
      readonly web: string | undefined;
      readonly version: string;
      readonly agoMs: number;
    }[];
    readonly takeovers: readonly Takeover[];
    readonly takeoverCount: number;
  };
}

function takeoverReasonOf({ former, leaseOverMs }: Takeover): TakeoverReason {
  if (former === undefined) return 'first';
  if (leaseOverMs === undefined) return 'stopped';
  return leaseOverMs >= 0 ? 'lease over' : 'restarted';
}

function takeoverView(takeover: Takeover): TakeoverView {
  const { time, epoch, owner, former, leaseOverMs } = takeover;
  const reason = takeoverReasonOf(takeover);
  const leaseOver = reason === 'lease over' ? (leaseOverMs ?? null) : null;
  return { time, epoch, from: former ?? null, to: owner, reason, leaseOver };
}

export function clusterView({ name, epoch, leaseLeftMs, stored }: Cluster): ClusterView {
  const { owner, since, servers, takeovers, takeoverCount } = stored;
  return {
    name,
    owner: owner ?? null,
    epoch,
    since: since ?? null,
    leaseLeft: Math.max(0, leaseLeftMs),
    servers: servers.map(({ name: called, address, web = null, version, agoMs }) => ({
      name: called,
      address,
      // The page makes a link of it, and whoever can write to the database chooses it.
      web: web !== null && /^https?:\/\//.test(web) ? web : null,
      version,
      ago: agoMs,
    })),
    takeovers: takeovers.map(takeoverView),
    takeoverCount,
  };
}
