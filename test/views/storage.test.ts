import { describe, expect, it } from 'vitest';
import { StorageFigures } from '../../src/views/storage.ts';

const at = { commits: 0, lastSeconds: 0, seconds: 0, recovered: 12, recoverySeconds: 0.25 };
const storage = { sync: 'always', bytes: 8_192, waiting: 3, figures: at };

describe('the store in the page', () => {
  it('has its size, its commits, and what was taken up at the start, in milliseconds', () => {
    const view = new StorageFigures({
      ...storage,
      figures: { ...at, commits: 4, lastSeconds: 0.002, seconds: 0.004 },
    }).view;
    expect(view).toMatchObject({ sync: 'always', bytes: 8_192, waiting: 3, recovered: 12, recovery: 250 });
    expect(view).toMatchObject({ commits: 4, last: 2, mean: 1 });
    expect(new StorageFigures(storage).view.mean).toBe(0);
  });

  it('has the commits a second, and the mean time of those that were new', () => {
    const figures = { ...at };
    const over = new StorageFigures({ ...storage, figures });
    over.sample(1_000);
    Object.assign(figures, { commits: 10, seconds: 0.02 });
    over.sample(3_000);
    over.sample(4_000);
    expect(over.view.times).toEqual({
      names: ['commits', 'time'],
      columns: [
        [3_000, 4_000],
        [5, 0],
        [2, 0],
      ],
    });
  });
});
