import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { explain } from './explain.ts';
import { FLAG } from './errors.ts';

/**
 * Reads the file that a flag names.
 * @throws InvalidArgumentError, to which commander adds the flag and the name
 */
export function readable(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InvalidArgumentError(FLAG.unreadableFile(explain(error)).message);
  }
}
