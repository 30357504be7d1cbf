import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bystander } from '../../test/support/bystander.ts';
import { startServe } from '../../test/support/serve-process.ts';
import { Random } from '../world/random.ts';
import { wrongIn } from './expectation.ts';
import { frames, pieces } from './in-process.ts';

const AT_A_TIME = 16;
/** Milliseconds after which a connection that is still open counts as hanging. */
const REPLY_LIMIT_MS = 20_000;

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
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => (received += text));
  socket.on('error', () => undefined);
  // The server may close it before everything is sent.
  const closed = once(socket, 'close').then(() => true);
  await once(socket, 'connect');
  for (const piece of told) {
    socket.write(piece, 'latin1');
    // Each chunk is sent separately, without waiting for a reply.
    await new Promise(setImmediate);
  }
  if (vanishes) {
    socket.resetAndDestroy();
    return undefined;
  }
  socket.end();
  const isClosed = await Promise.race([closed, sleep(REPLY_LIMIT_MS, false, { ref: false })]);
  const said = told.join('');
  if (!isClosed) return `a connection hangs: ${JSON.stringify(said.slice(0, 2_000))}`;
  const wrong = wrongIn(said, received, undefined);
  return wrong && `${wrong}: ${JSON.stringify(said.slice(0, 2_000))}`;
}
