import { describe, expect, it } from 'vitest';
import { byForm, isShort } from '../../test/support/form.ts';
import { faultyServer } from '../world/faulty-server.ts';
import { ServerChaos } from './server-chaos.ts';

// 3 kills with VERIFY=ci; SERVER_KILLS=n and SEED=n for others (`npm run chaos -- --server --kills 1000`).

const KILLS = Number(process.env['SERVER_KILLS'] ?? byForm(0, 3, 1_000));
const SEED = Number(process.env['SEED'] ?? 1);
const HOUR = 3_600_000;

/** A server that sends its replies before what they say is durable. */
const REPLIES_BEFORE_COMMIT = {
  file: 'src/transport/durability.ts',
  from: 'const isTouched = this.#core.isTouched;',
  to: 'const isTouched = false;',
};

describe.skipIf(isShort)('a job whose server is killed with -9 and started again, again and again', () => {
  it(
    'gets one answer for each element, none lost, none twice and none null, and calls each once (P15, D2, D8)',
    async () => {
      const { wrongs, elements, recoveries } = await new ServerChaos(SEED).run(KILLS);
      const sorted = recoveries.toSorted((a, b) => a - b);
      const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0);
      console.log(
        `chaos of the server: ${KILLS} kills, ${elements} elements; the next answer came ${at(0.5)} ms (median), ` +
          `${at(0.99)} ms (p99), ${at(1 - 1e-9)} ms at most after a kill`,
      );
      expect(wrongs).toEqual([]);
      expect(elements).toBeGreaterThan(KILLS);
    },
    HOUR,
  );

  it(
    'finds a server that replies before it commits (D2)',
    async () => {
      const env = await faultyServer(REPLIES_BEFORE_COMMIT);
      const { wrongs } = await new ServerChaos(SEED, env).run(byForm(0, 20, 50));
      expect(wrongs).not.toEqual([]);
    },
    HOUR,
  );
});
