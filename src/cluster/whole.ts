import type { Socket } from 'node:net';
import { fault } from '../wire/error-kind.ts';
import { DEFAULT_WORKSPACE } from '../wire/names.ts';
import type { Whole } from '../core/whole.ts';
import type { ClusterReader } from './cluster-reader.ts';
import { linkAddress, type LinkAddress } from './member.ts';
import { partitionOf } from '../wire/partition-of.ts';
import { askServer } from './question.ts';

interface WholeOptions extends Pick<Whole, 'name' | 'partitions' | 'host' | 'port'> {
  readonly reader: ClusterReader;
  /** Only servers with the same store know it. */
  readonly secret: string;
  /** Connects to another server. */
  readonly open: (to: LinkAddress) => Socket;
}

/** What a server knows of all partitions and servers, for its page. */
export const wholeOf = ({ reader, secret, open, ...about }: WholeOptions): Whole => ({
  ...about,
  defaultAt: partitionOf(DEFAULT_WORKSPACE, about.partitions),
  get stored() {
    return reader.stored;
  },
  read: () => reader.read(),
  ask: async (server, path, signal) => {
    const link = reader.stored.partitions.find(({ owner }) => owner === server)?.link;
    const address = link === undefined ? undefined : linkAddress({ link });
    if (address === undefined) throw fault(`server ${server} owns no partition`);
    return askServer({ open: () => open(address), secret, name: about.name, path, signal });
  },
});
