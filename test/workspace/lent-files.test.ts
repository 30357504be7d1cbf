import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { ServerAccounting } from '../../src/workspace/storage-accounting.ts';

const FILE = { file: 7, size: 10 };

/** The accounting, and the files that it has discarded. */
function accounting(): [ServerAccounting, number[]] {
  const discarded: number[] = [];
  return [new ServerAccounting(DEFAULT_LIMITS, ({ file }) => discarded.push(file)), discarded];
}

describe('a file that pending replies still use (P14)', () => {
  test('is discarded after the last reply if its value is fetched meanwhile', () => {
    const [server, discarded] = accounting();
    server.lend(FILE);
    server.lend(FILE);
    server.discard(FILE);
    server.takeBack(FILE);
    expect(discarded).toEqual([]);
    server.takeBack(FILE);
    expect(discarded).toEqual([7]);
  });

  test('is kept with its value, and discarded with it later', () => {
    const [server, discarded] = accounting();
    server.lend(FILE);
    server.takeBack(FILE);
    expect(discarded).toEqual([]);
    server.discard(FILE);
    expect(discarded).toEqual([7]);
  });
});
