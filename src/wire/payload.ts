/**
 * The representation of byte strings of any content.
 *
 * Short ones are Latin-1 strings with one character for each byte. V8 stores them in its heap at one byte each,
 * compares and joins them without a copy, and they can be keys of a Map. Longer values stay in the buffers in which
 * they arrived. Values that are too large for memory are files, which the core knows only by number (P11).
 */

/** A value in a temporary file. Its last owner releases it with a `discardFile` command. */
export interface FilePayload {
  readonly file: number;
  /** Bytes. */
  readonly size: number;
}

/** A text that is created piece by piece while it is sent. Its last owner drops it. */
export interface Pieces {
  /** The total number of bytes. */
  readonly size: number;
  /** @returns the next piece, or undefined after the last one */
  next(): string | undefined;
  drop(): void;
}

export type Payload = string | Uint8Array | FilePayload;

/** The metadata of a request, a value or a reply. It never changes, so it may be shared. */
export type Metadata = ReadonlyMap<string, string>;

export const NO_METADATA: Metadata = new Map();

export const isFile = (payload: Payload | Pieces): payload is FilePayload =>
  typeof payload === 'object' && 'file' in payload;

export const isPieces = (payload: Payload | Pieces): payload is Pieces =>
  typeof payload === 'object' && 'next' in payload;

/** @returns the length in bytes */
export const sizeOf = (payload: Payload | Pieces): number =>
  typeof payload === 'string' || !('size' in payload) ? payload.length : payload.size;
