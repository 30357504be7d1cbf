import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteQueue } from '../../src/wire/byte-queue.ts';
import { DictionaryDecoder, encodeDictionary, MALFORMED } from '../../src/wire/dictionary.ts';
import { NEED_DATA } from '../../src/wire/numbers.ts';
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

  test.each([
    ['long', new Map([['a', 'x'.repeat(5_000)]])],
    ['of many entries', new Map(Array.from({ length: 100 }, (_, n) => [`${n}`, '']))],
  ])('that are %s are not kept for the next one', (_, metadata) => {
    const [first, second] = decode(encodeDictionary(metadata).repeat(2));
    expect(second).toEqual(metadata);
    expect(second).not.toBe(first);
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

/** A decoder and what it says of the dictionary so far. */
class Decoding {
  readonly #input = new ByteQueue();
  readonly decoder: DictionaryDecoder;

  constructor(limit: number) {
    this.decoder = new DictionaryDecoder(limit);
  }

  /** Passes bytes, of which no more than one dictionary is read. */
  push(text: string) {
    this.#input.push(Buffer.from(text, 'latin1'));
    return this.decoder.next(this.#input);
  }

  get state() {
    const { isMidway, held, isOver, announced } = this.decoder;
    return { isMidway, held, isOver, announced };
  }
}

const NOT_BEGUN = { isMidway: false, held: 0, isOver: false, announced: NEED_DATA };

describe('an incomplete dictionary (P12)', () => {
  const begun = { ...NOT_BEGUN, isMidway: true };

  test('says what it holds, and whether it is over the limit', () => {
    const decoding = new Decoding(6);
    // Each entry takes 100 bytes in addition to its texts.
    for (const [text, state] of [
      ['00', NOT_BEGUN],
      ['02', { ...begun, announced: 2 }],
      ['0001', { ...begun, announced: 2 }],
      ['a', { ...begun, announced: 2, held: 1 }],
      ['0003xyz', { ...begun, announced: 1, held: 104 }],
      ['0001b', { ...begun, announced: 1, held: 105 }],
      ['0002', { ...begun, announced: 1, held: 105, isOver: true }],
      ['z', { ...begun, announced: 1, held: 105, isOver: true }],
    ] as const) {
      expect(decoding.push(text)).toBeUndefined();
      expect(decoding.state).toEqual(state);
    }
    expect(decoding.push('z')).toEqual(new Map([['a', 'xyz']]));
    expect(decoding.decoder).toMatchObject({ excess: 7, size: 106 });
    expect(decoding.state).toEqual(NOT_BEGUN);
  });

  test('of exactly the limit is within it', () => {
    const decoding = new Decoding(6);
    decoding.push('00020001a0003xyz0001b0001');
    expect(decoding.decoder.isOver).toBe(false);
    const nameOnly = new Decoding(6);
    nameOnly.push('00020001a0003xyz0002bc');
    expect(nameOnly.decoder.isOver).toBe(false);
    expect(decoding.push('z')).toMatchObject({ size: 2 });
    expect(decoding.decoder).toMatchObject({ excess: undefined, size: 206 });
  });

  test('over the limit holds no more than the limit', () => {
    const decoding = new Decoding(6);
    decoding.push('00020005names0003far0001b');
    expect(decoding.state).toEqual({ ...begun, announced: 1, held: 6, isOver: true });
    expect(decoding.push('0001z')).toEqual(new Map());
    expect(decoding.decoder).toMatchObject({ excess: 10, size: 6 });
  });

  test('that is dropped holds nothing, and the next one is read', () => {
    const decoding = new Decoding(1_000);
    const text = encodeDictionary(
      new Map([
        ['a', 'b'],
        ['c', 'd'],
      ]),
    );
    decoding.push(text.slice(0, 16));
    expect(decoding.decoder.held).toBe(102);
    decoding.decoder.drop();
    expect(decoding.decoder.held).toBe(0);
    expect(decoding.push(text.slice(16))).toEqual(new Map());
    expect(decoding.decoder).toMatchObject({ size: 0, excess: undefined });
    expect(decoding.push(text)).toMatchObject({ size: 2 });
    expect(decoding.decoder).toMatchObject({ size: 204, excess: undefined });
  });
});

const isRemembered = (entries: ReadonlyMap<string, string>): boolean => {
  const [first, second] = decode(encodeDictionary(entries).repeat(2));
  expect([first, second]).toEqual([entries, entries]);
  return first === second;
};
const entriesOf = (count: number) =>
  new Map(Array.from({ length: count }, (_, n) => [`n${n}`, 'v'] as const));

describe('the dictionary that is remembered', () => {
  test('has at most 1,024 bytes and 16 entries', () => {
    expect([1_023, 1_024].map((length) => isRemembered(new Map([['a', 'x'.repeat(length)]])))).toEqual([
      true,
      false,
    ]);
    expect([16, 17].map((count) => isRemembered(entriesOf(count)))).toEqual([true, false]);
  });

  test('has its size, and no excess, after another one', () => {
    const decoding = new Decoding(10);
    const small = encodeDictionary(new Map([['a', 'b']]));
    for (const [text, facts] of [
      ['0000', { size: 0, excess: undefined }],
      [small, { size: 102, excess: undefined }],
      [encodeDictionary(new Map([['a', 'x'.repeat(50)]])), { size: 10, excess: 51 }],
      [small, { size: 102, excess: undefined }],
    ] as const) {
      expect(decoding.push(text)).toBeDefined();
      expect(decoding.decoder).toMatchObject(facts);
    }
  });
});
