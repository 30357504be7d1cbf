import { describe, expect, it } from 'vitest';
import { byForm, isShort } from '../../test/support/form.ts';
import { noPostgres } from '../../test/support/postgres.ts';
import { startPlainBed } from './bed/plain-bed.ts';
import { clusterChaos, type ClusterOutcome, type ClusterRun } from './cluster-chaos.ts';
import { crash } from './faults/engine.ts';
import type { Fault } from './faults/fault.ts';
import { kill } from './faults/kill.ts';
import { pause } from './faults/pause.ts';
import { GAP_MS, LEASE_MS, gapAt } from './gaps.ts';
import { faultyServer } from '../world/faulty-server.ts';
import { PLANTED, type Planted } from './planted.ts';
import { Servers } from './servers.ts';

// Kills, pauses and crashes of one PostgreSQL. The full bed, with networks and failovers, is in `full-bed.test.ts`.

const SEED = Number(process.env['SEED'] ?? 1);
const HOUR = 3_600_000;

/** Milliseconds for servers with a planted fault, which may never answer again. */
const PLANTED_PATIENCE_MS = 15_000;

const repeated = (fault: Fault, times: number): readonly Fault[] =>
  Array.from({ length: times }, () => fault);

const isOfElement = (wrong: string): boolean => wrong.startsWith('element');

/** Rounds of faults after which a planted fault counts as not found. */
const MOST_ROUNDS = 10;

/** Faults on servers with one PostgreSQL and a planted fault. */
async function chaosWith(mutant: Planted, run: Omit<ClusterRun, 'patienceMs'>): Promise<ClusterOutcome> {
  await using bed = await startPlainBed();
  await using servers = await Servers.start(bed, { leaseMs: LEASE_MS, env: await faultyServer(mutant) });
  return await clusterChaos(servers, { patienceMs: PLANTED_PATIENCE_MS, ...run });
}

/**
 * Inflicts rounds of faults until a planted fault is found: in one round the servers may do nothing at the moments when it shows.
 * @returns what was wrong in each round
 */
async function wrongsUntil(
  isFound: (wrong: string) => boolean,
  mutant: Planted,
  run: Pick<ClusterRun, 'faults' | 'hasJob'>,
): Promise<readonly string[]> {
  const all: string[] = [];
  for (let round = 0; round < MOST_ROUNDS && !all.some(isFound); round++) {
    const { wrongs } = await chaosWith(mutant, { seed: SEED + round, ...run });
    all.push(...wrongs);
  }
  return all;
}

const title = `servers that share a store${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

describe.skipIf(isShort || noPostgres !== undefined)(title, () => {
  it(
    'lose nothing, deliver nothing twice and reply nothing old when owners are killed and paused (D9 to D12)',
    async () => {
      await using bed = await startPlainBed();
      await using servers = await Servers.start(bed, { leaseMs: LEASE_MS });
      const round = [kill, pause, kill, crash(bed.postgres)];
      const faults = Array.from({ length: byForm(0, 2, 10) }, () => round).flat();
      const outcome = await clusterChaos(servers, { faults, seed: SEED });
      const { wrongs, elements, answered, gaps } = outcome;
      console.log(
        `cluster: ${faults.length} faults, ${elements} elements, ${answered} replies; ${gaps.length} kills, with the next reply ` +
          `after ${gapAt(gaps, 0.5)} ms (median), ${gapAt(gaps, 0.99)} ms (p99)`,
      );
      expect(wrongs).toEqual([]);
      expect(gaps.length).toBeGreaterThan(0);
      expect(elements).toBeGreaterThan(0);
    },
    HOUR,
  );

  it.each([
    { mutant: PLANTED.releasesWhenFenced, faults: repeated(pause, 2), by: /^\{/ },
    { mutant: PLANTED.ignoresEpoch, faults: repeated(pause, 2), by: /^\{|^deposit/ },
    { mutant: PLANTED.repliesBeforeCommit, faults: repeated(kill, 2), by: /^deposit .* is lost/ },
    {
      mutant: PLANTED.forgetsFetches,
      faults: repeated(kill, 2),
      by: /fetched twice|after it had been fetched/,
    },
  ])(
    'of which one $mutant.what are found by what clients see',
    { timeout: HOUR },
    async ({ mutant, faults, by }) => {
      const isFound = (wrong: string): boolean => by.test(wrong);
      const wrongs = await wrongsUntil(isFound, mutant, { faults, hasJob: false });
      expect(wrongs.some(isFound), wrongs.join('\n')).toBe(true);
    },
  );

  it(
    'of which one forgets that a task is with a worker are found by the job (D8)',
    { timeout: HOUR },
    async () => {
      const wrongs = await wrongsUntil(isOfElement, PLANTED.forgetsPlaces, { faults: repeated(kill, 2) });
      expect(wrongs.some(isOfElement), wrongs.join('\n')).toBe(true);
    },
  );

  it('of which nobody claims in time are found by the gaps after kills', { timeout: HOUR }, async () => {
    const { gaps } = await chaosWith(PLANTED.claimsLate, {
      seed: SEED,
      faults: repeated(kill, 2),
      hasJob: false,
    });
    expect(gapAt(gaps, 0.99)).toBeGreaterThan(GAP_MS);
  });
});
