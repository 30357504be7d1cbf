import { isArrayBufferView, isDate } from 'node:util/types';
import { deserialize, serialize } from 'node:v8';
import type { Metadata } from '../wire/payload.ts';
import { TEXT_DESCRIPTOR } from '../wire/reply.ts';
import { textOfBytes } from './text.ts';

/** Values of this client on the wire, and what other clients store (C1-C3). Pure. */

/** Maker 11, not serialized, raw (C2). */
export const BYTES_DESCRIPTOR = 0x0b000003;
/** Maker 11, serialized by v8 (C2). */
export const V8_DESCRIPTOR = 0x0b000007;

const NOT_SERIALIZED = 1;
const RAW = 2;

/** A value as it goes to the server. */
export interface EncodedValue<Bytes = Uint8Array> {
  readonly descriptor: number;
  readonly bytes: Bytes;
  /** The metadata `type`: which of the two a text is (C1); it says `bytes` or `v8` of the others. */
  readonly type: 'json' | 'text' | 'bytes' | 'v8';
}

/** A value of another maker that is no text: given as it came, never guessed at (C3). */
export class ForeignValue {
  readonly descriptor: number;
  readonly bytes: Uint8Array;

  constructor(descriptor: number, bytes: Uint8Array) {
    this.descriptor = descriptor;
    this.bytes = bytes;
  }
}

/** @throws TypeError when there is no way to send it: a function, a symbol, a promise … */
export function encodeValue(value: unknown): EncodedValue {
  // A lone surrogate has no UTF-8; JSON has an escape for it.
  if (typeof value === 'string' && !/\p{Surrogate}/u.test(value))
    return { descriptor: TEXT_DESCRIPTOR, bytes: Buffer.from(value), type: 'text' };
  if (value instanceof Uint8Array) return { descriptor: BYTES_DESCRIPTOR, bytes: value, type: 'bytes' };
  if (jsonCarries(value))
    return { descriptor: TEXT_DESCRIPTOR, bytes: Buffer.from(JSON.stringify(value)), type: 'json' };
  return { descriptor: V8_DESCRIPTOR, bytes: serialized(value), type: 'v8' };
}

function serialized(value: unknown): Buffer {
  try {
    return serialize(value);
  } catch (cause) {
    throw new TypeError(`this cannot be sent: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** @returns what was encoded; text of any maker as a string; anything else as a ForeignValue (C3) */
export function decodeValue(descriptor: number, bytes: Buffer, metadata: Metadata): unknown {
  if (descriptor === BYTES_DESCRIPTOR) return bytes;
  if (descriptor === V8_DESCRIPTOR) return deserialized(bytes);
  if (!isText(descriptor)) return new ForeignValue(descriptor, bytes);
  const text = textOfBytes(bytes);
  return descriptor === TEXT_DESCRIPTOR && metadata.get('type') === 'json' ? parseJson(text) : text;
}

/** Whether it is text, of any maker (C3). */
export const isText = (descriptor: number): boolean =>
  (descriptor & NOT_SERIALIZED) !== 0 && (descriptor & RAW) === 0;

function deserialized(bytes: Buffer): unknown {
  try {
    return deserialize(bytes);
  } catch {
    return new ForeignValue(V8_DESCRIPTOR, bytes);
  }
}

/** @returns the text itself when it is no JSON: a result may carry the `type` of its task, which was another's */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Whether JSON gives back the same: no undefined, NaN, Date, Map, hole, cycle … anywhere in it. */
function jsonCarries(value: unknown, around: readonly object[] = []): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  return typeof value === 'object' && !around.includes(value) && jsonCarriesObject(value, [...around, value]);
}

function jsonCarriesObject(value: object, around: readonly object[]): boolean {
  if (Array.isArray(value)) {
    const elements: unknown[] = value;
    // Not `every`, which leaves out holes.
    for (const element of elements) if (!jsonCarries(element, around)) return false;
    return Object.keys(value).length === value.length;
  }
  // A class says itself how it goes as JSON; of Date and Buffer it is known that they come back as something else.
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return !isDate(value) && !isArrayBufferView(value);
  // Map, Set, Error, Promise and their like have a tag of their own.
  if (Object.prototype.toString.call(value) !== '[object Object]') return false;
  return Object.values(value).every((member) => jsonCarries(member, around));
}
