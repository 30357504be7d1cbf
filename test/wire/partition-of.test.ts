import { describe, expect, it } from 'vitest';
import { partitionOf } from '../../src/wire/partition-of.ts';

// D17. The data in stores depends on these numbers.

describe('the partition of a workspace', () => {
  it('is that of its name for ever', () => {
    const names = ['', '__default', 'a', 'b', 'ab', 'ba', 'shop', 'sleigh', 'gr\xfc\xdfe', 'x'.repeat(9_999)];
    expect(names.map((name) => partitionOf(name, 32))).toEqual([11, 20, 19, 18, 13, 21, 9, 17, 2, 10]);
    expect(names.map((name) => partitionOf(name, 256))).toEqual([
      11, 116, 179, 50, 13, 149, 201, 17, 98, 234,
    ]);
    expect(names.map((name) => partitionOf(name, 5))).toEqual([3, 0, 0, 4, 4, 1, 0, 1, 0, 1]);
  });

  it('is the only one there is', () => {
    expect(partitionOf('shop', 1)).toBe(0);
  });

  it.each([2, 3, 32, 256])(
    'is about as often each of %i, for names that differ in a number',
    (partitions) => {
      const each = 400;
      const counts = new Uint32Array(partitions);
      for (let at = 0; at < partitions * each; at++)
        counts[partitionOf(`job ${at}`, partitions)] =
          (counts[partitionOf(`job ${at}`, partitions)] ?? 0) + 1;
      // Five times the standard deviation of what chance would give.
      const most = 5 * Math.sqrt(each);
      for (const count of counts) expect(Math.abs(count - each)).toBeLessThan(most);
    },
  );
});
