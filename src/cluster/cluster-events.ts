import type { TcpServer } from '../transport/server.ts';
import type { Member } from './member.ts';
import type { StoredServers } from './server-registry.ts';

/** The state of the owner and of the other servers, for its page and metrics. */
export interface ClusterFigures {
  readonly name: string;
  readonly epoch: number;
  /** Milliseconds for which its lease is valid at least; below 0 if it is over. */
  readonly leaseLeftMs: number;
  /** What the store said last. */
  readonly stored: StoredServers;
}

/** Called when this server begins or ceases to own a partition. */
export interface ClusterEvents {
  /** This server owns the partition from now on. */
  readonly owns: (partition: number, tcp: TcpServer, figures: ClusterFigures) => void;
  /** Another server does, or nobody. */
  readonly standsBy: (partition: number, owner: Member | undefined) => void;
}
