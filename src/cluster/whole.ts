import { fault } from '../wire/error-kind.ts';
import { DEFAULT_WORKSPACE } from '../wire/names.ts';
import type { ClusterWhole } from './cluster-events.ts';
import type { ClusterReader } from './cluster-reader.ts';
import { linkAddress } from './member.ts';
import { partitionOf } from './partition-of.ts';
import { askServer } from './question.ts';

interface WholeOptions extends Pick<ClusterWhole, 'name' | 'partitions' | 'host' | 'port'> {
  readonly reader: ClusterReader;
  /** Only servers with the same store know it. */
  readonly secret: string;
}

/** What a server knows of all partitions and servers, for its page. */
export const wholeOf = ({ reader, secret, ...about }: WholeOptions): ClusterWhole => ({
  ...about,
  defaultAt: partitionOf(DEFAULT_WORKSPACE, about.partitions),
  get stored() {
    return reader.stored;
  },
  read: () => reader.read(),
  ask: async (server, path, signal) => {
    const link = reader.stored.partitions.find(({ owner }) => owner === server)?.link;
    if (link === undefined) throw fault(`server ${server} owns no partition`);
    return askServer({ ...linkAddress({ link }), secret, name: about.name, path, signal });
  },
});
