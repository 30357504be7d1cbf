import type { Named } from './named.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Control characters, and marks that change the direction of text. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

const escaped = (character: string): string => {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
};

/**
 * @returns the bytes as UTF-8, or as Latin-1 if they are not valid UTF-8
 * @param isCut whether they may end within a character
 */
export function decode(bytes: Uint8Array, { isCut = false } = {}): string {
  try {
    return isCut
      ? new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
      : UTF8.decode(bytes);
  } catch {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  }
}

/** Bytes, one Latin-1 character each, as text on one line. */
export const titleOf = (bytes: string): string =>
  decode(Buffer.from(bytes, 'latin1')).replace(UNPRINTABLE, escaped);

export const named = (name: string): Named => ({ name, title: titleOf(name) });
