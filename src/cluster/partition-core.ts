import { NODE_EDGE } from '../transport/edge.ts';
import type { ListenerOptions } from '../transport/listening.ts';
import { TcpServer } from '../transport/server.ts';
import { partOf } from './part-of.ts';
import type { PartitionHost } from './partition-host.ts';
import type { PostgresDisk } from './postgres-disk.ts';
import type { PostgresStore } from './postgres-store.ts';

/** What stands in the place of the folder for large values. */
const BLOBS = 'blobs';

/**
 * A core for a partition that this server has claimed.
 * @throws as `TcpServer`
 */
export function newCore(
  host: PartitionHost,
  number: number,
  { store, disk }: { readonly store: PostgresStore; readonly disk: PostgresDisk },
): TcpServer {
  const { tcp, logger, webPort, credentials, front } = host;
  const edge = {
    ...NODE_EDGE,
    time: store.time,
    disk,
    listener: (core: ListenerOptions) => front.listening(number, core),
    others: host.othersThan(number),
    part: partOf(number, front.partitions),
  };
  const { tls, admission } = credentials;
  // The actors of a later time are others, and their steps belong into a trace of their own.
  const options = { ...tcp, tls, admission, trace: host.traceOf(number, store.epoch) };
  return new TcpServer(options, logger, webPort, edge, { store, blobs: BLOBS, sync: 'always' });
}
