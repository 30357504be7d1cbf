import type { ServerView, TakeoverView } from './cluster-types.ts';
import type { OldSleighSummary } from './old-sleigh-types.ts';
import type { Page } from './page.ts';
import type { OverviewView, SleighSummary, WorkspaceSummary } from './types.ts';

/** Where something is: below `/p/PARTITION/`. */
export interface Located {
  readonly partition: number;
}

/** The counts that the overview of one partition and that of the whole have. */
export type OverviewCounts = Pick<
  OverviewView,
  'connections' | 'blocked' | 'workspaces' | 'variables' | 'bytesHeld'
>;

/**
 * What is known of a partition. `served`: its owner serves it. `unowned`: no lease is valid, so another server claims it
 * soon. `loading`: a server has claimed it, and does not serve it yet. `silent`: its owner does not answer. `unknown`: its
 * owner runs another version, which this page cannot read.
 */
export type PartitionState = 'served' | 'unowned' | 'loading' | 'silent' | 'unknown';

export interface PartitionView extends Located {
  readonly state: PartitionState;
  /** Null if no server has ever owned it. */
  readonly owner: string | null;
  readonly epoch: number;
  /** When the owner claimed it, in milliseconds since 1970 by the clock of the store; null if none has. */
  readonly since: number | null;
  /** Milliseconds for which the lease is valid; below 0 for how long it has been over; null if it was released, or there was none. */
  readonly leaseLeft: number | null;
  /** Of the last answer of its owner; null without one. */
  readonly counts: OverviewCounts | null;
  /** The number of its jobs, and of those in trouble. */
  readonly jobs: number;
  readonly inTrouble: number;
}

/** A server could not use the data of a partition, and none has served it since (D23). */
export interface FailureView extends Located {
  readonly server: string;
  /** That of the server. */
  readonly version: string;
  readonly reason: string;
  /** How often, one after the other. */
  readonly times: number;
  /** The last time, in milliseconds since 1970 by the clock of the store. */
  readonly time: number;
  /** Milliseconds until the server may claim the partition again; 0 if it may. */
  readonly rests: number;
}

/** A server that shares the store, as the page of the whole shows it. */
export interface MemberView extends ServerView {
  /** The number of partitions that it owns. */
  readonly partitions: number;
  /**
   * Whether it has answered when it was asked last; null for one that owns nothing, which is not asked. A server that does
   * not answer is shown with its last answer.
   */
  readonly answers: boolean | null;
  /** Milliseconds since it answered last; null if it never has. */
  readonly answeredAgo: number | null;
}

export type LocatedSleigh = SleighSummary & Located;
export type LocatedOldSleigh = OldSleighSummary & Located;

/** The overview of all partitions, wherever they are. It stands at the root of every server if there are several. */
export interface WholeView
  extends OverviewCounts, Pick<OverviewView, 'version' | 'host' | 'port' | 'now' | 'writable' | 'replay'> {
  /** The name of the server that shows it. */
  readonly name: string;
  /** Milliseconds since the store was read; null if it was not. */
  readonly storeAgo: number | null;
  /** By number. */
  readonly partitions: readonly PartitionView[];
  /** By partition and server; the first 100. */
  readonly failures: readonly FailureView[];
  /** By name; the first 100. */
  readonly servers: readonly MemberView[];
  /** Those in trouble first, then newest first; the newest 100. */
  readonly sleighs: readonly LocatedSleigh[];
  readonly oldSleighs: readonly LocatedOldSleigh[];
  /** The number of all jobs, without the old-style ones. */
  readonly jobs: number;
}

export type LocatedWorkspaces = Page<WorkspaceSummary & Located>;

/** The workspaces of all partitions; of each server the first that are asked for. */
export interface WholeWorkspacesView extends LocatedWorkspaces {
  /** The servers whose workspaces are missing, or are shown as they were: they do not answer, or run another version. */
  readonly silent: readonly string[];
}

/** The takeovers of all partitions. */
export interface TakeoversView {
  /** Newest first; of each partition the newest 20. */
  readonly takeovers: readonly (TakeoverView & Located)[];
  /** The number of all takeovers since the store was made. */
  readonly total: number;
}

/** What one server says of its partitions to the others. */
export interface OwnView {
  readonly version: string;
  readonly partitions: readonly OwnPartitionView[];
}

export interface OwnPartitionView extends Located {
  readonly counts: OverviewCounts;
  readonly jobs: number;
  readonly inTrouble: number;
  /** Those in trouble first, then newest first. */
  readonly sleighs: readonly SleighSummary[];
  readonly oldSleighs: readonly OldSleighSummary[];
}

/** The same for its workspaces. */
export interface OwnWorkspacesView extends LocatedWorkspaces {
  readonly version: string;
}
