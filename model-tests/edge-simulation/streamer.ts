import { reasonOf } from '../../src/wire/error-kind.ts';
import type { ByteStream } from '../../src/client/connection/outgoing.ts';
import type { NwsConnection } from '../../src/client/connection/connection.ts';
import type { SimulatedHost } from '../client-simulation/host/host.ts';
import type { EncodedValue } from '../../src/client/values/values.ts';
import { SimulatedSocket } from '../client-simulation/host/socket.ts';

const STREAMS = 5;
const PIECE_BYTES = 10_000;

/** A program that uses the client's library: it streams values, and makes other requests behind each without waiting. */
export class Streamer {
  readonly #host: SimulatedHost;
  readonly #name: string;
  #isOver = false;
  #waits = 'the handshake';

  constructor(host: SimulatedHost, name: string) {
    this.#host = host;
    this.#name = name;
  }

  get waitsFor(): string | undefined {
    return this.#isOver ? undefined : `${this.#name} waits for ${this.#waits}`;
  }

  /** @param Connection the right one, or one with a fault in it */
  async run(Connection: typeof NwsConnection): Promise<void> {
    const { world } = this.#host;
    const process = this.#host.start(this.#name);
    const { clock } = this.#host.platformOf(process);
    const pause = (): Promise<void> =>
      new Promise((resolve) => void process.after(world.random.fraction() * 50, resolve));
    async function* pieces(count: number): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < count; n++) {
        await pause();
        yield Buffer.alloc(PIECE_BYTES, n);
      }
    }
    try {
      const socket = new SimulatedSocket(process, (end) => world.connect(end), 1);
      const connection = await Connection.overWith(socket, 'simulated:8765', { clock });
      await connection.openWorkspace(this.#name);
      for (let n = 0; n < STREAMS; n++) {
        const count = world.random.whole(1, 8);
        this.#waits = `stream ${n} of ${count} pieces and what is behind it`;
        const value: EncodedValue<ByteStream> = {
          descriptor: 3,
          type: 'bytes',
          bytes: { size: count * PIECE_BYTES, bytes: pieces(count) },
        };
        await Promise.all([
          connection.storeEncoded(this.#name, `v${n}`, value),
          connection.store(this.#name, 'small', n),
          connection.fetchTry(this.#name, 'small'),
        ]);
      }
      connection.close();
    } catch (error) {
      // Disks fail, and connections break.
      if (world.faults.counts.size === 0) world.wrongs.push(`${this.#name}: ${reasonOf(error)}`);
    }
    this.#isOver = true;
    this.#host.end(process, 'exit status 0');
  }
}
