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
  badField: errorKind(
    'bad-record',
    (field: string, of: string, expected: string) =>
      `the field "${field}" of ${of} in the data is not ${expected}`,
    'The data was written by something else, or is damaged: restore a copy of the folder.',
    'descriptor',
    'value/1/2/3',
    'a number',
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
