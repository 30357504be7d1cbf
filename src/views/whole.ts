import type { StoredCluster, StoredPartition } from '../core/whole.ts';
import { serverView, takeoverView } from './cluster.ts';
import { listOf, type Columns, type ListQuery } from './paging.ts';
import type { SleighSummary, WorkspaceSummary } from './types.ts';
import type {
  Located,
  LocatedWorkspaces,
  MemberView,
  OverviewCounts,
  OwnPartitionView,
  OwnView,
  OwnWorkspacesView,
  PartitionState,
  PartitionView,
  TakeoversView,
  WholeView,
  WholeWorkspacesView,
} from './whole-types.ts';

/** The number of jobs that are shown, and that a server sends. */
const MAX_JOBS = 100;

/** The last answer of a server, and whether it has answered when it was asked last. */
export interface Answered<T> {
  readonly value: T | undefined;
  readonly isAnswering: boolean;
  /** Milliseconds since the last answer; undefined if there was none. */
  readonly agoMs: number | undefined;
}

/** By the name of the server. */
export type Answers<T> = ReadonlyMap<string, Answered<T>>;

const isInTrouble = ({ notices }: SleighSummary): boolean => notices.some(({ kind }) => kind === 'trouble');

/** Those in trouble first; otherwise the order stays. */
export const troublesFirst = <T extends SleighSummary>(sleighs: readonly T[]): T[] =>
  sleighs.toSorted((a, b) => Number(isInTrouble(b)) - Number(isInTrouble(a)));

/** What a server says of one of its partitions. */
export const ownPartition = (
  partition: number,
  parts: Pick<OwnPartitionView, 'counts' | 'sleighs' | 'oldSleighs'>,
): OwnPartitionView => ({
  partition,
  ...parts,
  jobs: parts.sleighs.length,
  inTrouble: parts.sleighs.filter(isInTrouble).length,
});

/** What a server says of itself. It sends no more jobs than are shown. */
export function ownView(version: string, partitions: readonly OwnPartitionView[]): OwnView {
  const all = partitions.flatMap(({ sleighs }) => sleighs);
  const sent = new Set(troublesFirst(all).slice(0, MAX_JOBS));
  return {
    version,
    partitions: partitions.map((each) => ({
      ...each,
      sleighs: each.sleighs.filter((sleigh) => sent.has(sleigh)),
    })),
  };
}

const NOTHING: OverviewCounts = { connections: 0, blocked: 0, workspaces: 0, variables: 0, bytesHeld: 0 };

const sumOf = (all: readonly OverviewCounts[]): OverviewCounts =>
  all.reduce(
    (sum, each) => ({
      connections: sum.connections + each.connections,
      blocked: sum.blocked + each.blocked,
      workspaces: sum.workspaces + each.workspaces,
      variables: sum.variables + each.variables,
      bytesHeld: sum.bytesHeld + each.bytesHeld,
    }),
    NOTHING,
  );

/** A lease that has been over for longer was released: the store keeps no time for it. */
const RELEASED_MS = 20 * 365 * 86_400_000;

type AboutThisServer = Pick<WholeView, 'name' | 'version' | 'host' | 'port' | 'now'>;

/** The overview of the whole, from what the store says and what the owners have answered. */
export function wholeView(
  about: AboutThisServer,
  stored: StoredCluster,
  answers: Answers<OwnView>,
): WholeView {
  const known = stored.partitions.map((each) => knownOf(about.version, each, answers));
  const sleighs = known.flatMap(({ own }) => located(own, own?.sleighs));
  const oldSleighs = known.flatMap(({ own }) => located(own, own?.oldSleighs));
  return {
    ...about,
    writable: false,
    replay: false,
    storeAgo: stored.readAgoMs ?? null,
    ...sumOf(known.flatMap(({ own }) => (own === undefined ? [] : [own.counts]))),
    partitions: known.map(({ view }) => view),
    failures: stored.failures.map(({ restsMs, ...failure }) => ({ ...failure, rests: Math.max(0, restsMs) })),
    servers: stored.servers.map((server): MemberView => {
      const answer = answers.get(server.name);
      return {
        ...serverView(server),
        partitions: known.filter(({ view }) => view.owner === server.name && view.state !== 'unowned').length,
        answers: answer?.isAnswering ?? null,
        answeredAgo: answer?.agoMs ?? null,
      };
    }),
    sleighs: troublesFirst(sleighs).slice(0, MAX_JOBS),
    oldSleighs: oldSleighs.slice(0, MAX_JOBS),
    jobs: known.reduce((sum, { view }) => sum + view.jobs, 0),
  };
}

const located = <T>(own: OwnPartitionView | undefined, all: readonly T[] = []): (T & Located)[] =>
  own === undefined ? [] : all.map((each) => ({ ...each, partition: own.partition }));

/** What is known of one partition, and the answer of its owner about it. */
function knownOf(
  version: string,
  { partition, owner, epoch, since, leaseMs }: StoredPartition,
  answers: Answers<OwnView>,
): { readonly view: PartitionView; readonly own: OwnPartitionView | undefined } {
  const answer = owner === undefined ? undefined : answers.get(owner);
  const isReadable = answer?.value === undefined || answer.value.version === version;
  const own = isReadable ? answer?.value?.partitions.find((each) => each.partition === partition) : undefined;
  const leaseLeft = leaseMs < -RELEASED_MS ? null : leaseMs;
  const state = stateOf({ isOwned: owner !== undefined && leaseMs > 0, isReadable, answer, own });
  const { counts = null, jobs = 0, inTrouble = 0 } = own ?? {};
  const view = {
    partition,
    state,
    owner: owner ?? null,
    epoch,
    since: since ?? null,
    leaseLeft,
    counts,
    jobs,
    inTrouble,
  };
  return { view, own };
}

function stateOf(known: {
  readonly isOwned: boolean;
  readonly isReadable: boolean;
  readonly answer: Answered<OwnView> | undefined;
  readonly own: OwnPartitionView | undefined;
}): PartitionState {
  // An owner that has not renewed its lease goes on until another server claims the partition (D11).
  if (!known.isReadable) return 'unknown';
  if (known.answer?.isAnswering === true) {
    if (known.own !== undefined) return 'served';
    return known.isOwned ? 'loading' : 'unowned';
  }
  return known.isOwned ? 'silent' : 'unowned';
}

export const takeoversView = ({ takeovers, partitions }: StoredCluster): TakeoversView => ({
  takeovers: takeovers.map((takeover) => ({ ...takeoverView(takeover), partition: takeover.partition })),
  total: partitions.reduce((sum, { epoch }) => sum + epoch, 0),
});

const OF_WORKSPACES: Columns<WorkspaceSummary & Located> = {
  text: ({ title, owner }) => `${title} ${owner}`,
  keys: {
    name: ({ title }) => title,
    variables: ({ variables }) => variables,
    owner: ({ owner }) => owner,
    partition: ({ partition }) => partition,
  },
};

/** Parts of one list, each of them searched and sorted, as one part of it. */
export function mergedWorkspaces(parts: readonly LocatedWorkspaces[], query: ListQuery): LocatedWorkspaces {
  const total = parts.reduce((sum, part) => sum + part.total, 0);
  const items = parts.flatMap((part) => part.items);
  // The workspaces of several servers have no other order in common.
  const sorted = { ...query, sort: query.sort === '' ? 'name' : query.sort };
  const { items: shown } = listOf(items.length, sorted, items, OF_WORKSPACES, (item) => item);
  return { total, from: query.from, items: shown };
}

/** @param version what servers of another one say cannot be read */
export function wholeWorkspaces(
  version: string,
  answers: Answers<OwnWorkspacesView>,
  query: ListQuery,
): WholeWorkspacesView {
  const isReadable = ({ value }: Answered<OwnWorkspacesView>): boolean => value?.version === version;
  const all = [...answers];
  return {
    ...mergedWorkspaces(
      all.flatMap(([, answer]) => (answer.value !== undefined && isReadable(answer) ? [answer.value] : [])),
      query,
    ),
    silent: all.flatMap(([server, answer]) => (answer.isAnswering && isReadable(answer) ? [] : [server])),
  };
}
