import {
  isAnyArrayBuffer,
  isArrayBuffer,
  isBoxedPrimitive,
  isDate,
  isMap,
  isNativeError,
  isRegExp,
  isSet,
} from 'node:util/types';

/**
 * The kind of an object on the wire (C2). Built-in classes of other realms are recognized, such as those of a test
 * runner.
 */
export type ObjectKind =
  | { readonly kind: 'date'; readonly value: Date }
  | { readonly kind: 'regexp'; readonly value: RegExp }
  | { readonly kind: 'url'; readonly value: URL }
  | { readonly kind: 'search'; readonly value: URLSearchParams }
  | { readonly kind: 'map'; readonly value: ReadonlyMap<unknown, unknown> }
  | { readonly kind: 'set'; readonly value: ReadonlySet<unknown> }
  | { readonly kind: 'error'; readonly value: Error }
  | { readonly kind: 'memory'; readonly value: ArrayBuffer | SharedArrayBuffer }
  | { readonly kind: 'view'; readonly value: ArrayBufferView }
  | { readonly kind: 'boxed'; readonly value: object }
  | { readonly kind: 'toJSON'; readonly value: HasToJson }
  | { readonly kind: 'array'; readonly value: readonly unknown[] }
  | { readonly kind: 'plain' | 'instance'; readonly value: object };

interface HasToJson {
  toJSON(key: string): unknown;
}

/** @param heedsToJson whether a `toJSON` method determines what is sent; never for built-in classes */
export function kindOf(value: object, heedsToJson = true): ObjectKind {
  const heeded = heedsToJson && hasToJson(value) ? { kind: 'toJSON' as const, value } : undefined;
  if (Array.isArray(value)) return heeded ?? { kind: 'array', value };
  if (isPlain(value)) return heeded ?? { kind: 'plain', value };
  if (isDate(value)) return { kind: 'date', value };
  if (isMap(value)) return { kind: 'map', value };
  if (isSet(value)) return { kind: 'set', value };
  if (ArrayBuffer.isView(value)) return { kind: 'view', value };
  if (isAnyArrayBuffer(value)) return { kind: 'memory', value };
  if (isError(value)) return { kind: 'error', value };
  if (isRegExp(value)) return { kind: 'regexp', value };
  if (value instanceof URL) return { kind: 'url', value };
  if (value instanceof URLSearchParams) return { kind: 'search', value };
  if (isBoxedPrimitive(value)) return { kind: 'boxed', value };
  return heeded ?? { kind: 'instance', value };
}

/** Whether it was created by an object literal, or without a prototype. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  // The object may be from another realm.
  return (
    typeof prototype === 'object' &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'hasOwnProperty')
  );
}

export const isError = (value: unknown): value is Error => isNativeError(value) || value instanceof Error;

export const hasToJson = (value: object): value is HasToJson =>
  'toJSON' in value && typeof value.toJSON === 'function';

/** @returns undefined for shared memory, because the copy that arrives would not be shared */
export const ownMemory = (memory: ArrayBufferLike): ArrayBuffer | undefined =>
  isArrayBuffer(memory) ? memory : undefined;

const ERRORS = new Map<string, ErrorConstructor>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [
    type.name,
    type,
  ]),
);

/** @returns the name of the built-in class of an error, or of the class that its class extends */
export function errorTypeOf(error: Error): string {
  for (let type: unknown = error; type instanceof Object; type = Object.getPrototypeOf(type)) {
    const { constructor }: { constructor: unknown } = type;
    const name =
      typeof constructor === 'function' && Object.hasOwn(type, 'constructor') ? constructor.name : '';
    if (ERRORS.has(name) || name === 'AggregateError' || name === 'DOMException') return name;
  }
  return 'Error';
}

/** @returns an error of that type, without a stack */
export function makeError(type: string, message: string, name: string): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    if (type === 'AggregateError') return new AggregateError([], message);
    if (type === 'DOMException') return new DOMException(message, name);
    return new (ERRORS.get(type) ?? Error)(message);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
