import { InvalidArgumentError } from 'commander';
import { FLAG } from './errors.ts';

/**
 * Parsers for numbers in flags.
 * @throws InvalidArgumentError, to which commander adds the flag and its value
 */

export const wholeNumber =
  (most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const n = Number(text);
    if (!/^\d+$/.test(text) || n > most) throw new InvalidArgumentError(FLAG.portRange(most).message);
    return n;
  };

export const port = wholeNumber(65_535);

export function atLeastOne(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError(FLAG.wholeFrom1().message);
  return Number(text);
}

export function secondsFrom0(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0 && seconds < 2 ** 31 / 1000))
    throw new InvalidArgumentError(FLAG.seconds().message);
  return seconds;
}

export function secondsOver0(text: string): number {
  const seconds = secondsFrom0(text);
  if (seconds === 0) throw new InvalidArgumentError(FLAG.secondsOver0().message);
  return seconds;
}

const SECONDS_IN: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 };

/** @returns seconds */
export function duration(text: string): number {
  const [, number, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)([smhd]?)$/.exec(text) ?? [];
  const seconds = Number(number) * (SECONDS_IN[unit] ?? NaN);
  if (!(seconds > 0)) throw new InvalidArgumentError(FLAG.period().message);
  return seconds;
}
