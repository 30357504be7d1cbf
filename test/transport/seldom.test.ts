import { describe, expect, it, vi } from 'vitest';
import { Seldom } from '../../src/transport/seldom.ts';

describe('what happens often', () => {
  it('is reported at once, and then every ten seconds with the number of times', () => {
    using now = vi.spyOn(performance, 'now');
    const reports: unknown[] = [];
    const seldom = new Seldom((times, fields) => void reports.push([times, fields['at']]));
    for (const at of [5, 6, 10_004, 10_005, 10_006, 20_004, 20_005, 30_005]) {
      now.mockReturnValue(at);
      seldom.happened({ at });
    }
    expect(reports).toEqual([
      [1, 5],
      [3, 10_005],
      [3, 20_005],
      [1, 30_005],
    ]);
  });
});
