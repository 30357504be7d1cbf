import type { ClusterFigures, RegisteredServer, Takeover } from '../core/whole.ts';
import type { ClusterView, ServerView, TakeoverReason, TakeoverView } from './cluster-types.ts';

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

export function clusterView(cluster: ClusterFigures): ClusterView {
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
