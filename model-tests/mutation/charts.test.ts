import { afterAll, describe, expect, test } from 'vitest';
import { CHECKS } from '../../test/machines/checks/checks.ts';
import type { ChartChecks } from '../../test/support/chart.ts';
import { rewritten } from './chart-config.ts';
import { codeMutantsOf, nothing, oneFault } from './code.ts';
import { EQUIVALENT } from './equivalent.ts';
import { Killer } from './killer.ts';
import type { Mutant } from './mutant.ts';
import { mutantsOf } from './mutants.ts';
import { killedOf, report, type Result } from './report.ts';
import { byForm, isLong, isShort } from '../../test/support/form.ts';

/** The machine, created in both ways in which mutants are created; in the short form as mutants of its code are. */
async function* copiesOf(chart: string, { machine }: ChartChecks): AsyncGenerator<Mutant> {
  const name = 'nothing is changed';
  if (!isShort) yield { operator: 'code changed', name, machine: rewritten(machine, [], () => undefined) };
  yield* codeMutantsOf(chart, nothing);
}

const MAX_SECONDS = isLong ? 3_600 : 120;
/** A sample of the mutants of a machine; with VERIFY=long each is tried. */
const ONE_IN = byForm(40, 8, 1);

function* sampled<T>(mutants: Iterable<T>): Generator<T> {
  let made = 0;
  for (const mutant of mutants) if (made++ % ONE_IN === 0) yield mutant;
}

const faultOfSample = (text: string): ReturnType<typeof oneFault> => sampled(oneFault(text));

const results: Result[] = [];
const known = new Set(EQUIVALENT.flatMap(({ mutants }) => mutants));

describe('every single fault in a statechart is detected, unless the mutant is known to be equivalent', () => {
  test.each(Object.entries(CHECKS))(
    '%s',
    async (chart, checks) => {
      const killer = new Killer(checks);
      for await (const unchanged of copiesOf(chart, checks))
        expect(killer.fateOf(unchanged).killed).toBeUndefined();

      const began = performance.now();
      const fates = [...sampled(mutantsOf(checks.machine))].map((mutant) => killer.fateOf(mutant));
      for await (const mutant of codeMutantsOf(chart, faultOfSample)) fates.push(killer.fateOf(mutant));
      results.push({ chart, fates, seconds: (performance.now() - began) / 1000 });

      const names = fates.map(({ mutant }) => `${chart}: ${mutant.name}`);
      expect(names.filter((name, n) => names.indexOf(name) !== n)).toEqual([]);
      const survivors = names.filter((_, n) => fates[n]?.killed === undefined);
      const expected = [...known].filter((name) =>
        isLong ? name.startsWith(`${chart}: `) : names.includes(name),
      );
      expect(survivors.sort()).toEqual(expected.sort());
    },
    MAX_SECONDS * 1000,
  );

  test('at least 5,000 mutants are generated or their share, 97 % of them are detected, and the others are equivalent', () => {
    const all = results.flatMap(({ fates }) => fates);
    if (isLong) expect(all.length - killedOf(all)).toBe(known.size);
    expect(all.length).toBeGreaterThanOrEqual(5_000 / ONE_IN);
    expect(killedOf(all) / all.length).toBeGreaterThanOrEqual(0.97);
  });

  afterAll(() => console.log(report(results)));
});
