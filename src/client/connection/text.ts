import { isUtf8 } from 'node:buffer';

/** Names, metadata and reasons are bytes on the wire, carried as Latin-1 strings; programs mean UTF-8. */

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);

/** @returns the UTF-8 bytes of a text, one character a byte */
export const toWire = (text: string): string =>
  isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');

/** @param bytes one character a byte; those that are no UTF-8 come back as Latin-1, so that none is lost */
export const fromWire = (bytes: string): string =>
  isAscii(bytes) ? bytes : textOfBytes(Buffer.from(bytes, 'latin1'));

/** As `fromWire`. */
export const textOfBytes = (bytes: Buffer): string => bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
