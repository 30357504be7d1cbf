import { isMap, isSet, isTypedArray } from 'node:util/types';

/**
 * A result as one line of JSON. Nothing goes as `null`; what JSON has no form for goes in the nearest: Map, Set and
 * typed arrays as arrays, BigInt as a string.
 * @throws TypeError for what has no near form: a cycle
 */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value, nearest) ?? 'null'}\n`;

/** @param value what toJSON has made of it, so that it looks at the original */
function nearest(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const original = this[key];
  if (isMap(original) || isSet(original)) return [...original];
  if (isTypedArray(original)) return Array.from<unknown>(original);
  return typeof original === 'bigint' ? String(original) : value;
}
