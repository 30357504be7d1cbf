import { describe, expect, it } from 'vitest';
import { ChunkSize, MAX_BYTES } from '../../src/client/master/chunk-size.ts';

describe('the size of a chunk', () => {
  it('is one until the duration of an element is known, ignoring the first task of each worker', () => {
    const size = new ChunkSize();
    expect(size.value).toBe(1);
    size.took('0', 0.01, 1);
    size.took('1', 0.01, 1);
    expect(size.value).toBe(1);
    size.took('0', 0.1, 1);
    expect(size.value).toBe(20);
  });

  it('decreases at once when elements take longer, and increases gradually', () => {
    const size = new ChunkSize();
    for (const milliseconds of [1, 0.1, 50]) size.took('0', milliseconds, 1);
    expect(size.value).toBe(1);
    const later = Array.from({ length: 40 }, () => {
      size.took('0', 0.1, 1);
      return size.value;
    });
    expect(later).toEqual(later.toSorted((a, b) => a - b));
    expect([later[0], later.at(-1)]).toEqual([1, 19]);
  });

  it('increases by a quarter of the difference', () => {
    const size = new ChunkSize();
    for (const milliseconds of [1, 0.1, 0.02]) size.took('0', milliseconds, 1);
    // 0.1 ms - (0.1 ms - 0.02 ms) / 4
    expect(size.value).toBe(25);
  });

  it('is limited in elements and in bytes', () => {
    const size = new ChunkSize();
    for (let n = 0; n < 2; n++) size.took('0', 0.000_1, 10);
    expect(size.value).toBe(100);
    size.weighed(MAX_BYTES / 2, 10);
    expect(size.value).toBe(20);
    size.weighed(10 * MAX_BYTES, 1);
    expect(size.value).toBe(1);
  });

  it('is limited by the size of the results where that counts', () => {
    const size = new ChunkSize();
    for (let n = 0; n < 2; n++) size.took('0', 0.000_1, 10);
    size.answered(MAX_BYTES / 2, 10);
    expect(size.value).toBe(20);
    for (let n = 0; n < 100; n++) size.answered(0, 1);
    expect(size.value).toBe(100);
  });
});
