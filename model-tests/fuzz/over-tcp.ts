import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { Bystander } from '../../test/support/bystander.ts';
import { startServe } from '../../test/support/serve-process.ts';
import { Random } from '../world/random.ts';
import { wrongIn } from './expectation.ts';
import { frames, pieces } from './in-process.ts';

const AT_A_TIME = 16;

interface TcpOutcome {
  readonly frames: number;
  readonly connections: number;
  readonly wrongs: readonly string[];
  /** The maximum memory of the server process in MiB. */
  readonly memory: number;
  /** Milliseconds that a correct client waited for its replies: p99. */
  readonly p99: number;
}

/** The same conversations over TCP, against a server in a process of its own. */
export async function fuzzTcp(seed: number, least: number): Promise<TcpOutcome> {
  await using server = await startServe('--log-level', 'error');
  const random = new Random(seed);
  const wrongs: string[] = [];
  const sum = { frames: 0, connections: 0 };
  const bystander = await Bystander.at(server);
  const talkers = Array.from({ length: AT_A_TIME }, async () => {
    while (sum.frames < least && wrongs.length === 0) {
      const told = frames(random).filter((frame) => !/deadman|KillServer/.test(frame));
      sum.frames += told.length;
      sum.connections++;
      const wrong = await talk(server.port, pieces(random, told), random.chance(0.1));
      if (wrong !== undefined) wrongs.push(`seed ${seed}: ${wrong}`);
    }
  });
  await Promise.all(talkers);
  const { p99 } = await bystander.end();
  server.kill('SIGTERM');
  const { code, errors } = await server.outcome;
  if (code !== 0 || errors !== '') wrongs.push(`the server ended with ${code}: ${errors.slice(0, 1_000)}`);
  return { ...sum, wrongs, p99, memory: bystander.memory };
}

/**
 * One conversation.
 * @returns what is wrong with the replies, if anything
 */
async function talk(port: number, told: readonly string[], vanishes: boolean): Promise<string | undefined> {
  const client = await ProtocolClient.open({ port });
  for (const piece of told) {
    client.write(piece);
    // Each chunk is sent separately, without waiting for a reply.
    await new Promise(setImmediate);
  }
  if (vanishes) {
    client.reset();
    return undefined;
  }
  client.end();
  const said = told.join('').slice(0, 2_000);
  try {
    // The server may close it before everything is sent.
    await client.ended();
  } catch {
    return `a connection hangs: ${JSON.stringify(said)}`;
  }
  const wrong = wrongIn(told.join(''), client.unread, undefined);
  return wrong && `${wrong}: ${JSON.stringify(said)}`;
}
