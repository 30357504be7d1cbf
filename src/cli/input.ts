import { open } from 'node:fs/promises';
import { explain } from './explain.ts';
import type { FailureCode } from './fail.ts';
import { valueOfLine } from './line-value.ts';
import { LineFault, linesOf, type Encoding } from './lines.ts';
import { FILE, LINE } from './errors.ts';

/** The name of standard input in place of a file. */
export const STANDARD_INPUT = '-';

/** An error of an input. The message names the input and the reason in one line. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly code = 'unreadable' satisfies FailureCode;

  constructor(file: string, cause: unknown) {
    super(FILE.unreadable(file === STANDARD_INPUT ? 'standard input' : file, explain(cause)).message, {
      cause,
    });
  }
}

/** How the lines of an input are read. */
export interface InputOptions {
  /** By default UTF-8, or the encoding of the byte order mark. */
  readonly encoding?: Encoding | undefined;
  /** Whether every line is text, even if it is JSON. */
  readonly isText: boolean;
}

/**
 * The lines of a file or of standard input: their values if they are JSON, otherwise their texts.
 * @throws InputError at once if the file cannot be opened; during the iteration if reading fails or a line is invalid
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
    if (encoding === undefined && text.includes('\0')) throw new LineFault(LINE.hasNul(line));
    return valueOfLine(text, line);
  };
  try {
    for await (const text of linesOf(pieces, encoding)) yield value(text);
  } catch (error) {
    throw new InputError(file, error);
  }
}
