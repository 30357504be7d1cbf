import { KEY } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { TEXT_DESCRIPTOR } from '../../wire/reply.ts';
import { decodeBody, encodeBody, encodeLenient, type Body, type BodyType } from './bodies.ts';
import { Chunk, encodeChunk, type ChunkPart } from './chunk.ts';
import type { Lending } from './lending.ts';
import { ForeignValue } from './foreign-value.ts';
import { TaskStopped } from '../task/task-failure.ts';
import { textOfBytes } from '../connection/text.ts';
import { TASK } from '../errors/job.ts';

/** Encodes and decodes values of this client, and decodes those of others (C1-C3, C5). Pure. */

/** Maker 11, not serialized, raw (C2). */
export const BYTES_DESCRIPTOR = 0x0b000003;
/** Maker 11, a graph (C2). */
export const GRAPH_DESCRIPTOR = 0x0b00000b;

const NOT_SERIALIZED = 1;
const RAW = 2;

/** The metadata `type`: the form of a value (C1, C2). */
export type ValueType = BodyType | 'chunk';

/** An encoded value. */
export interface EncodedValue<Bytes = Uint8Array> {
  readonly descriptor: number;
  readonly bytes: Bytes;
  readonly type: ValueType;
}

/**
 * @param name the name of the value in errors: `element`, `result` …
 * @param lending names the memory that is shared or moved (S36)
 * @throws TypeError if it, or a part of it, cannot be sent: a function, a symbol, a promise …; it names the part
 */
export const encodeValue = (value: unknown, name = 'value', lending?: Lending): EncodedValue =>
  encoded(encodeBody(value, name, lending));

/** As far as possible: parts that cannot be sent are replaced by a few words. */
export const encodeLeniently = (value: unknown): EncodedValue => encoded(encodeLenient(value));

/** Encodes values as a chunk (C5). */
export const encodeTogether = (parts: readonly ChunkPart[]): EncodedValue => ({
  descriptor: BYTES_DESCRIPTOR,
  bytes: encodeChunk(parts),
  type: 'chunk',
});

/** Encodes a value of a chunk as a single value. */
export const encodeAlone = ({ body }: ChunkPart): EncodedValue => encoded(body);

const DESCRIPTORS: Readonly<Record<BodyType, number>> = {
  text: TEXT_DESCRIPTOR,
  json: TEXT_DESCRIPTOR,
  bytes: BYTES_DESCRIPTOR,
  uint8array: BYTES_DESCRIPTOR,
  graph: GRAPH_DESCRIPTOR,
};

const encoded = ({ type, body }: Body): EncodedValue => ({
  descriptor: DESCRIPTORS[type],
  bytes: typeof body === 'string' ? Buffer.from(body) : body,
  type,
});

/**
 * Never throws, because a value that was taken must not be lost.
 * @returns the decoded value; text from any client as a string; anything else as a ForeignValue (C3)
 */
export function decodeValue(descriptor: number, bytes: Buffer, metadata: Metadata): unknown {
  const type = metadata.get(KEY.type);
  try {
    if (descriptor === GRAPH_DESCRIPTOR) return decodeBody('graph', bytes);
    if (descriptor === BYTES_DESCRIPTOR && type === 'chunk') return new Chunk(bytes);
    // Other clients of this project name the type as well (C7).
    if (descriptor === BYTES_DESCRIPTOR || (isRaw(descriptor) && type === 'bytes'))
      return decodeBody(type === 'uint8array' ? type : 'bytes', bytes);
    if (!isText(descriptor)) return new ForeignValue(descriptor, bytes);
    const text = textOfBytes(bytes);
    return descriptor === TEXT_DESCRIPTOR && type === 'json' ? parseJson(text) : text;
  } catch (error) {
    return new ForeignValue(descriptor, bytes, TASK.unreadable(bytes.length, String(error)).message);
  }
}

/** @throws TaskStopped if the value could not be decoded */
export function readable(value: unknown): unknown {
  if (value instanceof ForeignValue && value.why !== undefined)
    throw new TaskStopped({ code: 'unreadable', message: value.why });
  return value;
}

const isRaw = (descriptor: number): boolean =>
  (descriptor & NOT_SERIALIZED) !== 0 && (descriptor & RAW) !== 0;

/** Whether it is text, from any client (C3). */
export const isText = (descriptor: number): boolean =>
  (descriptor & NOT_SERIALIZED) !== 0 && (descriptor & RAW) === 0;

/** @returns the text itself if it is not JSON, because a result may carry the `type` of its task */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
