import { InvalidArgumentError } from 'commander';
import { fail } from './fail.ts';

/** Readers of numbers in flags. What is none is said, and ends the command. */

export const wholeNumber =
  (what: string, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const n = Number(text);
    if (!/^\d+$/.test(text) || n > most) fail(`${what} must be a whole number up to ${most}, not "${text}"`);
    return n;
  };

export const port = (flag: string) => wholeNumber(flag, 65_535);

export function atLeastOne(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(text);
}

export function secondsFrom0(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0 && seconds < 2 ** 31 / 1000))
    throw new InvalidArgumentError('It must be a number of seconds.');
  return seconds;
}
