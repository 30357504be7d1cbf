import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { isLong, isShort } from '../support/form.ts';

const PROGRAM = fileURLToPath(new URL('modules/growth.mjs', import.meta.url));
/** Batches between two measurements of the heap, after as many that warm up. */
const BATCHES = isLong ? 5_000 : 100;

interface Heaps {
  readonly master: number;
  readonly worker: number;
  readonly listeners: number;
  readonly variables: string[];
}

describe.skipIf(isShort)('a service that runs batches for a long time', () => {
  it(
    `uses no more memory after ${BATCHES} batches with aborts, timeouts, fixed arguments and crashes`,
    async () => {
      const args = ['--expose-gc', PROGRAM, String(BATCHES)];
      const { stdout } = await promisify(execFile)(process.execPath, args, {
        timeout: isLong ? 3_600_000 : 110_000,
      });
      const [before, after] = stdout
        .trim()
        .split('\n')
        .map((line) => unsafeCast<Heaps>(JSON.parse(line)));
      if (before === undefined || after === undefined) throw new Error(stdout);
      // Bytes per batch: an object that is leaked takes more.
      expect((after.master - before.master) / BATCHES).toBeLessThan(isLong ? 100 : 8_000);
      expect((after.worker - before.worker) / BATCHES).toBeLessThan(isLong ? 100 : 8_000);
      expect(after.listeners).toBe(0);
      expect(after.variables).toEqual([]);
    },
    isLong ? 3_600_000 : 120_000,
  );
});
