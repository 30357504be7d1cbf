import { describe, expect, it } from 'vitest';
import { byForm, isLong } from '../../test/support/form.ts';
import { Random } from '../world/random.ts';
import { FullBed, noFullBed } from './bed/full-bed.ts';
import { clusterChaos } from './cluster-chaos.ts';
import { jump } from './faults/clock.ts';
import { failOver, switchOver } from './faults/engine.ts';
import type { Fault } from './faults/fault.ts';
import { kill } from './faults/kill.ts';
import { fromServers, fromStores, type Direction } from './faults/partition.ts';
import { pause } from './faults/pause.ts';
import { GAP_MS, LEASE_MS, gapAt } from './gaps.ts';
import { Servers } from './servers.ts';

// Three servers and three PostgreSQL with Patroni and etcd, in network namespaces: `npm run chaos -- --cluster --kills 200`.

const KILLS = Number(process.env['CLUSTER_KILLS'] ?? 200);
const SEED = Number(process.env['SEED'] ?? 1);
const PARTITIONS = Number(process.env['CLUSTER_PARTITIONS'] ?? 1);

/** Faults between two checks of the histories. */
const ROUND = 16;

const DIRECTIONS: readonly Direction[] = ['both', 'sent', 'received'];

const times = (count: number, fault: (at: number) => Fault): readonly Fault[] =>
  Array.from({ length: Math.ceil(count) }, (_, at) => fault(at));

/** For each 20 kills 5 pauses, 5 partitions, 2 failovers and 2 jumps of clocks, in an order by the seed. */
function faultsOn(bed: FullBed, kills: number, random: Random): readonly Fault[] {
  const partition = (at: number): Fault => {
    const direction = DIRECTIONS[Math.floor(at / 2) % DIRECTIONS.length] ?? 'both';
    return at % 2 === 0 ? fromStores(bed, direction) : fromServers(bed, direction);
  };
  const faults = [
    ...times(kills, () => kill),
    ...times(kills / 4, () => pause),
    ...times(kills / 4, partition),
    ...times(kills / 10, (at) => (at % 2 === 0 ? failOver(bed.engine) : switchOver(bed.engine))),
    ...times(kills / 10, () => jump(bed)),
  ];
  return faults
    .map((fault) => ({ fault, place: random.fraction() }))
    .sort((one, other) => one.place - other.place)
    .map(({ fault }) => fault);
}

const missing = isLong ? noFullBed() : 'only in the long form';

describe.skipIf(missing !== undefined)(
  `servers on Patroni${missing === undefined ? '' : `: ${missing}`}`,
  () => {
    it(
      'lose nothing, do nothing twice and reply nothing old, whatever happens to servers, networks, PostgreSQL and clocks (D9 to D12)',
      async () => {
        await using bed = await FullBed.start();
        await using servers = await Servers.start(bed, { leaseMs: LEASE_MS, partitions: PARTITIONS });
        const faults = faultsOn(bed, KILLS, new Random(SEED));
        const wrongs: string[] = [];
        const gaps: number[] = [];
        const counts = new Map<string, number>();
        for (let at = 0; at < faults.length; at += ROUND) {
          const some = faults.slice(at, at + ROUND);
          const outcome = await clusterChaos(servers, {
            faults: some,
            seed: SEED + at,
            workspace: `kept ${at}`,
          });
          wrongs.push(...outcome.wrongs);
          gaps.push(...outcome.gaps);
          for (const { name } of some) counts.set(name, (counts.get(name) ?? 0) + 1);
          console.log(
            `cluster: faults ${at + 1} to ${at + some.length} of ${faults.length}: ${outcome.elements} elements, ${outcome.answered} ` +
              `replies, ${outcome.wrongs.length} wrong${outcome.wrongs.map((wrong) => `\n  ${wrong}`).join('')}\n` +
              `so far ${[...counts].map(([name, count]) => `${count} × ${name}`).join('; ')}; the next reply came ` +
              `${gapAt(gaps, 0.5)} ms (median), ${gapAt(gaps, 0.99)} ms (p99) after a kill`,
          );
        }
        expect(wrongs).toEqual([]);
        expect(gapAt(gaps, 0.99)).toBeLessThan(GAP_MS);
      },
      byForm(0, 0, 6 * 3_600_000),
    );
  },
);
