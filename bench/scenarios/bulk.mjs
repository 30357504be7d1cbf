import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atLeast, atMost, figure } from '../bed.mjs';

const MIB = 2 ** 20;
/** Milliseconds between two samples of the memory. */
const LOOK = 20;

/** Megabytes per second. */
const rate = (bytes, { seconds }) => bytes / seconds / 1e6;

/** The peak memory of a server during an operation, above the level before it. */
async function memoryDuring(server, what) {
  const before = server.memory.own;
  let most = before;
  const looking = setInterval(() => (most = Math.max(most, server.memory.own)), LOOK);
  try {
    return { result: await what(), growth: most - before };
  } finally {
    clearInterval(looking);
  }
}

export const bulk = {
  name: 'bulk',
  about: 'values of 1 MB and 1 GB, stored and fetched, beside a plain Node pipe',
  async run(bed) {
    const small = bed.size(1_000_000, 100_000);
    const count = bed.size(300, 10);
    const large = bed.size(1_000_000_000, 20_000_000);
    const folder = mkdtempSync(join(tmpdir(), 'sleigh-bench-'));
    try {
      const pipe = bed.load(await bed.program('pipe-server.mjs', small));
      const filePipe = bed.load(await bed.program('pipe-server.mjs', large, folder));
      const server = await bed.sleigh('--tmp-dir', folder);
      const load = bed.load(server);
      const others = bed.load(server);
      await pipe.does('bare', 1);
      await filePipe.does('bare', 1);
      await load.does('users', 1);
      await others.does('users', 10);
      return await bed.rounds(async () => {
        const plain = await pipe.does('stream', count, small);
        const value = await load.does('values', count, small);
        const plainLarge = await filePipe.does('keep', 1, large);
        const { result: valueLarge, growth } = await memoryDuring(server, () =>
          load.does('values', 1, large),
        );
        // The small requests are measured next to a separate server, so that they do not affect the comparison.
        const beside = load.does('values', 1, large);
        const small99 = await others.does('pings', bed.size(1.5, 0.1), 1);
        await beside;
        return [
          figure('1 MB', 'MB/s', rate(count * small, value)),
          figure('1 MB, a plain pipe', 'MB/s', rate(count * small, plain)),
          figure('1 MB, beside a plain pipe', '×', plain.seconds / value.seconds, atLeast(0.7)),
          figure('1 MB, processor time beside a plain pipe', '×', value.cpu / plain.cpu),
          figure('1 GB', 'MB/s', rate(large, valueLarge)),
          figure('1 GB, a plain pipe through a file', 'MB/s', rate(large, plainLarge)),
          figure('1 GB, beside a plain pipe', '×', plainLarge.seconds / valueLarge.seconds, atLeast(0.7)),
          figure('1 GB, processor time beside a plain pipe', '×', valueLarge.cpu / plainLarge.cpu),
          figure('1 GB, growth of the memory', 'MiB', growth / MIB, atMost(64)),
          figure('small requests of others meanwhile, p50', 'ms', small99.p50 / 1000),
          figure('small requests of others meanwhile, p99', 'ms', small99.p99 / 1000, atMost(20)),
        ];
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
