import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOT_A_NUMBER, pad20, pad4, parseDecimal, parseWhole, readNumber } from '../../src/wire/numbers.ts';

const read = (text: string): number => readNumber(Buffer.from(text, 'latin1'), 0, text.length);

describe('numbers on the wire (P5)', () => {
  test('are read with leading zeros, and with spaces before or after', () => {
    fc.assert(
      fc.property(fc.nat({ max: 9_999_999 }), fc.nat({ max: 12 }), (n, before) => {
        const spaced = `${' '.repeat(before)}${n}`.padEnd(20);
        expect([read(pad20(n)), read(spaced.slice(0, 20))]).toEqual([n, n]);
      }),
    );
  });

  test('are written with fixed widths', () => {
    expect([pad4(7), pad20(7), pad20(123_456)]).toEqual([
      '0007',
      `${'0'.repeat(19)}7`,
      '00000000000000123456',
    ]);
  });

  test.each(['', '    ', '1 2 ', '+001', '-001', '1.50', '0x10', '00:0', '00/0', '\t\t\t1', '١٢٣٤'])(
    'exclude %j',
    (text) => {
      expect(read(text)).toBe(NOT_A_NUMBER);
    },
  );

  test('end with their width, whatever follows', () => {
    const bytes = Buffer.from('     12', 'latin1');
    expect([readNumber(bytes, 0, 4), readNumber(bytes, 3, 3)]).toEqual([NOT_A_NUMBER, 1]);
  });
});

/** The shortest time in milliseconds to refuse a text. */
function timeOf(text: string): number {
  const times = Array.from({ length: 2 }, () => {
    const began = performance.now();
    expect([parseWhole(text), parseDecimal(text)]).toEqual([undefined, undefined]);
    return performance.now() - began;
  });
  return Math.min(...times);
}

describe('numbers in arguments and metadata (P5.5)', () => {
  test.each([
    ['12', 12, 12],
    ['  12   ', 12, 12],
    ['-1', -1, -1],
    ['+3', 3, 3],
    ['007', 7, 7],
    ['1.5', undefined, 1.5],
    ['.5', undefined, 0.5],
    ['1e3', undefined, 1000],
    ['', undefined, undefined],
    ['  ', undefined, undefined],
    ['12x', undefined, undefined],
    ['0x10', undefined, undefined],
    ['NaN', undefined, undefined],
    ['Infinity', undefined, undefined],
    ['1e999', undefined, undefined],
    ['1 2', undefined, undefined],
    ['1.', undefined, 1],
    ['-.5e-1', undefined, -0.05],
    ['.', undefined, undefined],
    ['1.5.', undefined, undefined],
  ])('%j is %s as a whole number and %s as a decimal', (text, whole, decimal) => {
    expect([parseWhole(text), parseDecimal(text)]).toEqual([whole, decimal]);
  });

  test.each([
    ['digits and a letter', (n: number) => `${'1'.repeat(n)}x`],
    ['digits and two points', (n: number) => `${'1'.repeat(n)}..`],
    ['an exponent and a letter', (n: number) => `1e${'1'.repeat(n)}x`],
    ['spaces between', (n: number) => `1${' '.repeat(n)}1`],
    ['a point, digits and a letter', (n: number) => `1.${'1'.repeat(n)}x`],
  ])('%s is refused in linear time', (_, textOf) => {
    timeOf(textOf(1_000));
    // A quadratic check would take seconds.
    expect(timeOf(textOf(40_000))).toBeLessThan(200);
  });
});
