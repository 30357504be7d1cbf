import { afterEach, describe, expect, it } from 'vitest';
import { createServer, type Limits, type Server } from '../../src/index.ts';
import { LIMITS } from '../../src/wire/limits.ts';
import { pad20 } from '../../src/wire/numbers.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { scrapeOf } from '../support/scrape.ts';

const MIB = 2 ** 20;

let server: Server;
const clients: ProtocolClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.reset();
  await server.close();
});

async function join(workspace = 'w'): Promise<ProtocolClient> {
  const client = await ProtocolClient.ready(server, {});
  clients.push(client);
  await client.ask(['open ws', workspace, 'me', 'no']);
  return client;
}

interface Use {
  /** As a share of the limit, from 0 to 1 and above. */
  readonly used: number;
  readonly bound: number;
  readonly refusals: number;
}

async function useOf(limit: keyof Limits): Promise<Use> {
  const samples = await scrapeOf(server.web?.url ?? '');
  const of = (name: string): number | undefined => samples.get(`${name}{limit="${limit}"}`);
  const bound = of('sleigh_limit_bound') ?? Number.NaN;
  const used = (of('sleigh_limit_used') ?? Number.NaN) / bound;
  return { used, bound, refusals: of('sleigh_refusals_total') ?? 0 };
}

/** Uses some more of a limit. */
type Step = () => Promise<unknown>;

const arrive: Step = async () => clients.push(await ProtocolClient.open(server));

const stores =
  (size: number, workspace: (n: number) => string = () => 'w') =>
  (): Step => {
    let n = 0;
    return async () => {
      const client = clients[0] ?? (await join());
      const name = workspace(n++);
      await client.ask(['use ws', name, 'me', 'no']);
      await client.ask(['store', name, 'x', '1', 'v'.repeat(size)]);
    };
  };

const incomplete = (): Step => async () => {
  const client = await join();
  // A refused request is counted once it is complete, as this one is.
  await client.ask(['store', 'w', 'x', '1', 'v'.repeat(100_000)]);
  const head = ['store', 'w', 'x', '1'].map((arg) => pad20(arg.length) + arg).join('');
  client.write(`0005${head}${pad20(100_000)}${'v'.repeat(99_999)}`);
};

const unread = (): Step => async () => {
  const [first] = clients;
  if (first === undefined) {
    await (await join()).ask(['store', 'w', 'x', '1', 'v'.repeat(MIB)]);
    return;
  }
  const client = await join();
  client.pause();
  // More than the buffers of the system hold.
  client.write(encodeRequest(['find', 'w', 'x'], undefined).repeat(20));
};

describe('/metrics shows a limit that fills up before it applies, and counts refusals', () => {
  it.each<[limit: keyof Limits, bound: number, step: () => Step, others?: Partial<Limits>]>([
    ['memoryBytes', 2 * MIB, stores(100_000)],
    ['clientMemoryBytes', 2 * MIB, stores(100_000)],
    ['workspaceMemoryBytes', 2 * MIB, stores(100_000)],
    ['serverBytes', 2 * MIB, stores(100_000)],
    ['serverBytes', 2 * MIB, stores(100_000), { longValueBytes: 50_000 }],
    ['incomingBytes', MIB, incomplete],
    ['unreadBytes', 8 * MIB, unread],
    ['connectionCount', 10, () => arrive],
  ])(
    '%s of %i',
    async (limit, bound, stepper, others = {}) => {
      server = await createServer({
        port: 0,
        logLevel: 'silent',
        limits: { [limit]: bound, ...others },
        web: { port: 0 },
      });
      const step = stepper();
      const seen: Use[] = [await useOf(limit)];
      expect(seen[0]).toMatchObject({ bound, refusals: 0 });
      expect(seen[0]?.used).toBeLessThan(0.2);
      for (let n = 0; n < 60 && seen.at(-1)?.refusals === 0; n++) {
        await step();
        seen.push(await useOf(limit));
      }
      expect(seen.at(-1)?.refusals).toBeGreaterThan(0);
      const before = seen.filter(({ refusals }) => refusals === 0).map(({ used }) => used);
      // An alert at 80 % would fire, and nothing is refused before.
      expect(Math.max(...before)).toBeGreaterThan(0.5);
      expect(Math.max(...before)).toBeLessThanOrEqual(1);
      for (const client of clients.splice(0)) client.reset();
    },
    60_000,
  );
});

describe('the table of limits', () => {
  it('names the limits whose use is shown', async () => {
    server = await createServer({ port: 0, logLevel: 'silent', web: { port: 0 } });
    const samples = [...(await scrapeOf(server.web?.url ?? '')).keys()];
    const shown = samples.flatMap((name) => /^sleigh_limit_used\{limit="(\w+)"\}$/.exec(name)?.[1] ?? []);
    const used = Object.entries(LIMITS).flatMap(([name, { metric }]) => (metric === 'used' ? [name] : []));
    expect(shown.filter((name) => name !== 'descriptors').toSorted()).toEqual(used.toSorted());
  });
});

describe('a refusal at a limit that was not filled', () => {
  it.each<[limit: keyof Limits, bound: number, args: string[]]>([
    ['valueBytes', 10, ['store', 'w', 'x', '1', 'v'.repeat(11)]],
    ['nameBytes', 20, ['findTry', 'w', 'x'.repeat(21)]],
    ['argumentCount', 5, ['store', 'w', 'x', '1', 'v', 'more']],
    ['workspaceBytes', 10, ['store', 'w', 'x', '1', 'v'.repeat(11)]],
  ])('is counted under its limit: %s', async (limit, bound, args) => {
    server = await createServer({
      port: 0,
      logLevel: 'silent',
      limits: { [limit]: bound },
      web: { port: 0 },
    });
    const client = await join();
    client.begin(args);
    await eventually(async () => (await useOf(limit)).refusals === 1, 'it is counted');
    client.begin(args);
    await eventually(async () => (await useOf(limit)).refusals === 2, 'it is counted again');
  });
});
