import { describe, expect, test } from 'vitest';
import { bytes, count, duration, milliseconds, percent, plural } from '../../src/page/lib/format.ts';

test('short times are in milliseconds', () => {
  expect([0, 0.42, 1.26, 9.96, 1_234].map(milliseconds)).toEqual([
    '0 ms',
    '0.42 ms',
    '1.3 ms',
    '10 ms',
    '1,234 ms',
  ]);
});

describe('a formatted duration', () => {
  test.each([
    [-5, '0.0 s'],
    [420, '0.4 s'],
    [9_949, '9.9 s'],
    [9_960, '10 s'],
    [59_700, '1 min 00 s'],
    [200_000, '3 min 20 s'],
    [3_599_600, '1 h 00 min'],
    [7_500_000, '2 h 05 min'],
    [274_000_000, '3 d 4 h'],
  ])('of %i ms reads as %s', (milliseconds, text) => expect(duration(milliseconds)).toBe(text));
});

describe('a formatted size', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [123_456_789, '118 MiB'],
    [2 ** 60, '1048576 TiB'],
  ])('of %i bytes reads as %s', (n, text) => expect(bytes(n)).toBe(text));
});

test('counts have thousands separators, shares are whole percentages, and one is singular', () => {
  expect(count(1_234_567)).toBe('1,234,567');
  expect(percent(0.256)).toBe('26 %');
  expect(plural(1, 'task')).toBe('1 task');
  expect(plural(2000, 'worker has', 'workers have')).toBe('2,000 workers have');
});
