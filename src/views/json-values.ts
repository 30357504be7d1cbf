import { isFile } from '../wire/payload.ts';
import type { Value } from '../workspace/value.ts';
import { decode } from './names.ts';

/**
 * @param read parses the text of a value
 * @returns a function that parses each value once, so that several views of it cost no more than one; values in files are
 *   not read
 */
export function onceFor<Parsed extends object>(
  read: (text: string) => Parsed | undefined,
): (value: Value) => Parsed | undefined {
  const known = new WeakMap<Value, Parsed>();
  return (value) => {
    const before = known.get(value);
    const { payload } = value;
    if (before !== undefined || isFile(payload)) return before;
    const parsed = read(decode(typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload));
    if (parsed !== undefined) known.set(value, parsed);
    return parsed;
  };
}
