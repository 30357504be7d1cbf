import { describe, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { byForm, isShort } from '../../test/support/form.ts';
import { noPostgres } from '../../test/support/postgres.ts';
import { startPlainBed } from './bed/plain-bed.ts';
import { clusterChaos } from './cluster-chaos.ts';
import { kill } from './faults/kill.ts';
import { pause } from './faults/pause.ts';
import { Servers } from './servers.ts';

// Servers that own partitions of one store: their shares.

const PARTITIONS = 8;
const LEASE_MS = 1_000;
const HOUR = 3_600_000;

const title = `servers with ${PARTITIONS} partitions${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

/** Waits until the numbers of partitions are these, in any order. */
const shared = (servers: Servers, ...shares: number[]): Promise<void> =>
  eventually(
    async () =>
      Object.values(await servers.shares())
        .toSorted((a, b) => b - a)
        .join() === shares.join(),
    `the shares are ${shares.join()}`,
  );

describe.skipIf(isShort || noPostgres !== undefined)(title, () => {
  it(
    'share them evenly, take over those of servers that are killed, and give them back (D19)',
    async () => {
      await using bed = await startPlainBed();
      await using servers = await Servers.start(bed, { leaseMs: LEASE_MS, partitions: PARTITIONS });
      await shared(servers, 3, 3, 2);
      await servers.kill('c');
      await shared(servers, 4, 4);
      expect(Object.keys(await servers.shares())).not.toContain('c');
      await servers.kill('a');
      await shared(servers, 8);
      await servers.restart('c');
      await shared(servers, 4, 4);
      await servers.restart('a');
      await shared(servers, 3, 3, 2);
      expect(servers.endings).toEqual([]);
    },
    HOUR,
  );

  it(
    'lose nothing, deliver nothing twice and reply nothing old when owners are killed and paused (D9, D17, D19)',
    async () => {
      await using bed = await startPlainBed();
      await using servers = await Servers.start(bed, { leaseMs: LEASE_MS, partitions: PARTITIONS });
      const faults = Array.from({ length: byForm(0, 2, 10) }, () => [kill, pause, kill]).flat();
      const { wrongs, elements, answered } = await clusterChaos(servers, { faults, seed: 1 });
      console.log(`partitions: ${faults.length} faults, ${elements} elements, ${answered} replies`);
      expect(wrongs).toEqual([]);
      expect(elements).toBeGreaterThan(0);
    },
    HOUR,
  );
});
