import { describe, expect, it } from 'vitest';
import { CoreWorld } from '../world/core-world.ts';
import type { Without } from '../world/faults.ts';
import { pictureOf } from '../world/shrink.ts';
import { simulate, type Report } from './simulate.ts';
import { byForm, isLong } from '../../test/support/form.ts';

// 2 seeds, and 2 with a server that crashes; 20 and 10 with VERIFY=ci, 1,000 and 500 with VERIFY=long; specific ones
// with SEED=n,m, whose traces are printed.

const only = process.env['SEED'];
const seedsOf = (count: number): number[] =>
  only === undefined ? Array.from({ length: count }, (_, n) => n + 1) : only.split(',').map(Number);
const KINDS = [
  { kind: 'a server without a store', isStored: false, seeds: seedsOf(byForm(2, 20, 1_000)) },
  { kind: 'a server that crashes', isStored: true, seeds: seedsOf(byForm(2, 10, 500)) },
];
/** The number of lines printed of the trace of a failing seed: its end, where the failure is. */
const LAST_LINES = only === undefined ? 40 : Infinity;
const TIME_LIMIT_MS = isLong ? 3_600_000 : 300_000;

function add(counts: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, n] of more) counts.set(name, (counts.get(name) ?? 0) + n);
}
const list = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, n]) => `${name} ${n}`).join(', ');
const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, n) => total + n, 0);

/** A summary of all seeds: reports with their traces are not kept. */
class Summary {
  readonly #kind: string;
  readonly #begun = performance.now();
  readonly #faults = new Map<string, number>();
  readonly #outcomes = new Map<string, number>();
  #seeds = 0;
  #calm = 0;
  #events = 0;
  #hours = 0;
  #settling = 0;
  #started = 0;
  #replaced = 0;

  constructor(kind: string) {
    this.#kind = kind;
  }

  add(report: Report): void {
    this.#seeds++;
    if (report.isCalm) this.#calm++;
    this.#events += report.events;
    this.#hours += report.elapsed / 3_600_000;
    this.#settling = Math.max(this.#settling, report.settlingEvents);
    this.#started += report.started;
    this.#replaced += report.replaced;
    add(this.#faults, report.faults);
    add(this.#outcomes, report.outcomes);
  }

  toString(): string {
    const seconds = (performance.now() - this.#begun) / 1_000;
    return [
      `client simulation, ${this.#kind}: ${this.#seeds} seeds, ${this.#calm} of them calm, in ${seconds.toFixed(1)} s:`,
      `${this.#events} events in ${this.#hours.toFixed(1)} simulated hours,`,
      `settled within ${this.#settling} events of the last fault,`,
      `${sum(this.#faults.values())} faults: ${list(this.#faults)};`,
      `${this.#started} workers, ${this.#replaced} of them replacements; elements: ${list(this.#outcomes)}`,
    ].join(' ');
  }
}

/** The trace of a failed seed, and how to repeat it. */
function complaint({ seed, wrongs, trace }: Report): string {
  const lines = trace.slice(-LAST_LINES);
  const left = trace.length - lines.length;
  return [
    ...(left > 0 ? [`… ${left} lines before`] : []),
    ...lines,
    ...wrongs.map((wrong) => `WRONG: ${wrong}`),
    `to repeat it: SEED=${seed} npx vitest run model-tests/client-simulation`,
  ].join('\n');
}

describe.each(KINDS)(
  'the simulation of a master, sentinels and workers with $kind, in one process, with random faults',
  ({ kind, isStored, seeds }) => {
    const play = (seed: number, without?: Without): Promise<Report> =>
      simulate(seed, {}, new CoreWorld(seed, { isStored, without }));
    /** The hashes of the runs so far. */
    const hashes = new Map<number, string>();

    it('finds no broken property for any seed', { timeout: TIME_LIMIT_MS }, async () => {
      const summary = new Summary(kind);
      const failed: number[] = [];
      for (const seed of seeds) {
        const report = await play(seed);
        hashes.set(seed, report.hash);
        summary.add(report);
        if (report.wrongs.length > 0) failed.push(seed);
        if (failed.length < 5 && (report.wrongs.length > 0 || seeds.length === 1))
          console.log(complaint(report));
        if (failed.length === 1 && failed[0] === seed)
          console.log(await pictureOf(`client simulation ${seed}`, report, (without) => play(seed, without)));
      }
      console.log(String(summary));
      expect(failed).toEqual([]);
    });

    it(
      'repeats a run exactly for the same seed, and differs for another seed',
      { timeout: TIME_LIMIT_MS },
      async () => {
        const [seed = 1] = seeds;
        const { hash } = await play(seed);
        expect(hashes.get(seed) ?? (await play(seed)).hash).toBe(hash);
        expect(hashes.get(seed + 1) ?? (await play(seed + 1)).hash).not.toBe(hash);
      },
    );
  },
);
