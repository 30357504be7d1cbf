import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pad20 } from '../../src/wire/numbers.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { Bystander } from '../../test/support/bystander.ts';
import { eventually } from '../../test/support/eventually.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { startServe, type ServeProcess } from '../../test/support/serve-process.ts';
import { isLong, isShort } from '../../test/support/form.ts';

// Runs against a server in a process of its own, next to a correct client. VERIFY=long runs everything, with strict
// time limits.

const MIB = 2 ** 20;
/** The maximum wait of a correct client in milliseconds at p99. A short run shares the machine with other tests. */
const LONGEST_WAIT_MS = isLong ? 50 : 5_000;

let server: ServeProcess;
let bystander: Bystander;

async function start(...flags: string[]): Promise<void> {
  server = await startServe('--log-level', 'warn', ...flags);
  bystander = await Bystander.at(server);
}

beforeEach(() => start());
afterEach(() => server[Symbol.asyncDispose]());

/** The times of the correct client, and the resources of the server. */
async function figures(what: string): Promise<{ p99: number; memory: number }> {
  const { p99, most, count } = await bystander.end();
  const { memory } = bystander;
  console.log(
    `floods, ${what}: an honest client waits ${p99.toFixed(1)} ms at p99 of ${count}, ${most.toFixed(0)} at most; ` +
      `the server has ${memory.toFixed(0)} MiB at most`,
  );
  return { p99, memory };
}

const storeHead = (workspace: string, size: number): string =>
  `0005${['store', workspace, 'x', '1'].map((arg) => pad20(arg.length) + arg).join('')}${pad20(size)}`;

/** Writes, and waits until the data has been sent or cannot be. */
async function writeAll(client: ProtocolClient, bytes: Buffer): Promise<void> {
  if (!client.socket.write(bytes))
    await Promise.race([once(client.socket, 'drain'), sleep(5_000, undefined, { ref: false })]);
}

describe('a flood', () => {
  it('of replies to a client that never reads uses little memory (P11)', async () => {
    const client = await ProtocolClient.ready(server, {});
    await client.ask(['open ws', 'large', 'me', 'no']);
    const value = Buffer.alloc(10 * MIB, 'v');
    client.write(storeHead('large', value.length));
    await writeAll(client, value);
    expect(await client.read(4)).toBe('0000');
    // 1 GB of one value, and as much of listings, each a separate text.
    const deaf = await Promise.all([1, 2].map(() => ProtocolClient.ready(server, {})));
    const stored = Array.from({ length: 2_000 }, (_, n) =>
      client.begin(['store', 'large', `variable ${n} ${'x'.repeat(200)}`, '1', '']),
    );
    await Promise.all(stored.map(({ whenAnswered }) => whenAnswered));
    for (const [n, request] of [
      ['find', 'large', 'x'],
      ['list vars', 'large'],
    ].entries()) {
      deaf[n]?.pause();
      void deaf[n]?.begin(['use ws', 'large', 'me', 'no']);
      deaf[n]?.write(encodeRequest(request, undefined).repeat(n === 0 ? 100 : 2_000));
    }
    await sleep(isLong ? 10_000 : 500);
    const { p99, memory } = await figures('2 GB for clients that never read');
    expect(memory).toBeLessThan(300);
    expect(p99).toBeLessThan(LONGEST_WAIT_MS);
    for (const client of deaf) client.reset();
  }, 60_000);
});

describe.skipIf(isShort)('a flood', () => {
  it('of large incomplete requests uses no more memory than the limit, and other clients are served (P12)', async () => {
    const clients = await Promise.all(
      Array.from({ length: isLong ? 400 : 10 }, () => ProtocolClient.ready(server, {})),
    );
    const most = Buffer.alloc(15 * MIB, 'v');
    for (const client of clients) {
      client.write(storeHead('w', 16 * MIB - 1));
      await writeAll(client, most);
    }
    const { p99, memory } = await figures(`${clients.length} stores of 16 MiB without their last`);
    expect(memory).toBeLessThan(900);
    expect(p99).toBeLessThan(LONGEST_WAIT_MS);
  }, 120_000);

  it('of 50,000 connections a minute is handled', async () => {
    const seconds = isLong ? 60 : 1;
    const began = performance.now();
    let count = 0;
    while (performance.now() - began < seconds * 1_000) {
      const due = ((performance.now() - began) / 60_000) * 50_000;
      for (; count < due; count++) {
        const socket = connect({ port: server.port, host: '127.0.0.1' });
        socket.on('error', () => undefined);
        // A handshake and then the end: some with a reset.
        socket.once('connect', () => socket.write('X000R0000000'));
        if (count % 3 === 0) socket.once('data', () => socket.resetAndDestroy());
        else socket.once('data', () => socket.end());
      }
      await sleep(5);
    }
    const { p99, memory } = await figures(`${count} connections in ${seconds} s`);
    expect(count).toBeGreaterThan(seconds * (isLong ? 800 : 100));
    expect(memory).toBeLessThan(300);
    expect(p99).toBeLessThan(LONGEST_WAIT_MS);
  }, 120_000);

  it('of requests sent one byte at a time ends at the request timeout, and uses little processor time (P12)', async () => {
    await bystander.end();
    await server[Symbol.asyncDispose]();
    await start('--limit', 'requestSeconds=2', '--limit', 'handshakeSeconds=2');
    const slow = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        n % 2 === 0 ? ProtocolClient.open(server) : ProtocolClient.ready(server, {}),
      ),
    );
    const drip = setInterval(() => {
      for (const client of slow) client.write('0');
    }, 1_000);
    await Promise.all(slow.map((client) => client.ended()));
    clearInterval(drip);
    expect((await figures('200 clients that send a byte a second')).p99).toBeLessThan(LONGEST_WAIT_MS);
  }, 60_000);
});

/** Requests in one segment, and how often a client repeats them. */
interface Attack {
  readonly what: string;
  readonly first?: readonly string[];
  readonly requests: (round: number) => string;
}

const withMetadata = (args: readonly string[], metadata: Readonly<Record<string, string>> = {}): string =>
  encodeRequest(args, new Map(Object.entries(metadata)));
const times = (count: number, make: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => make(n)).join('');
const nearlyANumber = `${'1'.repeat(9_900)}x`;
const long = (n: number): string => `${'n'.repeat(9_900)}${n}`;

const ATTACKS: readonly Attack[] = [
  {
    what: 'texts that almost look like numbers',
    requests: () =>
      withMetadata(['open ws', 'job', 'me', 'no'], {
        wstype: 'sleigh',
        sentinelRefreshPeriod: nearlyANumber,
        workerGracePeriod: nearlyANumber,
        reconnectGrace: nearlyANumber,
      }).repeat(50),
  },
  {
    what: 'pipelines of small requests',
    requests: () => withMetadata(['findTry', '__default', 'x']).repeat(5_000),
  },
  {
    what: 'jobs that are created and deleted',
    requests: (round) =>
      times(20, (n) => withMetadata(['open ws', `${round} ${n}`, 'me', 'no'], { wstype: 'sleigh' })) +
      times(20, (n) => withMetadata(['delete ws', `${round} ${n}`])),
  },
  {
    what: 'workspaces of many variables, listed and deleted',
    requests: (round) =>
      withMetadata(['open ws', `w${round}`, 'me', 'no']) +
      times(3_000, (n) => withMetadata(['declare var', `w${round}`, `v${n}`, 'fifo'])) +
      withMetadata(['list vars', `w${round}`]).repeat(3) +
      withMetadata(['delete ws', `w${round}`]),
  },
  {
    what: 'listings of names that differ only in their last letters',
    first: [
      withMetadata(['open ws', 'w', 'me', 'no']),
      ...Array.from({ length: 3_000 }, (_, n) => withMetadata(['declare var', 'w', long(n), 'fifo'])),
    ],
    requests: () => withMetadata(['list vars', 'w']),
  },
  {
    what: 'broadcasts to ranks that nobody registers under',
    first: [
      withMetadata(['open ws', 'job', 'me', 'no'], {
        wstype: 'sleigh',
        rankCount: '100000',
        onDeadWorker: 'null',
      }),
      withMetadata(['find', 'job', 'workerCount']),
      withMetadata(['fetch', 'job', 'status'], { delay: '0' }),
    ],
    requests: () => withMetadata(['store', 'job', 'broadcast', '1', ''], { batchId: 'b' }).repeat(100),
  },
  {
    what: 'guessed sessions',
    first: [
      withMetadata(['open ws', 'job', 'me', 'no'], {
        wstype: 'sleigh',
        onDeadWorker: 'requeue',
        reconnectGrace: '100',
      }),
      withMetadata(['fetch', 'job', 'worker_ids']),
      withMetadata(['store', 'job', 'worker_ids', '1', '0'], { session: 'secret' }),
    ],
    requests: (round) =>
      times(200, (n) =>
        withMetadata(['store', 'job', 'worker_ids', '1', '0'], { session: `guess ${round} ${n}` }),
      ),
  },
  {
    what: 'variables that are deleted one by one between listings',
    requests: (round) =>
      withMetadata(['open ws', `w${round}`, 'me', 'no']) +
      times(2_000, (n) => withMetadata(['declare var', `w${round}`, `v${n}`, 'fifo'])) +
      times(2_000, (n) =>
        withMetadata(['delete var', `w${round}`, `v${n}`]).concat(
          n % 500 === 0 ? withMetadata(['list vars', `w${round}`]) : '',
        ),
      ) +
      withMetadata(['delete ws', `w${round}`]),
  },
  {
    what: 'reports of a job of many ranks',
    first: [
      withMetadata(['open ws', 'job', 'me', 'no'], { wstype: 'sleigh' }),
      ...Array.from({ length: 10_000 }, () => withMetadata(['fetch', 'job', 'worker_ids'])),
    ],
    requests: () =>
      withMetadata(['find', 'job', 'agentStatus']) + withMetadata(['find', 'job', 'scoreboard']),
  },
];

describe.skipIf(isShort)('a client that sends expensive requests (P14)', () => {
  it.each(ATTACKS)('$what', { timeout: 180_000 }, async ({ what, first = [], requests }) => {
    await bystander.end();
    const options = { MetadataToServer: '1' };
    const rude = await Promise.all(Array.from({ length: 4 }, () => ProtocolClient.ready(server, options)));
    const [one] = rude;
    // Replies are read and ignored.
    for (const { socket } of rude) socket.removeAllListeners('data').resume();
    for (let at = 0; at < first.length; at += 200) {
      await writeAll(
        one ?? (await ProtocolClient.ready(server, {})),
        Buffer.from(first.slice(at, at + 200).join(''), 'latin1'),
      );
      await sleep(20);
    }
    await sleep(500);
    bystander = await Bystander.at(server);
    const until = performance.now() + (isLong ? 20_000 : 500);
    await Promise.all(
      rude.map(async (client, n) => {
        if (first.length > 0)
          client.write(
            withMetadata(['use ws', first[0]?.includes('job') === true ? 'job' : 'w', 'me', 'no']),
          );
        for (let round = n; performance.now() < until; round += rude.length) {
          await writeAll(client, Buffer.from(requests(round), 'latin1'));
          await sleep(5);
        }
      }),
    );
    const { p99, memory } = await figures(what);
    expect(memory).toBeLessThan(600);
    expect(p99).toBeLessThan(LONGEST_WAIT_MS);
    for (const client of rude) client.reset();
  });
});

const canMount = ((): boolean => {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!canMount)('a full disk', () => {
  it.skipIf(isShort)(
    'refuses the large value with a reason, and affects nothing else (P11)',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'sleigh-full-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', folder]);
      try {
        await bystander.end();
        await server[Symbol.asyncDispose]();
        await start('--tmp-dir', folder, '--long-value-size', String(MIB));
        const client = await ProtocolClient.ready(server, { MetadataFromServer: '1' });
        const store = async (size: number): Promise<string> => {
          client.write(storeHead('w', size));
          await writeAll(client, Buffer.alloc(size, 'v'));
          const { status, reason } = await client.reply('store');
          return `${status} ${reason}`;
        };
        await client.ask(['open ws', 'w', 'me', 'no']);
        expect(await store(15 * MIB)).toBe('0000 ');
        expect(await store(10 * MIB)).toMatch(/^0001 Refused: a value that could not be kept: ENOSPC/);
        // Existing data stays, and when it is deleted there is room again.
        const { status, value } = await client.ask(['fetch', 'w', 'x']);
        expect([status, value.length]).toEqual(['0000', 15 * MIB]);
        await eventually(async () => (await store(10 * MIB)) === '0000 ', 'there is room again');
        expect((await figures('a full disk')).p99).toBeLessThan(LONGEST_WAIT_MS);
      } finally {
        await server[Symbol.asyncDispose]();
        execFileSync('umount', [folder]);
        rmSync(folder, { recursive: true });
      }
    },
    60_000,
  );
});
