import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkHistory, type HistoryReport } from '../../src/verify/history/check.ts';
import { RecordingProxy } from '../../src/verify/history/recording-proxy.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { startServe } from '../../test/support/serve-process.ts';
import { Random } from '../world/random.ts';

const WORKSPACE = 'kept';
const MODES = ['fifo', 'lifo', 'multi', 'single'] as const;
/** Clients of each variable. */
const CLIENTS = 2;
/** Milliseconds that a server lives, once its clients are there. */
const LIFE = { least: 20, most: 250 };

export interface KillsReport extends HistoryReport {
  /** The number of values that were left in the end, and taken out then. */
  readonly left: number;
  /** The number of requests that were answered. */
  readonly answered: number;
}

/** Uses one variable until the server ends. */
async function useUntilKilled(client: ProtocolClient, variable: string, random: Random): Promise<number> {
  let answered = 0;
  try {
    for (;;) {
      const verb = random.pick('store', 'store', 'store', 'fetchTry', 'fetchTry', 'findTry');
      const value = `${variable} ${random.whole(0, 2 ** 40)}`;
      const rest = verb === 'store' ? ['1', value] : [];
      await client.ask([verb, WORKSPACE, variable, ...rest]);
      answered++;
    }
  } catch {
    client.vanish();
  }
  return answered;
}

/**
 * Kills a server with -9 again and again while clients use a variable of each mode, and starts it with the same data. What
 * the clients saw is checked as the history of one server, which loses connections and nothing else.
 * @param sync as for `sleigh serve --sync`
 * @param env of the servers, for those with a planted fault
 */
export async function killServers(
  kills: number,
  seed: number,
  { sync = 'always', env = {} }: { sync?: string; env?: Record<string, string> } = {},
): Promise<KillsReport> {
  const random = new Random(seed);
  const folder = mkdtempSync(join(tmpdir(), 'sleigh-kills-'));
  const address = { host: '127.0.0.1', port: 0 };
  using proxy = await RecordingProxy.before(() => address);
  const serve = async () => {
    const server = await startServe('--data', folder, '--sync', sync, '--log-level', 'error', env);
    address.port = server.port;
    return server;
  };
  let answered = 0;
  try {
    for (let kill = 0; kill < kills; kill++) {
      const server = await serve();
      const clients = await Promise.all(
        MODES.flatMap((mode) =>
          Array.from({ length: CLIENTS }, async () => {
            const client = await ProtocolClient.ready(proxy);
            await client.ask(['open ws', WORKSPACE, 'kills', 'yes']);
            await client.ask(['declare var', WORKSPACE, mode, mode]);
            return { client, mode };
          }),
        ),
      );
      const uses = clients.map(({ client, mode }) => useUntilKilled(client, mode, random));
      await sleep(random.whole(LIFE.least, LIFE.most));
      server.kill('SIGKILL');
      await server.outcome;
      for (const { client } of clients) client.vanish();
      answered += (await Promise.all(uses)).reduce((sum, count) => sum + count, 0);
    }
    await using server = await serve();
    const left = await takeOut(proxy);
    server.kill('SIGTERM');
    await server.outcome;
    return { ...checkHistory(proxy.recording.operations(true)), left, answered };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Takes all values out. */
async function takeOut(proxy: RecordingProxy): Promise<number> {
  let left = 0;
  const client = await ProtocolClient.ready(proxy);
  await client.ask(['open ws', WORKSPACE, 'kills', 'yes']);
  for (const mode of MODES)
    while ((await client.ask(['fetchTry', WORKSPACE, mode])).status === '0000') left++;
  client.vanish();
  return left;
}
