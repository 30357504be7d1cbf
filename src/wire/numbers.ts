/** Numbers on the wire: ASCII decimal, padded with zeros to a fixed width. Padding with spaces is accepted, too. */

/** There are fewer bytes than the width of the number. */
export const NEED_DATA = -1;
/** The bytes are not a number. */
export const NOT_A_NUMBER = -2;

const ZERO = 0x30;
const NINE = 0x39;
const SPACE = 0x20;

/**
 * Reads the number of `width` bytes at `at`: digits, with spaces before or after.
 * @returns the number, at least 0, or NOT_A_NUMBER; above 2^53 it is approximate, which is exact enough for limits
 *   (P5)
 */
export function readNumber(bytes: Uint8Array, at: number, width: number): number {
  let end = at + width;
  while (at < end && bytes[at] === SPACE) at++;
  while (end > at && bytes[end - 1] === SPACE) end--;
  if (at === end) return NOT_A_NUMBER;
  let n = 0;
  for (; at < end; at++) {
    const c = bytes[at] ?? SPACE;
    if (c < ZERO || c > NINE) return NOT_A_NUMBER;
    n = n * 10 + (c - ZERO);
  }
  return n;
}

const CACHED = 4096;
const padded4: string[] = [];
const padded20: string[] = [];

/** 4 digits. */
export const pad4 = (n: number): string => cached(padded4, n, 4);

/** 20 digits. The texts of small numbers, which are the most frequent, are cached. */
export const pad20 = (n: number): string => cached(padded20, n, 20);

function cached(texts: string[], n: number, width: number): string {
  if (n >= CACHED) return String(n).padStart(width, '0');
  return (texts[n] ??= String(n).padStart(width, '0'));
}

/** Each digit can match in only one place, so a text of any length is refused in linear time. */
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Parses a number in an argument or in metadata (P5.5): decimal, with an optional sign, and spaces around it.
 * @returns undefined if it is not a number
 */
export function parseDecimal(text: string): number | undefined {
  const trimmed = text.trim();
  return DECIMAL.test(trimmed) && Number.isFinite(Number(trimmed)) ? Number(trimmed) : undefined;
}

/** As `parseDecimal`, but for whole numbers only. */
export function parseWhole(text: string): number | undefined {
  const trimmed = text.trim();
  return /^[+-]?\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}
