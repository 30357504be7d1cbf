import { describe, expect, it } from 'vitest';
import { readReport, shortened, type DeathReport } from '../../src/sleigh/death-report.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { isRefusal } from '../../src/workspace/refusal.ts';

function reportOf(entries: Readonly<Record<string, string>>): DeathReport {
  const report = readReport(new Map(Object.entries({ session: 'secret', ...entries })));
  if (report === undefined || isRefusal(report)) throw new Error('it is no report');
  return report;
}

const keptOf = (lastWords: string) => reportOf({ lastWords }).end.lastWords;

/** Two bytes of UTF-8, each of them a character of metadata. */
const E_ACUTE = '\xc3\xa9';

describe('the report of a sentinel (S19)', () => {
  it.each([
    ['why', BOUNDS.endReasonBytes.value],
    ['how', BOUNDS.endDescriptionBytes.value],
  ] as const)('keeps the beginning of %s, in whole characters', (name, most) => {
    const fitting = 'x'.repeat(most - 2) + E_ACUTE;
    expect(reportOf({ [name]: fitting }).end[name]).toBe(fitting);
    expect(reportOf({ [name]: `x${fitting}` }).end[name]).toBe('x'.repeat(most - 1));
  });

  it('keeps the end of the last words, in whole characters', () => {
    const most = BOUNDS.lastWordsBytes.value;
    // These bytes are no UTF-8, so that only a cut can be noticed.
    const fitting = E_ACUTE.slice(1) + 'x'.repeat(most - 1);
    expect(keptOf(fitting)).toBe(fitting);
    expect(keptOf(E_ACUTE + 'x'.repeat(most - 1))).toBe('x'.repeat(most - 1));
  });

  it('is kept with its worker with fewer last words', () => {
    const most = BOUNDS.keptLastWordsBytes.value;
    const { end } = reportOf({ why: 'crash', how: 'signal', at: '5', lastWords: 'y'.repeat(2 * most) });
    expect(shortened(end)).toEqual({ ...end, lastWords: 'y'.repeat(most) });
  });
});
