/**
 * What travels: byte strings of any content.
 *
 * Short ones are Latin-1 strings (one character a byte): V8 keeps them in its heap at one byte each, compares and
 * joins them without a copy, and they work as keys of a Map. Longer values stay the buffers that they came in.
 * Values too large for memory are files that only the transport knows by more than their number (P11).
 */

/** A value in a temporary file. Whoever holds it last gives it up by a `discardFile` command. */
export interface FilePayload {
  readonly file: number;
  /** Bytes. */
  readonly size: number;
}

/** A text that is made piece by piece while it is sent. Whoever holds it last drops it. */
export interface Pieces {
  /** Bytes in all. */
  readonly size: number;
  /** @returns the next piece, undefined after the last one */
  next(): string | undefined;
  drop(): void;
}

export type Payload = string | Uint8Array | FilePayload;

/** Names and values that go with a request, a value or a reply. Never changed once made, so it may be shared. */
export type Metadata = ReadonlyMap<string, string>;

export const NO_METADATA: Metadata = new Map();

export const isFile = (payload: Payload | Pieces): payload is FilePayload =>
  typeof payload === 'object' && 'file' in payload;

export const isPieces = (payload: Payload | Pieces): payload is Pieces =>
  typeof payload === 'object' && 'next' in payload;

/** @returns the length in bytes */
export const sizeOf = (payload: Payload | Pieces): number =>
  typeof payload === 'string' || !('size' in payload) ? payload.length : payload.size;
