import { createReadStream, fstatSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { STANDARD_INPUT } from '../input.ts';

const NEWLINE = 0x0a;
const PIECE_BYTES = 2 ** 20;
const STANDARD_INPUT_DESCRIPTOR = 0;

/**
 * Counts the lines of an input while it is read. Standard input that is a file is read by position, so its offset
 * does not change.
 * @returns undefined if it is not a file, or cannot be read
 */
export async function countLines(file: string): Promise<number | undefined> {
  const isStandard = file === STANDARD_INPUT;
  try {
    const stats = isStandard ? fstatSync(STANDARD_INPUT_DESCRIPTOR) : await stat(file);
    if (!stats.isFile()) return undefined;
    const options = { highWaterMark: PIECE_BYTES, start: 0 };
    return await count(
      isStandard
        ? createReadStream('', { ...options, fd: STANDARD_INPUT_DESCRIPTOR, autoClose: false })
        : createReadStream(file, options),
    );
  } catch {
    return undefined;
  }
}

async function count(pieces: AsyncIterable<Buffer>): Promise<number> {
  let lines = 0;
  let last = NEWLINE;
  for await (const piece of pieces) {
    for (let at = piece.indexOf(NEWLINE); at !== -1; at = piece.indexOf(NEWLINE, at + 1)) lines++;
    last = piece.at(-1) ?? last;
  }
  return last === NEWLINE ? lines : lines + 1;
}
