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
import { TOOL } from './errors.ts';
import { typeError } from '../wire/error-kind.ts';

/**
 * A result as one line of JSON. No value silently becomes `null`. Map, Set and typed arrays become arrays, a BigInt a
 * string of its digits, a Date its ISO 8601 form, an instance of a class its own properties, and -0 becomes 0.
 * Undefined members of objects are omitted, as in JSON.stringify. Control characters are escaped, so they have no
 * effect on a terminal.
 * @throws TypeError for what JSON cannot express: NaN, Infinity, an invalid date, an error, a regular expression, a
 *   function, a symbol, a promise, an ArrayBuffer, a cycle
 */
export const jsonLine = (value: unknown): string =>
  `${printable(JSON.stringify(value, nearest) ?? 'null')}\n`;

/** @param value the result of toJSON; this function reads the original value instead */
function nearest(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const original = this[key];
  const wrong = unsayable(original);
  if (wrong !== undefined) throw typeError(TOOL.unsayable(key === '' ? 'it' : `"${key}"`, wrong));
  if (isMap(original) || isSet(original)) return [...original];
  if (isTypedArray(original)) return Array.from<unknown>(original);
  return typeof original === 'bigint' ? String(original) : value;
}

/** @returns a name for a value that JSON.stringify would silently change */
function unsayable(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (isDate(value)) return Number.isNaN(value.getTime()) ? 'an invalid date' : undefined;
  if (isNativeError(value)) return `an error: ${value.message}`;
  if (isRegExp(value)) return 'a regular expression';
  if (isPromise(value)) return 'a promise';
  return isAnyArrayBuffer(value) ? 'an ArrayBuffer' : undefined;
}
