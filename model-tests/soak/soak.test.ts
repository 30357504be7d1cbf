import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { RecordingProxy } from '../../src/verify/history/recording-proxy.ts';
import { mustBeRight } from '../history/must-be-right.ts';
import { Random } from '../world/random.ts';
import { visit } from './load.ts';
import { isLong } from '../../test/support/form.ts';

// A few seconds; MINUTES=n for more (`npm run soak -- --minutes 30`).

const SECONDS = isLong ? 60 * Number(process.env['MINUTES'] ?? 30) : 2;
const AT_A_TIME = 8;
/** The number of parts of the load; the resources are checked after each. */
const SLICES = isLong ? 5 : 2;
const SERVER = fileURLToPath(new URL('server-process.mjs', import.meta.url));
const MIB = 2 ** 20;
const RECORDED_VISITS = 2_000;

interface Held {
  readonly heap: number;
  readonly descriptors: number;
  readonly timers: number;
  readonly files: number;
  /** What it logged as errors, violations of its machines included. */
  readonly errors: readonly string[];
}

async function ask(server: ChildProcess): Promise<Held> {
  server.send('measure');
  const [held] = await once(server, 'message');
  return held;
}

/** Clients connect and disconnect, and in the end none is left. */
async function load(port: number, random: Random, seconds: number): Promise<number> {
  // What the first visitors see is recorded and checked.
  using proxy = await RecordingProxy.before(() => ({ host: '127.0.0.1', port }));
  const until = performance.now() + seconds * 1_000;
  let visits = 0;
  const visitors = Array.from({ length: AT_A_TIME }, async () => {
    while (performance.now() < until)
      await visit(++visits <= RECORDED_VISITS ? proxy.port : port, random, String(visits));
  });
  await Promise.all(visitors);
  const { operations, judged } = mustBeRight('soak', proxy.recording.operations(false));
  console.log(`soak: ${operations} operations recorded; judged: ${JSON.stringify(judged)}`);
  return visits;
}

describe('jobs, workspaces and connections that are created and removed all the time', () => {
  it(
    'leak no memory, file descriptors, timers or temporary files',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'sleigh-soak-'));
      const server = fork(SERVER, [folder], { execArgv: ['--expose-gc'] });
      try {
        const [{ port }] = await once(server, 'message');
        const random = new Random(1);
        // Code that is compiled and caches that are filled at first use stay.
        await load(port, random, isLong ? 60 : 1);
        await sleep(1_000);
        const before = await ask(server);
        let visits = 0;
        const course = [before];
        for (let n = 0; n < SLICES; n++) {
          visits += await load(port, random, SECONDS / SLICES);
          await sleep(isLong ? 6_000 : 1_000);
          course.push(await ask(server));
        }
        const [after = before] = course.slice(-1);
        const heaps = course.map(({ heap }) => (heap / MIB).toFixed(1));
        console.log(
          `soak: ${visits} visits in ${SECONDS} s; heap ${heaps.join(' → ')} MiB, descriptors ${before.descriptors} → ${after.descriptors}, ` +
            `timers ${before.timers} → ${after.timers}, temporary files ${before.files} → ${after.files}`,
        );
        expect(after).toMatchObject({
          descriptors: before.descriptors,
          timers: before.timers,
          files: 0,
          errors: [],
        });
        // Growing once is not a leak; growing repeatedly is.
        const [, first = before] = course;
        expect(after.heap - first.heap).toBeLessThan((isLong ? 2 : 8) * MIB);
      } finally {
        server.kill('SIGKILL');
        rmSync(folder, { recursive: true });
      }
    },
    2 * 3_600_000,
  );
});
