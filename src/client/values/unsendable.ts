import { inspect } from 'node:util';
import { isGeneratorObject, isPromise, isProxy } from 'node:util/types';
import { VALUE } from '../errors/usage.ts';
import type { ErrorText } from '../../wire/error-kind.ts';

/** A value, or a part of it, that cannot be encoded. The message names the part: `result.items[3].when`. */
export class UnsendableError extends TypeError {
  readonly code: string;

  constructor({ code, message }: ErrorText, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Instances of classes arrive as plain objects with their own fields. If there are no fields, nothing would arrive:
 * the content is private (`#x`, or internal to the runtime), as in promises, WeakMaps, streams and so on.
 * @returns why an object of a class without fields cannot be sent
 */
export function noFields(value: object, path: string): ErrorText {
  if (isPromise(value)) return VALUE.promise(path);
  if (isGeneratorObject(value)) return VALUE.generator(path);
  const what = isProxy(value) ? 'a Proxy of an instance' : 'an instance';
  return VALUE.noFields(path, `${what} of ${classOf(value)}`);
}

/** @returns why a function or a symbol cannot be sent */
export function notData(value: unknown, path: string): ErrorText {
  if (typeof value === 'symbol') return VALUE.symbol(path, String(value));
  const name = typeof value === 'function' && value.name !== '' ? `, ${value.name}` : '';
  return VALUE.aFunction(path, name);
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
