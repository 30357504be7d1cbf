import { KEY } from '../wire/names.ts';
import { parseDecimal } from '../wire/numbers.ts';
import { isFile, sizeOf, type FilePayload, type Payload } from '../wire/payload.ts';
import { TEXT_DESCRIPTOR } from '../wire/reply.ts';
import type { Value } from '../workspace/value.ts';
import { decode, titleOf } from './names.ts';
import { chunkText, textOfForm } from './own-values.ts';
import type { ValueView } from './types.ts';

/** Reads the first bytes of a large value out of its file. */
export type Peek = (file: FilePayload, bytes: number) => Uint8Array;

/** What is needed to show values. */
export interface Reading {
  readonly peek: Peek;
  /** @returns the text that a babelfish returns for the value, as soon as there is one */
  readonly babelfish?: (value: Value, maker: string) => string | undefined;
}

/** The numbers of bytes of a text and of a hex dump that are shown of one value. */
export interface Cut {
  readonly text: number;
  readonly hex: number;
}

const WHOLE: Cut = { text: 64 << 10, hex: 4 << 10 };
export const PREVIEW: Cut = { text: 200, hex: 32 };
/** The approximate number of bytes for all values of a page. */
const PAGE_BUDGET = 1 << 20;
/** The bytes of a value of this project's own client that are read even for a preview. */
const OWN_BYTES = 4 << 10;
const METADATA_ENTRIES = 50;
const METADATA_TEXT = 1_000;

/** With many values less is shown of each, so that the page stays small. */
export function cutFor(values: number): Cut {
  const share = Math.floor(PAGE_BUDGET / Math.max(values, 1));
  return { text: Math.min(WHOLE.text, share), hex: Math.min(WHOLE.hex, Math.max(share >> 4, PREVIEW.hex)) };
}

/** P10. */
const NOT_SERIALIZED = 1;
const RAW = 2;
const MAKERS = [
  '',
  'Python',
  'Matlab',
  'R',
  'Perl',
  'Ruby',
  'Octave',
  'Java',
  'C#',
  'Objective-C',
  'Emacs Lisp',
  'TypeScript',
];
/** C2, C5. */
export const GRAPH_DESCRIPTOR = 0x0b00000b;
export const BYTES_DESCRIPTOR = 0x0b000003;

type Kind = ValueView['kind'];

/** The first bytes of known serializations, by the client that writes them. */
const MAGIC: readonly { readonly maker: string; readonly kind: Kind; readonly first: readonly string[] }[] = [
  { maker: 'Python', kind: 'python pickle', first: ['\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'] },
  {
    maker: 'R',
    kind: 'r serialization',
    first: ['X\n\0\0\0\x02', 'X\n\0\0\0\x03', 'A\n2\n', 'A\n3\n', 'B\n\x02\0\0\0', 'B\n\x03\0\0\0'],
  },
  { maker: 'Java', kind: 'java serialization', first: ['\xac\xed\0\x05'] },
];
const MAX_MAGIC = 8;

/** A value in a form for people. It never guesses. */
export function valueView(value: Value, { peek, babelfish }: Reading, cut: Cut = WHOLE): ValueView {
  const { descriptor, payload, metadata } = value;
  const size = sizeOf(payload);
  const maker = MAKERS[(descriptor >>> 24) & 0xff] ?? '';
  const isText = (descriptor & NOT_SERIALIZED) !== 0 && (descriptor & RAW) === 0;
  const isOwn = isReadable(value);
  // A graph is readable only as a whole.
  const read = isText ? cut.text : isOwn ? Math.max(cut.text, OWN_BYTES) : cut.hex;
  const bytes = firstBytes(payload, Math.min(size, read), peek);
  const isCut = size > bytes.length;
  const common = {
    maker,
    descriptor,
    size,
    isCut,
    metadata: Object.fromEntries(
      Array.from(metadata)
        .slice(0, METADATA_ENTRIES)
        .map(([name, text]) => [titleOf(name), titleOf(text.slice(0, METADATA_TEXT))]),
    ),
  };
  const readable = isOwn ? readableOf(value, bytes, cut.text) : undefined;
  if (!isText)
    return {
      ...common,
      kind: kindOf(descriptor, maker, { bytes, isCut }),
      text: undefined,
      ...readable,
      hex: hexDump(bytes.subarray(0, cut.hex)),
      babelfish: babelfish?.(value, maker)?.slice(0, cut.text),
    };
  const text = decode(bytes, { isCut });
  const isJson = descriptor === TEXT_DESCRIPTOR && metadata.get(KEY.type) === 'json';
  return {
    ...common,
    ...(isJson && !isCut ? jsonOr(text) : plain(text, isCut)),
    hex: undefined,
    babelfish: undefined,
  };
}

export function firstBytes(payload: Payload, count: number, peek: Peek): Uint8Array {
  if (typeof payload === 'string') return Buffer.from(payload.slice(0, count), 'latin1');
  return isFile(payload) ? peek(payload, count) : payload.subarray(0, count);
}

const plain = (text: string, isCut: boolean): Pick<ValueView, 'kind' | 'text'> => ({
  kind: !isCut && text.length < 400 && parseDecimal(text) !== undefined ? 'number' : 'text',
  text,
});

function jsonOr(text: string): Pick<ValueView, 'kind' | 'text'> {
  try {
    const json: unknown = JSON.parse(text);
    const indented = JSON.stringify(json, undefined, 2);
    // Indenting may make it many times longer, so the result is truncated again.
    return {
      kind: typeof json === 'number' ? 'number' : 'json',
      text: indented.length > 4 * WHOLE.text ? text : indented,
    };
  } catch {
    return plain(text, false);
  }
}

/** Whether it is a value of this project's own client that is no text: a graph (C2) or a chunk (C5). */
const isReadable = ({ descriptor, metadata }: Value): boolean =>
  descriptor === GRAPH_DESCRIPTOR || (descriptor === BYTES_DESCRIPTOR && metadata.get(KEY.type) === 'chunk');

function readableOf(
  { descriptor }: Value,
  bytes: Uint8Array,
  most: number,
): Pick<ValueView, 'kind' | 'text'> | undefined {
  const encoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (descriptor === BYTES_DESCRIPTOR) return { kind: 'chunk', text: chunkText(encoded).slice(0, most) };
  const text = textOfForm('graph', encoded);
  return text === undefined ? undefined : { kind: 'graph', text: text.slice(0, most) };
}

function kindOf(
  descriptor: number,
  maker: string,
  { bytes, isCut }: { readonly bytes: Uint8Array; readonly isCut: boolean },
): Kind {
  if ((descriptor & NOT_SERIALIZED) !== 0) return 'bytes';
  if (maker === 'Python' && isOldPickle(bytes, isCut)) return 'python pickle';
  const first = String.fromCharCode(...bytes.subarray(0, MAX_MAGIC));
  const begins = (magic: string): boolean => first.startsWith(magic);
  return MAGIC.find((magic) => magic.maker === maker && magic.first.some(begins))?.kind ?? 'foreign';
}

/** The opcodes with which a pickle of protocol 0 or 1 may begin, and the one with which it ends. */
const PICKLE_STARTS = '(]})IJKLMNFGSTUVXc';
const PICKLE_END = '.'.charCodeAt(0);

/** Recognizes Python 2 pickles of protocols 0 and 1, which have no magic number. */
const isOldPickle = (bytes: Uint8Array, isCut: boolean): boolean =>
  bytes.length > 1 &&
  PICKLE_STARTS.includes(String.fromCharCode(bytes[0] ?? 0)) &&
  (isCut || bytes.at(-1) === PICKLE_END);

const LINE = 16;

/** Lines of an offset, 16 bytes, and their ASCII characters. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += LINE) {
    const line = Array.from(bytes.subarray(at, at + LINE));
    const hex = line.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(LINE * 3 - 1)}  ${text}`);
  }
  return lines.join('\n');
}
