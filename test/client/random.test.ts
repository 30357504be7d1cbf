import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { randomFrom } from '../../src/client/task/random.ts';

const WORD = 2n ** 32n;

/** The generator sfc32 once more, with whole numbers of any size instead of the operators of 32 bits. */
function* words(seed: string): Generator<bigint> {
  const digest = createHash('sha256').update(seed).digest();
  let [a = 0n, b = 0n, c = 0n, count = 0n] = [0, 4, 8, 12].map((at) => BigInt(digest.readUInt32LE(at)));
  for (;;) {
    const sum = (a + b + count) % WORD;
    count = (count + 1n) % WORD;
    a = b ^ (b >> 9n);
    b = (c * 9n) % WORD;
    c = (((c << 21n) % WORD) + (c >> 11n) + sum) % WORD;
    yield sum;
  }
}

test('the random numbers of an element are those of sfc32, so every version draws the same (S27)', () => {
  for (const seed of ['a seed', '7/0', '']) {
    const reference = words(seed);
    const next = (): bigint => reference.next().value;
    const random = randomFrom(seed);
    for (let n = 0; n < 100; n++) {
      const wanted = Number((next() >> 5n) * 2n ** 26n + (next() >> 6n)) / 2 ** 53;
      expect(random()).toBe(wanted);
    }
  }
});
