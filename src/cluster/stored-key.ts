import { KIND_OF, KINDS, type Key } from '../store/change.ts';
import { fault } from '../wire/error-kind.ts';

/** The bytes of each number. */
const WIDTH = 8;

/** Numbers below zero come before the others. */
const SIGN = 1n << 63n;

/** A key as bytes that sort as the keys do: the number of its kind, and eight bytes for each of its numbers. */
export function storedKey([kind, ...numbers]: Key): Buffer {
  const bytes = Buffer.allocUnsafe(1 + numbers.length * WIDTH);
  bytes[0] = KINDS[kind];
  numbers.forEach((number, at) => bytes.writeBigUInt64BE(BigInt(number) + SIGN, 1 + at * WIDTH));
  return bytes;
}

export function keyOf(bytes: Buffer): Key {
  const kind = KIND_OF.get(bytes[0] ?? -1);
  if (kind === undefined) throw fault(`the store has an entity of the unknown kind ${bytes[0]}`);
  const numbers: number[] = [];
  for (let at = 1; at < bytes.length; at += WIDTH) numbers.push(Number(bytes.readBigUInt64BE(at) - SIGN));
  return [kind, ...numbers];
}

/** The first key after all that begin with this one. */
export function keyAfter(bytes: Buffer): Buffer {
  const next = Buffer.from(bytes);
  for (let at = next.length - 1; at >= 0; at--) {
    const byte = next[at] ?? 0;
    if (byte < 0xff) {
      next[at] = byte + 1;
      return next.subarray(0, at + 1);
    }
  }
  throw fault('there is no key after this one');
}
