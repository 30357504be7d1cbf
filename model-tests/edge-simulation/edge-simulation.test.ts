import { describe, expect, it } from 'vitest';
import { pictureOf } from '../world/shrink.ts';
import { simulateEdge } from './simulate.ts';
import { byForm, isLong } from '../../test/support/form.ts';

// 2 seeds, and 1 with a server that crashes; 8 and 4 with VERIFY=ci, 500 and 200 with VERIFY=long; those that are wanted
// with SEED=n,m, whose traces are printed.

const only = process.env['SEED'];
const seedsOf = (count: number): number[] =>
  only === undefined ? Array.from({ length: count }, (_, n) => n + 1) : only.split(',').map(Number);
const KINDS = [
  { kind: 'a server without a store', isStored: false, seeds: seedsOf(byForm(2, 8, 500)) },
  { kind: 'a server that crashes', isStored: true, seeds: seedsOf(byForm(1, 4, 200)) },
];
const TIME_LIMIT_MS = isLong ? 3_600_000 : 300_000;

describe.each(KINDS)(
  '$kind behind simulated sockets, disks and clocks, with the client and its pool, by seed',
  ({ kind, isStored, seeds }) => {
    /** The hashes of the runs so far. */
    const hashes = new Map<number, string>();
    const hashOf = async (seed: number): Promise<string> => (await simulateEdge(seed, { isStored })).hash;

    it(
      'keeps its promises in every seed',
      async () => {
        const began = process.cpuUsage();
        const failed: { seed: number; wrongs: readonly string[] }[] = [];
        const faults = new Map<string, number>();
        let events = 0;
        for (const seed of seeds) {
          const report = await simulateEdge(seed, { isStored });
          hashes.set(seed, report.hash);
          events += report.events;
          for (const [fault, n] of report.faults) faults.set(fault, (faults.get(fault) ?? 0) + n);
          if (only !== undefined) console.log(report.trace.join('\n'));
          if (report.wrongs.length === 0) continue;
          if (failed.length === 0)
            console.log(
              await pictureOf(`edge simulation ${seed}`, report, (without) =>
                simulateEdge(seed, { isStored, without }),
              ),
            );
          failed.push({ seed, wrongs: report.wrongs });
        }
        const { user, system } = process.cpuUsage(began);
        console.log(
          `edge simulation, ${kind}: ${seeds.length} seeds, ${events} events, ${((user + system) / 1e6).toFixed(1)} s of processor time,`,
          `faults: ${[...faults].map(([fault, n]) => `${fault} ${n}`).join(', ')}`,
        );
        expect(failed).toEqual([]);
      },
      TIME_LIMIT_MS,
    );

    it(
      'does the same for the same seed, and something else for each of the others',
      { timeout: TIME_LIMIT_MS },
      async () => {
        const [seed = 1] = seeds;
        expect(await hashOf(seed)).toBe(hashes.get(seed) ?? (await hashOf(seed)));
        expect(new Set(hashes.values()).size).toBe(hashes.size);
      },
    );
  },
);
