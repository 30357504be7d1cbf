import { open } from 'node:fs/promises';
import { explain } from './explain.ts';
import type { FailureCode } from './fail.ts';
import { valueOfLine } from './line-value.ts';
import { LineFault, linesOf, type Encoding } from './lines.ts';

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

/** How the lines of an input are taken. */
export interface InputOptions {
  /** Unless told UTF-8, or as its byte order mark says. */
  readonly encoding?: Encoding | undefined;
  /** Whether lines are text, also where they look like JSON. */
  readonly isText: boolean;
}

/**
 * The lines of a file, or of standard input: what they say where they are JSON, else their text.
 * @throws InputError at once when the file cannot be opened; in the iteration when it cannot be read further, or when a line
 *   cannot be taken as it is
 */
export async function openInput(file: string, options: InputOptions): Promise<AsyncGenerator> {
  if (file === STANDARD_INPUT) return valuesOf(file, process.stdin, options);
  try {
    const handle = await open(file);
    return valuesOf(file, handle.createReadStream(), options);
  } catch (error) {
    throw new InputError(file, error);
  }
}

async function* valuesOf(
  file: string,
  pieces: AsyncIterable<Buffer>,
  { encoding, isText }: InputOptions,
): AsyncGenerator {
  let line = 0;
  const value = (text: string): unknown => {
    line++;
    if (isText) return text;
    if (encoding === undefined && text.includes('\0')) throw new LineFault(line, HAS_NUL);
    try {
      return valueOfLine(text);
    } catch (error) {
      throw error instanceof RangeError ? new LineFault(line, error.message) : error;
    }
  };
  try {
    for await (const text of linesOf(pieces, encoding)) yield value(text);
  } catch (error) {
    throw new InputError(file, error);
  }
}

const HAS_NUL = 'has a NUL byte; --encoding utf-16le reads UTF-16, and --text takes the lines as they are';
