import { Option } from 'commander';
import type { ServerOptions } from '../server.ts';
import { atLeastOne, port, secondsOver0 } from './numbers.ts';

/** The flags of a server that shares its store with others. */
export interface StoreFlags {
  readonly store?: string;
  readonly name?: string;
  readonly lease: number;
  readonly partitions?: number;
  readonly advertise?: string;
  readonly clientAddress?: string;
  readonly linkPort: number;
  readonly linkTls?: true;
  readonly storeUnsafe?: true;
}

export const storeOptions = (): readonly Option[] => [
  new Option(
    '--store <url>',
    'share this store with other servers: the address of a PostgreSQL, such as postgres://user@host/database',
  ).env('SLEIGH_STORE'),
  new Option(
    '--name <name>',
    'the name of this server, which no other one with this store has (default: that of the machine)',
  ),
  new Option(
    '--lease <seconds>',
    'how long a server owns the data of --store without renewing its lease; the same for all servers',
  )
    .argParser(secondsOver0)
    .default(5),
  new Option(
    '--partitions <number>',
    'how many parts of the data of --store servers can own, from 1 to 256; only for the first start (default: those of the store)',
  ).argParser(atLeastOne),
  new Option(
    '--advertise <host>',
    'other servers reach this one at this host (default: that of --host, or of the machine)',
  ),
  new Option(
    '--client-address <host:port>',
    'clients are told that they reach this server at this address; "none" tells them of no server (default: --advertise, and --port)',
  ),
  new Option(
    '--link-port <number>',
    'listen on this port for other servers with this store; 0 selects a free one',
  )
    .argParser(port)
    .default(0),
  new Option(
    '--link-tls',
    'encrypt links to other servers with this store, and take only such (default: if clients are offered TLS)',
  ),
  new Option(
    '--store-unsafe',
    'accept settings of PostgreSQL under which it may lose what it has acknowledged',
  ),
];

/** The option of `createServer`, if there is such a store. */
export const storeOf = (flags: StoreFlags): Pick<ServerOptions, 'store'> =>
  flags.store === undefined
    ? {}
    : {
        store: {
          url: flags.store,
          name: flags.name,
          leaseMs: flags.lease * 1_000,
          partitions: flags.partitions,
          advertise: flags.advertise,
          clientAddress: flags.clientAddress,
          linkPort: flags.linkPort,
          linkTls: flags.linkTls,
          isUnsafe: flags.storeUnsafe,
        },
      };
