import type { SimulatedPeer, SimulatedClient } from '../../test/support/simulated-client.ts';
import { SimulatedServer } from '../../test/support/simulated-server.ts';
import { Random } from '../world/random.ts';
import { conversation, type Frame } from './conversation.ts';
import { wrongIn } from './expectation.ts';
import { mutated, noise } from './mutation.ts';

/** Small, so that each limit is reached often. */
export const LIMITS = {
  valueBytes: 20_000,
  longValueBytes: 8_000,
  nameBytes: 300,
  metadataBytes: 2_000,
  argumentCount: 8,
  memoryBytes: 2 ** 20,
  workerCount: 50,
};

const CONVERSATIONS = 60;

interface Talk {
  readonly client: SimulatedPeer;
  readonly bytes: string;
  /** Latin-1, in the chunks in which it is sent. */
  readonly pieces: string[];
  sent: number;
}

/** The outcome of one seed. */
export interface Outcome {
  readonly frames: number;
  readonly bytes: number;
  readonly wrongs: readonly string[];
  /** The maximum milliseconds of processor time that the server used for one chunk. */
  readonly longest: number;
}

/** A random conversation: valid, changed, or only noise. */
export function frames(random: Random): Frame[] {
  if (random.chance(0.1)) return Array.from({ length: random.whole(1, 10) }, () => noise(random, 200));
  const sound = conversation(random);
  return random.chance(0.15) ? sound : mutated(sound, random);
}

/** In any chunks: one, one for each frame, several, or one for each byte if that does not take too long. */
export function pieces(random: Random, told: readonly Frame[]): string[] {
  const all = told.join('');
  const size = random.pick(0, 0, 0, 0, 0, 0, 1, 7, 64, 1_000);
  if (size === 0 || all.length / size > 300) return random.chance(0.5) ? [all] : [...told];
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size));
}

/** Runs one seed against the core in this process: several misbehaving clients at a time, and a correct one. */
export function fuzzCore(seed: number): Outcome {
  const random = new Random(seed);
  const server = new SimulatedServer({ limits: LIMITS });
  const honest = server.connect();
  honest.call(['open ws', 'honest', 'honest', 'no']);
  const wrongs: string[] = [];
  const open = new Set<Talk>();
  let [count, bytes, longest, begun] = [0, 0, 0, 0];
  let before = processorTime();
  while (begun < CONVERSATIONS || open.size > 0) {
    if (begun < CONVERSATIONS && open.size < 3) {
      const told = frames(random);
      begun++;
      count += told.length;
      bytes += told.join('').length;
      open.add({ client: server.accept(), bytes: told.join(''), pieces: pieces(random, told), sent: 0 });
    }
    for (const talk of open) {
      if (speak(talk)) open.delete(talk);
      const now = processorTime();
      longest = Math.max(longest, now - before);
      before = now;
      if (open.has(talk)) continue;
      const wrong = wrongAtTheEnd(talk);
      if (wrong !== undefined) wrongs.push(`${wrong}: ${JSON.stringify(talk.bytes.slice(0, 2_000))}`);
      if (!isServed(honest, begun)) wrongs.push('an honest client is not served');
      if (server.core.accounting.memory > LIMITS.memoryBytes) wrongs.push('too much is held');
    }
  }
  honest.disconnect();
  const left = whatIsLeft(server);
  if (left !== undefined) wrongs.push(`${left} are left`);
  return { frames: count, bytes, wrongs: wrongs.map((wrong) => `seed ${seed}: ${wrong}`), longest };
}

/** @returns milliseconds of processor time, which exclude other work of the machine */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * Sends the next chunk.
 * @returns whether it was the last one
 */
function speak(talk: Talk): boolean {
  const piece = talk.pieces[talk.sent++];
  // Bytes that the server no longer reads are not sent.
  if (piece !== undefined && !talk.client.closed) talk.client.write(piece);
  return talk.sent >= talk.pieces.length || talk.client.closed;
}

function wrongAtTheEnd({ client, bytes, pieces, sent }: Talk): string | undefined {
  const said = client.closed ? pieces.slice(0, sent).join('') : bytes;
  const { received, closed } = client;
  client.disconnect();
  return wrongIn(said, received, closed);
}

function isServed(honest: SimulatedClient, n: number): boolean {
  const stored = honest.call(['store', 'honest', 'x', '1', `value ${n}`]).status;
  const found = honest.call(['fetchTry', 'honest', 'x']).value;
  return stored === '0000' && found === `value ${n}`;
}

/** When all clients have disconnected and all workspaces are deleted. */
function whatIsLeft(server: SimulatedServer): string | undefined {
  const last = server.connect();
  for (const { name } of server.core.workspaces.all) last.call(['delete ws', name]);
  last.disconnect();
  const { accounting, counts } = server.core;
  const { bytes, memory, incoming } = accounting;
  const left = { ...counts, files: server.files.count, bytes, memory, incoming: incoming.bytes };
  const some = Object.entries(left).find(([, n]) => n !== 0);
  return some && `${some[1]} ${some[0]}`;
}
