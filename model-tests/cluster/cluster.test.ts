import { describe, expect, it } from 'vitest';
import { byForm, isShort } from '../../test/support/form.ts';
import { noPostgres, startPostgres } from '../../test/support/postgres.ts';
import { ClusterChaos, type Fault } from './cluster-chaos.ts';

// `npm run chaos -- --cluster --kills 200` for more.

const KILLS = Number(process.env['CLUSTER_KILLS'] ?? byForm(0, 4, 100));
const SEED = Number(process.env['SEED'] ?? 1);
const HOUR = 3_600_000;

/** A kill, a pause, a kill, a restart of PostgreSQL, and so on. */
const faults = (kills: number): readonly Fault[] =>
  Array.from({ length: kills }, (_, at): Fault[] => ['kill', at % 2 === 0 ? 'pause' : 'engine']).flat();

/** A server that sends what waited to become durable when it learns that it is fenced. */
const RELEASES_WHEN_FENCED = {
  file: 'transport/durability.js',
  from: 'this.#performer.failed(error);',
  to: 'this.#performer.perform(this.#inFlight?.commands ?? []); this.#performer.perform(this.#next.commands); this.#performer.failed(error);',
};

const title = `servers that share a store${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

describe.skipIf(isShort || noPostgres !== undefined)(title, () => {
  it(
    'lose nothing, deliver nothing twice and reply nothing old when owners are killed and paused (D9 to D12)',
    async () => {
      await using postgres = await startPostgres({ isSafe: true });
      const { wrongs, elements, answered, gaps } = await new ClusterChaos(postgres, SEED).run(faults(KILLS));
      const sorted = gaps.toSorted((a, b) => a - b);
      const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0);
      console.log(
        `cluster: ${KILLS} kills, ${elements} elements, ${answered} replies; the next reply came ${at(0.5)} ms (median), ` +
          `${at(0.99)} ms (p99) after a kill`,
      );
      expect(wrongs).toEqual([]);
      expect(gaps.length).toBeGreaterThan(0);
      expect(elements).toBeGreaterThan(0);
    },
    HOUR,
  );

  it(
    'of which a fenced one sends what waited are found (D9)',
    async () => {
      const env = {
        MUTANT: JSON.stringify(RELEASES_WHEN_FENCED),
        NODE_OPTIONS: `--import=${new URL('../paths/mutant.mjs', import.meta.url).href}`,
      };
      const pauses = Array.from({ length: byForm(0, 8, 20) }, (): Fault => 'pause');
      await using postgres = await startPostgres({ isSafe: true });
      const { wrongs } = await new ClusterChaos(postgres, SEED).run(pauses, env);
      // Violations of a history are objects. Everything else could have another cause.
      expect(wrongs.filter((wrong) => wrong.startsWith('{'))).not.toEqual([]);
    },
    HOUR,
  );
});
