import { fail } from './fail.ts';

/** Parsers of flags: what is no such number is said, and ends the command. */
export const wholeNumber =
  (what: string, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const n = Number(text);
    if (!/^\d+$/.test(text) || n > most) fail(`${what} must be a whole number up to ${most}, not "${text}"`);
    return n;
  };

export const port = (flag: string) => wholeNumber(flag, 65_535);
