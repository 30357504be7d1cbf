import { describe, expect, it } from 'vitest';
import { memoryOf } from '../support/bystander.ts';
import type { Reply } from '../../src/verify/client-codec.ts';
import { ProtocolClient, type Details } from '../../src/verify/protocol-client.ts';
import { startServe } from '../support/serve-process.ts';
import { isLong, isShort } from '../support/form.ts';

// Everything that a client can make the server hold, each kind on a server of its own with limited memory: 32 MiB with
// VERIFY=long, where memory beyond the limit shows best.

const MIB = 2 ** 20;
const LIMIT = (isLong ? 32 : 8) * MIB;
/** MiB of memory that the process may use: Node itself takes about 70. */
const MAX_MEMORY = isLong ? 256 : 160;
const AT_ONCE = 100;

type Request = readonly [args: readonly string[], metadata?: Details];

/** Sends all requests at once. */
const ask = (client: ProtocolClient, requests: readonly Request[]): Promise<Reply[]> =>
  Promise.all(requests.map(([args, metadata]) => client.begin(args, metadata).whenAnswered));

interface Kind {
  readonly what: string;
  /** Requested once. */
  readonly first?: readonly Request[];
  /** Requested repeatedly until it is refused. */
  readonly again: (n: number) => Request | readonly Request[];
}

const job = (metadata: Record<string, string> = {}): Request => [
  ['open ws', 'job', 'me', 'no'],
  { wstype: 'sleigh', ...metadata },
];
const open: Request = [['open ws', 'w', 'me', 'no']];
const long = (n: number): string => String(n).padEnd(9_900, 'x');
const entries = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, '']));

const KINDS: readonly Kind[] = [
  { what: 'values of no bytes', first: [open], again: () => [['store', 'w', 'x', '1', '']] },
  { what: 'values', first: [open], again: (n) => [['store', 'w', 'x', '1', long(n)]] },
  { what: 'metadata of values', first: [open], again: () => [['store', 'w', 'x', '1', ''], entries(300)] },
  {
    what: 'variables that are declared',
    first: [open],
    again: (n) => [['declare var', 'w', `${n}`, 'fifo']],
  },
  { what: 'variables that a get makes', first: [open], again: (n) => [['findTry', 'w', `v${n}`]] },
  { what: 'names of variables', first: [open], again: (n) => [['declare var', 'w', long(n), 'lifo']] },
  { what: 'workspaces', again: (n) => [['open ws', `w${n}`, 'me', 'yes']] },
  { what: 'workspaces without an owner', again: (n) => [['use ws', long(n), 'me', 'yes']] },
  { what: 'temporary workspaces', again: () => [['mktemp ws', 'w%d']] },
  { what: 'labels of owners', again: (n) => [['open ws', `w${n}`, long(n), 'yes']] },
  { what: 'metadata of workspaces', again: (n) => [['open ws', `w${n}`, 'me', 'yes'], entries(1_000)] },
  {
    what: 'members of barriers',
    first: [open],
    again: (n) => [[['declare var', 'w', `b${n}`, '__barrier']], [['store', 'w', `b${n}`, '1', '']]],
  },
  {
    what: 'leases',
    first: [open],
    again: () => [[['store', 'w', 'x', '1', '']], [['takeTry', 'w', 'x', '600000000']]],
  },
  { what: 'jobs', again: (n) => [['open ws', `w${n}`, 'me', 'yes'], { wstype: 'sleigh' }] },
  { what: 'ranks', first: [job()], again: () => [['fetch', 'job', 'worker_ids']] },
  { what: 'names of fixed arguments', first: [job()], again: () => [['find', 'job', 'fixedargID']] },
  { what: 'tasks', first: [job()], again: () => [['store', 'job', 'task', '1', '']] },
  {
    what: 'batches',
    first: [job()],
    again: (n) => [['store', 'job', 'task', '1', ''], { batchId: `b${n}` }],
  },
  {
    what: 'batches of one task in a mailbox',
    first: [job()],
    again: (n) => [
      ['store', 'job', 'task', '1', ''],
      { mailbox: `m${n}`, batchId: Array.from({ length: 1_000 }, (_, k) => `${n}.${k}`).join() },
    ],
  },
  {
    what: 'broadcasts to ranks that nobody registers under',
    first: [
      job({ rankCount: '100000', onDeadWorker: 'null' }),
      [['find', 'job', 'workerCount']],
      [['fetch', 'job', 'status'], { delay: '0' }],
    ],
    again: () => [['store', 'job', 'broadcast', '1', ''], entries(300)],
  },
  {
    what: 'large broadcasts to ranks that nobody registers under',
    first: [
      job({ rankCount: '100000', onDeadWorker: 'null' }),
      [['find', 'job', 'workerCount']],
      [['fetch', 'job', 'status'], { delay: '0' }],
    ],
    again: () => [['store', 'job', 'broadcast', '1', 'x'.repeat(50_000)]],
  },
];

describe('all memory that the server holds for clients has a limit (P12)', () => {
  it.each(KINDS.filter((_, n) => !isShort || n % 12 === 0))(
    '$what',
    { timeout: 180_000 },
    async ({ first = [], again }) => {
      await using server = await startServe(
        '--limit',
        `memoryBytes=${LIMIT}`,
        '--limit',
        `incomingBytes=${8 * MIB}`,
        '--log-level',
        'error',
      );
      const address = { host: '127.0.0.1', port: server.port };
      const filler = await ProtocolClient.ready(address);
      for (const request of first) await ask(filler, [request]);
      let refusal = '';
      for (let n = 0; refusal === '' && n < 400_000; n += AT_ONCE) {
        const requests = Array.from({ length: AT_ONCE }, (_, k) => again(n + k)).flatMap((made) =>
          isRequest(made) ? [made] : made,
        );
        const replies = await ask(filler, requests);
        refusal = replies.find(({ status }) => status !== '0000')?.reason ?? '';
        if (refusal === 'no value available') refusal = '';
        expect(memoryOf(server.pid)).toBeLessThan(MAX_MEMORY);
      }
      // When nearly full there is no room for the request itself, either.
      expect(refusal).toMatch(
        /^Refused: (the server holds \d+ bytes in memory|requests that are coming in take \d+ bytes); the limit is \d+\.$/,
      );
      expect(memoryOf(server.pid)).toBeLessThan(MAX_MEMORY);
      // The server still serves existing clients and new ones.
      const other = await ProtocolClient.ready(address);
      expect((await other.ask(['list wss', '__default'])).status).toBe('0000');
      for (const client of [filler, other]) client.vanish();
    },
  );
});

const isRequest = (made: Request | readonly Request[]): made is Request => typeof made[0]?.[0] === 'string';
