/**
 * The form of values that JSON does not carry (C2). Pure.
 *
 * A value is a graph of objects. Each object is a node, written once, and every place that has the object refers to its
 * node: shared parts stay shared, cycles are possible, and no depth of nesting is too much. The nodes are JSON; the bytes of
 * buffers follow behind it. No serialization of the runtime takes part, so the same bytes mean the same in every
 * version of Node, and a program in another language can read them.
 */

/** What stands in a place: what JSON has itself, a node by its number, or another primitive by its name. */
export type Slot =
  | null
  | boolean
  | number
  | string
  | readonly [node: number]
  | readonly [name: PrimitiveName]
  | readonly ['bigint', string];

/** Primitives that JSON has no form for. */
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
  /** The number of the bytes. */
  | readonly ['ArrayBuffer', bytes: number]
  | readonly ['View', type: string, bytes: number]
  /** `type` is the built-in class; `hidden` are properties that are not enumerable (`cause`, `errors`). */
  | readonly ['Error', type: string, details: Fields, hidden: Fields, fields: Fields];

/** What the JSON says. */
export type Graph = readonly [root: Slot, nodes: readonly Node[], byteLengths: readonly number[]];

/** Stands behind the length of the JSON, in decimal. */
export const NEWLINE = 0x0a;
