import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkHistory, type HistoryReport } from '../../src/verify/history/check.ts';
import { RecordingProxy } from '../../src/verify/history/recording-proxy.ts';
import { ProtocolClient, type Address } from '../../src/verify/protocol-client.ts';
import { startServe } from '../../test/support/serve-process.ts';
import {
  MODES,
  createWorkspace,
  takeOut,
  useForever,
  useVariable,
  type Mode,
} from '../world/plain-clients.ts';
import { Random } from '../world/random.ts';

const WORKSPACE = 'kept';
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

/** Uses one variable until the server ends. @returns the number of replies */
async function useUntilKilled(client: ProtocolClient, mode: Mode, random: Random): Promise<number> {
  let answered = 0;
  await useForever(client, WORKSPACE, mode, { random, answered: () => answered++ }).catch(() => undefined);
  client.vanish();
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
  let since: number | undefined;
  try {
    for (let kill = 0; kill < kills; kill++) {
      const server = await serve();
      if (kill === 0) await prepare(address);
      if (since !== undefined) proxy.recording.recovered(since);
      const clients = await Promise.all(
        MODES.flatMap((mode) =>
          Array.from({ length: CLIENTS }, async () => {
            const client = await ProtocolClient.ready(proxy);
            await useVariable(client, WORKSPACE, mode);
            return { client, mode };
          }),
        ),
      );
      const uses = clients.map(({ client, mode }) => useUntilKilled(client, mode, random));
      await sleep(random.whole(LIFE.least, LIFE.most));
      since = proxy.recording.time;
      server.kill('SIGKILL');
      await server.outcome;
      for (const { client } of clients) client.vanish();
      answered += (await Promise.all(uses)).reduce((sum, count) => sum + count, 0);
    }
    await using server = await serve();
    const taker = await ProtocolClient.ready(proxy);
    await taker.ask(['use ws', WORKSPACE, 'kills', 'no']);
    const left = await takeOut(taker, WORKSPACE);
    taker.vanish();
    server.kill('SIGTERM');
    await server.outcome;
    return { ...checkHistory(proxy.recording.operations(true)), left, answered };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Makes the workspace. It is not recorded. */
async function prepare(address: Address): Promise<void> {
  const client = await ProtocolClient.ready(address);
  await createWorkspace(client, WORKSPACE);
  client.vanish();
}
