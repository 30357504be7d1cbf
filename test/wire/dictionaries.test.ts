import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteQueue } from '../../src/wire/byte-queue.ts';
import { DictionaryDecoder, encodeDictionary, MALFORMED } from '../../src/wire/dictionary.ts';
import { chunking, metadata } from '../support/arbitraries.ts';

/** The output of a decoder for some chunks. */
function decodeAll(chunks: readonly Buffer[], limit = 1_000_000) {
  const input = new ByteQueue();
  const decoder = new DictionaryDecoder(limit);
  const read: (ReadonlyMap<string, string> | typeof MALFORMED)[] = [];
  for (const chunk of chunks) {
    input.push(chunk);
    for (let next = decoder.next(input); next !== undefined; next = decoder.next(input)) {
      read.push(next);
      if (next === MALFORMED) return read;
    }
  }
  return read;
}

const decode = (text: string) => decodeAll([Buffer.from(text, 'latin1')]);

describe('dictionaries (P4)', () => {
  test('are decoded as they were encoded, however they are cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(metadata, { maxLength: 4 }), chunking, (dictionaries, cut) => {
        expect(decodeAll(cut(dictionaries.map(encodeDictionary).join('')))).toEqual(dictionaries);
      }),
    );
  });

  test('return the same object for repeated bytes, whole or cut, even after other bytes in between', () => {
    fc.assert(
      fc.property(metadata, metadata, chunking, (one, other, cut) => {
        const said = [one, one, other, one, new Map(), one].map(encodeDictionary).join('');
        expect(decodeAll(cut(said))).toEqual([one, one, other, one, new Map(), one]);
      }),
    );
    const [first, second] = decode('00010001a0001b00010001a0001b');
    expect(second).toBe(first);
  });

  test('over the size limit are not cached', () => {
    const text = encodeDictionary(new Map([['a', 'too long']]));
    expect(decodeAll([Buffer.from(text + text)], 5)).toEqual([new Map(), new Map()]);
  });

  test('are encoded as a count, then each length before its text', () => {
    expect(encodeDictionary(new Map([['a', 'xyz']]))).toBe('00010001a0003xyz');
    expect(encodeDictionary(new Map())).toBe('0000');
  });

  test('may have counts and lengths padded with spaces (P5)', () => {
    expect(decode('1      1a3   xyz')).toEqual([new Map([['a', 'xyz']])]);
  });

  test.each(['000x', '    ', '0001-001a0000', '00010001a00 1'])(
    'are refused as malformed: %j (P5.1)',
    (text) => {
      expect(decode(text)).toEqual([MALFORMED]);
    },
  );

  test('truncate a value longer than 9,999 bytes', () => {
    const text = encodeDictionary(new Map([['reason', 'x'.repeat(20_000)]]));
    expect(decode(text)).toEqual([new Map([['reason', 'x'.repeat(9_999)]])]);
  });

  test('are truncated after 9,999 pairs', () => {
    const many = new Map(Array.from({ length: 10_050 }, (_, n) => [`${n}`, '']));
    expect(decode(encodeDictionary(many))).toMatchObject([{ size: 9_999 }]);
  });
});
