import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { BufferBuilder } from '../../src/wire/buffer-builder.ts';
import { openField } from '../support/open-fields.ts';

const SIZE = 200_000;
const value = Buffer.from(Array.from({ length: SIZE }, (_, i) => (i * 31) % 251));

/** Passes the value in pieces that share one buffer, each valid only during its call. */
function gathered(gathering: BufferBuilder, size: number, lengths: readonly number[]): Buffer {
  const lent = Buffer.alloc(SIZE);
  gathering.begin(size);
  for (let at = 0, i = 0; at < size; i++) {
    const length = Math.min(lengths[i % lengths.length] ?? size, size - at);
    value.copy(lent, 0, at, at + length);
    gathering.add(lent.subarray(0, length));
    lent.fill(0xff);
    at += length;
  }
  return gathering.take();
}

describe('the buffer builder', () => {
  it('returns its input, however it is cut into chunks, repeatedly', () => {
    const gathering = new BufferBuilder();
    const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 70_000 })), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: SIZE }), lengths, (size, pieces) => {
        expect(gathered(gathering, size, pieces).equals(value.subarray(0, size))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('can be used again after it was reset', () => {
    const gathering = new BufferBuilder();
    gathering.begin(SIZE);
    gathering.add(Buffer.alloc(90_000));
    gathering.drop();
    expect(gathered(gathering, 7, [3])).toEqual(value.subarray(0, 7));
  });

  it('allocates no memory for an announced value that has hardly begun to arrive', () => {
    const before = process.memoryUsage().arrayBuffers;
    const many = Array.from({ length: 100 }, () => {
      const gathering = new BufferBuilder();
      gathering.begin(16_000_000);
      gathering.add(Buffer.alloc(1_000));
      return gathering;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 40_000);
    for (const gathering of many) gathering.drop();
  });

  it('allocates blocks of 16 KiB, or of a larger piece, until a quarter has come, and then the whole', () => {
    using allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
    const allocatedBy = (gathering: BufferBuilder, length: number): number[] => {
      allocate.mockClear();
      gathering.add(Buffer.alloc(length, 'x'));
      return allocate.mock.calls.map(([size]) => size);
    };
    const gathering = new BufferBuilder();
    gathering.begin(200_000);
    expect(allocatedBy(gathering, 10_000)).toEqual([16_384]);
    expect(allocatedBy(gathering, 6_384)).toEqual([]);
    expect(allocatedBy(gathering, 1)).toEqual([16_384]);
    expect(allocatedBy(gathering, 16_383 + 17_000)).toEqual([17_000]);
    expect(allocatedBy(gathering, 231)).toEqual([16_384]);
    expect(allocatedBy(gathering, 1)).toEqual([200_000]);
    expect(openField(gathering, 'blocks', Array)).toEqual([]);
    expect(allocatedBy(gathering, 150_000)).toEqual([]);
    expect(gathering.take().equals(Buffer.alloc(200_000, 'x'))).toBe(true);
    expect(gathering.take()).toHaveLength(0);
    gathering.begin(8);
    expect(allocatedBy(gathering, 1)).toEqual([16_384]);
    expect(allocatedBy(gathering, 1)).toEqual([8]);
  });
});
