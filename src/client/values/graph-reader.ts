import { unsafeCast } from '../unsafe-cast.ts';
import { NEWLINE, PRIMITIVES, type Fields, type Graph, type Node, type Slot } from '../../wire/graph.ts';
import { makeError } from './object-kinds.ts';
import { BYTES } from '../errors/usage.ts';
import { UnresolvedValue } from './lending.ts';
import { fault, rangeError, typeError } from '../../wire/error-kind.ts';

/**
 * Decodes a value.
 * @returns the value; an UnresolvedValue if it refers to memory of the process of its master (S36)
 * @throws Error if the bytes were not made by `encodeGraph`, or this runtime lacks a type
 */
export function decodeGraph(encoded: Buffer): unknown {
  const end = encoded.indexOf(NEWLINE);
  const start = end + 1 + Number(encoded.toString('latin1', 0, end));
  if (end < 1 || !(start <= encoded.length)) throw rangeError(BYTES.cutOff());
  const graph = unsafeCast<Graph>(JSON.parse(encoded.toString('utf8', end + 1, start)));
  const bytes = encoded.subarray(start);
  const references = new Set<string>();
  for (const node of graph[1])
    if (isArray(node) && node[0] === 'Lent') references.add(node[1]);
    else if (isArray(node) && node[0] === 'LentView') references.add(node[2]);
  if (references.size === 0) return new GraphReader(graph, bytes).read();
  return new UnresolvedValue([...references], (memory) => new GraphReader(graph, bytes, memory).read());
}

/** Creates all objects first, then fills them, so that references work in cycles as well. */
class GraphReader {
  readonly #root: Slot;
  readonly #nodes: readonly Node[];
  readonly #bytes: readonly ArrayBuffer[];
  readonly #lent: ReadonlyMap<string, ArrayBufferLike>;
  readonly #objects: readonly object[];

  /** @param lent the memory that the graph refers to */
  constructor(
    [root, nodes, lengths]: Graph,
    encoded: Buffer,
    lent: ReadonlyMap<string, ArrayBufferLike> = new Map(),
  ) {
    this.#lent = lent;
    this.#root = root;
    this.#nodes = nodes;
    let at = 0;
    // Copies, because some views need aligned bytes, and a part must not keep the whole buffer in memory.
    this.#bytes = lengths.map((length) => {
      const from = encoded.byteOffset + at;
      at += length;
      return new Uint8Array(encoded.buffer, from, length).slice().buffer;
    });
    if (at !== encoded.length) throw rangeError(BYTES.wrongLength(encoded.length, at));
    this.#objects = nodes.map((node) => this.#make(node));
  }

  read(): unknown {
    for (const [id, node] of this.#nodes.entries()) this.#fill(this.#object(id), node);
    return this.#value(this.#root);
  }

  #make(node: Node): object {
    if (!isArray(node)) return {};
    switch (node[0]) {
      case 'Array':
        return [];
      case 'SparseArray':
        // oxlint-disable-next-line unicorn/no-new-array -- of that length
        return new Array(node[1]);
      case 'Map':
        return new Map();
      case 'Set':
        return new Set();
      case 'Date':
        return new Date(node[1] ?? Number.NaN);
      case 'RegExp':
        return Object.assign(new RegExp(node[1], node[2]), { lastIndex: node[3] });
      case 'URL':
        return new URL(node[1]);
      case 'URLSearchParams':
        return new URLSearchParams(node[1]);
      case 'Boxed':
        return Object(this.#value(node[1]));
      case 'ArrayBuffer':
        return this.#memory(node[1]);
      case 'View':
        return viewOf(node[1], this.#memory(node[2]));
      case 'Lent':
        return this.#lentMemory(node[1]);
      case 'LentView':
        return viewOf(node[1], this.#lentMemory(node[2]), node[3], node[4]);
      case 'Error':
        return makeError(node[1], textOf(node[2]['message']), textOf(node[2]['name']));
      default:
        throw typeError(BYTES.unknownPart(String(node[0])));
    }
  }

  #fill(object: object, node: Node): void {
    if (!isArray(node)) this.#assign(object, node);
    else if (node[0] === 'Array') {
      const array = unsafeCast<unknown[]>(object);
      for (const slot of node[1]) array.push(this.#value(slot));
    } else if (node[0] === 'SparseArray') this.#assign(object, node[2]);
    else if (node[0] === 'Map') {
      const map = unsafeCast<Map<unknown, unknown>>(object);
      for (let i = 0; i < node[1].length; i += 2)
        map.set(this.#value(node[1][i]), this.#value(node[1][i + 1]));
    } else if (node[0] === 'Set') {
      const set = unsafeCast<Set<unknown>>(object);
      for (const slot of node[1]) set.add(this.#value(slot));
    } else if (node[0] === 'Error') {
      const [, type, { name = null, message = null, stack = null }, hidden, fields] = node;
      // The name and message of a DOMException come from its class.
      this.#assign(object, type === 'DOMException' ? { stack } : { name, message, stack }, false);
      this.#assign(object, hidden, false);
      this.#assign(object, fields);
    }
  }

  #assign(object: object, fields: Fields, enumerable = true): void {
    const target = unsafeCast<Record<string, unknown>>(object);
    for (const key of Object.keys(fields)) {
      const value = this.#value(fields[key]);
      if (enumerable && key !== '__proto__') target[key] = value;
      else Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
    }
  }

  #value(slot: Slot | undefined): unknown {
    if (typeof slot !== 'object' || slot === null) return slot;
    const [first, text] = slot;
    if (typeof first === 'number') return this.#object(first);
    if (first === 'bigint') return BigInt(text);
    if (first in PRIMITIVES) return PRIMITIVES[first];
    throw typeError(BYTES.unknownValue(first));
  }

  #object(id: number): object {
    const object = this.#objects[id];
    if (object === undefined) throw rangeError(BYTES.partMissing(id));
    return object;
  }

  #memory(number: number): ArrayBuffer {
    const memory = this.#bytes[number];
    if (memory === undefined) throw rangeError(BYTES.bytesMissing(number));
    return memory;
  }

  #lentMemory(reference: string): ArrayBufferLike {
    const memory = this.#lent.get(reference);
    if (memory === undefined) throw fault(`there is no memory ${reference}`);
    return memory;
  }
}

/** A message or a name that is no text is an object that may not be there yet: it is assigned later, as every detail is. */
const textOf = (slot: Slot | undefined): string => (typeof slot === 'string' ? slot : '');

const isArray = (node: Node): node is Exclude<Node, Fields> => Array.isArray(node);

interface ViewConstructor {
  new (memory: ArrayBufferLike, offset?: number, length?: number): ArrayBufferView;
  readonly BYTES_PER_ELEMENT?: number;
}

/** @param bytes its length; without it, it is a view of all of the memory */
function viewOf(name: string, memory: ArrayBufferLike, offset = 0, bytes?: number): ArrayBufferView {
  if (name === 'Buffer') return Buffer.from(memory, offset, bytes);
  const type: unknown = Reflect.get(globalThis, name);
  if (!isViewConstructor(type)) throw typeError(BYTES.unknownView(name, process.version));
  return new type(memory, offset, bytes && bytes / (type.BYTES_PER_ELEMENT ?? 1));
}

const isViewConstructor = (type: unknown): type is ViewConstructor =>
  type === DataView || (typeof type === 'function' && 'BYTES_PER_ELEMENT' in type);
