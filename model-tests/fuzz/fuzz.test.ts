import { describe, expect, it } from 'vitest';
import { fuzzCore } from './in-process.ts';
import { fuzzTcp } from './over-tcp.ts';
import { byForm, isLong } from '../../test/support/form.ts';

// 8,000 frames, 100,000 with VERIFY=ci; FRAMES=n for more (`npm run fuzz -- --frames n`), SEED=n for one seed.

const FRAMES = Number(process.env['FRAMES'] ?? byForm(8_000, 100_000, 10_000_000));
/** The number of TCP conversations per hundred in the process. */
const TCP_SHARE = isLong ? 0.01 : 0.03;
const only = process.env['SEED'];
const HOURS = 4 * 3_600_000;

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

describe('malformed and random frames', () => {
  it(
    'never crash the core: every reply is well formed, nothing leaks, and a correct client is served',
    () => {
      const started = performance.now();
      const sum = { frames: 0, bytes: 0, seeds: 0, longest: 0, heap: 0 };
      const wrongs: string[] = [];
      for (let seed = Number(only ?? 1); sum.frames < FRAMES && wrongs.length === 0; seed++) {
        const outcome = fuzzCore(seed);
        sum.seeds++;
        sum.frames += outcome.frames;
        sum.bytes += outcome.bytes;
        sum.longest = Math.max(sum.longest, outcome.longest);
        sum.heap = Math.max(sum.heap, process.memoryUsage().heapUsed);
        wrongs.push(...outcome.wrongs);
        if (only !== undefined) break;
      }
      const seconds = (performance.now() - started) / 1_000;
      console.log(
        `fuzz, in process: ${sum.frames} frames (${mebibytes(sum.bytes)}) of ${sum.seeds} seeds in ` +
          `${seconds.toFixed(1)} s; longest step ${sum.longest.toFixed(1)} ms of processor time, heap at most ${mebibytes(sum.heap)}`,
      );
      expect(wrongs).toEqual([]);
      expect(sum.longest).toBeLessThan(500);
      expect(sum.heap).toBeLessThan(2 ** 30);
    },
    HOURS,
  );

  it.skipIf(only !== undefined)(
    'never crash a server over TCP, nor delay a correct client',
    async () => {
      const { frames, connections, wrongs, memory, p99 } = await fuzzTcp(1, FRAMES * TCP_SHARE);
      console.log(
        `fuzz, over TCP: ${frames} frames on ${connections} connections; an honest client waits ` +
          `${p99.toFixed(1)} ms at p99, the server has ${memory.toFixed(0)} MiB at most`,
      );
      expect(wrongs).toEqual([]);
      expect(memory).toBeLessThan(1_024);
      // Generous in a short run, which shares the machine with other tests.
      expect(p99).toBeLessThan(isLong ? 50 : 5_000);
    },
    HOURS,
  );
});
