import type { Readable } from 'node:stream';

/** Characters of a line that has not ended yet, at most; what is longer is passed on in parts. */
const LONGEST_LINE = 65_536;

/**
 * Passes on what a stream brings, in whole lines, as many as have come, without the last newline. It reads on when `take` is
 * through with them.
 * @returns when the stream has ended; rejects never
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
    // A stream that breaks brings nothing more.
  }
  if (rest !== '') await take(rest).catch(() => undefined);
}
