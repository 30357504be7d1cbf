import { LINE } from './errors.ts';
import { LineFault } from './lines.ts';

/** A string of JSON, or a number. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** A number with this many digits, or an exponent, may exceed the precision of a double. */
const PERHAPS_TOO_LONG = /\d{16}|\d[eE]/;

/**
 * The value of a line if it is JSON, otherwise its text. A number that would not be printed in the same form stays
 * text: `1.10`, `007`, `1e3`, or an identifier of twenty digits is more than its value.
 * @param number of the line, from 1, for the error
 * @throws LineFault if a number in an array or an object exceeds the precision of JavaScript's numbers
 */
export function valueOfLine(line: string, number = 1): unknown {
  const value = parsed(line);
  if (typeof value === 'number') return String(value) === line.trim() ? value : line;
  if (typeof value === 'object' && value !== null && PERHAPS_TOO_LONG.test(line)) refuseLoss(line, number);
  return value;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

function refuseLoss(json: string, number: number): void {
  for (const [token] of json.matchAll(STRING_OR_NUMBER))
    if (!token.startsWith('"') && losesDigits(token)) throw new LineFault(LINE.largeNumber(number, token));
}

function losesDigits(token: string): boolean {
  const value = Number(token);
  if (!Number.isFinite(value)) return true;
  return /^-?\d+$/.test(token) && BigInt(token) !== BigInt(value);
}
