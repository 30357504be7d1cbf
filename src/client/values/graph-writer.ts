import { Stream } from 'node:stream';
import { unsafeCast } from '../unsafe-cast.ts';
import type { Fields, Graph, Node, Slot } from '../../wire/graph.ts';
import { errorTypeOf, kindOf, ownMemory, type ObjectKind } from './object-kinds.ts';
import { stepOf } from './graph-path.ts';
import type { Lending } from './lending.ts';
import { userStack } from '../task/stacks.ts';
import { describe, UnsendableError, noFields, notData } from './unsendable.ts';
import { fault, type ErrorText } from '../../wire/error-kind.ts';
import { VALUE } from '../errors/usage.ts';

/** The number of objects that an error may carry. A socket may be attached to it, with everything that it refers to. */
const ERROR_NODES = 10_000;
const ERROR_BYTES = 65_536;
/** The number of characters of text in an error. */
const ERROR_TEXT = 1_048_576;

/**
 * @param name the name of the value in errors: `element`, `result` …
 * @param isLenient whether parts that cannot be sent are replaced by a few words, and very large ones are truncated
 * @param lending names the memory that is shared or moved (S36)
 * @throws UnsendableError, unless it is lenient
 */
export function encodeGraph(value: unknown, name: string, isLenient = false, lending?: Lending): Buffer {
  const { graph, bytes } = new GraphWriter(name, undefined, lending).write(value, isLenient);
  try {
    const json = Buffer.from(JSON.stringify(graph));
    return Buffer.concat([Buffer.from(`${json.length}\n`), json, ...bytes]);
  } catch (cause) {
    throw new UnsendableError(VALUE.tooLarge(name, String(cause)), { cause });
  }
}

/** An object that is to be written, and where it was found first. */
export interface Pending {
  readonly object: ObjectKind;
  /** The number of the node that contains it; -1 for the value itself. */
  readonly parent: number;
  readonly key: string | number;
  /** Whether parts that cannot be sent are replaced by a few words. */
  readonly isLenient: boolean;
}

/** The properties of every error. */
const DETAILS: readonly string[] = ['name', 'message', 'stack'];

type Where = Omit<Pending, 'object'>;

/**
 * Writes one object after another, in the order in which they are found, so that deep nesting needs no recursion.
 *
 * The contents of an error are sent as far as possible: parts that cannot be sent, or are very large, are replaced by
 * a text.
 */
class GraphWriter {
  readonly #name: string;
  readonly #maxNodes: number;
  readonly #lending: Lending | undefined;
  readonly #pending: Pending[] = [];
  /** The references to objects that were found before. */
  readonly #slots = new Map<object, Slot>();
  #textLeft = ERROR_TEXT;
  readonly #bytes: Uint8Array[] = [];
  /**
   * The number of the bytes of each range of a buffer. Views of the same buffer share their memory in the decoded
   * value, too.
   */
  readonly #ranges = new Map<ArrayBuffer, Map<string, number>>();

  /** @param name the name of the value in errors: `element`, `result` … */
  constructor(name: string, maxNodes = Number.POSITIVE_INFINITY, lending?: Lending) {
    this.#name = name;
    this.#maxNodes = maxNodes;
    this.#lending = lending;
  }

  /** @throws UnsendableError, unless it is lenient */
  write(value: unknown, isLenient = false): { readonly graph: Graph; readonly bytes: readonly Uint8Array[] } {
    const nodes: Node[] = [];
    const root = this.#slot(value, { parent: -1, key: '', isLenient });
    // `#pending` grows during the loop.
    for (let id = 0; id < this.#pending.length; id++) nodes.push(this.#written(id));
    return { graph: [root, nodes, this.#bytes.map(({ length }) => length)], bytes: this.#bytes };
  }

  #slot(value: unknown, where: Where): Slot {
    switch (typeof value) {
      case 'string':
        return where.isLenient ? this.#cut(value) : value;
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0) ? value : [nameOfNumber(value)];
      case 'undefined':
        return ['undefined'];
      case 'bigint':
        return ['bigint', String(value)];
      case 'object':
        return value === null ? null : this.#reference(value, where);
      case 'function':
      case 'symbol':
        break;
    }
    if (where.isLenient) return describe(value);
    throw new UnsendableError(notData(value, this.#path(where)));
  }

  #reference(value: object, where: Where): Slot {
    const known = this.#slots.get(value);
    if (known !== undefined) return known;
    const slot = this.#attempt(value, where, () => this.#begin(kindOf(value), where));
    this.#slots.set(value, slot);
    return slot;
  }

  /** Getters, proxies and `toJSON` belong to the program and may throw. */
  #attempt<T>(value: unknown, where: Where, act: () => T): T | string {
    try {
      return act();
    } catch (error) {
      if (where.isLenient) return describe(value);
      if (error instanceof UnsendableError) throw error;
      throw new UnsendableError(VALUE.throwing(this.#path(where), String(error)), { cause: error });
    }
  }

  #begin(object: ObjectKind, where: Where): Slot {
    if (object.kind === 'toJSON') {
      const made = object.value.toJSON(String(where.key));
      if (typeof made !== 'object' || made === null) return this.#slot(made, where);
      // As in JSON.stringify, toJSON of the result is not called again.
      return this.#slots.get(made) ?? this.#begin(kindOf(made, false), where);
    }
    this.#check(object, where);
    return [this.#pending.push({ object, ...where }) - 1];
  }

  /** @throws UnsendableError */
  #check({ kind, value }: ObjectKind, where: Where): void {
    const refuse = (textOf: (path: string) => ErrorText): never => {
      throw new UnsendableError(textOf(this.#path(where)));
    };
    if (this.#pending.length >= this.#maxNodes) refuse(VALUE.tooManyParts);
    if (kind === 'instance' && Object.keys(value).length === 0) refuse((path) => noFields(value, path));
    if (value instanceof Stream) refuse(VALUE.stream);
    if (kind === 'boxed' && typeof value.valueOf() === 'symbol')
      refuse((path) => notData(value.valueOf(), path));
    if (kind === 'memory' || kind === 'view') {
      const memory = kind === 'view' ? value.buffer : value;
      if (this.#lending?.refer(memory) !== undefined) return;
      if (ownMemory(memory) === undefined) refuse(VALUE.sharedMemory);
      if (where.isLenient && value.byteLength > ERROR_BYTES) refuse(VALUE.tooLargeForError);
    }
    if (!where.isLenient) return;
    if (this.#pending.length >= ERROR_NODES) refuse(VALUE.errorTooLarge);
    // An instance is sent completely or not at all, because a part of it is useless.
    if (kind === 'instance') new GraphWriter('', ERROR_NODES).write(value);
  }

  #written(id: number): Node {
    const pending = this.#pending[id];
    if (pending === undefined) throw fault(`there is no node ${id}`);
    const node = this.#attempt(pending.object.value, pending, () => this.#node(id, pending));
    return typeof node === 'string' ? ['Boxed', node] : node;
  }

  #node(id: number, { object, isLenient }: Pending): Node {
    const slot = (value: unknown, key: string | number): Slot =>
      this.#slot(value, { parent: id, key, isLenient });
    switch (object.kind) {
      case 'array':
        return this.#array(id, object.value, isLenient);
      case 'map':
        return ['Map', Array.from(object.value).flat().map(slot)];
      case 'set':
        return ['Set', Array.from(object.value, slot)];
      case 'date': {
        const time = object.value.getTime();
        return ['Date', Number.isNaN(time) ? null : time];
      }
      case 'regexp':
        return ['RegExp', object.value.source, object.value.flags, object.value.lastIndex];
      case 'url':
        return ['URL', object.value.href];
      case 'search':
        return ['URLSearchParams', String(object.value)];
      case 'boxed':
        return ['Boxed', slot(object.value.valueOf(), '')];
      case 'memory':
      case 'view':
        return this.#memory(object);
      case 'error':
        return this.#error(id, object.value);
      case 'plain':
      case 'instance':
      case 'toJSON':
        break;
    }
    return this.#fields(id, object.value, Object.keys(object.value), isLenient);
  }

  #fields(id: number, object: object, keys: readonly string[], isLenient: boolean): Fields {
    const values = unsafeCast<Readonly<Record<string, unknown>>>(object);
    const fields: Record<string, Slot> = {};
    for (const key of keys) {
      const where = { parent: id, key, isLenient };
      const value = this.#attempt(object, where, () => values[key]);
      const slot = this.#slot(value, where);
      if (key !== '__proto__') fields[key] = slot;
      else Object.defineProperty(fields, key, { value: slot, enumerable: true });
    }
    return fields;
  }

  #array(id: number, array: readonly unknown[], isLenient: boolean): Node {
    const { length } = array;
    const keys = Object.keys(array);
    // Indexes come first, in order, so the last key says whether these are all keys.
    const isDense = keys.length === length && (length === 0 || keys.at(-1) === String(length - 1));
    if (!isDense) return ['SparseArray', length, this.#fields(id, array, keys, isLenient)];
    const slots: Slot[] = [];
    for (let key = 0; key < length; key++) {
      const where = { parent: id, key, isLenient };
      slots.push(
        this.#slot(
          this.#attempt(array, where, () => array[key]),
          where,
        ),
      );
    }
    return ['Array', slots];
  }

  /** Own properties that are not enumerable are separate: `cause`, and `errors` of an AggregateError. */
  #error(id: number, error: Error): Node {
    const own = Object.keys(error).filter((key) => !DETAILS.includes(key));
    const hidden = Object.getOwnPropertyNames(error).filter(
      (key) => !DETAILS.includes(key) && !own.includes(key),
    );
    const fields = (keys: readonly string[]): Fields => this.#fields(id, error, keys, true);
    const { stack = null, ...details } = fields(DETAILS);
    return [
      'Error',
      errorTypeOf(error),
      { ...details, stack: typeof stack === 'string' ? userStack(stack) : stack },
      fields(hidden),
      fields(own),
    ];
  }

  #memory(object: ObjectKind & { readonly kind: 'memory' | 'view' }): Node {
    const { kind, value } = object;
    const [memory, offset] = kind === 'view' ? [value.buffer, value.byteOffset] : [value, 0];
    const type = kind === 'view' ? typeOfView(value) : '';
    const reference = this.#lending?.refer(memory);
    if (reference !== undefined)
      return kind === 'view' ? ['LentView', type, reference, offset, value.byteLength] : ['Lent', reference];
    const own = ownMemory(memory);
    if (own === undefined) throw fault('memory was shared meanwhile');
    const bytes = this.#range(own, offset, value.byteLength);
    return kind === 'view' ? ['View', type, bytes] : ['ArrayBuffer', bytes];
  }

  #range(memory: ArrayBuffer, offset: number, length: number): number {
    const ranges = this.#ranges.get(memory) ?? new Map<string, number>();
    this.#ranges.set(memory, ranges);
    const range = `${offset}:${length}`;
    const known = ranges.get(range);
    if (known !== undefined) return known;
    const number = this.#bytes.push(new Uint8Array(memory, offset, length)) - 1;
    ranges.set(range, number);
    return number;
  }

  #cut(text: string): string {
    const most = Math.min(ERROR_BYTES, this.#textLeft);
    this.#textLeft -= Math.min(most, text.length);
    return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} more characters)`;
  }

  #path({ parent, key }: Where): string {
    const around = this.#pending[parent];
    return around === undefined ? this.#name : this.#path(around) + stepOf(around.object, key);
  }
}

const nameOfNumber = (value: number): 'NaN' | 'Infinity' | '-Infinity' | '-0' => {
  if (Number.isNaN(value)) return 'NaN';
  if (value === 0) return '-0';
  return value > 0 ? 'Infinity' : '-Infinity';
};

const typeOfView = (view: ArrayBufferView): string =>
  Buffer.isBuffer(view) ? 'Buffer' : Object.prototype.toString.call(view).slice('[object '.length, -1);
