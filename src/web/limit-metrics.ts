import { descriptors } from '../transport/descriptors.ts';
import type { TcpServer } from '../transport/server.ts';
import type { UsedLimit } from '../wire/limits.ts';
import { labelled, type MetricsPart, type MetricsWriter } from './metrics-writer.ts';

/** The use of a limit, and the limit. */
interface Usage {
  readonly used: number;
  readonly bound: number;
}

/** The use by the holder that has most. */
function most(all: Iterable<{ readonly bytes: number }>): number {
  let bytes = 0;
  for (const account of all) bytes = Math.max(bytes, account.bytes);
  return bytes;
}

/** Every limit that can fill up, by name (P12), and the descriptors of the process. */
function usages({ core, counts }: TcpServer): Record<UsedLimit, Usage> & { descriptors?: Usage } {
  const { limits, accounting, workspaces, connections } = core;
  const files = descriptors();
  return {
    memoryBytes: { used: accounting.memory + accounting.incoming.bytes, bound: limits.memoryBytes },
    clientMemoryBytes: {
      used: most(Array.from(connections, ({ account }) => account)),
      bound: limits.clientMemoryBytes,
    },
    workspaceMemoryBytes: {
      used: most(Array.from(workspaces.all, (workspace) => workspace.accounting.account)),
      bound: limits.workspaceMemoryBytes,
    },
    incomingBytes: { used: accounting.incoming.bytes, bound: limits.incomingBytes },
    unreadBytes: { used: counts.unread, bound: limits.unreadBytes },
    serverBytes: { used: Math.max(accounting.bytes, counts.fileBytes), bound: limits.serverBytes },
    connectionCount: { used: counts.sockets, bound: limits.connectionCount },
    ...(files !== undefined && { descriptors: { used: files.open, bound: files.most } }),
  };
}

/** @returns a figure of each limit of a part */
const ofUsages =
  (pick: (usage: Usage) => number) =>
  ({ server }: MetricsPart) =>
    labelled(
      'limit',
      Object.entries(usages(server)).map(([limit, usage]) => [limit, pick(usage)] as const),
    );

/** Adds metrics of the use of each limit, its refusals, and the kinds of data in memory. */
export function addLimitMetrics({ gauges, counter }: MetricsWriter): void {
  gauges(
    'sleigh_limit_used',
    'How much of a limit is used; of the quotas, by whoever uses most.',
    'limit',
    ofUsages(({ used }) => used),
  );
  gauges(
    'sleigh_limit_bound',
    'The limit itself.',
    'limit',
    ofUsages(({ bound }) => bound),
  );
  gauges(
    'sleigh_memory_bytes',
    'What is held in memory for others, by what it is.',
    'kind',
    ({ server: { core } }) => labelled('kind', Object.entries(core.accounting.budget.byKind)),
  );
  counter(
    'sleigh_refusals_total',
    'Requests that were refused and connections that ended, by the limit that was met.',
    ['limit'],
    ({ server }) => labelled('limit', server.core.figures.refusals),
  );
}
