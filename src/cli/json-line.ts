import {
  isAnyArrayBuffer,
  isDate,
  isMap,
  isNativeError,
  isPromise,
  isRegExp,
  isSet,
  isTypedArray,
} from 'node:util/types';
import { printable } from '../wire/printable.ts';

/**
 * A result as one line of JSON. Nothing goes as `null`; Map, Set and typed arrays go as arrays, a BigInt as a string of its
 * digits, a Date as its ISO 8601 form, an instance of a class as its own properties, -0 as 0. Members of objects that are
 * undefined are left out, as JSON.stringify does. Control characters are escaped, so that a terminal does not obey them.
 * @throws TypeError for what JSON cannot say: NaN, Infinity, a date that is none, an error, a regular expression, a
 *   function, a symbol, a promise, an ArrayBuffer, a cycle
 */
export const jsonLine = (value: unknown): string =>
  `${printable(JSON.stringify(value, nearest) ?? 'null')}\n`;

/** @param value what toJSON has made of it, so that it looks at the original */
function nearest(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const original = this[key];
  const wrong = unsayable(original);
  if (wrong !== undefined) throw new TypeError(key === '' ? `it is ${wrong}` : `"${key}" is ${wrong}`);
  if (isMap(original) || isSet(original)) return [...original];
  if (isTypedArray(original)) return Array.from<unknown>(original);
  return typeof original === 'bigint' ? String(original) : value;
}

/** @returns what it is, where JSON would make something else of it without a word */
function unsayable(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (isDate(value)) return Number.isNaN(value.getTime()) ? 'an invalid date' : undefined;
  if (isNativeError(value)) return `an error: ${value.message}`;
  if (isRegExp(value)) return 'a regular expression';
  if (isPromise(value)) return 'a promise';
  return isAnyArrayBuffer(value) ? 'an ArrayBuffer' : undefined;
}
