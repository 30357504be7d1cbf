import { open } from 'node:fs/promises';
import { parseJson } from '../client/values.ts';
import { explain } from './explain.ts';
import type { FailureCode } from './fail.ts';
import { linesOf } from './lines.ts';

/** The name of standard input, where a file is expected. */
export const STANDARD_INPUT = '-';

/** The message says which input, and why, in one line. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly code = 'unreadable' satisfies FailureCode;

  constructor(file: string, cause: unknown) {
    super(`cannot read ${file === STANDARD_INPUT ? 'standard input' : file}: ${explain(cause)}`, { cause });
  }
}

/**
 * The lines of a file, or of standard input: what they say where they are JSON, else their text.
 * @throws InputError at once when the file cannot be opened, in the iteration when it cannot be read further
 */
export async function openInput(file: string): Promise<AsyncGenerator> {
  if (file === STANDARD_INPUT) return valuesOf(file, process.stdin.setEncoding('utf8'));
  try {
    const handle = await open(file);
    return valuesOf(file, handle.createReadStream({ encoding: 'utf8' }));
  } catch (error) {
    throw new InputError(file, error);
  }
}

async function* valuesOf(file: string, pieces: AsyncIterable<string>): AsyncGenerator {
  try {
    for await (const line of linesOf(pieces)) yield parseJson(line);
  } catch (error) {
    throw new InputError(file, error);
  }
}
