import { isUtf8 } from 'node:buffer';

/** Names, metadata and reasons are bytes on the wire, represented as Latin-1 strings. For programs they are UTF-8. */

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);

/** @returns the UTF-8 bytes of a text, one character for each byte */
export const toWire = (text: string): string => (isAscii(text) ? text : Buffer.from(text).toString('latin1'));

/**
 * @param bytes one character for each byte; if they are not valid UTF-8 they are returned as Latin-1, so that none is
 *   lost
 */
export const fromWire = (bytes: string): string =>
  isAscii(bytes) ? bytes : textOfBytes(Buffer.from(bytes, 'latin1'));

/** As `fromWire`. */
export const textOfBytes = (bytes: Buffer): string => bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
