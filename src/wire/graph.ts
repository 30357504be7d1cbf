/**
 * The form of values that JSON does not preserve (C2). Pure.
 *
 * A value is a graph of objects. Each object is a node that is written once, and every place that contains the object
 * refers to its node. Shared parts stay shared, cycles are possible, and the depth of nesting is not limited. The
 * nodes are JSON, followed by the bytes of buffers. The format uses no serialization of the runtime, so the same
 * bytes have the same meaning in every version of Node, and programs in other languages can read them.
 */

/** The content of a place: a JSON value, a node by its number, or another primitive by its name. */
export type Slot =
  | null
  | boolean
  | number
  | string
  | readonly [node: number]
  | readonly [name: PrimitiveName]
  | readonly ['bigint', string];

/** Primitives that JSON does not have. */
export const PRIMITIVES = {
  undefined,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
} as const;
export type PrimitiveName = keyof typeof PRIMITIVES;

export type Fields = Readonly<Record<string, Slot>>;

/** An object: a plain one as its fields, any other as an array whose first element is its kind. */
export type Node =
  | Fields
  | readonly ['Array', elements: readonly Slot[]]
  /** With holes or further properties. */
  | readonly ['SparseArray', length: number, fields: Fields]
  | readonly ['Map', entries: readonly Slot[]]
  | readonly ['Set', values: readonly Slot[]]
  /** Milliseconds; null for an invalid date. */
  | readonly ['Date', time: number | null]
  | readonly ['RegExp', source: string, flags: string, lastIndex: number]
  | readonly ['URL' | 'URLSearchParams', text: string]
  /** A String, Number, Boolean or BigInt object. */
  | readonly ['Boxed', value: Slot]
  /** The number of the buffer. */
  | readonly ['ArrayBuffer', bytes: number]
  | readonly ['View', type: string, bytes: number]
  /** Memory of the master's process, by its reference, and a view of it (S36). Lengths are in bytes. */
  | readonly ['Lent', reference: string]
  | readonly ['LentView', type: string, reference: string, offset: number, length: number]
  /** `type` is the built-in class; `hidden` are properties that are not enumerable (`cause`, `errors`). */
  | readonly ['Error', type: string, details: Fields, hidden: Fields, fields: Fields];

/** The content of the JSON. */
export type Graph = readonly [root: Slot, nodes: readonly Node[], byteLengths: readonly number[]];

/** Follows the length of the JSON, which is in decimal. */
export const NEWLINE = 0x0a;
