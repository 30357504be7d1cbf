import { InvalidArgumentError } from 'commander';

/** Readers of arguments. @throws InvalidArgumentError */

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
