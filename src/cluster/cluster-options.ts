import { isIPv6 } from 'node:net';
import { parseAuthority } from '../wire/authority.ts';
import { plainError } from '../wire/error-kind.ts';
import { CLUSTER } from './errors.ts';
import { withoutPassword } from './link.ts';

/** A store that several servers share (D9). */
export interface SharedStoreOptions {
  /** The address of a PostgreSQL, such as `postgres://user@host/database`; several hosts are separated by commas. */
  readonly url: string;
  /** The name of this server, which no other server with this store has. The default is the name of the machine. */
  readonly name?: string | undefined;
  /**
   * Milliseconds for which the server owns the data without renewing its lease. It is the same for all servers. The default is
   * 5,000, the least is 500, and the most is an hour.
   */
  readonly leaseMs?: number | undefined;
  /**
   * The number of partitions into which workspaces are divided, from 1 to 256. It is chosen when the store is used for the first
   * time, and never changes. Without it a store keeps its number; a new one gets 32.
   */
  readonly partitions?: number | undefined;
  /** The host under which other servers reach this one. The default is that on which it listens, or the machine's name. */
  readonly advertise?: string | undefined;
  /**
   * HOST:PORT at which clients reach this server, which other servers tell them (D24); `none` if this server tells clients nothing
   * about others. The default is the host for other servers, with the port for clients.
   */
  readonly clientAddress?: string | undefined;
  /** The port for other servers. The default is a free one. */
  readonly linkPort?: number | undefined;
  /**
   * Whether links to other servers are encrypted, and only such are taken (D25). The default is whether clients are offered TLS. Servers
   * prove to each other that they can read the store; no certificates are needed.
   */
  readonly linkTls?: boolean | undefined;
  /** Whether settings of PostgreSQL under which it may lose what it has acknowledged are accepted. The default is false. */
  readonly isUnsafe?: boolean | undefined;
}

/** Whether it is the name or the address of a host: the other servers make an address of it. */
const isHost = (text: string): boolean => /^[\w.-]{1,253}$/.test(text) || isIPv6(text);

/** Clients are told nothing. */
const NO_CLIENT_ADDRESS = 'none';

const LEASE_MS = 5_000;
const LEAST_LEASE_MS = 500;
const MOST_LEASE_MS = 3_600_000;
const MOST_PARTITIONS = 256;

/** The options with their defaults. @throws if one of them is wrong */
export function checkedOptions(
  {
    url,
    name,
    leaseMs = LEASE_MS,
    partitions,
    advertise,
    clientAddress,
    linkPort = 0,
    linkTls,
    isUnsafe = false,
  }: SharedStoreOptions,
  {
    host,
    machine,
    hasFolder,
    hasTls,
  }: {
    readonly host: string;
    readonly machine: string;
    readonly hasFolder: boolean;
    readonly hasTls: boolean;
  },
) {
  if (hasFolder) throw plainError(CLUSTER.twoStores());
  if (!/^postgres(ql)?:\/\/[^/]+\/./.test(url)) throw plainError(CLUSTER.badUrl(withoutPassword(url)));
  const called = name ?? machine;
  if (!/^[^\s]{1,64}$/.test(called)) throw plainError(CLUSTER.badName(called));
  if (!(leaseMs >= LEAST_LEASE_MS && leaseMs <= MOST_LEASE_MS))
    throw plainError(CLUSTER.badLease(leaseMs, LEAST_LEASE_MS, MOST_LEASE_MS));
  if (
    partitions !== undefined &&
    !(Number.isInteger(partitions) && partitions >= 1 && partitions <= MOST_PARTITIONS)
  )
    throw plainError(CLUSTER.badPartitions(partitions, MOST_PARTITIONS));
  if (advertise !== undefined && !isHost(advertise)) throw plainError(CLUSTER.badAdvertise(advertise));
  const tellsOwners = clientAddress !== NO_CLIENT_ADDRESS;
  if (clientAddress !== undefined && tellsOwners && parseAuthority(clientAddress) === undefined)
    throw plainError(CLUSTER.badClientAddress(clientAddress));
  const isEverywhere = host === '0.0.0.0' || host === '::';
  return {
    url,
    name: called,
    leaseMs,
    partitions,
    clientAddress: tellsOwners ? clientAddress : undefined,
    tellsOwners,
    reachedAt: advertise ?? (isEverywhere ? machine : host),
    linkPort,
    linkTls: linkTls ?? hasTls,
    isUnsafe,
  };
}

export type CheckedOptions = ReturnType<typeof checkedOptions>;
