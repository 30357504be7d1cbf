import type { Readable } from 'node:stream';

/** The length of an incomplete line in characters, beyond which it is passed on in parts. */
const LONGEST_LINE = 65_536;

/**
 * Passes on the content of a stream in whole lines, without the last newline. It reads further when `take` has
 * finished.
 * @returns when the stream has ended; it never rejects
 */
export async function inLines(stream: Readable, take: (lines: string) => Promise<void>): Promise<void> {
  let rest = '';
  try {
    for await (const piece of stream.setEncoding('utf8')) {
      rest += String(piece);
      const end = rest.length > LONGEST_LINE ? rest.length : rest.lastIndexOf('\n') + 1;
      if (end === 0) continue;
      const lines = rest.slice(0, end);
      rest = rest.slice(end);
      await take(lines.replace(/\n$/, ''));
    }
  } catch {
    // A stream that fails has no further output.
  }
  if (rest !== '') await take(rest).catch(() => undefined);
}
