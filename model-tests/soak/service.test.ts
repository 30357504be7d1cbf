import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isLong, isShort } from '../../test/support/form.ts';

const SERVICE = fileURLToPath(new URL('../../examples/service/main.mjs', import.meta.url));
/** A minute, or as long as `npm run soak -- --minutes 60` says. */
const SECONDS = 60 * (isLong ? Number(process.env['MINUTES'] ?? 60) : 1);
const CLIENTS = 8;
const MIB = 2 ** 20;
/** Milliseconds within which 99 of 100 quick requests are answered, on a machine that does other things as well. */
const P99_MS = 3_000;

interface Tally {
  readonly latencies: number[];
  /** The answers of each kind of request, and how often each came. */
  readonly answers: Map<string, number>;
}

const quantile = (numbers: readonly number[], share: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(share * (numbers.length - 1))] ?? 0;

async function heapOf(service: ChildProcess): Promise<number> {
  service.send('measure');
  const [{ heap }] = await once(service, 'message');
  return heap;
}

/** One client: mostly quick requests, and some that crash, time out, or are given up. */
async function use(
  address: string,
  until: number,
  client: number,
  { latencies, answers }: Tally,
): Promise<void> {
  for (let n = client; performance.now() < until; n++) {
    const kind = n % 200 === 7 ? 'crash' : n % 100 === 3 ? 'late' : n % 60 === 1 ? 'aborted' : 'quick';
    const path = {
      crash: '/crash?n=0',
      late: '/nap?n=60000',
      aborted: '/nap?n=60000',
      quick: '/primes?n=5000',
    }[kind];
    const begun = performance.now();
    const signal = kind === 'aborted' ? AbortSignal.timeout(50) : null;
    const answer = await fetch(`${address}${path}`, { signal }).then(
      async (response) => `${response.status}${response.ok ? ` ${await response.text()}` : ''}`,
      (error: unknown) => (error instanceof Error ? error.name : 'an error'),
    );
    answers.set(`${kind}: ${answer}`, (answers.get(`${kind}: ${answer}`) ?? 0) + 1);
    if (kind === 'quick') latencies.push(performance.now() - begun);
  }
}

async function load(address: string, seconds: number): Promise<Tally> {
  const tally: Tally = { latencies: [], answers: new Map() };
  const until = performance.now() + seconds * 1_000;
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => use(address, until, client, tally)));
  return tally;
}

describe.skipIf(isShort)('a service whose handlers share one pool', () => {
  it(
    'answers every request, also while workers crash and clients give up, in constant memory',
    async () => {
      const service = fork(SERVICE, ['0'], {
        execArgv: ['--expose-gc'],
        stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
      });
      const { stdout } = service;
      if (stdout === null) throw new Error('the service has no output');
      const [line] = await once(createInterface(stdout), 'line');
      const address = new URL(String(line)).origin;
      try {
        await load(address, SECONDS / 3);
        const before = await heapOf(service);
        const { latencies, answers } = await load(address, (2 * SECONDS) / 3);
        // Calls that were given up end with their workers.
        await sleep(1_000);
        const grown = (await heapOf(service)) - before;
        const p99 = quantile(latencies, 0.99);
        console.log(
          `service: ${latencies.length} quick requests, p50 ${quantile(latencies, 0.5).toFixed(1)} ms, ` +
            `p99 ${p99.toFixed(1)} ms; heap +${(grown / MIB).toFixed(1)} MiB; ${JSON.stringify([...answers])}`,
        );
        // On a busy machine a client may give up so late that the time limit of its call has elapsed.
        const late = 'aborted: 504';
        expect([...answers.keys()].filter((answer) => answer !== late).toSorted()).toEqual([
          'aborted: TimeoutError',
          'crash: 502',
          'late: 504',
          'quick: 200 669',
        ]);
        expect(answers.get(late) ?? 0).toBeLessThan((answers.get('aborted: TimeoutError') ?? 0) / 10);
        expect(p99).toBeLessThan(P99_MS);
        expect(grown).toBeLessThan(4 * MIB);
      } finally {
        service.kill();
        await once(service, 'exit');
      }
    },
    SECONDS * 1_000 + 60_000,
  );
});
