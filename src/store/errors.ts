import { errorKind, type Catalogue } from '../wire/error-kind.ts';

/** Of what a server finds in its store when it starts. */
export const STORED = {
  noFormat: errorKind(
    'unknown-format',
    () => 'the data does not say which format it has',
    'Name a data folder that a server has written, or a new one.',
  ),
  unknownFormat: errorKind(
    'unknown-format',
    (format: number, known: number) =>
      `the data has format ${format}, and this version of the server knows format ${known}`,
    'Start the version of the server that wrote it, or a newer one.',
    2,
    1,
  ),
  inUse: errorKind(
    'data-in-use',
    (folder: string) => `another server uses the data in ${folder}`,
    'Stop that server, or name another folder.',
    'data',
  ),
  noFolder: errorKind(
    'no-data-folder',
    (folder: string, why: string) => `data cannot be kept in ${folder}: ${why}`,
    'Name a folder that the server can write to (`--data`).',
    'data',
    'EACCES: permission denied',
  ),
  longPath: errorKind(
    'no-data-folder',
    (folder: string, most: number) =>
      `data cannot be kept in ${folder}: the path has more than ${most} bytes`,
    'Name a folder with a shorter path (`--data`).',
    '/a/very/long/path',
    80,
  ),
  onNetwork: errorKind(
    'data-on-network',
    (folder: string, what: string) =>
      `the folder ${folder} is on a network file system (${what}), which may lose data`,
    'Name a folder on a local disk, or start the server with `--data-on-network`.',
    'data',
    'NFS',
  ),
  missingFile: errorKind(
    'missing-value',
    (path: string, why: string) => `a large value cannot be read from ${path}: ${why}`,
    'Restore the folder from a copy.',
    'data/blobs/3',
    'ENOENT',
  ),
  shortFile: errorKind(
    'missing-value',
    (path: string, size: number, expected: number) =>
      `the large value in ${path} has ${size} bytes in place of ${expected}`,
    'Restore the folder from a copy.',
    'data/blobs/3',
    100,
    5_000_000,
  ),
  noStore: errorKind(
    'bad-store',
    (path: string) => `${path} is not a file of a server's data`,
    'Name another folder, or restore the folder from a copy.',
    'data/data.mdb',
  ),
  cutShort: errorKind(
    'bad-store',
    (path: string, size: number, expected: number) =>
      `${path} is cut short: it has ${size} bytes in place of ${expected}`,
    'Restore the folder from a copy that was made while no server used it.',
    'data/data.mdb',
    65_536,
    81_920,
  ),
  noData: errorKind(
    'no-data',
    (folder: string) => `there is no data of a server in ${folder}`,
    'Name the folder that a server was given with `--data`.',
    'data',
  ),
  notDurable: errorKind(
    'not-durable',
    (why: string) => `the data could not be made durable, and nothing that depends on it was sent: ${why}`,
    'Make room on the disk, or repair it, and start the server again: everything that it has acknowledged is there.',
    'ENOSPC: no space left on device',
  ),
  notLoaded: errorKind(
    'not-loaded',
    (why: string) => `the data could not be loaded: ${why}`,
    'A server that could not reach the store loads it again by itself. Otherwise the reason says what to repair.',
    'Connection terminated unexpectedly',
  ),
  fenced: errorKind(
    'fenced',
    (name: string, epoch: number) =>
      `the server "${name}" has lost its data to another server, because it did not renew its lease in time (epoch ${epoch})`,
    'Nothing needs to be done: nothing that the server had not made durable was sent. If it happens often, give all servers a longer lease (`--lease`).',
    'a',
    7,
  ),
  badField: errorKind(
    'bad-record',
    (field: string, of: string, expected: string) =>
      `the field "${field}" of ${of} in the data is not ${expected}`,
    'The data was written by something else, or is damaged: restore a copy of the folder.',
    'descriptor',
    'value/1/2/3',
    'a number',
  ),
  badRecord: errorKind(
    'bad-record',
    (record: string, why: string) => `the record ${record} in the data cannot be read: ${why}`,
    'The data was written by something else, or is damaged: restore a copy of it. For servers that share a store docs/cluster.md says how one record is repaired.',
    'value/1/2/3',
    'Unexpected end of MessagePack data',
  ),
  unknownType: errorKind(
    'unknown-kind',
    (workspace: string, type: string) =>
      `the data has a workspace "${workspace}" of the type "${type}", which this server cannot make`,
    'Start the server with the plugins that it had (W9).',
    'jobs',
    'queue',
  ),
} as const satisfies Catalogue;
