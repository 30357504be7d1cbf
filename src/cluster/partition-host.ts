import type { Logger } from 'pino';
import type { Credentials } from '../transport/gate.ts';
import type { TcpServer } from '../transport/server.ts';
import type { TcpOptions } from '../transport/tcp-options.ts';
import type { OthersUse } from '../workspace/others-use.ts';
import type { Front } from './front.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { StoreLink } from './link.ts';
import type { Member } from './member.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Ownership } from './partition.ts';
import type { Culprit } from './unusable.ts';

/** What a server of several knows of one of its partitions. */
export interface OwnedPartition {
  readonly tcp: TcpServer;
  readonly epoch: number;
  readonly lease: LeaseKeeper;
}

/** What a partition needs of the server, and what all partitions of the server share. */
export interface PartitionHost {
  readonly tcp: TcpOptions;
  readonly logger: Logger;
  /** For what may happen to many partitions at about the same time. */
  readonly log: PartitionLog;
  readonly front: Front;
  readonly member: Member;
  readonly leaseMs: number;
  /** The format of the store that this server knows (D22). */
  readonly format: number;
  readonly webPort: number | undefined;
  /** Those of the start, or of the last reload. */
  readonly credentials: Credentials;
  /** The file for the steps of a partition under an epoch, if steps are traced. */
  traceOf(partition: number, epoch: number): string | undefined;
  /**
   * Looks who owns the partition, and whether this server is to claim it if nobody does.
   * @throws if the store cannot be asked
   */
  look(partition: number): Promise<Looked>;
  /** @throws if the store cannot be asked */
  renew(partition: number, epoch: number): Promise<boolean>;
  /** What the other partitions of this server hold. */
  othersThan(partition: number): OthersUse;
  /** A share of the connections for commits, or of those for large values. */
  linkFor(what: 'commits' | 'blobs'): StoreLink;
  /** The store could not be asked. */
  unanswered(error: unknown): void;
  /** This server owns the partition from now on. */
  owns(partition: number, owned: OwnedPartition): void;
  /** Another server does, or nobody. */
  standsBy(partition: number, owner: Member | undefined): void;
  /** This server could not use the data of a partition: it says so, in the log and in the store (D23). It never fails. */
  noteFailure(failure: UnusablePartition): Promise<void>;
  /** It serves a partition that a server could not use. */
  servesAgain(partition: number): void;
  /** A client has asked for the end of the server (P3). */
  stop(): void;
  /** The server cannot go on with the store (D6). */
  failed(error: Error): void;
}

export interface Looked {
  readonly seen: Ownership;
  readonly isDue: boolean;
  /** Whether this server could not use the data, and does not claim it for a while (D23). */
  readonly isResting: boolean;
  /** Whether a server could not use the data, and none has served it since. */
  readonly hasFailed: boolean;
}

/** A partition that this server owned, and whose data it could not use. */
export interface UnusablePartition {
  readonly partition: number;
  readonly epoch: number;
  readonly error: unknown;
  /** The record that is the reason, if one is known. */
  readonly culprit: Culprit | undefined;
}
