import { isUtf8 } from 'node:buffer';
import { LINE } from './errors.ts';
import type { ErrorText } from '../wire/error-kind.ts';

/** The encodings of an input. */
export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'latin1'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** A line that cannot be decoded. */
export class LineFault extends Error {
  override readonly name = 'LineFault';

  constructor({ message }: ErrorText) {
    super(message);
  }
}

interface Format {
  readonly newline: Buffer;
  /** @returns undefined if the bytes are not valid in this encoding */
  readonly decode: (line: Buffer) => string | undefined;
}

const decodeUtf16 = (line: Buffer): string | undefined => {
  const text = line.toString('utf16le');
  return line.length % 2 === 0 && !/\p{Surrogate}/u.test(text) ? text : undefined;
};

const UTF16: Format = { newline: Buffer.from('\n', 'utf16le'), decode: decodeUtf16 };
const NEWLINE = Buffer.from('\n');

const FORMATS: Readonly<Record<Encoding, Format>> = {
  'utf-8': { newline: NEWLINE, decode: (line) => (isUtf8(line) ? line.toString('utf8') : undefined) },
  'utf-16le': UTF16,
  // The bytes are swapped before decoding.
  'utf-16be': UTF16,
  latin1: { newline: NEWLINE, decode: (line) => line.toString('latin1') },
};

/** The longer mark is first, because that of UTF-32 begins with that of UTF-16. */
const MARKS: readonly (readonly [mark: string, encoding: Encoding | 'utf-32'])[] = [
  ['\xff\xfe\0\0', 'utf-32'],
  ['\0\0\xfe\xff', 'utf-32'],
  ['\xef\xbb\xbf', 'utf-8'],
  ['\xff\xfe', 'utf-16le'],
  ['\xfe\xff', 'utf-16be'],
];
const LONGEST_MARK = 4;

/**
 * The lines of a text, which end with \n or \r\n; the last one may have no end. By default the encoding is UTF-8, or
 * that of the byte order mark. The mark is removed, except in Latin-1, which has none.
 * @param pieces the text in pieces
 * @throws LineFault for a line that is not valid in the encoding
 */
export async function* linesOf(pieces: AsyncIterable<Buffer>, encoding?: Encoding): AsyncGenerator<string> {
  const [start, rest] = await startOf(pieces);
  const marked = encoding === 'latin1' ? undefined : markOf(start);
  if (encoding === undefined && marked?.encoding === 'utf-32') throw new LineFault(LINE.utf32(1));
  const name = encoding ?? (marked?.encoding === 'utf-32' ? undefined : marked?.encoding) ?? 'utf-8';
  const isSkipped = marked !== undefined && marked.encoding === name;
  const body = chained(isSkipped ? start.subarray(marked.length) : start, rest);
  const { newline, decode } = FORMATS[name];
  const bytes = newline.length === 2 ? inPairs(body, name === 'utf-16be') : body;
  let number = 0;
  for await (const line of splitAt(newline, bytes)) {
    const text = decode(line);
    number++;
    if (text === undefined) throw new LineFault(LINE.otherEncoding(number, name.toUpperCase()));
    yield text.endsWith('\r') ? text.slice(0, -1) : text;
  }
}

function markOf(start: Buffer): { encoding: Encoding | 'utf-32'; length: number } | undefined {
  const text = start.toString('latin1', 0, LONGEST_MARK);
  const [mark, encoding] = MARKS.find(([each]) => text.startsWith(each)) ?? [];
  return mark === undefined || encoding === undefined ? undefined : { encoding, length: mark.length };
}

/** @returns enough bytes to recognize a byte order mark, and the rest */
async function startOf(pieces: AsyncIterable<Buffer>): Promise<[start: Buffer, rest: AsyncIterator<Buffer>]> {
  const rest = pieces[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  // A complete line is not delayed until more bytes arrive.
  while (mayBecomeMark(start)) {
    const next = await rest.next();
    if (next.done === true) break;
    start = Buffer.concat([start, next.value]);
  }
  return [start, rest];
}

const mayBecomeMark = (start: Buffer): boolean => {
  const text = start.toString('latin1', 0, LONGEST_MARK);
  return MARKS.some(([mark]) => mark.length > text.length && mark.startsWith(text));
};

async function* chained(start: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield start;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** The same bytes in pieces of even length, except for a last single byte. The bytes of each pair may be swapped. */
async function* inPairs(pieces: AsyncIterable<Buffer>, isSwapped: boolean): AsyncGenerator<Buffer> {
  let odd = Buffer.alloc(0);
  for await (const piece of pieces) {
    const all = Buffer.concat([odd, piece]);
    const end = all.length - (all.length % 2);
    odd = all.subarray(end);
    yield isSwapped ? all.subarray(0, end).swap16() : all.subarray(0, end);
  }
  if (odd.length > 0) yield odd;
}

async function* splitAt(newline: Buffer, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  // A line may arrive in many pieces. Joining them once takes linear time.
  let begun: Buffer[] = [];
  for await (const piece of pieces) {
    let from = 0;
    for (let at = endOfLine(piece, newline, 0); at !== -1; at = endOfLine(piece, newline, from)) {
      const end = piece.subarray(from, at);
      yield begun.length === 0 ? end : Buffer.concat([...begun, end]);
      begun = [];
      from = at + newline.length;
    }
    if (from < piece.length) begun.push(piece.subarray(from));
  }
  if (begun.length > 0) yield Buffer.concat(begun);
}

/** Where a newline begins that does not span two characters. */
function endOfLine(piece: Buffer, newline: Buffer, from: number): number {
  let at = piece.indexOf(newline, from);
  while (at % newline.length !== 0 && at !== -1) at = piece.indexOf(newline, at + 1);
  return at;
}
