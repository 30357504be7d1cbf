import { createHash } from 'node:crypto';

/**
 * Random numbers that depend on the seed alone: the generator sfc32, whose state is the beginning of the SHA-256 of the
 * seed.
 * @returns a function that gives the next number, from 0 up to 1
 */
export function randomFrom(seed: string): () => number {
  const digest = createHash('sha256').update(seed).digest();
  let [a, b, c, count] = [
    digest.readInt32LE(0),
    digest.readInt32LE(4),
    digest.readInt32LE(8),
    digest.readInt32LE(12),
  ];
  const next = (): number => {
    const sum = (((a + b) | 0) + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // 53 bits, as many as a double has.
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}
