import type { ClusterFigures, Whole } from '../core/whole.ts';
import type { TcpServer } from '../transport/server.ts';
import type { Member } from './member.ts';

/** Called when this server begins or ceases to own a partition. */
export interface ClusterEvents {
  /** It listens. Called once, before the others. */
  readonly begins: (whole: Whole) => void;
  /** Another server asks. @returns the answer; undefined if there is none */
  readonly asked: (question: string) => Promise<string | undefined>;
  /** This server owns the partition from now on. */
  readonly owns: (partition: number, tcp: TcpServer, figures: ClusterFigures) => void;
  /** Another server does, or nobody. */
  readonly standsBy: (partition: number, owner: Member | undefined) => void;
}
