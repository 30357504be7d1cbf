import { inspect } from 'node:util';
import { isGeneratorObject, isPromise, isProxy } from 'node:util/types';

/** A value, or a part of it, that cannot be encoded. The message names the part: `result.items[3].when`. */
export class UnsendableError extends TypeError {
  constructor(path: string, why: string, options?: ErrorOptions) {
    super(`\`${path}\` cannot be sent: ${why}`, options);
  }
}

/**
 * Instances of classes arrive as plain objects with their own fields. If there are no fields, nothing would arrive:
 * the content is private (`#x`, or internal to the runtime), as in promises, WeakMaps, streams and so on.
 * @returns why an object of a class without fields cannot be sent
 */
export function whyNoFields(value: object): string {
  if (isPromise(value)) return 'it is a promise. Await it first.';
  if (isGeneratorObject(value)) return 'it is a generator. Make an array of what it gives.';
  const what = isProxy(value) ? 'a Proxy of an instance' : 'an instance';
  return `it is ${what} of ${classOf(value)}, which has no fields to send. Give it a method toJSON, or send what it holds.`;
}

/** @returns why a function or a symbol cannot be sent */
export function whyNotData(value: unknown): string {
  if (typeof value === 'symbol') return `it is a symbol, ${String(value)}.`;
  const name = typeof value === 'function' && value.name !== '' ? `, ${value.name}` : '';
  return `it is a function${name}. Functions are named by tasks(), not sent.`;
}

/** @returns a few words that describe a value: `[Function: open]`, `[Socket]`; it does not read the content */
export function describe(value: unknown): string {
  try {
    return inspect(value, { depth: -1, customInspect: false, breakLength: Number.POSITIVE_INFINITY });
  } catch {
    return `[${typeof value}]`;
  }
}

function classOf(value: object): string {
  const { constructor }: { readonly constructor?: { readonly name?: string } | undefined } = value;
  return constructor?.name ?? 'a class without a name';
}
