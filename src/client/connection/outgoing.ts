import type { Duplex } from 'node:stream';
import { pad20 } from '../../wire/numbers.ts';
import type { Metadata } from '../../wire/payload.ts';
import { encodeRequest } from '../../wire/request.ts';
import type { Clock } from '../clock.ts';
import { USAGE } from '../errors/usage.ts';
import { rangeError } from '../../wire/error-kind.ts';

/** A value that is sent as a stream. Its size must be known in advance. */
export interface ByteStream {
  /** The size in bytes. */
  readonly size: number;
  /** A Readable, a web stream, a generator … */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The arguments of a request, the verb first: Latin-1 strings, of which the last may be bytes instead (P5). */
export type RequestArguments =
  | readonly [verb: string]
  | readonly [verb: string, ...names: string[], value: string | Uint8Array | ByteStream];

/** A request as one string, or as a string and the bytes that follow it. */
export interface EncodedRequest {
  readonly head: string;
  readonly tail: Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

/** Longer values are sent separately and not as part of a string. */
const STRING_BYTES = 4_096;

export function encode(args: RequestArguments, metadata: Metadata): EncodedRequest {
  const value = args.at(-1) ?? '';
  const names = args.slice(0, -1).map(String);
  if (typeof value === 'string') return { head: encodeRequest([...names, value], metadata), tail: undefined };
  if (!(value instanceof Uint8Array))
    return { head: headFor(names, value.size, metadata), tail: exactly(value) };
  if (value.length <= STRING_BYTES)
    return { head: encodeRequest([...names, latin1(value)], metadata), tail: undefined };
  return { head: headFor(names, value.length, metadata), tail: value };
}

/** The request without the bytes of the value. Only the length, which comes last, depends on the value. */
const headFor = (names: readonly string[], size: number, metadata: Metadata): string =>
  encodeRequest([...names, ''], metadata).slice(0, -pad20(0).length) + pad20(size);

const latin1 = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('latin1');

/**
 * Delays each piece until the next one is available, so that a value that turns out too long is not completed.
 * @throws RangeError if the number of bytes differs from the announced size
 */
async function* exactly({ bytes, size }: ByteStream): AsyncGenerator<Uint8Array> {
  let left = size;
  let held: Uint8Array | undefined;
  for await (const piece of bytes) {
    left -= piece.length;
    if (left < 0) throw rangeError(USAGE.streamTooLong(size));
    if (held !== undefined) yield held;
    held = piece;
  }
  if (left > 0) throw rangeError(USAGE.streamTooShort(left, size));
  if (held !== undefined) yield held;
}

/** Milliseconds in which the other side must take the last bytes. */
const FAREWELL_MS = 2_000;

/** Ends a stream after its last bytes. */
export function endWith(stream: Duplex, bytes: string, clock: Clock): void {
  const timer = clock.startTimer(FAREWELL_MS, () => stream.destroy());
  stream.once('close', () => timer.stop());
  stream.end(bytes, 'latin1', () => stream.destroy());
}
