import type { Field, Fields } from '../store/change.ts';
import type { RecordReader } from '../store/record.ts';
import { isFile, NO_METADATA, type FilePayload, type Metadata, type Payload } from '../wire/payload.ts';
import type { Value } from './value.ts';

/** Metadata as a field; undefined if there are none. */
export const fieldOfMetadata = (metadata: Metadata): Field =>
  metadata.size === 0 ? undefined : [...metadata];

/** Metadata in a field of a record. */
export function metadataIn(record: RecordReader, name = 'metadata'): Metadata {
  const pairs = record.pairs(name);
  return pairs.length === 0 ? NO_METADATA : new Map(pairs);
}

/** The record of a value. A value in a file is a reference to it. */
export const recordOfValue = ({ descriptor, payload, metadata }: Value): Fields => ({
  descriptor,
  payload: isFile(payload) ? { file: payload.file, size: payload.size } : payload,
  metadata: fieldOfMetadata(metadata),
});

/**
 * The value of a record. No client is charged for its memory, because the one that stored it has gone.
 * @param restoreFile called for a value in a file
 */
export function valueIn(record: RecordReader, restoreFile: (file: FilePayload) => void): Value {
  const payload = payloadIn(record);
  if (isFile(payload)) restoreFile(payload);
  return { descriptor: record.number('descriptor'), payload, metadata: metadataIn(record) };
}

function payloadIn(record: RecordReader): Payload {
  const payload = record.field('payload');
  if (typeof payload === 'string' || payload instanceof Uint8Array) return payload;
  const file = record.inner('payload');
  return { file: file.number('file'), size: file.number('size') };
}
