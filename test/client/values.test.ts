import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromWire, toWire } from '../../src/client/connection/text.ts';
import { ForeignValue } from '../../src/client/values/foreign-value.ts';
import {
  BYTES_DESCRIPTOR,
  decodeValue,
  encodeValue,
  GRAPH_DESCRIPTOR,
} from '../../src/client/values/values.ts';
import { anyText } from '../support/any-text.ts';

/** Encodes and decodes a value. */
function sent(value: unknown): unknown {
  const { descriptor, bytes, type } = encodeValue(value);
  return decodeValue(descriptor, Buffer.from(bytes), new Map([['type', type]]));
}

const cycle: Record<string, unknown> = {};
cycle['self'] = [cycle];
const shared = { a: 1 };

/** Defines its own JSON form. */
class Amount {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toJSON(): string {
    return this.#text;
  }
}

describe('values on the wire', () => {
  it.each<[string, number, (inner: unknown) => unknown]>([
    ['arrays', 199, (inner) => [inner]],
    ['objects', 199, (inner) => ({ inner })],
    // Two levels each: the object, and what it gives.
    ['objects with toJSON', 99, (inner) => ({ toJSON: () => ({ inner }) })],
  ])('C2: %s are JSON if they are nested 200 deep, and no deeper', (_what, most, around) => {
    const nested = (depth: number): unknown =>
      Array.from({ length: depth }).reduce((inner) => around(inner), [1]);
    expect([most, most + 1].map((depth) => encodeValue(nested(depth)).type)).toEqual(['json', 'graph']);
  });

  it('C1: a string is sent as its UTF-8 text', () => {
    expect(encodeValue('dé')).toEqual({ descriptor: 1, bytes: Buffer.from('dé'), type: 'text' });
    expect(encodeValue('1').type).toBe('text');
  });

  it.each([
    [null],
    [true],
    [0.5],
    [[1, [2]]],
    [{ a: { b: '1' } }],
    [Object.create(null)],
    [
      new (class Point {
        x = 1;
      })(),
    ],
    [new Amount('12.50')],
    [{ amount: new Amount('12.50') }],
  ])('C1: %o is sent as JSON', (value) => {
    const { descriptor, bytes, type } = encodeValue(value);
    expect([descriptor, type]).toEqual([1, 'json']);
    expect(Buffer.from(bytes).toString()).toBe(JSON.stringify(value));
  });

  it('C1: a string that is not valid UTF-16 is sent as JSON with an escape', () => {
    expect(encodeValue('\ud800').type).toBe('json');
    expect(sent('\ud800')).toBe('\ud800');
  });

  it('C2: bytes are sent unchanged', () => {
    const { descriptor, bytes } = encodeValue(new Uint8Array([0, 255]));
    expect([descriptor, ...bytes]).toEqual([BYTES_DESCRIPTOR, 0, 255]);
    expect(sent(Buffer.from('x'))).toStrictEqual(Buffer.from('x'));
    expect(sent(new Uint8Array([1, 2]))).toStrictEqual(new Uint8Array([1, 2]));
  });

  it.each([
    [undefined],
    [Number.NaN],
    [-0],
    [10n],
    [{ a: undefined }],
    [[new Map([[1, new Set([2])]])]],
    [new Date(0)],
    [{ when: new Date(0) }],
    [new Float64Array([0.5])],
    [{ bytes: new Uint8Array([1]) }],
    [new RangeError('no')],
    [cycle],
    [[shared, shared]],
    [new URL('https://shop.example/cakes')],
    [{ url: new URL('https://shop.example/cakes') }],
  ])('C2: a value that JSON would change is sent as a graph: %o', (value) => {
    expect(encodeValue(value).descriptor).toBe(GRAPH_DESCRIPTOR);
    expect(sent(value)).toStrictEqual(value);
  });

  it('C2: an array with holes or additional properties is not sent as JSON', () => {
    const sparse = [1];
    sparse[2] = 3;
    expect(encodeValue(sparse).type).toBe('graph');
    expect(sent(sparse)).toStrictEqual(sparse);
    const more = Object.assign([1], { more: 2 });
    expect(encodeValue(more).type).toBe('graph');
    expect(sent(more)).toStrictEqual(more);
  });

  it.each([[() => 1], [Symbol('s')], [Promise.resolve()], [{ f: () => 1 }]])('%o cannot be sent', (value) => {
    expect(() => encodeValue(value)).toThrow(/^`value(\.f)?` cannot be sent: it is a \S+/);
  });

  it('every value is unchanged after a round trip', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withSparseArray: true,
      key: anyText,
      values: [fc.boolean(), fc.maxSafeInteger(), fc.double(), anyText, fc.constantFrom(null, undefined)],
    });
    fc.assert(
      fc.property(anything, (value) => {
        expect(sent(value)).toEqual(plain(value));
      }),
    );
  });

  it('C3: text from other clients is a string', () => {
    expect(decodeValue(1, Buffer.from('[1]'), new Map())).toBe('[1]');
    expect(decodeValue(0x01000001, Buffer.from('text'), new Map([['type', 'json']]))).toBe('text');
    expect(decodeValue(1, Buffer.from('no JSON'), new Map([['type', 'json']]))).toBe('no JSON');
    expect(decodeValue(1, Buffer.from([0xe9]), new Map())).toBe('é');
  });

  it.each([0, 0x01000000, 0x03000002, 0x01000003])(
    'C3: other values from other clients arrive unchanged: descriptor %i',
    (descriptor) => {
      const bytes = Buffer.from([1, 2]);
      expect(decodeValue(descriptor, bytes, new Map())).toEqual(new ForeignValue(descriptor, bytes));
    },
  );

  it('C7: bytes of other clients of this project are bytes, if they say so', () => {
    const bytes = Buffer.from([1, 2]);
    const typed = (descriptor: number, type = 'bytes'): unknown =>
      decodeValue(descriptor, bytes, new Map([['type', type]]));
    expect([typed(0x01000003), typed(0x01000001)]).toEqual([bytes, '\u0001\u0002']);
    for (const descriptor of [0x01000000, 0x01000002])
      expect(typed(descriptor)).toEqual(new ForeignValue(descriptor, bytes));
    expect(typed(0x01000003, 'text')).toEqual(new ForeignValue(0x01000003, bytes));
  });

  it('C1: an object of another realm is as one of this, with or without members', () => {
    for (const text of ['({})', '({ a: 1 })', '[]']) {
      const { type, bytes } = encodeValue(runInNewContext(text));
      expect([type, Buffer.from(bytes).toString()]).toEqual(['json', JSON.stringify(runInNewContext(text))]);
    }
  });

  it.each(['no', '3\n[1]', '10\n[[0],[],[]]x', '13\n[["no"],[],[]]'])(
    'an invalid graph is returned unchanged, with the reason: %j',
    (text) => {
      const value = decodeValue(GRAPH_DESCRIPTOR, Buffer.from(text), new Map());
      expect(value).toMatchObject({ descriptor: GRAPH_DESCRIPTOR, bytes: Buffer.from(text) });
      expect(value).toHaveProperty('why', expect.stringMatching(/^its \d+ bytes cannot be decoded: \S/));
    },
  );
});

describe('text on the wire', () => {
  it('is UTF-8, held as one character for each byte', () => {
    expect(toWire('é')).toBe('Ã©');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(fromWire(toWire(text))).toBe(text);
      }),
    );
  });

  it('loses nothing if it is not UTF-8', () => {
    expect(fromWire('\xe9\xff')).toBe('\xe9\xff');
  });
});

/** The structured clone of a value, which has no prototypes. */
const plain = (value: unknown): unknown => structuredClone(value);
