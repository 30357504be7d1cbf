import { describe, expect, it } from 'vitest';
import { checkHistory } from '../../src/verify/history/check.ts';
import { Random } from '../world/random.ts';
import { hasOrder } from './exhaustive.ts';
import { randomHistory } from './random-history.ts';
import { isLong } from '../../test/support/form.ts';

const HISTORIES = isLong ? 100_000 : 600;
const SIZE = 9;

describe.each(['fifo', 'lifo', 'single'] as const)('a small history of a %s', (mode) => {
  it('is rejected exactly if no order of its operations is possible (V3, V4)', { timeout: 600_000 }, () => {
    const random = new Random(mode.length);
    const counts = { possible: 0, impossible: 0 };
    for (let n = 0; n < HISTORIES; n++) {
      const history = randomHistory(mode, random, random.whole(2, SIZE), false);
      const isPossible = hasOrder(mode, history.slice(1));
      counts[isPossible ? 'possible' : 'impossible']++;
      const { violations } = checkHistory(history);
      if ((violations.length === 0) !== isPossible)
        throw new Error(`${isPossible}: ${JSON.stringify({ violations, history }, null, 1)}`);
    }
    expect(counts.possible).toBeGreaterThan(HISTORIES / 50);
    expect(counts.impossible).toBeGreaterThan(HISTORIES / 50);
  });

  it('is never rejected if an order is possible, even with unanswered requests', { timeout: 600_000 }, () => {
    const random = new Random(100 + mode.length);
    let rejected = 0;
    let impossible = 0;
    for (let n = 0; n < HISTORIES; n++) {
      const history = randomHistory(mode, random, random.whole(2, SIZE), true);
      const isPossible = hasOrder(mode, history.slice(1));
      const { violations } = checkHistory(history);
      if (violations.length > 0 && isPossible)
        throw new Error(JSON.stringify({ violations, history }, null, 1));
      if (!isPossible) impossible++;
      rejected += violations.length;
    }
    // Some that are impossible pass, since an unanswered get may have taken any value.
    console.log(
      `${mode}: ${rejected} of ${impossible} impossible histories with unanswered requests are rejected`,
    );
    expect(rejected / impossible).toBeGreaterThan(0.8);
  });
});
