import { tableChecks, type ChartChecks, type Check } from '../../test/support/chart.ts';
import { faultInJobs, jobs } from './jobs.ts';
import type { Mutant } from './mutant.ts';
import { isLong } from '../../test/support/form.ts';

/** How a mutant was detected: by the table of its machine, by a longer story, or by whole jobs. */
export type Weapon = 'table' | 'story' | 'job';

export interface Fate {
  readonly mutant: Mutant;
  /** The check and its message; undefined for a survivor. */
  readonly killed: { readonly by: Weapon; readonly what: string } | undefined;
}

/** Jobs that run against mutants which the checks of a machine did not detect. */
const JOBS = jobs(isLong ? 100 : 2);

/** Detects mutants of one machine, first with the checks of its test file. */
export class Killer {
  readonly #chart: ChartChecks;
  readonly #checks: readonly { by: Weapon; check: Check }[];

  constructor(chart: ChartChecks) {
    this.#chart = chart;
    this.#checks = [
      ...tableChecks(chart.table).map((check) => ({ by: 'table' as const, check })),
      ...Object.values(chart.stories)
        .flat()
        .map((check) => ({ by: 'story' as const, check })),
    ];
  }

  /** The most promising checks are run first. */
  fateOf(mutant: Mutant): Fate {
    const likely = this.#checks.map((known) => ({ ...known, rank: rankOf(known.check, mutant) }));
    for (const { by, check } of likely.sort((a, b) => a.rank - b.rank))
      if (!holds(check, mutant)) return { mutant, killed: { by, what: check.name } };
    const what = faultInJobs(this.#chart.machine, mutant.machine, JOBS);
    return { mutant, killed: what === undefined ? undefined : { by: 'job', what } };
  }
}

function holds({ run }: Check, { machine }: Mutant): boolean {
  try {
    run(machine);
    return true;
  } catch {
    return false;
  }
}

const isWithin = (state: string, outer: string): boolean =>
  outer === '' || state === outer || state.startsWith(`${outer}.`);

/** Rows of the changed state and event, then those of the state, then checks that are not rows. */
function rankOf({ row }: Check, { place }: Mutant): number {
  if (row === undefined || place === undefined) return 2;
  if (!isWithin(row.state, place.state))
    return place.event === undefined && isWithin(row.next, place.state) ? 1 : 3;
  return row.event === place.event ? 0 : 1;
}
