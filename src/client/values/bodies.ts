import { isUint8Array } from 'node:util/types';
import { decodeGraph } from './graph-reader.ts';
import { encodeGraph } from './graph-writer.ts';
import type { Lending } from './lending.ts';
import { hasToJson, isPlain, kindOf, ownMemory } from './object-kinds.ts';
import { textOfBytes } from '../connection/text.ts';
import { UnsendableError } from './unsendable.ts';
import { VALUE } from '../errors/usage.ts';

/**
 * The forms of a value (C1, C2), the same for a single value and for one in a chunk. Pure.
 *
 * - `text`: a string
 * - `json`: a value that JSON preserves exactly, so that people and programs in other languages can read it
 * - `bytes`: a Buffer; `uint8array`: a Uint8Array
 * - `graph`: everything else, see graph.ts
 */
export type BodyType = 'text' | 'json' | 'bytes' | 'uint8array' | 'graph';

export interface Body {
  readonly type: BodyType;
  /** A string stands for its UTF-8 bytes. */
  readonly body: string | Uint8Array;
}

/** Deeper objects are encoded as a graph, which uses no recursion. */
const JSON_DEPTH = 200;

/**
 * @param name the name of the value in errors: `element`, `result` …
 * @param lending names the memory that is shared or moved (S36)
 * @throws UnsendableError if it, or a part of it, cannot be encoded
 */
export function encodeBody(value: unknown, name: string, lending?: Lending): Body {
  // A lone surrogate has no UTF-8. JSON can escape it.
  if (typeof value === 'string' && !/\p{Surrogate}/u.test(value)) return { type: 'text', body: value };
  const isLent = isUint8Array(value) && lending?.refer(value.buffer) !== undefined;
  if (isUint8Array(value) && !isLent && ownMemory(value.buffer) !== undefined)
    return { type: Buffer.isBuffer(value) ? 'bytes' : 'uint8array', body: value };
  const json = jsonOf(value, name);
  return json === undefined
    ? { type: 'graph', body: encodeGraph(value, name, false, lending) }
    : { type: 'json', body: json };
}

/** As far as possible: what cannot be sent, or is very large, is replaced by a few words. */
export const encodeLenient = (value: unknown): Body => ({
  type: 'graph',
  body: encodeGraph(value, 'error', true),
});

/** @throws Error if the bytes are not in that form */
export function decodeBody(type: BodyType, bytes: Buffer): unknown {
  switch (type) {
    case 'text':
      return textOfBytes(bytes);
    case 'json':
      return JSON.parse(textOfBytes(bytes));
    case 'bytes':
      return bytes;
    case 'uint8array':
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    case 'graph':
      break;
  }
  return decodeGraph(bytes);
}

/** @returns undefined if JSON does not preserve the value */
function jsonOf(value: unknown, name: string): string | undefined {
  try {
    if (!isTree(value, new Set(), JSON_DEPTH)) return undefined;
  } catch {
    // A getter or a proxy throws. The graph encoder reports where.
    return undefined;
  }
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new UnsendableError(VALUE.tooLarge(name, String(cause)), { cause });
  }
}

/** Whether it contains no undefined, NaN, Date, Map or hole, and no object twice. */
function isTree(value: unknown, seen: Set<object>, depth: number, key = ''): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || depth === 0 || seen.has(value)) return false;
  seen.add(value);
  if (!hasToJson(value)) return isTreeObject(value, seen, depth);
  const object = kindOf(value);
  if (object.kind !== 'toJSON') return false;
  const made = object.value.toJSON(key);
  // JSON.stringify does not call toJSON of the result again.
  return !(made instanceof Object && hasToJson(made)) && isTree(made, seen, depth - 1);
}

function isTreeObject(value: object, seen: Set<object>, depth: number): boolean {
  if (Array.isArray(value)) return isTreeArray(value, seen, depth);
  // Map, Set, Error, Promise and similar classes have their own tag.
  if (Object.prototype.toString.call(value) !== '[object Object]') return false;
  const members = Object.entries(value);
  // The content of an instance without fields is not visible.
  if (members.length === 0 && !isPlain(value)) return false;
  return members.every(([key, member]) => isTree(member, seen, depth - 1, key));
}

function isTreeArray(array: readonly unknown[], seen: Set<object>, depth: number): boolean {
  // Not `every`, which skips holes.
  for (const [i, element] of array.entries()) if (!isTree(element, seen, depth - 1, String(i))) return false;
  return Object.keys(array).length === array.length;
}
