import { describe, expect, it, vi } from 'vitest';
import { encodeTogether, encodeValue } from '../../src/client/values/values.ts';
import type { Payload } from '../../src/wire/payload.ts';
import { chunkPart } from '../../src/client/values/chunk.ts';
import { decode, titleOf } from '../../src/views/names.ts';
import { cutFor, hexDump, PREVIEW, valueView } from '../../src/views/values.ts';

const noFile = {
  peek: (): Uint8Array => {
    throw new Error('there is no file');
  },
};
const view = (descriptor: number, payload: Payload, metadata: Record<string, string> = {}) =>
  valueView({ descriptor, payload, metadata: new Map(Object.entries(metadata)) }, noFile);
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

describe('the view of a value', () => {
  it('is text under descriptor 1, and under any environment if it is neither serialized nor raw (P10)', () => {
    expect(view(1, latin1('Grüße'))).toMatchObject({
      kind: 'text',
      text: 'Grüße',
      maker: '',
      size: 7,
      hex: undefined,
    });
    expect(view(0x01000001, 'hello')).toMatchObject({ kind: 'text', text: 'hello', maker: 'Python' });
    expect(view(0x03000001, Buffer.from('€'))).toMatchObject({ kind: 'text', text: '€', maker: 'R' });
    expect(view(1, '\xff\xfe')).toMatchObject({ kind: 'text', text: 'ÿþ' });
  });

  it('is JSON if its environment says so and it is valid JSON (C1)', () => {
    expect(view(1, '{"a":[1]}', { type: 'json' })).toMatchObject({
      kind: 'json',
      text: '{\n  "a": [\n    1\n  ]\n}',
    });
    expect(view(1, '{"a":[1]}')).toMatchObject({ kind: 'text', text: '{"a":[1]}' });
    expect(view(1, '{"a":', { type: 'json' })).toMatchObject({ kind: 'text', text: '{"a":' });
    expect(view(0x01000001, '{}', { type: 'json' }).kind).toBe('text');
  });

  it('is a number if the whole text is one', () => {
    expect(view(1, ' 42 ').kind).toBe('number');
    expect(view(1, '-1.5e3', { type: 'json' }).kind).toBe('number');
    expect(view(1, '42 apples').kind).toBe('text');
    expect(view(1, '').kind).toBe('text');
  });

  it.each([
    ['python pickle', 0x01000000, '\x80\x04\x95rest'],
    ['python pickle', 0x01000000, 'I42\n.'],
    ['python pickle', 0x01000000, "(lp0\nS'a'\np1\na."],
    ['python pickle', 0x01000000, ']q\0(K\x01U\x01ae.'],
    ['foreign', 0x01000000, '(lp0\nnot to its end'],
    ['foreign', 0x03000000, 'I42\n.'],
    ['r serialization', 0x03000000, 'X\n\0\0\0\x03\0\x04'],
    ['java serialization', 0x07000000, '\xac\xed\0\x05sr'],
    ['foreign', 0x03000000, '\x80\x04\x95rest'],
    ['foreign', 0x01000000, 'X\n\0\0\0\x03\0\x04'],
    ['foreign', 0x02000000, 'anything'],
    ['foreign', 0, 'anything'],
    ['bytes', 0x0b000003, 'raw'],
    ['bytes', 0x01000003, '\x80\x04'],
    ['bytes', 0x0b00000b, 'no graph'],
  ] as const)(
    'is %s, by the environment %i and its first bytes: never decoded, shown as bytes',
    (kind, descriptor, bytes) => {
      expect(view(descriptor, bytes)).toMatchObject({
        kind,
        text: undefined,
        hex: hexDump(Buffer.from(bytes, 'latin1')),
      });
    },
  );

  it('shows a graph as a value, next to its bytes (C2)', () => {
    const { descriptor, bytes } = encodeValue({ map: new Map([[1, 2]]), bytes: new Uint8Array([255]) });
    expect(view(descriptor, bytes)).toMatchObject({
      kind: 'graph',
      text: '{ map: Map(1) { 1 => 2 }, bytes: Uint8Array (1 byte) }',
      hex: hexDump(bytes),
    });
  });

  it('shows the values of a chunk (C5)', () => {
    const parts = ['a', { n: 1 }].map((value) => chunkPart({ value }, 'element', 'not-sent'));
    const { descriptor, bytes, type } = encodeTogether(parts);
    expect(view(descriptor, bytes, { type })).toMatchObject({ kind: 'chunk', text: '0: a\n1: {"n":1}' });
  });

  it('is truncated at 64 KiB of text and 4 KiB of bytes, with a note and the full size', () => {
    const text = view(1, 'x'.repeat(70_000));
    expect([text.text?.length, text.isCut, text.size]).toEqual([65_536, true, 70_000]);
    const bytes = view(0, Buffer.alloc(70_000));
    expect([bytes.hex?.split('\n').length, bytes.isCut]).toEqual([256, true]);
    expect(view(1, 'x'.repeat(65_536)).isCut).toBe(false);
  });

  it('is not truncated within a character', () => {
    const cut = valueView(
      { descriptor: 1, payload: latin1('€'.repeat(100)), metadata: new Map() },
      noFile,
      PREVIEW,
    );
    expect(cut.text).toBe('€'.repeat(66));
  });

  it('reads a file only as far as it is shown', () => {
    const peek = vi.fn((_file: object, bytes: number) => Buffer.from('a'.repeat(bytes)));
    const payload = { file: 3, size: 5_000_000_000 };
    const shown = valueView({ descriptor: 1, payload, metadata: new Map() }, { peek });
    expect(peek.mock.calls).toEqual([[payload, 65_536]]);
    expect([shown.size, shown.isCut, shown.text?.length]).toEqual([5_000_000_000, true, 65_536]);
  });

  it('is shorter among many values, so that a page stays near one megabyte', () => {
    expect(cutFor(1)).toEqual({ text: 65_536, hex: 4_096 });
    expect(cutFor(1_000).text * 1_000).toBeLessThan(1.1 * 2 ** 20);
  });
});

describe('the view of a name', () => {
  it('is UTF-8 text, or otherwise Latin-1, with control characters escaped', () => {
    expect(titleOf(latin1('Köln'))).toBe('Köln');
    expect(titleOf('K\xf6ln')).toBe('Köln');
    expect(titleOf('a\n\0\x7fb\x9b')).toBe('a\\x0a\\x00\\x7fb\\x9b');
    expect(titleOf(latin1('a\u202eb'))).toBe('a\\u202eb');
  });

  it('may be truncated within a character', () => {
    expect(decode(Buffer.from('a€').subarray(0, 2), { isCut: true })).toBe('a');
    expect(decode(Buffer.from('a€').subarray(0, 2))).toBe('aâ');
  });
});

describe('a hex dump', () => {
  it('contains offsets, bytes and characters', () => {
    expect(hexDump(Buffer.from('0123456789abcdef\x00\xff', 'latin1'))).toBe(
      [
        '00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef',
        `00000010  00 ff${' '.repeat(42)}  ..`,
      ].join('\n'),
    );
  });
});
